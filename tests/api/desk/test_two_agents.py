"""Two agents on one case through the page's API, in any order of their steps: nothing lost, nothing sent twice."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from kb_service.assembly import Parts
from kb_service.cases.models import Interaction
from tests.conftest import ClientAs

INTERLEAVINGS = int(os.environ.get("KB_TEST_INTERLEAVINGS", "30"))


def agent(client: TestClient, case: str, name: str, chance: random.Random) -> Iterator[None]:
    """What one agent's page does, a request at a time: reads, sends, repeats what was lost on the way, reads again."""
    url = f"/v1/cases/{case}"
    client.post(f"/v1/desk/cases/{case}/notes", json={"text": f"{name}: a note"})
    yield
    for attempt in range(20):
        version = client.get(url).json()["version"]
        yield
        headers = {"If-Match": f'"v{version}"', "Idempotency-Key": f"{case}-{name}-{attempt}"}
        body: dict[str, Any] = {"text": f"{name}: hold the button", "channel": "email"}
        sent = client.post(f"{url}/replies", json=body, headers=headers)
        yield
        if chance.random() < 0.4:  # the answer was lost: the page sends the same again
            again = client.post(f"{url}/replies", json=body, headers=headers)
            assert again.status_code == sent.status_code
            yield
        if sent.status_code == 201:
            return
        assert sent.status_code == 412, sent.text
    pytest.fail("an agent never gets through")


def interleave(first: Iterator[None], second: Iterator[None], chance: random.Random) -> None:
    """Take steps of both in a random order until both are done."""
    left = [first, second]
    while left:
        one = chance.choice(left)
        if next(one, StopIteration) is StopIteration:
            left.remove(one)


def test_nothing_is_lost_and_nothing_is_sent_twice(app: FastAPI, client_as: ClientAs, parts: Parts) -> None:
    if "/v1/cases/{reference}/replies" not in app.openapi()["paths"]:
        pytest.skip("this service sends no replies")
    mails_of = import_module("kb_service.cases.models").OutgoingMail  # comes with replies

    mia, bo = client_as("agent"), client_as("agent")
    for seed in range(INTERLEAVINGS):
        chance = random.Random(seed)
        customer = {"channel": "email", "value": f"anna{seed}@example.com"}
        case = mia.post("/v1/cases", json={"subject": "Printer smokes", "customer": customer}).json()
        interleave(agent(mia, case["number"], "Mia", chance), agent(bo, case["number"], "Bo", chance), chance)
        with parts.database.reading() as session:
            said = session.scalars(select(Interaction.text).where(Interaction.case_id == case["id"])).all()
            mails = session.scalar(
                select(func.count(mails_of.id)).where(mails_of.case_id == case["id"], mails_of.kind == "reply")
            )
        for name in ("Mia", "Bo"):
            assert sum(text.startswith(f"{name}: hold") for text in said) == 1, f"seed {seed}: {said}"
            assert said.count(f"{name}: a note") == 1
        assert mails == 2, f"seed {seed}"
