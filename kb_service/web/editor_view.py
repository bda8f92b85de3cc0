"""The editor's page: what its template shows of fields, pickers and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from kb_service.articles.inputs import CONFIDENCES, GOVERNANCES, TEXT_FIELDS, TYPES, ArticleText
from kb_service.articles.lifecycle import possible_moves, state_of
from kb_service.articles.models import Article
from kb_service.auth.actors import Scope
from kb_service.authoring.models import AutosavedDraft
from kb_service.authoring.repository import newest_of
from kb_service.authoring.scheduling import waiting
from kb_service.web.editor_form import AppliesRow, applies_rows, fields_of, write_base
from kb_service.web.editor_templates import TEMPLATES, template_of
from kb_service.web.messages import message
from kb_service.web.shell import Page

STANDARD_AUDIENCES = ("agent", "author", "customer", "public")


@dataclass(frozen=True, slots=True)
class Editing:
    """What stands in the editor, and on what it was begun."""

    fields: dict[str, Any]
    article: Article | None = None
    draft: AutosavedDraft | None = None
    base: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    base_revision: int = 0
    error: str = ""
    errors: dict[str, str] = field(default_factory=dict)


def defaults(kind: str) -> dict[str, Any]:
    """The fields of a new article of a type."""
    known = kind if kind in TYPES else "problem"
    return fields_of(ArticleText(title="", type=known, confidence="not_validated")) | template_of(known).begins


def render_editor(page: Page, editing: Editing, status: int = 200) -> Response:
    """The page."""
    given = {**fields_of(ArticleText(title="")), **editing.fields}
    article, catalog = editing.article, page.parts.catalog
    shown = template_of(given["type"]).shown
    filled = [name for name in TEXT_FIELDS if given[name]]
    shown = tuple(filled) if article and filled else shown  # what an article says stands open, whatever its type
    rest = [name for name in TEXT_FIELDS if name not in shown]
    audiences = list(dict.fromkeys([*STANDARD_AUDIENCES, *sorted(page.actor.audiences), *given["audience"]]))
    title = message("editor.title", number=article.number) if article else message("editor.title_new")
    return page.render(
        "authoring/editor.html", title, status, editing=editing, fields=given, article=article, draft=editing.draft,
        open_fields=[*shown, *(n for n in rest if given[n])], folded_fields=[n for n in rest if not given[n]],
        rows=[*applies_rows(given["applies_to"]), AppliesRow()], base_json=write_base(editing.base),
        products=catalog.products, systems=catalog.operating_systems, topics=catalog.topics,
        releases={p.slug: [r.version for r in p.releases] for p in catalog.products},
        audiences=[name for name in audiences if name in STANDARD_AUDIENCES or page.actor.may_read([name])],
        types=TYPES, templates=list(TEMPLATES), confidences=CONFIDENCES, governances=GOVERNANCES,
        done=page.request.query_params.get("done", ""), possible=_possible(page, article),
        waiting=waiting(page.session, article.id) if article else [],
        may_publish_outside=page.actor.may(Scope.ARTICLES_PUBLISH),
    )  # fmt: skip


def _possible(page: Page, article: Article | None) -> list[str]:
    if article is None:
        return []
    newest = newest_of(page.session, [article])[article.id]
    is_shown = article.published_revision_id is not None and article.archived_at is None
    state = state_of(is_archived=article.archived_at is not None, is_published=is_shown)
    return [move.value for move in possible_moves(state, has_draft=newest.is_draft)]
