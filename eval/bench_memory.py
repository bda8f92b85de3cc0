"""Resident memory of a serving process (with its worker) while articles are imported beside it and searched."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.bench_server import Connection, memory_mb, search_call, served

IMPORTED = 200
SENTENCES_EACH = 30
PATIENCE_SECONDS = 300.0


def measure_memory(
    data: Path, sentences: Sequence[tuple[str, Mapping[str, str]]], fillers: Sequence[str]
) -> dict[str, Any]:
    """MB at the start, at the end and at the peak; how many articles came in and how many searches were answered meanwhile."""
    with served(data, worker=True) as (port, pid, directory):
        connection = Connection(port)
        start = memory_mb(pid).get("now", 0.0)
        waiting, searches = _import(directory, fillers), 0
        deadline = time.monotonic() + PATIENCE_SECONDS
        while waiting() and time.monotonic() < deadline:
            text, context = sentences[searches % len(sentences)]
            connection.timed(*search_call(f"{text} {searches}", context))
            searches += 1
        memory = memory_mb(pid)
        left = waiting()
        connection.close()
    return {
        "start": start, "end": memory.get("now", 0.0), "peak": memory.get("peak", 0.0), "imported": IMPORTED - left,
        "searches": searches,
    }  # fmt: skip


def _import(directory: Path, fillers: Sequence[str]) -> Any:
    """Import beside the service, as `kb import` does: this process writes rows, the served one indexes. Returns what waits."""
    from kb_service.assembly import open_database
    from kb_service.db import outbox
    from kb_service.settings import Settings
    from kb_service.transfer.importing import ImportOptions, import_articles

    dice = random.Random(3)
    source = directory / "more.jsonl"
    with source.open("w", encoding="utf-8") as stream:
        for number in range(IMPORTED):
            body = "\n\n".join(dice.choice(fillers) for _ in range(SENTENCES_EACH))
            row = {"external_id": f"more-{number}", "title": f"{dice.choice(fillers)[:60]} {number}", "body": body}
            stream.write(json.dumps(row) + "\n")
    database = open_database(Settings(data_dir=directory))
    import_articles(database, source, ImportOptions())

    def waiting() -> int:
        with database.reading() as session:
            return outbox.pending(session)[0]

    return waiting
