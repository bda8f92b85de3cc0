"""Inserting what another transaction may be inserting, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kb_service.db.base import Base


def insert_once(session: Session, model: type[Base], unique: Sequence[str], **values: Any) -> None:
    """Insert a row unless one with the same ``unique`` columns exists.

    Waits for a transaction that is inserting the same; afterwards the row is there, whoever made it.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(model).values(**values).on_conflict_do_nothing(index_elements=list(unique)))
