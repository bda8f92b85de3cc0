"""The text of an answer as a channel carries it: the published revision, only sections that apply in the context."""

from __future__ import annotations

from collections.abc import Sequence

from kb_service.articles import changes, renderings, repository
from kb_service.catalog.context import Applicability, Context
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.session import Database


def channel_texts(
    database: Database, catalog: Catalog, articles: Sequence[int], context: Context
) -> dict[int, dict[str, str]]:
    """Article → {"text": plain text in ``context``}. The articles must have passed the check."""
    if not articles:
        return {}
    aids = renderings.RenderingAids(describe=catalog.describe, named=catalog.named_versions())
    with database.reading() as session:
        rows = changes.published_rows(session, list(articles))
        contents = {a.id: repository.to_content(r, Applicability.from_canonical(canonical)) for a, r, canonical in rows}
    return {article: {"text": renderings.text(content, context, aids)} for article, content in contents.items()}
