"""Keeping pins and synonym sets: made, replaced and taken away by people who run the site, each change in the audit.

Invariants: a pin whose article the actor may not read does not exist for them; nothing is saved that makes a judged question
worse, unless that is accepted; a change counts within a second, at once in the process that made it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexers.analysis import analyze_query
from kb_service.articles.access import get_known
from kb_service.articles.models import Article, AuditEvent
from kb_service.auth.actors import Actor
from kb_service.catalog.versions import MalformedVersions, parse_versions
from kb_service.catalog.vocabulary import Catalog, malformed
from kb_service.errors import Conflict, InvalidInput, NotFound
from kb_service.search.curating_effect import Effect, effect
from kb_service.search.curating_schemas import CuratedIn, PinIn, SynonymsIn
from kb_service.search.curation import fold
from kb_service.search.models import Pin, SynonymSet
from kb_service.search.service import SearchService

MAX_ROWS = 2_000
Row = TypeVar("Row", Pin, SynonymSet)


def list_pins(session: Session, actor: Actor) -> list[tuple[Pin, Article]]:
    """Pins whose article the actor may read, newest first."""
    statement = select(Pin, Article).join(Article, Article.id == Pin.article_id).order_by(Pin.id.desc())
    return [(pin, article) for pin, article in session.execute(statement) if actor.may_read(article.audience)]


def list_synonyms(session: Session) -> list[SynonymSet]:
    """Synonym sets, newest first."""
    return list(session.scalars(select(SynonymSet).order_by(SynonymSet.id.desc())))


def get_pin(session: Session, pin_id: int, actor: Actor, lock: bool = False) -> tuple[Pin, Article]:
    """A pin with its article. Raises NotFound."""
    pin = session.get(Pin, pin_id, with_for_update=lock or None)
    article = session.get(Article, pin.article_id) if pin else None
    if pin is None or article is None or not actor.may_read(article.audience):
        raise NotFound("There is no such pin.")
    return pin, article


def get_synonyms(session: Session, set_id: int, lock: bool = False) -> SynonymSet:
    """A synonym set. Raises NotFound."""
    row = session.get(SynonymSet, set_id, with_for_update=lock or None)
    if row is None:
        raise NotFound("There is no such synonym set.")
    return row


def make_pin(session: Session, body: PinIn, catalog: Catalog, actor: Actor) -> Pin:
    """The row of a request, not yet added. Raises InvalidInput, NotFound."""
    folded = fold(body.phrase)
    if not folded:
        raise InvalidInput("A phrase needs a word or a number.", "/phrase")
    article = get_known(session, body.article, actor)
    return Pin(phrase=body.phrase, folded=folded, article_id=article.id, **_scope(body, catalog), created_by=actor.id)


def make_synonyms(body: SynonymsIn, catalog: Catalog, actor: Actor) -> SynonymSet:
    """The row of a request, not yet added. Raises InvalidInput."""
    terms = list({fold(term): term for term in body.terms if fold(term)}.values())
    if len({tuple(analyze_query(term)) for term in terms} - {()}) < 2:
        raise InvalidInput("Two words at least that search tells apart: these are one and the same to it.", "/terms")
    return SynonymSet(terms=terms, **_scope(body, catalog), created_by=actor.id)


def require_harmless(effect: Effect, accept_worse: bool) -> None:
    """Raises Conflict where judged questions get worse and that was not accepted."""
    worse = effect.count("worse")
    if worse and not accept_worse:
        words = "question gets" if worse == 1 else "questions get"
        raise Conflict(f"{worse} judged {words} worse. Look at them, then save with accept_worse: true.", worse=worse)


def check(search: SearchService, actor: Actor, row: Pin | SynonymSet, replaced: int | None = None) -> Effect:
    """What saving the row would do; ``replaced``: the id of the row in whose place it comes."""
    return effect(search, actor, row, replaced)


def add(session: Session, row: Row, actor: Actor) -> Row:
    """Save a new row. Raises Conflict for one that stands there already."""
    same = [other for other in session.scalars(select(type(row))) if _says(other) == _says(row)]
    if same:
        raise Conflict("That stands there already; change its dates instead.", id=same[0].id)
    if session.query(type(row)).count() >= MAX_ROWS:
        raise Conflict(f"There are {MAX_ROWS} already; take away what is over first.")
    session.add(row)
    session.flush()
    _note(session, actor, "add", row)
    return row


def replace_row(session: Session, row: Row, new: Row, actor: Actor) -> Row:
    """Give a row the content of another; who made it first stays."""
    for name in _columns(row):
        setattr(row, name, getattr(new, name))
    session.flush()
    _note(session, actor, "change", row)
    return row


def remove(session: Session, row: Pin | SynonymSet, actor: Actor) -> None:
    """Take a row away."""
    _note(session, actor, "remove", row)
    session.delete(row)
    session.flush()


def state_of(row: Pin | SynonymSet, now: datetime) -> str:
    """in_force, planned or over."""
    if row.ends_at is not None and row.ends_at <= now:
        return "over"
    return "planned" if row.starts_at is not None and row.starts_at > now else "in_force"


def _scope(body: CuratedIn, catalog: Catalog) -> dict[str, object]:
    product = catalog.resolve_product(body.product) if body.product else None
    if body.versions and not product:
        raise InvalidInput("A range of versions needs its product.", "/versions")
    if body.starts_at and body.ends_at and body.ends_at <= body.starts_at:
        raise InvalidInput("It ends before it begins.", "/ends_at")
    try:
        versions = parse_versions(body.versions or "", catalog.named_versions(product)).canonical()
    except MalformedVersions as error:
        raise malformed(error, "/versions") from None
    return {
        "product": product, "versions": None if versions == "*" else versions,
        "os": catalog.resolve_os(body.os) if body.os else None,
        "starts_at": body.starts_at, "ends_at": body.ends_at,
    }  # fmt: skip


def _columns(row: Pin | SynonymSet) -> tuple[str, ...]:
    own = ("phrase", "folded", "article_id") if isinstance(row, Pin) else ("terms",)
    return (*own, "product", "versions", "os", "starts_at", "ends_at")


def _says(row: Pin | SynonymSet) -> tuple[object, ...]:
    own: tuple[object, ...] = (
        (row.folded, row.article_id) if isinstance(row, Pin) else tuple(sorted(map(fold, row.terms)))
    )
    return (*own, row.product, row.versions, row.os)


def _note(session: Session, actor: Actor, what: str, row: Pin | SynonymSet) -> None:
    kind = "pin" if isinstance(row, Pin) else "synonyms"
    detail: dict[str, object] = (
        {"phrase": row.phrase, "article": row.article_id} if isinstance(row, Pin) else {"terms": row.terms}
    )
    session.add(AuditEvent(actor=actor.id, action=f"{kind}.{what}", target=f"{kind}:{row.id}", detail=detail))
