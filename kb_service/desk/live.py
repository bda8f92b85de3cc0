"""What happens to cases, told to open desks while it happens.

One watcher for each process asks the database once a second, however many desks are open, and only while one is. A desk
holds a queue in memory: no thread, no database session. What an actor may not see is not told to them.

Invariants: the watcher follows the audit's numbers with an overlap, because a number may be given before another one is
committed; the same event is told once. A desk that is too slow to read is told to reload, not kept in memory for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from anyio import to_thread
from sqlalchemy import func, select

from kb_service.articles.models import AuditEvent
from kb_service.auth.actors import Actor
from kb_service.cases.models import Case, Queue
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.desk.models import Presence
from kb_service.desk.service import REPLYING_SECONDS
from kb_service.desk.visibility import sees_queue
from kb_service.telemetry import Event, log

TICK_SECONDS = 1.0
OVERLAP = 200
MAX_WAITING = 200
BEAT_SECONDS = 15.0
STREAM_SECONDS = 600.0
"""Then the browser connects again, and is known anew: who was disabled hears no more."""
HELLO = b"retry: 2000\nevent: hello\ndata: {}\n\n"
RELOAD = b"event: reload\ndata: {}\n\n"


@dataclass(frozen=True, slots=True)
class Told:
    """One event, whom it is for, and as it is sent. ``queue_groups``: None: everybody at a desk."""

    queue_groups: tuple[str, ...] | None
    payload: bytes
    only_for: str = ""
    not_for: str = ""


@dataclass(eq=False, slots=True)
class Listener:
    """One open desk."""

    actor: Actor
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MAX_WAITING))

    def tell(self, told: Told) -> None:
        """Put it before the desk, if it is for it."""
        if (told.only_for and told.only_for != self.actor.id) or told.not_for == self.actor.id:
            return
        if told.queue_groups is not None and not sees_queue(self.actor, told.queue_groups):
            return
        try:
            self.queue.put_nowait(told.payload)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(RELOAD)


@dataclass(slots=True)
class Watermark:
    """How far the watcher has read, and what it told of late."""

    audit: int = 0
    recent: set[int] = field(default_factory=set)
    replying: dict[tuple[int, str], str] = field(default_factory=dict)


class Hub:
    """The open desks of one process and their watcher."""

    def __init__(self, database: Database, tick_seconds: float = TICK_SECONDS) -> None:
        self._database, self._tick_seconds = database, tick_seconds
        self._listeners: set[Listener] = set()
        self._watching: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def open_desks(self) -> int:
        """How many are listening here."""
        return len(self._listeners)

    async def stream(self, actor: Actor) -> AsyncIterator[bytes]:
        """Events for one desk, as text/event-stream (WHATWG HTML, 9.2), until it goes or its time is over."""
        listener = Listener(actor)
        self._listeners.add(listener)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        ends = asyncio.get_running_loop().time() + STREAM_SECONDS
        try:
            yield HELLO
            while not self._is_closed and (left := ends - asyncio.get_running_loop().time()) > 0:
                try:
                    yield await asyncio.wait_for(listener.queue.get(), min(BEAT_SECONDS, left))
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream; called in the loop."""
        self._is_closed = True
        for listener in self._listeners:
            with contextlib.suppress(asyncio.QueueFull):
                listener.queue.put_nowait(RELOAD)
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        mark: Watermark | None = None
        while self._listeners and not self._is_closed:
            try:
                mark, found = await to_thread.run_sync(self._read, mark)
                for told in found:
                    for listener in tuple(self._listeners):
                        listener.tell(told)
            except Exception as error:  # noqa: BLE001 - the database may be away for a while; desks stay open
                log(Event.DESK_WATCH_FAILED, level="warning", error=type(error).__name__)
            await asyncio.sleep(self._tick_seconds)

    def _read(self, mark: Watermark | None) -> tuple[Watermark, list[Told]]:
        with self._database.reading() as session:
            if mark is None:
                last = session.scalar(select(func.max(AuditEvent.id))) or 0
                mark = Watermark(last, set(range(max(0, last - OVERLAP), last + 1)))
            rows = _audits(session, mark)
            queues = {queue.id: tuple(queue.groups) for queue in session.scalars(select(Queue))}
            told = [*_cases(session, rows, queues), *_presence(session, mark, queues)]
        mark.recent = {number for number in mark.recent if number > mark.audit - OVERLAP}
        return mark, told


def _audits(session: Any, mark: Watermark) -> list[AuditEvent]:
    statement = (
        select(AuditEvent)
        .where(AuditEvent.id > mark.audit - OVERLAP, AuditEvent.action.startswith("case."))
        .order_by(AuditEvent.id)
    )
    fresh = [row for row in session.scalars(statement) if row.id not in mark.recent]
    mark.recent.update(row.id for row in fresh)
    mark.audit = max([mark.audit, *(row.id for row in fresh)])
    return fresh


def _cases(session: Any, rows: list[AuditEvent], queues: dict[int, tuple[str, ...]]) -> list[Told]:
    by_target: dict[str, AuditEvent] = {row.target: row for row in rows}
    ids = [int(target[2:]) for target in by_target if target.startswith("C-") and target[2:].isdigit()]
    told = []
    for case in session.scalars(select(Case).where(Case.id.in_(ids))):
        last = by_target[case.number]
        data = {
            "case": case.number, "version": case.version, "status": case.status, "assignee_id": case.assignee_id,
            "what": last.action.removeprefix("case."), "by": last.actor, "subject": case.subject,
        }  # fmt: skip
        told.append(Told(queues.get(case.queue_id, ()), encode("case", data)))
        told += [
            Told(None, encode("called", {"case": case.number, "subject": case.subject}), only_for=f"user:{person}")
            for row in rows
            if row.target == case.number and row.action == "case.called"
            for person in row.detail.get("people", ())
        ]
    return told


def _presence(session: Any, mark: Watermark, queues: dict[int, tuple[str, ...]]) -> list[Told]:
    since = utcnow() - timedelta(seconds=REPLYING_SECONDS)
    statement = (
        select(Presence, Case.queue_id)
        .join(Case, Case.id == Presence.case_id)
        .where(Presence.seen_at > since, Presence.doing == "replying")
    )
    now: dict[tuple[int, str], str] = {}
    told = []
    for row, queue in session.execute(statement):
        key = (row.case_id, row.actor)
        now[key] = row.name
        if key not in mark.replying:
            told.append(_replying(row.case_id, row.actor, row.name, queues.get(queue, ()), is_replying=True))
    for (case, actor), name in mark.replying.items():
        if (case, actor) not in now:
            told.append(_replying(case, actor, name, None, is_replying=False))
    mark.replying = now
    return told


def _replying(case: int, actor: str, name: str, groups: tuple[str, ...] | None, *, is_replying: bool) -> Told:
    data = {"case": f"C-{case:06d}", "name": name if is_replying else "", "who": actor, "is_replying": is_replying}
    return Told(groups, encode("replying", data), not_for=actor)


def encode(event: str, data: dict[str, Any]) -> bytes:
    """One event of the stream."""
    return b"event: %s\ndata: %s\n\n" % (event.encode(), orjson.dumps(data))
