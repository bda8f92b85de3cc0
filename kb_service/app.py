"""create_app(settings): the only place where parts are put together for HTTP."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib.metadata import distributions

from anyio import to_thread
from fastapi import FastAPI
from starlette.middleware import Middleware

from kb_service import docs_page
from kb_service.assembly import Parts, assemble
from kb_service.auth.gate import Gate
from kb_service.authoring.duplicates_finding import Finder
from kb_service.background import background_jobs
from kb_service.channels.listener import listen_for
from kb_service.db.failures import UNREACHABLE
from kb_service.desk.live import Hub
from kb_service.desk.stopping import on_stop
from kb_service.indexing import IndexFeed
from kb_service.middleware import BodyLimit, CrossOrigin, Edge, RateLimit
from kb_service.problems import PROBLEMS, install_error_handlers
from kb_service.settings import Settings
from kb_service.telemetry import Event, log

ROUTED = (
    "kb_service.search.endpoints",
    "kb_service.search.why_not_routes",
    "kb_service.search.questions_routes",
    "kb_service.search.curating_routes",
    "kb_service.articles.endpoints",
    "kb_service.authoring.checks_routes",
    "kb_service.authoring.gaps_routes",
    "kb_service.authoring.impact_routes",
    "kb_service.authoring.proposals_routes",
    "kb_service.articles.rendering_routes",
    "kb_service.articles.attachment_routes",
    "kb_service.articles.catalog_routes",
    "kb_service.auth.endpoints",
    "kb_service.authoring.endpoints",
    "kb_service.authoring.flow_routes",
    "kb_service.authoring.care_routes",
    "kb_service.authoring.bulk_routes",
    "kb_service.customers.endpoints",
    "kb_service.bookmarks.endpoints",
    "kb_service.desk.endpoints",
    "kb_service.measures.endpoints",
    "kb_service.cases.suggest_routes",
    "kb_service.cases.endpoints",
    "kb_service.cases.reply_routes",
    "kb_service.cases.mail_routes",
    "kb_service.cases.queue_routes",
    "kb_service.cases.file_routes",
    "kb_service.channels.endpoints",
    "kb_service.health",
    "kb_service.monitoring",
)
PAGES = "kb_service.web.pages"
VERSION = next((found.version for found in distributions(name="kb-service")), "0")
THREADS = 40
DESCRIPTION = """One knowledge base, one path to the answer, every channel.

* **Errors** are `application/problem+json` (RFC 9457) with a stable `code`.
* **Keys**: `Authorization: Bearer kb_sk_…`. Publishable keys (`kb_pk_…`) search public articles from their origins.
* **Changes** take `If-Match` with the `ETag` that you read (428 when missing, 412 when stale).
* **Creating** requests take `Idempotency-Key`; a repeated one gets the first answer again.
"""
TAGS = [
    {"name": "search", "description": "Ask: results, answers, type-ahead, events."},
    {"name": "curation", "description": "Pinned answers and synonym sets, checked before they are saved."},
    {"name": "articles", "description": "Read, write, publish and archive articles."},
    {"name": "catalog", "description": "Products, releases, operating systems and topics."},
    {
        "name": "authoring",
        "description": "The authors' daily work: drafts, review, feedback, freshness, checks, duplicates, gaps.",
    },
    {"name": "customers", "description": "People, organisations, and what they own."},
    {"name": "cases", "description": "What customers ask, in one thread each, until it is answered."},
    {"name": "bookmarks", "description": "Sets of articles that people keep, share, follow and copy."},
    {"name": "desk", "description": "The agent's desk: views, one search, what happens live."},
    {"name": "measures", "description": "How customers are served: each number with its definition and its cases."},
    {"name": "access", "description": "Who may come in: sessions, users, keys."},
    {"name": "operations", "description": "Health and a ping."},
]


def create_app(
    settings: Settings, parts: Parts | None = None, on_started: Callable[[], None] = lambda: None
) -> FastAPI:
    """The application. Without ``parts`` it opens its own at start and closes them at the end.

    ``on_started`` is called once everything that lives as long as the process is there.
    """
    app = FastAPI(
        title="KB service",
        version=VERSION,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
        lifespan=_lifespan(settings, parts, on_started),
        middleware=_middleware(settings),
    )
    app.state.settings = settings
    if parts is not None:
        _hold(app, parts)
    install_error_handlers(app)
    _include_routes(app)
    docs_page.install(app)
    return app


def _middleware(settings: Settings) -> list[Middleware]:
    return [
        Middleware(Edge, settings=settings),
        Middleware(CrossOrigin, settings=settings),
        Middleware(RateLimit, settings=settings),
        Middleware(BodyLimit),
    ]


def _hold(app: FastAPI, parts: Parts) -> None:
    app.state.parts = parts
    app.state.gate = Gate(parts.settings, parts.database)
    app.state.desk_hub = Hub(parts.database)
    app.state.finder = Finder(parts.search)
    app.state.feed = IndexFeed.of(parts, background_jobs(parts))


def _lifespan(
    settings: Settings, given: Parts | None, on_started: Callable[[], None]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        parts = given if given is not None else await to_thread.run_sync(assemble, settings)
        _hold(app, parts)
        await to_thread.run_sync(_learn_catalog, parts)
        if settings.run_worker:
            await to_thread.run_sync(app.state.feed.start)
        listener = listen_for(parts)
        on_stop(app.state.desk_hub.close)
        on_started()
        log(Event.SERVICE_STARTED, version=VERSION, worker=settings.run_worker)
        try:
            yield
        finally:
            app.state.desk_hub.close()
            await to_thread.run_sync(listener.stop)
            await to_thread.run_sync(app.state.feed.stop)
            if given is None:
                await to_thread.run_sync(parts.close)
            log(Event.SERVICE_STOPPED)

    return lifespan


def _learn_catalog(parts: Parts) -> None:
    """Known from the first request on: a database that goes away before it then costs no search."""
    with suppress(*UNREACHABLE):
        parts.catalog.current()


def _include_routes(app: FastAPI) -> None:
    for module in ROUTED:
        app.include_router(importlib.import_module(module).router)
    importlib.import_module(PAGES).install(app)
