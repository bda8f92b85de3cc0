"""What tests of every layer share: settings on a temporary directory, real parts with the hashing encoder, clients."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from kb_service.app import create_app
from kb_service.assembly import Parts, assemble, open_database
from kb_service.auth import service
from kb_service.auth.actors import Role
from kb_service.auth.schemas import KeyIn, UserIn
from kb_service.db.session import Database
from kb_service.settings import Settings
from tests.support.databases import (
    any_database,
    any_url,
    chosen_url,
    empty_url,
    postgres_server,
    postgres_url,
    stoppable_postgres,
)
from tests.support.opensearch import opensearch_cluster, opensearch_url

# A busy machine is no slow encoder: tests of that one say their own limit.
os.environ.setdefault("KB_ENCODER_TIMEOUT_SECONDS", "20")

__all__ = [
    "any_database",
    "any_url",
    "empty_url",
    "opensearch_cluster",
    "opensearch_url",
    "postgres_server",
    "postgres_url",
    "stoppable_postgres",
]

HOST = "http://localhost"
PASSWORD = "correct horse battery"


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An installation of its own, without limits that a test would run into."""
    return Settings(
        database_url=chosen_url(request),
        data_dir=tmp_path / "var",
        encoder="hashing",
        rate_limit_per_minute=0,
        sign_in_limit_per_minute=0,
        encoder_timeout_seconds=30.0,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """A migrated database."""
    database = open_database(settings)
    yield database
    database.dispose()


@pytest.fixture
def parts(settings: Settings) -> Iterator[Parts]:
    """All parts, as a serving process has them."""
    parts = assemble(settings)
    yield parts
    parts.close()


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    """The application over ``parts``; a client's lifespan starts and stops the feed."""
    return create_app(parts.settings, parts)


@pytest.fixture
def site(app: FastAPI) -> Iterator[TestClient]:
    """An anonymous visitor of the whole application; the feed runs."""
    with TestClient(app, base_url=HOST) as client:
        yield client


@pytest.fixture
def client(site: TestClient) -> TestClient:
    """The same; a folder may replace it by a client of a smaller application."""
    return site


ClientAs = Callable[..., TestClient]


@pytest.fixture
def client_as(site: TestClient, parts: Parts) -> ClientAs:
    """``client_as("agent")``: a client with a key of that role; further arguments go to KeyIn."""

    def make(role: Role | str, **more: Any) -> TestClient:
        with parts.database.writing() as session:
            _, made = service.create_key(session, KeyIn(name=f"test {role}", role=Role(role), **more))
        return TestClient(site.app, base_url=HOST, headers={"Authorization": f"Bearer {made.text}"})

    return make


@pytest.fixture
def add_user(parts: Parts) -> Callable[..., int]:
    """``add_user("agent", "ann@example.com")``: a person with the password ``PASSWORD``; returns the id."""

    def add(role: Role | str, email: str, **more: Any) -> int:
        with parts.database.writing() as session:
            return service.create_user(session, UserIn(email=email, role=Role(role), password=PASSWORD, **more)).id

    return add
