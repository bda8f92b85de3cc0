"""New knowledge out of a case: the customer's words, the notes, the reply and the searches, masked. Callers commit.

Invariants: nothing personal that is recognised leaves the case, neither in what is shown nor in what is kept; a captured
article is work in progress for agents, and linked to the case in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.articles.inputs import MAX_KEYWORD, MAX_TITLE, ArticleText
from kb_service.articles.models import Article
from kb_service.articles.service import create_article
from kb_service.auth.actors import Actor
from kb_service.cases import repository
from kb_service.cases.models import Case, Interaction, PortalSession, SessionEvent
from kb_service.cases.service import ArticleUse, use_article
from kb_service.catalog.vocabulary import Catalog
from kb_service.customers.models import Customer
from kb_service.desk.schemas import CaptureAsked, CaptureDraft, CaptureIn, CaptureOut, MaskedOut
from kb_service.search.masking import mask_whole
from kb_service.text import clean_text

MAX_SEARCHES, MAX_TEXT = 20, 20_000


class Masking:
    """Masks several texts and remembers what was replaced."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._found: dict[tuple[str, str], None] = {}

    def __call__(self, text: str, longest: int = MAX_TEXT) -> str:
        """A text as it may be kept."""
        masked = mask_whole(text, self._names)
        self._found.update(dict.fromkeys(masked.found))
        return masked.text[:longest].strip()

    @property
    def found(self) -> list[MaskedOut]:
        """Everything that was replaced, once each."""
        return [MaskedOut(kind=kind, text=text) for kind, text in self._found]


@dataclass(frozen=True, slots=True)
class Told:
    """What a case says of its problem."""

    first: str = ""
    reply: str = ""
    notes: str = ""


def draft_capture(session: Session, asked: CaptureAsked, actor: Actor) -> CaptureDraft:
    """What would be kept. Raises NotFound for a case that the actor may not know."""
    case = repository.find_case(session, asked.case, actor) if asked.case else None
    told = _told(session, case) if case else Told()
    masking = Masking(_names(session, case) if case else frozenset())
    searched = _searches(session, case.id) if case else []
    return CaptureDraft(
        title=masking(asked.title or (case.subject if case else ""), MAX_TITLE),
        issue=masking(asked.issue or told.first),
        notes=masking(told.notes),
        resolution=masking(asked.resolution or told.reply),
        searches=list(dict.fromkeys(masking(text) for text in searched)),
        product=case.product if case else None,
        version=case.product_version if case else None,
        os=case.os if case else None,
        masked=masking.found,
    )


def capture(session: Session, body: CaptureIn, catalog: Catalog, actor: Actor) -> CaptureOut:
    """Keep it, and link it to its case. Raises NotFound, InvalidInput."""
    case = repository.find_case(session, body.case, actor, lock=True) if body.case else None
    masking = Masking(_names(session, case) if case else frozenset())
    text = ArticleText(
        title=masking(body.title, MAX_TITLE),
        issue=masking(clean_text(body.issue, "/issue", longest=MAX_TEXT)),
        cause=masking(clean_text(body.notes, "/notes", longest=MAX_TEXT)),
        resolution=masking(clean_text(body.resolution, "/resolution", longest=MAX_TEXT)),
        keywords=tuple(dict.fromkeys(masking(words, MAX_KEYWORD) for words in body.searches if words.strip())),
        applies_to=_applies_to(case),
        audience=("agent",),
        confidence="work_in_progress",
    )
    article: Article = create_article(session, text, catalog, actor)
    if case is not None:
        use_article(session, case, ArticleUse(article.number), actor)
    return CaptureOut(article=article.id, number=article.number, masked=masking.found)


def _applies_to(case: Case | None) -> tuple[dict[str, object], ...]:
    if case is None or not case.product:
        return ()
    entry: dict[str, object] = {"product": case.product}
    if case.product_version:
        entry["versions"] = case.product_version
    if case.os:
        entry["os"] = case.os
    return (entry,)


def _told(session: Session, case: Case) -> Told:
    thread = repository.list_interactions(session, case.id, with_notes=True)
    said = [row for row in thread if row.kind == "message"]
    first = next((row.text for row in said if row.direction == "in"), case.description)
    replies = [_words(row) for row in said if row.direction == "out"]
    notes = "\n\n".join(row.text for row in thread if row.kind == "note")
    return Told(first, replies[-1] if replies else "", notes)


def _words(row: Interaction) -> str:
    return str(row.detail.get("words") or row.text)


def _names(session: Session, case: Case) -> frozenset[str]:
    customer = session.get(Customer, case.customer_id) if case.customer_id else None
    authors = select(Interaction.author_name).where(Interaction.case_id == case.id, Interaction.direction == "in")
    return frozenset({customer.name if customer else "", *session.scalars(authors)} - {""})


def _searches(session: Session, case_id: int) -> list[str]:
    statement = (
        select(SessionEvent.text)
        .join(PortalSession, PortalSession.id == SessionEvent.portal_session_id)
        .where(PortalSession.case_id == case_id, SessionEvent.text != "")
        .order_by(SessionEvent.happened_at)
        .limit(MAX_SEARCHES)
    )
    return list(session.scalars(statement))
