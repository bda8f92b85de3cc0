"""An answer as every channel carries it: the published revision, only what applies in the context, one rule for all."""

from __future__ import annotations

from collections.abc import Sequence

from kb_service.articles import changes, renderings, repository
from kb_service.articles.overrides import Asked, forms_in_force, read_overrides
from kb_service.articles.rendering_views import addresses_of
from kb_service.catalog.context import Applicability, Context
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.session import Database


def channel_texts(
    database: Database, catalog: Catalog, articles: Sequence[int], context: Context, base: str = ""
) -> dict[int, dict[str, str]]:
    """Article → text (plain) and every channel's form, in ``context``. The articles must have passed the check."""
    if not articles:
        return {}
    aids = renderings.RenderingAids(describe=catalog.describe, named=catalog.named_versions())
    texts: dict[int, dict[str, str]] = {}
    with database.reading() as session:
        overrides = read_overrides(session, articles)
        for article, revision, canonical in changes.published_rows(session, list(articles)):
            content = repository.to_content(revision, Applicability.from_canonical(canonical))
            addresses = addresses_of(base, article.number, revision.title, context)
            asked = Asked(context, aids, addresses, article.language)
            forms = forms_in_force(content, asked, overrides.get(article.id, ()))
            texts[article.id] = {"text": renderings.text(content, context, aids)}
            texts[article.id] |= {channel.value: form.text for channel, form in forms.items() if channel != "summary"}
    return texts
