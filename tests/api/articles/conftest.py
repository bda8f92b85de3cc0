"""A small application of the article and catalogue routes over a database; actors by header, a feed that remembers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from kb_service.articles import catalog_routes, endpoints
from kb_service.auth.actors import ANONYMOUS, Actor, Role, actor_for
from kb_service.catalog.repository import CatalogCache
from kb_service.catalog.service import add_alias, add_release, create_product
from kb_service.catalog.trees import create_node
from kb_service.db import migrate
from kb_service.db.session import Database
from kb_service.problems import install_error_handlers
from tests.support.databases import chosen_url


class HeaderGate:
    """The actor that the request's ``X-Role`` names."""

    async def actor_of(self, request: Request) -> Actor:
        role = request.headers.get("x-role")
        return actor_for(f"user:{role}", role, Role(role)) if role else ANONYMOUS


@dataclass
class RememberingFeed:
    """An IndexFeed that notes what it was asked for."""

    is_up: bool = True
    withdrawn: list[tuple[int, int]] = field(default_factory=list)
    waited: list[tuple[int, int]] = field(default_factory=list)

    def wait_until_indexed(self, article_id: int, index_version: int, timeout_seconds: float) -> bool:
        self.waited.append((article_id, index_version))
        return self.is_up

    def withdraw_now(self, article_id: int, index_version: int) -> bool:
        self.withdrawn.append((article_id, index_version))
        return self.is_up


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    database = Database(chosen_url(request) or f"sqlite:///{tmp_path / 'kb.sqlite3'}")
    migrate.upgrade(database)
    with database.writing() as session:
        create_product(session, "Harbour Gateway", slug="gateway")
        create_product(session, "Lighthouse")
        add_alias(session, "product", "HGW", "gateway")
        add_release(session, "gateway", "11.2", "Anchor")
        create_node(session, "os", "Windows")
        create_node(session, "os", "Windows 11", "windows", "11")
        add_alias(session, "os", "Win 11", "windows/11")
        create_node(session, "topic", "Networking")
        create_node(session, "topic", "VPN", "networking")
    yield database
    database.dispose()


@pytest.fixture
def feed() -> RememberingFeed:
    return RememberingFeed()


@pytest.fixture
def small_app(database: Database, feed: RememberingFeed) -> FastAPI:
    app = FastAPI()
    install_error_handlers(app)
    app.state.parts = SimpleNamespace(database=database, catalog=CatalogCache(database))
    app.state.gate, app.state.feed = HeaderGate(), feed
    app.include_router(endpoints.router)
    app.include_router(catalog_routes.router)
    return app


@pytest.fixture
def client(small_app: FastAPI) -> TestClient:
    return TestClient(small_app, raise_server_exceptions=False)
