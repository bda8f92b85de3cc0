"""Suggestions under the covers: what a case says becomes the question; at most five answers, none below the floor.

Invariants: the one search path answers; what was found in the text or is owned only prefers, what the case states
filters; an article that was read and failed stays, lowered by LOWERED_BY places and marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb_service.articles.addresses import article_url
from kb_service.articles.models import Article
from kb_service.articles.repository import is_published, is_readable
from kb_service.auth.actors import Actor
from kb_service.cases.escalation import read_and_failed
from kb_service.cases.lifecycle import ENDED
from kb_service.cases.models import Case, CaseArticle
from kb_service.cases.repository import list_interactions, visible
from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Catalog
from kb_service.customers.service import preferred_context
from kb_service.search.request import Chip, Hit, SearchOptions, SearchRequest, SearchResponse
from kb_service.search.service import SearchService
from kb_service.text import words_of

MAX_SUGGESTIONS = 5
MAX_SIMILAR = 5
MIN_WORDS = 3
LOWERED_BY = 2
LAST_MESSAGES = 3
OPTIONS = SearchOptions(why=True, facets=False, widen=False, kind="suggest_case")


@dataclass(frozen=True, slots=True)
class Asked:
    """What suggestions are made from. ``failed``: articles that the customer read in vain."""

    text: str
    stated: Context
    inferred: Context
    failed: frozenset[int] = frozenset()
    case_id: int | None = None


@dataclass(slots=True)
class Suggestion:
    """An article that may answer. ``was_read``: the customer read it, and it did not help."""

    hit: Hit
    was_read: bool = False


@dataclass(slots=True)
class MostUsed:
    """An article much used in this context, before there is a question."""

    article: int
    number: str
    title: str
    url: str
    uses: int


@dataclass(slots=True)
class SimilarCase:
    """A solved case that the same article solved."""

    number: str
    subject: str
    article: int


@dataclass(slots=True)
class Suggestions:
    """The answer. ``context``: what is in force; inferred chips prefer until somebody confirms them."""

    query_id: str = ""
    suggestions: list[Suggestion] = field(default_factory=list)
    most_used: list[MostUsed] = field(default_factory=list)
    similar: list[SimilarCase] = field(default_factory=list)
    context: list[Chip] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)


def asked_by_case(session: Session, case: Case) -> Asked:
    """Subject, description and the last messages; the case's context filters, what the customer owns prefers."""
    thread = list_interactions(session, case.id, with_notes=True)
    said = [row.text for row in thread[1:] if row.kind in ("message", "note") and row.direction != "out"][
        -LAST_MESSAGES:
    ]
    text = "\n".join(dict.fromkeys([case.subject, case.description, *said]))
    stated = Context(case.product, case.product_version, case.os)
    kept = case.preferred or {}
    remembered = Context(kept.get("product"), kept.get("version"), kept.get("os"))
    owned = preferred_context(session, case.customer_id) if remembered.is_empty else remembered
    if stated.product and owned.product != stated.product:
        owned = Context(None, None, owned.os)
    return Asked(text, stated, owned, read_and_failed(session, case.id), case.id)


def suggest(session: Session, search: SearchService, catalog: Catalog, asked: Asked, actor: Actor) -> Suggestions:
    """At most five articles with reasons, and solved cases beside them."""
    if len(words_of(asked.text)) < MIN_WORDS:
        context = asked.inferred if asked.stated.is_empty else asked.stated
        return Suggestions(most_used=most_used(session, context, actor), context=_stated_chips(catalog, asked.stated))
    response = search.search(question_of(asked, actor))
    return _answer(session, response, offered(response, asked.failed), asked, actor)


def question_of(asked: Asked, actor: Actor) -> SearchRequest:
    """What is asked of the one search path."""
    return SearchRequest(
        query=asked.text[:20_000],
        stated=asked.stated,
        inferred=asked.inferred,
        actor=actor,
        channel="agent",
        limit=MAX_SUGGESTIONS,
        options=OPTIONS,
    )


def offered(response: SearchResponse, failed: frozenset[int]) -> list[Suggestion]:
    """What of a search is suggested: nothing below the floor; what was read in vain lowered and marked."""
    return lower([] if response.no_answer else response.hits, failed)


def _answer(
    session: Session, response: SearchResponse, found: list[Suggestion], asked: Asked, actor: Actor
) -> Suggestions:
    similar = similar_cases(session, [item.hit.article for item in found], asked.case_id, actor)
    return Suggestions(
        query_id=response.query_id,
        suggestions=found,
        similar=similar,
        context=list(response.context),
        degraded=list(response.degraded),
    )


def lower(hits: Sequence[Hit], failed: frozenset[int]) -> list[Suggestion]:
    """The hits, those that failed LOWERED_BY places further down and marked; nothing is lost."""
    places = [(rank + (LOWERED_BY + 0.5 if hit.article in failed else 0), hit) for rank, hit in enumerate(hits)]
    ordered = sorted(places, key=lambda place: place[0])
    return [Suggestion(hit, hit.article in failed) for _, hit in ordered]


def _stated_chips(catalog: Catalog, stated: Context) -> list[Chip]:
    words = {
        "product": catalog.product_name(stated.product) if stated.product else "",
        "version": stated.version or "",
        "os": catalog.os_name(stated.os) if stated.os else "",
    }
    values = {"product": stated.product, "version": stated.version, "os": stated.os}
    return [Chip(axis, value, words[axis], "stated") for axis, value in values.items() if value]


def most_used(session: Session, context: Context, actor: Actor) -> list[MostUsed]:
    """Articles that this actor may read, most used in visible cases of this product."""
    uses = func.count(CaseArticle.id)
    statement = (
        select(Article, uses)
        .join(CaseArticle, CaseArticle.article_id == Article.id)
        .join(Case, Case.id == CaseArticle.case_id)
        .where(is_published(), is_readable(actor.audiences), visible(session, actor))
        .group_by(Article.id)
        .order_by(uses.desc(), Article.id)
        .limit(MAX_SUGGESTIONS)
    )
    if context.product:
        statement = statement.where(Case.product == context.product)
    if context.os:
        statement = statement.where(Case.os == context.os)
    return [
        MostUsed(a.id, a.number, a.title, article_url(a.number, a.title), count)
        for a, count in session.execute(statement)
    ]


def similar_cases(session: Session, articles: list[int], case_id: int | None, actor: Actor) -> list[SimilarCase]:
    """Ended cases that the suggested articles were used in, as far as this actor may see them."""
    statement = (
        select(Case, CaseArticle.article_id)
        .join(CaseArticle, CaseArticle.case_id == Case.id)
        .where(CaseArticle.article_id.in_(articles), Case.status.in_([s.value for s in ENDED]), visible(session, actor))
        .order_by(Case.id.desc())
        .limit(MAX_SIMILAR * 4)
    )
    found: dict[int, SimilarCase] = {}
    for case, article in session.execute(statement):
        if case.id != case_id:
            found.setdefault(case.id, SimilarCase(case.number, case.subject, article))
    return list(found.values())[:MAX_SIMILAR]
