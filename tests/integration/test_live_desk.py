"""What happens to cases reaches open desks, and nobody's else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from kb_service.auth.actors import Actor, Role, actor_for
from kb_service.cases import service as cases
from kb_service.cases.models import Queue
from kb_service.db.session import Database
from kb_service.desk import service
from kb_service.desk.live import HELLO, MAX_WAITING, RELOAD, Hub, Listener, Told, encode
from tests.support.asynchronous import run_async

MIA = actor_for("user:1", "Mia", Role.AGENT, ["payroll"])
BO = actor_for("user:2", "Bo", Role.AGENT)


def open_case(database: Database, groups: list[str]) -> None:
    with database.writing() as session:
        queue = Queue(slug=f"q{len(groups)}", name="Q", groups=groups, frame={})
        session.add(queue)
        session.flush()
        cases.open_case(session, cases.NewCase("It smokes", queue=queue), MIA)


async def heard(stream: AsyncIterator[bytes], seconds: float = 3.0) -> bytes:
    return await asyncio.wait_for(anext(stream), seconds)


async def listen(hub: Hub, *actors: Actor) -> list[AsyncIterator[bytes]]:
    streams = [hub.stream(actor) for actor in actors]
    assert [await heard(stream) for stream in streams] == [HELLO] * len(actors)
    await asyncio.sleep(0.3)  # the watcher notes where it begins
    return streams


def test_a_case_is_told_to_whom_it_concerns(any_database: Database) -> None:
    async def run() -> None:
        hub = Hub(any_database, tick_seconds=0.05)
        mia, bo = await listen(hub, MIA, BO)
        await asyncio.to_thread(open_case, any_database, ["payroll"])
        assert b'"case":"C-000001"' in await heard(mia)
        await asyncio.to_thread(open_case, any_database, [])
        told = await heard(bo)
        assert b'"case":"C-000002"' in told and b"C-000001" not in told, "he hears of his queues alone"
        hub.close()

    run_async(run())


def test_mia_is_replying_and_then_she_is_not(any_database: Database) -> None:
    async def run() -> None:
        hub = Hub(any_database, tick_seconds=0.05)
        await asyncio.to_thread(open_case, any_database, [])
        (bo,) = await listen(hub, BO)

        def say(doing: str) -> None:
            with any_database.writing() as session:
                service.note_presence(session, cases.repository.find_case(session, 1, MIA), MIA, doing)

        await asyncio.to_thread(say, "replying")
        assert b'"name":"Mia"' in await heard(bo)
        await asyncio.to_thread(say, "nothing")
        assert b'"is_replying":false' in await heard(bo)
        hub.close()

    run_async(run())


def test_two_hundred_desks_cost_one_watcher_and_end_together(any_database: Database) -> None:
    async def run() -> None:
        hub = Hub(any_database, tick_seconds=0.05)
        streams = await listen(hub, *[actor_for(f"user:{n}", "x", Role.AGENT) for n in range(200)])
        before = len(asyncio.all_tasks())
        assert hub.open_desks == 200 and before <= 3
        await asyncio.to_thread(open_case, any_database, [])
        assert all(b"C-000001" in told for told in await asyncio.gather(*(heard(stream) for stream in streams)))
        hub.close()
        for stream in streams:
            assert {told async for told in stream} <= {RELOAD}
        assert hub.open_desks == 0

    run_async(run())


def test_a_desk_that_does_not_read_is_told_to_reload() -> None:
    async def run() -> None:
        listener = Listener(BO)
        for number in range(MAX_WAITING + 1):
            listener.tell(Told((), encode("case", {"n": number})))
        assert listener.queue.get_nowait() == RELOAD and listener.queue.empty()

    run_async(run())
