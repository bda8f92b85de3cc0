"""Many open desks on one process: what a search costs without and with them, and what a pause in typing costs.

`python -m tests.soak.desk_load URL EMAIL PASSWORD [DESKS]` against a served sample company; prints milliseconds (p50, p95).
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import time
from statistics import quantiles

import httpx

WORDS = tuple(
    "vpn tunnel drops sleep laptop gateway windows export pdf sync storage full error licence expired print font".split()  # noqa: SIM905
)
ROUNDS = 200


def question(seed: int) -> str:
    """A question that nobody asked before."""
    return " ".join(random.Random(seed).sample(WORDS, 5)) + f" {seed}"


async def sign_in(client: httpx.AsyncClient, email: str, password: str) -> None:
    """A session's cookie and its token in the client."""
    page = (await client.get("/sign-in")).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    await client.post("/sign-in", data={"email": email, "password": password, "csrf_token": found[1]})
    client.headers["X-CSRF-Token"] = (await client.get("/v1/me")).json()["csrf_token"]


async def timed(client: httpx.AsyncClient, kind: str, first: int) -> list[float]:
    """Milliseconds of ROUNDS requests, one after the other."""
    taken = []
    for seed in range(first, first + ROUNDS):
        started = time.perf_counter()
        if kind == "search":
            answer = await client.post("/v1/search", json={"query": question(seed), "limit": 5})
        else:
            answer = await client.post("/v1/cases/suggest", json={"subject": question(seed)})
        assert answer.status_code == 200, answer.text
        taken.append((time.perf_counter() - started) * 1000)
    return taken


async def desk(url: str, cookies: httpx.Cookies, heard: list[int], index: int) -> None:
    """One open desk that counts what it hears."""
    async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=None) as client:
        async with client.stream("GET", "/v1/desk/live", headers={"Accept": "text/event-stream"}) as stream:
            async for line in stream.aiter_lines():
                heard[index] += line.startswith("event:")


def show(name: str, taken: list[float]) -> float:
    """Print and return the p95."""
    cuts = quantiles(taken, n=20)
    print(f"{name:<42} p50 {cuts[9]:6.1f} ms   p95 {cuts[18]:6.1f} ms")
    return cuts[18]


async def run(url: str, email: str, password: str, desks: int) -> None:
    """Measure and print."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        await sign_in(client, email, password)
        await timed(client, "search", 10_000_000)
        alone = show("search, no desk open", await timed(client, "search", 0))
        show("a pause in typing (suggestions)", await timed(client, "suggest", 1_000_000))
        heard = [0] * desks
        tasks = [asyncio.create_task(desk(url, client.cookies, heard, index)) for index in range(desks)]
        while min(heard) < 1:
            await asyncio.sleep(0.1)
        beside = show(f"search, {desks} desks open", await timed(client, "search", 2_000_000))
        before = min(heard)
        await client.post("/v1/cases", json={"subject": "Something happens"})
        await asyncio.sleep(2.5)
        print(
            f"{desks} desks open: p95 × {beside / alone:.2f}; {sum(h > before for h in heard)} desks heard of a new case"
        )
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 200))
