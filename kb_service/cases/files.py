"""Files of a case: kept with the message that they came with, found by who may read that message."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.auth.actors import Actor, Scope
from kb_service.cases.file_rules import MAX_FILES, clean_file_name, is_active, served_type, stored_type
from kb_service.cases.mail_models import CaseFile, IncomingMail
from kb_service.cases.models import Case, Interaction
from kb_service.db.base import utcnow
from kb_service.errors import NotFound


class File(Protocol):
    """A file that comes with a message. ``content_id``: what the message's HTML calls it by."""

    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def content_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Served:
    """A file as it is sent to a browser."""

    name: str
    media_type: str
    disposition: str
    content: bytes


def keep_files(session: Session, interaction_id: int, files: Sequence[File]) -> int:
    """Keep what came with a message; returns how many."""
    rows = [_row(interaction_id, file) for file in files[:MAX_FILES]]
    session.add_all(rows)
    session.flush()
    return len(rows)


def _row(interaction_id: int, file: File) -> CaseFile:
    name = clean_file_name(file.name)
    return CaseFile(
        interaction_id=interaction_id,
        name=name,
        media_type=stored_type(file.media_type, file.content),
        size=len(file.content),
        sha256=hashlib.sha256(file.content).hexdigest(),
        content_id=file.content_id,
        is_active=is_active(name, file.content),
        content=file.content,
    )


def files_of(session: Session, interaction_ids: Iterable[int]) -> dict[int, list[CaseFile]]:
    """The files of these messages, without their contents."""
    found: dict[int, list[CaseFile]] = {}
    wanted = select(CaseFile).where(CaseFile.interaction_id.in_(list(interaction_ids))).order_by(CaseFile.id)
    for row in session.scalars(wanted):
        found.setdefault(row.interaction_id, []).append(row)
    return found


def formatted_ones(session: Session, interaction_ids: Iterable[int]) -> frozenset[int]:
    """Which of these messages came formatted."""
    wanted = select(IncomingMail.interaction_id).where(
        IncomingMail.interaction_id.in_(list(interaction_ids)), IncomingMail.html != ""
    )
    return frozenset(one for one in session.scalars(wanted) if one is not None)


def find_message(session: Session, case: Case, interaction_id: int, actor: Actor) -> Interaction:
    """A message of a case that this actor sees already. Raises NotFound; notes and events are for agents."""
    told = session.get(Interaction, interaction_id)
    is_shown = told is not None and (told.shown_at is None or told.shown_at <= utcnow()) and told.kind == "message"
    if told is None or told.case_id != case.id or not (is_shown or actor.may(Scope.CASES_READ)):
        raise NotFound("There is no such message in this case.")
    return told


def read_file(session: Session, case: Case, file_id: int, actor: Actor) -> Served:
    """A file of a case, as a browser may be given it. Raises NotFound."""
    row = session.get(CaseFile, file_id)
    if row is None:
        raise NotFound("There is no such file in this case.")
    find_message(session, case, row.interaction_id, actor)
    media_type, disposition = served_type(row.media_type)
    return Served(row.name, media_type, disposition, row.content)


def read_formatted(session: Session, case: Case, interaction_id: int, actor: Actor) -> tuple[str, dict[str, int]]:
    """A message's HTML as it was kept, and the files that it calls by their Content-IDs. Raises NotFound."""
    told = find_message(session, case, interaction_id, actor)
    html = session.scalar(
        select(IncomingMail.html).where(IncomingMail.interaction_id == told.id, IncomingMail.html != "")
    )
    if html is None:
        raise NotFound("This message has no other form than its text.")
    pictures = {row.content_id: row.id for row in files_of(session, [told.id]).get(told.id, []) if row.content_id}
    return html, pictures
