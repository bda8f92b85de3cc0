"""An article's revisions: what changed between two of them, as source and as readers see it, and going back to one.

Invariant: going back makes a new revision with the old text; nothing that was written is ever taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from kb_service.articles.inputs import TEXT_FIELDS
from kb_service.articles.models import Article, Revision
from kb_service.articles.renderings import RenderingAids, text
from kb_service.articles.repository import find_revision, read_applicability, to_content
from kb_service.articles.service import Change, edit_article
from kb_service.auth.actors import Actor
from kb_service.authoring.revision_diff import SAME, DiffLine, diff
from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import NotFound

COMPARED = ("title", "short_answer", *TEXT_FIELDS)


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """What changed in one field."""

    field: str
    lines: list[DiffLine]


def get_revision(session: Session, article: Article, number: int) -> Revision:
    """One revision. Raises NotFound."""
    revision = find_revision(session, article.id, number)
    if revision is None:
        raise NotFound("There is no such revision.")
    return revision


def compare(session: Session, old: Revision, new: Revision, catalog: Catalog) -> list[FieldDiff]:
    """The fields that differ, as they were written."""
    pairs = [(name, str(getattr(old, name)), str(getattr(new, name))) for name in COMPARED]
    pairs.append(("keywords", "\n".join(old.keywords), "\n".join(new.keywords)))
    before, after = (
        "\n".join(catalog.describe(read_applicability(session, revision.applicability_key))) for revision in (old, new)
    )
    pairs.append(("applies_to", before, after))
    return [FieldDiff(name, diff(one, other)) for name, one, other in pairs if one != other]


def compare_rendered(session: Session, old: Revision, new: Revision, catalog: Catalog) -> list[DiffLine]:
    """Both as readers see them, as plain text; lines that stayed are left out but for their neighbours."""
    aids = RenderingAids(describe=catalog.describe)
    before, after = (
        text(to_content(r, read_applicability(session, r.applicability_key)), Context(), aids, with_title=True)
        for r in (old, new)
    )
    lines = diff(before, after)
    near = {i + step for i, line in enumerate(lines) if line.kind != SAME for step in (-2, -1, 0, 1, 2)}
    return [line for i, line in enumerate(lines) if i in near]


def restore_revision(session: Session, article: Article, number: int, catalog: Catalog, actor: Actor) -> Change:
    """A new draft revision that says what an old one said."""
    old = get_revision(session, article, number)
    fields: dict[str, Any] = {name: getattr(old, name) for name in COMPARED}
    fields |= {
        "keywords": tuple(old.keywords),
        "language": old.language,
        "applies_to": tuple(read_applicability(session, old.applicability_key).to_raw()),
    }
    return edit_article(session, article.id, fields, catalog, actor)
