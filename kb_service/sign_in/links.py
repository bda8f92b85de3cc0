"""Sign-in links for customers: asked for, mailed, used once. Callers commit.

Invariants: whoever asks learns nothing, not even by the time it takes: the request notes the address, whatever it is, and
a job decides later whether somebody is mailed; a token is known to the mail alone; it works once, for fifteen minutes;
staff never come in this way.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from kb_service.auth import repository, sessions
from kb_service.auth.actors import Role
from kb_service.auth.keys import hash_token
from kb_service.auth.models import User
from kb_service.cases.mails import SIGN_IN_KIND, Site, site_of
from kb_service.cases.models import OutgoingMail
from kb_service.customers.models import Customer
from kb_service.customers.service import find_by_identity, normal_identity, owns_product
from kb_service.db.base import utcnow
from kb_service.db.session import Database
from kb_service.errors import NotFound
from kb_service.sign_in.models import SignInLink
from kb_service.telemetry import Event, log

if TYPE_CHECKING:
    from kb_service.settings import Settings

LIFETIME = timedelta(minutes=15)
MOST_AT_ONCE = 3
"""Links mailed to one address within a link's lifetime: nobody's mailbox is filled by strangers."""
KEPT = timedelta(days=1)
BATCH = 100
SUBJECT = "Your sign-in link for {site}"
TEXT = """Sign in to {site} with this link:

{url}

It works once, within 15 minutes. The page that it opens asks you to confirm.

You did not ask for it? Then do nothing: without this mail nobody comes in.
"""


def is_offered(settings: Settings) -> bool:
    """Whether links can be mailed. The address in them comes from the settings alone: a request's Host may be forged."""
    return bool(settings.smtp_url and settings.base_url)


def ask_for_link(session: Session, email: str, next_path: str) -> None:
    """Note that somebody asked. Raises InvalidInput for what is no address."""
    session.add(SignInLink(email=normal_identity("email", email), next_path=next_path))
    session.flush()


def mail_links(database: Database, settings: Settings) -> str:
    """Decide on every link that was asked for; returns what was done. A periodic job."""
    site, mailed, passed = site_of(settings), 0, 0
    with database.writing() as session:
        waiting = select(SignInLink).where(SignInLink.decided_at.is_(None)).order_by(SignInLink.id).limit(BATCH)
        for link in session.scalars(waiting.with_for_update(skip_locked=True)).all():
            is_mailed = _decide(session, link, site)
            mailed, passed = mailed + is_mailed, passed + (not is_mailed)
    return f"mailed {mailed} links" + (f", {passed} for nobody" if passed else "")


def _decide(session: Session, link: SignInLink, site: Site) -> bool:
    link.decided_at = now = utcnow()
    recent = select(func.count()).where(
        SignInLink.email == link.email, SignInLink.token_hash.is_not(None), SignInLink.expires_at > now
    )
    if holder_of(session, link.email) is None or (session.scalar(recent) or 0) >= MOST_AT_ONCE:
        return False
    token = secrets.token_urlsafe(32)
    link.token_hash, link.expires_at = hash_token(token), now + LIFETIME
    mail = OutgoingMail(
        kind=SIGN_IN_KIND,
        message_id=f"<sign-in.{secrets.token_hex(16)}@{site.mail_domain}>",
        to_address=link.email,
        subject=SUBJECT.format(site=site.name),
        text=TEXT.format(site=site.name, url=f"{site.base_url}/sign-in/link/{token}"),
    )
    session.add(mail)
    session.flush()
    return True


def holder_of(session: Session, email: str) -> User | Customer | None:
    """Who may come in by a mail to this address: an active customer's account, or a customer whom we know by it."""
    user = repository.find_user(session, email)
    if user is not None:
        return user if user.disabled_at is None and user.role == Role.CUSTOMER.value else None
    return find_by_identity(session, "email", email)


def read_link(session: Session, token: str) -> SignInLink:
    """A link that still works; changes nothing. Raises NotFound, in the same words for unknown, used and late."""
    usable = (SignInLink.used_at.is_(None), SignInLink.expires_at > utcnow())
    link = session.scalar(select(SignInLink).where(SignInLink.token_hash == hash_token(token), *usable))
    if link is None:
        raise NotFound("This link was used already, or is too old. Ask for another one.")
    return link


def use_link(session: Session, token: str, former_token: str | None) -> tuple[str, str]:
    """Sign in, once; returns the session's token and where to go. Raises NotFound."""
    link = read_link(session, token)
    now = utcnow()
    free = (SignInLink.id == link.id, SignInLink.used_at.is_(None))
    taken = session.execute(update(SignInLink).where(*free).values(used_at=now))
    holder = holder_of(session, link.email)
    if not getattr(taken, "rowcount", 0) or holder is None:
        log(Event.SIGN_IN_FAILED, level="warning")
        raise NotFound("This link was used already, or is too old. Ask for another one.")
    others = (SignInLink.email == link.email, SignInLink.used_at.is_(None), SignInLink.token_hash.is_not(None))
    session.execute(update(SignInLink).where(*others).values(used_at=now))
    log(Event.SIGN_IN_SUCCEEDED)
    return _start(session, holder, link.email, former_token), link.next_path


def _start(session: Session, holder: User | Customer, email: str, former_token: str | None) -> str:
    if isinstance(holder, User):
        return sessions.start_for_user(session, holder, former_token)
    reads = ["customer"] if owns_product(session, holder.id) else []
    newcomer = sessions.Newcomer(holder.id, holder.name or email, reads)
    return sessions.start_for_customer(session, newcomer, former_token)


def forget_links(database: Database) -> str:
    """Delete links of more than a day ago."""
    with database.writing() as session:
        result = session.execute(delete(SignInLink).where(SignInLink.asked_at < utcnow() - KEPT))
    return f"forgot {getattr(result, 'rowcount', 0)} sign-in links"
