"""``kb index status``, ``kb index replay``, ``kb index rollback``, ``kb reindex``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from kb_service.commands.context import print_table, using_database, using_parts
from kb_service.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from kb_service.assembly import Parts
    from kb_service.indexing import FeedStatus, IndexFeed, Progress

app = typer.Typer(no_args_is_help=True)
index = typer.Typer(no_args_is_help=True, help="The index: status, and failed changes once more.")
app.add_typer(index, name="index")

FOLLOW_SECONDS = 0.3
PATIENCE_SECONDS = 30.0
REINDEX = "index.reindex"


@index.command()
def status(as_json: bool = typer.Option(False, "--json", help="All of it, as JSON.")) -> None:
    """What the index holds, what waits, what failed."""
    import orjson

    from kb_service.indexing import feed_status

    with using_parts() as parts:
        found = feed_status(parts.database, parts.engine)
    if as_json:
        print(orjson.dumps(found.to_dict(), option=orjson.OPT_INDENT_2, default=str).decode())
        return
    print_table(("INDEX", ""), _rows(found))
    if found.dead_letters:
        print()
        letters: list[tuple[str, ...]] = [
            (str(d.article_id), str(d.index_version), d.dead_at[:19], d.error[:100]) for d in found.dead_letters
        ]
        print_table(("DEAD LETTER", "VERSION", "SINCE", "ERROR"), letters)


@index.command()
def replay() -> None:
    """Put failed changes back into the feed."""
    from kb_service.db.outbox import replay_dead

    with using_database() as database, database.writing() as session:
        count = replay_dead(session)
    print(f"{count} changes wait again.")


@index.command()
def rollback() -> None:
    """Serve the generation before again; what has changed since is brought in at once by whoever feeds the index."""
    from kb_service.indexing import IndexFeed, request_rollback
    from kb_service.indexing.requests import ROLLBACK

    with using_parts() as parts:
        asked = request_rollback(parts.database)
        final = _follow(parts, IndexFeed.of(parts), asked.request, lambda _: None, ROLLBACK)
    if final.error:
        raise Conflict(final.error)
    print(f"Generation {final.generation} serves again. `kb index rollback` once more takes this back.")


@app.command()
def reindex(progress: bool = typer.Option(True, help="Show a progress bar.")) -> None:
    """Build a new generation beside the serving one and swap; a running service builds it, if there is one."""
    from kb_service.indexing import IndexFeed, request_reindex
    from kb_service.indexing.progress_bar import ReindexBar

    with using_parts() as parts:
        asked = request_reindex(parts.database)
        feed = IndexFeed.of(parts)
        with ReindexBar(progress) as bar:
            final = _follow(parts, feed, asked.request, bar.show)
        print(f"Generation {final.generation} serves: {final.done} articles, {final.passages} passages written.")


def _follow(
    parts: Parts, feed: IndexFeed, request: int, show: Callable[[Progress], None], job: str = REINDEX
) -> Progress:
    """Build here while nobody else does, else watch; ends when the request is answered."""
    from kb_service.indexing import read_progress

    moved_at, former = time.monotonic(), None
    while True:
        worked = feed.step()
        found = read_progress(parts.database, job)
        show(found)
        if found.request >= request and not found.is_open:
            return found
        if found != former:
            moved_at, former = time.monotonic(), found
        if not worked:
            _check_patience(found, time.monotonic() - moved_at)
            time.sleep(FOLLOW_SECONDS)


def _check_patience(found: Progress, idle_seconds: float) -> None:
    if idle_seconds > PATIENCE_SECONDS:
        raise Unavailable(
            f"The process that writes the index has made no progress for {idle_seconds:.0f} seconds "
            f"({found.error or found.state}). See its log, or stop it and run this again: the build goes on."
        )


def _rows(found: FeedStatus) -> list[tuple[str, ...]]:
    rows = [
        ("waiting changes", str(found.pending)),
        ("oldest waits for", f"{found.oldest_seconds:.1f} s"),
        ("dead letters", str(found.dead)),
        ("last reconcile", f"{(found.reconciled_at or 'never')[:19]}  {found.reconcile_result or ''}"),
        ("rebuild", _describe(found.reindex)),
    ]
    if found.index is None:
        return [*rows, ("engine", found.engine_error)]
    index_ = found.index
    return [
        *rows,
        ("engine", index_.engine),
        ("generation", f"{index_.generation}  (live: {', '.join(index_.live_generations)})"),
        ("before it", f"{found.previous or 'none'}  (`kb index rollback` goes back)" if found.previous else "none"),
        ("recipe", " ".join(f"{name}={value}" for name, value in index_.recipe.items())),
        ("articles", str(index_.articles)),
        ("passages", str(index_.passages)),
        ("tombstones", str(index_.tombstones)),
        ("size", f"{index_.bytes_on_disk / 1e6:.1f} MB"),
    ]


def _describe(progress: Progress) -> str:
    if progress.state != "building":
        return progress.state
    left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
    return f"{progress.generation}: {progress.done} of {progress.total} articles{left} {progress.error}".rstrip()
