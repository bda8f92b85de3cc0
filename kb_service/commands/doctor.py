"""``kb doctor``: what is configured, what works, what to do. Changes nothing that exists."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kb_service.settings import Settings

if TYPE_CHECKING:
    from indexers.opensearch.engine import OpenSearchEngine

app = typer.Typer()

LOW_DISK_BYTES = 1_000_000_000
MARKS = {True: "ok  ", False: "FAIL", None: "note"}


@dataclass(frozen=True)
class Finding:
    """``is_fine`` None: works, but worth knowing."""

    is_fine: bool | None
    text: str


Check = Callable[[Settings], Finding]


@app.command()
def doctor() -> None:
    """Say what is configured, what can be reached, and what to do. Exit code 1 when something is broken."""
    settings = Settings()
    findings = [(name, _examine(check, settings)) for name, check in CHECKS.items()]
    for name, finding in findings:
        print(f"{MARKS[finding.is_fine]}  {name:<12} {finding.text}")
    if any(finding.is_fine is False for _, finding in findings):
        raise typer.Exit(1)


def _examine(check: Check, settings: Settings) -> Finding:
    from kb_service.commands.failures import explain

    try:
        return check(settings)
    except Exception as exc:  # noqa: BLE001 - the doctor reports every illness
        return Finding(False, explain(exc) or f"{type(exc).__name__}: {exc}")


def _data(settings: Settings) -> Finding:
    place = _existing(settings.data_dir)
    free = shutil.disk_usage(place).free
    text = f"{settings.data_dir}, {free / 1e9:.1f} GB free"
    return Finding(True, text) if free > LOW_DISK_BYTES else Finding(False, f"{text}. Free some space.")


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def _secret(settings: Settings) -> Finding:
    from kb_service.secret import FILE_NAME, MIN_LENGTH

    given = settings.secret_key.get_secret_value()
    if given:
        is_long = len(given) >= MIN_LENGTH
        return Finding(is_long, "KB_SECRET_KEY" if is_long else f"KB_SECRET_KEY is short: use {MIN_LENGTH} characters.")
    path = settings.data_dir / FILE_NAME
    if not path.exists():
        return Finding(None, f"none yet; made at the first start in {path}")
    mode = path.stat().st_mode & 0o777
    return Finding(True, str(path)) if mode == 0o600 else Finding(False, f"others can read it. Run chmod 600 {path}.")


def _database(settings: Settings) -> Finding:
    from kb_service.db import migrate
    from kb_service.db.session import Database

    database = Database(settings.effective_database_url)
    try:
        current, head = migrate.current_revision(database), migrate.head_revision()
        is_behind = migrate.is_behind(database)
        name = database.url.render_as_string(hide_password=True)
    finally:
        database.dispose()
    if current == head:
        return Finding(True, f"{name}, schema {current}")
    if not is_behind:
        return Finding(None, f"{name}, schema {current}, newer than this version's {head}: finish the upgrade soon")
    if database.is_sqlite:
        return Finding(None, f"{name}, schema {current or 'empty'}; migrates itself at the next start")
    return Finding(False, f"{name}, schema {current or 'empty'}, needs {head}. Run `kb migrate`.")


def _index(settings: Settings) -> Finding:
    from kb_service.assembly import open_database, open_encoder, open_engine
    from kb_service.indexing import feed_status

    if not settings.opensearch_url and not settings.index_dir.exists():
        return Finding(None, f"none yet; made at the first start in {settings.index_dir}")
    database = open_database(settings)
    engine = open_engine(settings, open_encoder(settings), writable=False)
    try:
        status = feed_status(database, engine)
    finally:
        engine.close()
        database.dispose()
    if status.index is None:
        return Finding(False, status.engine_error)
    held = f"generation {status.index.generation}, {status.index.articles} articles, {status.index.passages} passages"
    if status.dead:
        return Finding(False, f"{held}; {status.dead} failed changes. See `kb index status`, then `kb index replay`.")
    lag = f"; {status.pending} changes wait, the oldest for {status.oldest_seconds:.0f} s" if status.pending else ""
    return Finding(True, held + lag)


def _writer(settings: Settings) -> Finding:
    from indexers.embedded.lock import WriterLock

    if settings.opensearch_url:
        with _opensearch(settings) as engine:
            who = engine.describe_writer()
        return Finding(None if who.startswith("nobody") else True, who)
    if not settings.index_dir.exists():
        return Finding(None, "no index yet")
    lock = WriterLock(settings.index_dir)
    if not lock.try_acquire():
        return Finding(True, lock.describe_holder())
    lock.release()
    return Finding(None, "nobody feeds the index. Run `kb serve` or `kb worker`.")


@contextmanager
def _opensearch(settings: Settings) -> Iterator[OpenSearchEngine]:
    """The cluster, without loading an encoder for it."""
    from indexers.embedding.port import HashingEncoder
    from indexers.opensearch.engine import OpenSearchEngine
    from kb_service.assembly import open_engine

    engine = open_engine(settings, HashingEncoder(), writable=False)
    assert isinstance(engine, OpenSearchEngine)
    try:
        yield engine
    finally:
        engine.close()


def _engine(settings: Settings) -> Finding:
    if not settings.opensearch_url:
        return Finding(True, "embedded, in this process")
    with _opensearch(settings) as engine:
        status, text = engine.describe_cluster()
    if status == "red":
        return Finding(False, f"{text}: a shard is missing. Bring its node back, or run `kb reindex`.")
    return Finding(True if status == "green" else None, text)


def _encoder(settings: Settings) -> Finding:
    from indexers.embedding.loader import load_encoder

    encoder = load_encoder(
        settings.encoder, cache_dir=settings.data_dir, threads=settings.encoder_threads,
        query_precision=settings.query_precision,
    )  # fmt: skip
    width = encoder.encode_queries(["hello"]).shape[1]
    return Finding(True, f"{settings.encoder}, {width} dimensions, recipe {encoder.recipe.digest()[:12]}")


def _mail(settings: Settings) -> Finding:
    if not settings.smtp_url:
        return Finding(None, "KB_SMTP_URL is not set: no mail goes out")
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(settings.smtp_url)
    with socket.create_connection((parts.hostname or "", parts.port or 25), timeout=3):
        return Finding(True, f"{parts.hostname}:{parts.port or 25} answers")


def _cookies(settings: Settings) -> Finding:
    if settings.secure_cookies or settings.host in ("127.0.0.1", "localhost", "::1"):
        return Finding(True, "only over HTTPS, except at a loopback address")
    return Finding(None, "KB_SECURE_COOKIES is off: sign-ins can be overheard")


CHECKS: dict[str, Check] = {
    "data": _data,
    "secret key": _secret,
    "database": _database,
    "encoder": _encoder,
    "engine": _engine,
    "writer": _writer,
    "index": _index,
    "mail": _mail,
    "cookies": _cookies,
}
