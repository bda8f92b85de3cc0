"""What the endpoints of mail give."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class MailReceived(BaseModel):
    """What became of a mail. ``kind``: person, list, auto_reply, bulk, bounce, delay, read_receipt, report, spam or ours;
    ``outcome``: opened (a case), added, followed_up, noted, set_aside or ours. ``is_new`` false: it came before.
    """

    kind: str
    outcome: str
    case: str | None
    interaction_id: int | None
    is_new: bool


class MailSetAside(BaseModel):
    """A mail that belongs to no case."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    from_address: str
    subject: str
    received_at: datetime


class MailsSetAside(BaseModel):
    """Mails set aside, the newest first; ``next_before`` goes on."""

    items: list[MailSetAside]
    next_before: int | None


class CaseMade(BaseModel):
    """The case that was made."""

    case: str
