"""Replies: composed, checked, put into the thread and the outbox in one transaction; taken back within seconds.

Invariants: a reply answers the thread that its author read (the caller checks If-Match); articles go at an exact
revision; nothing that the checks stop is sent. Callers commit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb_service.articles.feedback import Vote, give_feedback
from kb_service.auth.actors import Actor, Scope
from kb_service.authoring.reuse import forget_reuse, record_reuse
from kb_service.cases import repository, service
from kb_service.cases.composing import Letter, compose, filled, first_question, frame_for
from kb_service.cases.lifecycle import Status, check_move
from kb_service.cases.links import request_path
from kb_service.cases.mails import (
    MailDraft,
    Site,
    enqueue_mail,
    make_message_id,
    moment_of_leaving,
    reference_of,
    subject_of,
)
from kb_service.cases.models import Case, CaseArticle, Interaction, Queue
from kb_service.cases.sendable import Checked, Checking, SendProblem, SentArticle, check_articles
from kb_service.catalog.vocabulary import Catalog
from kb_service.customers.models import Customer
from kb_service.customers.service import email_of
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent says to the customer. ``channel`` empty: by e-mail where there is an address, else on the portal."""

    text: str
    channel: str = ""
    articles: tuple[SentArticle, ...] = ()
    status: Status | None = None
    ask_solved: bool = True
    with_frame: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """A reply as it would go. ``problems`` of every article; ``mail_text`` is empty where no mail goes."""

    channel: str
    body: str
    subject: str
    to_address: str
    mail_text: str
    checked: tuple[Checked, ...] = ()

    @property
    def problems(self) -> list[SendProblem]:
        """All that was found about its articles."""
        return [problem for checked in self.checked for problem in checked.problems]

    @property
    def blocking(self) -> list[SendProblem]:
        """What stops it."""
        return [problem for checked in self.checked for problem in checked.blocking]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and with what."""

    session: Session
    actor: Actor
    catalog: Catalog
    site: Site


@dataclass(slots=True)
class TakenBack:
    """What came back: the words, to go on with."""

    text: str
    articles: list[str] = field(default_factory=list)


def prepare(sender: Sender, case: Case, reply: Reply, interaction_id: int | None = None) -> Prepared:
    """The reply as it would go; nothing is written. Raises NotFound and InvalidInput for what cannot be meant."""
    session = sender.session
    checking = Checking(session, case, sender.actor, sender.catalog, sender.site.base_url)
    checked = check_articles(checking, list(reply.articles))
    body = "\n\n".join(part for part in (reply.text.strip(), *(item.text for item in checked)) if part)
    address = (email_of(session, case.customer_id) if case.customer_id else None) or ""
    channel = reply.channel or ("email" if address else "portal")
    if channel == "email" and not address:
        raise InvalidInput(
            "This customer has no e-mail address. Add one to the customer, or answer on another channel.", "/channel"
        )
    mail_text = _mail_text(sender, case, reply, body, interaction_id) if channel == "email" else ""
    return Prepared(channel, body, subject_of(case), address if mail_text else "", mail_text, tuple(checked))


def _mail_text(sender: Sender, case: Case, reply: Reply, body: str, interaction_id: int | None) -> str:
    queue = sender.session.get(Queue, case.queue_id)
    frame = frame_for(queue.frame if queue and reply.with_frame else {}, "email")
    values = placeholder_values(sender, case, queue)
    site = sender.site
    page = site.base_url + request_path(site.secret, case.id, interaction_id)
    letter = Letter(
        body=body,
        frame=filled(frame, values),
        question=first_question(_last_question(sender.session, case)),
        solved=(f"{page}?answer=yes", f"{page}?answer=no") if reply.ask_solved and interaction_id else None,
        request_url=page,
        ways=site.ways,
        reference=reference_of(case),
    )
    return compose(letter)


def placeholder_values(sender: Sender, case: Case, queue: Queue | None) -> dict[str, str]:
    """What the placeholders of frames and snippets stand for."""
    customer = sender.session.get(Customer, case.customer_id) if case.customer_id else None
    name = customer.name.strip() if customer else ""
    return {
        "customer_name": name,
        "first_name": name.split()[0] if name else "",
        "agent_name": "" if "@" in sender.actor.name else sender.actor.name,
        "number": case.number,
        "subject": case.subject,
        "product": sender.catalog.product_name(case.product) if case.product else "",
        "queue_name": queue.name if queue else "",
        "site_name": sender.site.name,
    }


def _last_question(session: Session, case: Case) -> str:
    statement = (
        select(Interaction.text)
        .where(Interaction.case_id == case.id, Interaction.kind == "message", Interaction.direction == "in")
        .order_by(Interaction.created_at.desc(), Interaction.id.desc())
        .limit(1)
    )
    return session.scalar(statement) or case.subject


def send_reply(sender: Sender, case: Case, reply: Reply) -> Interaction:
    """Put a reply into the thread and the outbox. Raises Conflict with the problems when a check stops it."""
    session, before = sender.session, Status(case.status)
    if case.merged_into_id:
        raise Conflict(f"This case is part of C-{case.merged_into_id:06d}; answer there.")
    wanted = _status_after(before, reply.status)
    prepared = prepare(sender, case, reply)
    if prepared.blocking:
        raise Conflict(
            " ".join(problem.detail for problem in prepared.blocking),
            problems=[problem.plain() for problem in prepared.problems],
        )
    if not prepared.body:
        raise InvalidInput("Say something, or attach an article.", "/text")
    told = _tell(sender, case, reply, prepared)
    _record_articles(sender, case, told, prepared)
    if wanted is not before:
        service.set_status(session, case, wanted, "replied", sender.actor)
        told.detail = {**told.detail, "status_before": before.value}
    session.flush()
    return told


def _status_after(before: Status, wanted: Status | None) -> Status:
    if wanted is None:
        return Status.OPEN if before is Status.NEW else before
    if wanted is not before:
        check_move(before, wanted)
    return wanted


def _tell(sender: Sender, case: Case, reply: Reply, prepared: Prepared) -> Interaction:
    session, leaves_at = sender.session, moment_of_leaving()
    message_id = make_message_id(case, sender.site) if prepared.channel == "email" else None
    message = service.Message(
        prepared.body, "out", prepared.channel, message_id, shown_at=leaves_at, detail={"words": reply.text}
    )
    told, _ = service.tell(session, case, message, sender.actor)
    if message_id:
        text = _mail_text(sender, case, reply, prepared.body, told.id)
        customer = session.get(Customer, case.customer_id)
        draft = MailDraft(
            prepared.to_address,
            text,
            to_name=customer.name if customer else "",
            interaction_id=told.id,
            send_after=leaves_at,
        )
        enqueue_mail(session, case, draft, message_id)
    return told


def _record_articles(sender: Sender, case: Case, told: Interaction, prepared: Prepared) -> None:
    for item in prepared.checked:
        sent = item.sent
        row = CaseArticle(
            case_id=case.id,
            article_id=item.article.id,
            revision=item.revision,
            use=sent.use,
            interaction_id=told.id,
            query_id=sent.query_id,
            rank=sent.rank,
            actor=sender.actor.id,
        )
        sender.session.add(row)
        if not item.problems and sender.actor.may(Scope.ARTICLES_PROPOSE):
            record_reuse(sender.session, item.article.id, sender.actor, "send", case.number)
        detail = {"article": item.article.number, "revision": item.revision, "use": sent.use}
        service.audit(sender.session, sender.actor, "sent", case, **detail)
        if item.problems:
            _flag(sender, case, item)


def _flag(sender: Sender, case: Case, item: Checked) -> None:
    """What went in spite of a warning comes back to the article's authors, with the reason."""
    is_old = any(problem.problem == "superseded" for problem in item.problems)
    words = f"Sent in {case.number} with a reason: {item.sent.reason.strip()}"[:4000]
    vote = Vote(False, item.revision, "outdated" if is_old else "wrong_version", words)
    give_feedback(sender.session, item.article.id, vote, sender.actor)


