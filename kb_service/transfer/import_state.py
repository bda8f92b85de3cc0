"""How far an import has come: one row beside the periodic jobs, written in the transaction of each batch.

Invariant: the row never says more than what is committed, so a killed import goes on exactly behind its last batch.
An import of changed files starts from the beginning (and finds what is there unchanged).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy.orm import Session

from kb_service.db.base import utcnow
from kb_service.db.jobs import JobRow, locked_job
from kb_service.transfer.rows import Source


def fingerprint(source: Source, settings: str) -> str:
    """Names, sizes and times of the files, and what was asked: whether an interrupted run can go on."""
    digest = hashlib.sha256(settings.encode("utf-8", "surrogateescape"))
    for path in source.files():
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def read_state(session: Session, name: str, mark: str) -> dict[str, Any] | None:
    """What an interrupted run of the very same import left; None: start from the beginning."""
    row = session.get(JobRow, _job(name))
    state: dict[str, Any] = json.loads(row.last_result) if row is not None and row.last_result else {}
    return state if state.get("fingerprint") == mark and not state.get("is_done") else None


def write_state(session: Session, name: str, state: dict[str, Any]) -> None:
    """Note how far it is, in the caller's transaction. ``is_done`` ends it."""
    row = locked_job(session, _job(name))
    row.last_started_at = row.last_started_at or utcnow()
    row.last_result = json.dumps(state)
    row.last_finished_at = utcnow() if state.get("is_done") else None


def _job(name: str) -> str:
    return f"import.{name}"
