"""May this article go to this customer, and in which words: checked before a reply leaves.

Invariants: what the reader may not read, or what is not published, is never sent; what does not apply to the case, or
is superseded by a newer revision, is sent with a reason only; the exact revision that was looked at is what is sent.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from kb_service.articles.access import get_known, is_published
from kb_service.articles.addresses import article_url
from kb_service.articles.markdown import to_text
from kb_service.articles.models import Article, Revision
from kb_service.articles.renderings import RenderingAids, text
from kb_service.articles.repository import (
    family_members,
    find_revision,
    read_applicabilities,
    read_applicability,
    to_content,
)
from kb_service.articles.sections import RevisionContent, sections_of
from kb_service.auth.actors import Actor
from kb_service.cases.models import Case
from kb_service.catalog.context import Context, covers
from kb_service.catalog.vocabulary import Catalog
from kb_service.customers.service import Reader, reader_of
from kb_service.errors import InvalidInput

WAYS = ("variant", "correct_case", "send_with_reason")
REFUSED = frozenset({"not_readable", "not_published", "no_revision"})


@dataclass(frozen=True, slots=True)
class SentArticle:
    """An article that goes into a reply. ``use``: link, passage or rendering; ``revision``: the one looked at."""

    reference: str
    use: str = "link"
    revision: int | None = None
    anchor: str = ""
    query_id: str | None = None
    rank: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SendProblem:
    """Why an article should not go as it is, and what to do. ``ways``: what may be done about a warning."""

    article: str
    title: str
    problem: str
    detail: str
    revision: int | None = None
    published_revision: int | None = None
    applies_to: list[str] = field(default_factory=list)
    context: str = ""
    variants: list[dict[str, Any]] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)

    @property
    def is_refusal(self) -> bool:
        """No reason makes it go."""
        return self.problem in REFUSED

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Checked:
    """An article ready to go: its text in the reply, and what was found about it."""

    sent: SentArticle
    article: Article
    revision: int
    text: str
    problems: tuple[SendProblem, ...]

    @property
    def blocking(self) -> list[SendProblem]:
        """What stops it: refusals always, warnings until there is a reason."""
        return [found for found in self.problems if found.is_refusal or not self.sent.reason.strip()]


@dataclass(frozen=True, slots=True)
class Checking:
    """What every check of one reply needs."""

    session: Session
    case: Case
    actor: Actor
    catalog: Catalog
    base_url: str

    @property
    def context(self) -> Context:
        """What the case says."""
        return Context(self.case.product, self.case.product_version, self.case.os)


def check_articles(checking: Checking, articles: list[SentArticle]) -> list[Checked]:
    """Every article of a reply. Raises NotFound for what the agent may not know."""
    reader = reader_of(checking.session, checking.case.customer_id)
    return [_check(checking, sent, reader) for sent in articles]


def _check(checking: Checking, sent: SentArticle, reader: Reader) -> Checked:
    session = checking.session
    article = get_known(session, sent.reference, checking.actor)
    problem = _refusal(article, sent, reader)
    published = article.published_revision
    if problem is not None or published is None:
        found = problem or _problem(article, "not_published", "It is not published.")
        return Checked(sent, article, sent.revision or 1, "", (found,))
    revision = find_revision(session, article.id, sent.revision) if sent.revision else published
    if revision is None or revision.published_at is None:
        detail = f"{article.number} has no published revision {sent.revision}; leave the revision out."
        return Checked(sent, article, published.number, "", (_problem(article, "no_revision", detail),))
    words = _words(checking, article, revision, sent, reader)
    warnings = [*_superseded(article, revision, published), *_not_applicable(checking, article, revision, reader)]
    return Checked(sent, article, revision.number, words, tuple(warnings))


def _problem(article: Article, problem: str, detail: str, **more: Any) -> SendProblem:
    return SendProblem(article.number, article.title, problem, f"{article.number}: {detail}", **more)


def _refusal(article: Article, sent: SentArticle, reader: Reader) -> SendProblem | None:
    if not is_published(article):
        return _problem(article, "not_published", "It is not published. Publish it first, or answer in your own words.")
    if reader.audiences.isdisjoint(article.audience):
        return _problem(
            article,
            "not_readable",
            f"It is for {', '.join(article.audience)} only, and this customer reads "
            f"{', '.join(sorted(reader.audiences))}. Ask for a wider audience, or answer in your own words.",
        )
    if sent.use == "link" and not reader.can_open(article.audience):
        return _problem(
            article,
            "not_readable",
            "This customer has no account to open it with. Send it as a passage or as a whole instead.",
        )
    return None


def _superseded(article: Article, revision: Revision, published: Revision) -> list[SendProblem]:
    if revision.id == published.id:
        return []
    detail = f"You looked at revision {revision.number}; revision {published.number} is published now. Read it again."
    numbers = {"revision": revision.number, "published_revision": published.number}
    return [_problem(article, "superseded", detail, ways=["read_again", "send_with_reason"], **numbers)]


def _not_applicable(checking: Checking, article: Article, revision: Revision, reader: Reader) -> list[SendProblem]:
    context, catalog = checking.context, checking.catalog
    applies = read_applicability(checking.session, revision.applicability_key)
    named = catalog.named_versions(context.product)
    if context.is_empty or covers(applies, context, named) is not None:
        return []
    members = [m for m in family_members(checking.session, article.family_id, reader.audiences) if m.id != article.id]
    meanings = read_applicabilities(checking.session, (member.applicability_key for member in members))
    right = [m for m in members if covers(meanings[m.applicability_key], context, named) is not None]
    words, wanted = catalog.describe(applies), catalog.describe_context(context)
    return [
        _problem(
            article,
            "not_applicable",
            f"It is for {'; '.join(words)}, and the case says {wanted}. Take the right variant, correct the case, or say why.",
            applies_to=words,
            context=wanted,
            revision=revision.number,
            variants=[
                {"article": m.number, "title": m.title, "applies_to": catalog.describe(meanings[m.applicability_key])}
                for m in right
            ],
            ways=list(WAYS if right else WAYS[1:]),
        )
    ]


def _words(checking: Checking, article: Article, revision: Revision, sent: SentArticle, reader: Reader) -> str:
    applies = read_applicability(checking.session, revision.applicability_key)
    content = to_content(revision, applies)
    aids = RenderingAids(
        describe=checking.catalog.describe, named=checking.catalog.named_versions(checking.context.product)
    )
    url = checking.base_url + article_url(article.number, revision.title) if reader.can_open(article.audience) else ""
    if sent.use == "link":
        return f"{revision.title}\n{url}"
    if sent.use == "rendering":
        parts = [text(content, checking.context, aids, with_title=True), url]
    else:
        parts = [revision.title, passage_of(content, checking.context, sent.anchor, aids), url]
    return "\n\n".join(part for part in parts if part)


def passage_of(content: RevisionContent, context: Context, anchor: str, aids: RenderingAids) -> str:
    """One section's text; without an anchor the short answer, or else the resolution or first section that applies."""
    applying = [s for s in sections_of(content) if covers(s.applies, context, aids.named) is not None]
    if anchor:
        named = next((section for section in applying if section.anchor == anchor), None)
        if named is None:
            raise InvalidInput(f"The article has no section #{anchor} for this case.", "/articles")
        return to_text(named.tokens)
    if content.short_answer:
        return content.short_answer
    ordered = sorted(applying, key=lambda section: section.field != "resolution")
    return next((words for section in ordered if (words := to_text(section.tokens).strip())), "")