def take_back(sender: Sender, case: Case, interaction_id: int) -> TakenBack:
    """Take a reply back before it leaves. Raises Conflict when it has."""
    session = sender.session
    told = session.get(Interaction, interaction_id)
    if told is None or told.case_id != case.id or told.direction != "out" or told.kind not in ("message", "taken_back"):
        raise NotFound("There is no such reply in this case.")
    if told.kind == "taken_back":
        return TakenBack(str(told.detail.get("words", told.text)))
    is_late = told.shown_at is None or told.shown_at <= utcnow()
    if is_late or (told.channel == "email" and not repository.take_mail_back(session, told.id)):
        raise Conflict("It has left already. Write another message to put it right.")
    told.kind, told.direction = "taken_back", "internal"
    sent = session.scalars(select(CaseArticle).where(CaseArticle.interaction_id == told.id)).all()
    articles = [str(row.article_id) for row in sent]
    forget_reuse(session, case.number, [row.article_id for row in sent], sender.actor.id)
    session.execute(delete(CaseArticle).where(CaseArticle.interaction_id == told.id))
    if (before := told.detail.get("status_before")) and case.status != before:
        service.set_status(session, case, Status(str(before)), "reply taken back", sender.actor)
    case.updated_at = utcnow()
    service.audit(session, sender.actor, "taken_back", case, interaction=told.id)
    session.flush()
    return TakenBack(str(told.detail.get("words", told.text)), articles)
