"""The product as a whole on either database: load the sample company, ask, publish, take back, export."""

from __future__ import annotations

import json
import time
from pathlib import Path

from fastapi.testclient import TestClient

from kb_service.app import create_app
from kb_service.assembly import Parts, assemble
from kb_service.auth import service
from kb_service.auth.actors import Role
from kb_service.auth.schemas import KeyIn
from kb_service.demo.loader import load
from kb_service.settings import Settings
from kb_service.transfer.exporting import export_articles
from kb_service.transfer.importing import import_articles
from tests.support.databases import opened


def test_the_sample_company_is_loaded_asked_changed_and_exported(any_url: str, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "var", database_url=any_url, encoder="hashing", rate_limit_per_minute=0,
        encoder_timeout_seconds=30.0,
    )  # fmt: skip
    parts = assemble(settings)
    try:
        first, again = load(parts), load(parts)
        assert (first.report.rejected, first.drained.left) == (0, 0)
        assert (again.report.created, again.report.updated) == (0, 0)
        with TestClient(create_app(parts.settings, parts), base_url="http://localhost") as client:
            ask_and_change(client, parts, first.numbers["gw-vpn-reconnect-12"])
        parts.search.close()
        count = export_articles(parts.database, tmp_path / "all.jsonl")
    finally:
        parts.close()
    assert len((tmp_path / "all.jsonl").read_text().splitlines()) == count + 1
    check_that_it_imports(tmp_path, count)


def ask_and_change(client: TestClient, parts: Parts, number: str) -> None:
    with parts.database.writing() as session:
        _, key = service.create_key(session, KeyIn(name="test", role=Role.ADMIN))
    staff = {"Authorization": f"Bearer {key.text}"}
    question = {"query": "VPN does not reconnect after sleep", "product": "gateway", "version": "12.0"}
    assert number in [hit["number"] for hit in client.get("/v1/search", params=question).json()["hits"]]
    assert client.get(f"/a/{number}").status_code == 200
    text = {"title": "Zephyr mode hums", "body": "Zephyr mode hums by design.", "audience": ["public"]}
    made = client.post("/v1/articles", json=text, headers={**staff, "Idempotency-Key": "once"})
    repeated = client.post("/v1/articles", json=text, headers={**staff, "Idempotency-Key": "once"})
    assert made.json() == repeated.json()
    path, asked = f"/v1/articles/{made.json()['id']}", {"query": "zephyr mode hums"}
    done = client.post(f"{path}/publish", headers={**staff, "If-Match": made.headers["ETag"]})
    assert done.status_code == 200, done.text
    deadline = time.monotonic() + 10
    while made.json()["number"] not in json.dumps(client.get("/v1/search", params=asked).json()):
        assert time.monotonic() < deadline, "published, and not found"
        time.sleep(0.02)
    stale = client.post(f"{path}/unpublish", headers={**staff, "If-Match": made.headers["ETag"]})
    assert stale.status_code == 412
    done = client.post(f"{path}/unpublish", headers={**staff, "If-Match": done.headers["ETag"]})
    assert done.status_code == 200, done.text
    assert made.json()["number"] not in json.dumps(client.get("/v1/search", params=asked).json())


def check_that_it_imports(folder: Path, count: int) -> None:
    from kb_service.db import migrate

    with opened(f"sqlite:///{folder / 'there.sqlite3'}") as there:
        migrate.upgrade(there)
        report = import_articles(there, folder / "all.jsonl")
    assert (report.rejected, report.created) == (0, count)
