"""The readers' own rendering of a text that nobody has saved yet. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from kb_service.articles.access import find_linked
from kb_service.articles.addresses import article_url
from kb_service.articles.inputs import ALL_FIELDS, TEXT_FIELDS, ArticleText
from kb_service.articles.renderings import Rendering, RenderingAids, render
from kb_service.articles.sections import RevisionContent
from kb_service.articles.validation import validate
from kb_service.auth.actors import Actor
from kb_service.catalog.context import Applicability, Context
from kb_service.catalog.vocabulary import Catalog

UNTITLED = "…"


@dataclass(frozen=True, slots=True)
class Preview:
    """A rendering and whom the article is for."""

    rendering: Rendering
    applies: Applicability


def preview(session: Session, fields: Mapping[str, Any], context: Context, catalog: Catalog, actor: Actor) -> Preview:
    """Raises InvalidInput for the first field that could not be saved as it is; a missing title is no reason."""
    known = {name: value for name, value in fields.items() if name in ALL_FIELDS}
    known["title"] = str(known.get("title") or "").strip() or UNTITLED
    known["audience"] = tuple(known.get("audience") or ()) or ("agent",)
    valid = validate(ArticleText(**known), catalog)

    def resolve(target: str) -> str | None:
        found = find_linked(session, target, None, actor)
        return article_url(found.number, "") if found else None

    text = valid.text
    content = RevisionContent(
        title=text.title,
        short_answer=text.short_answer,
        applies=valid.applies,
        **{name: getattr(text, name) for name in TEXT_FIELDS},
    )
    aids = RenderingAids(resolve, catalog.describe, catalog.named_versions(context.product))
    return Preview(render(content, context, aids), valid.applies)
