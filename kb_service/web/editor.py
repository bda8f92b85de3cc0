"""The editor: writing with a preview that is the readers' own, saving, publishing, and both texts when two have written.

Invariant: a form that was sent is never lost: what cannot be saved comes back with its reason, and what was begun on an
older version is kept as the author's draft and shown beside the newer text (412).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from kb_service.articles.access import get_for_change, get_known
from kb_service.articles.models import Article
from kb_service.articles.repository import find_revision, newest_revision
from kb_service.articles.requests import Changing
from kb_service.articles.service import Change, current_text
from kb_service.auth.actors import Scope
from kb_service.authoring import drafts
from kb_service.authoring.drafts import Writing
from kb_service.authoring.preview import preview
from kb_service.authoring.repository import names_of
from kb_service.errors import InvalidInput, KbError, StaleVersion
from kb_service.http import WritingSession
from kb_service.web.article_view import article_view
from kb_service.web.conflict_view import conflict_rows
from kb_service.web.editor_form import AT_ONCE, Items, changed_fields, fields_of, read_base, read_form
from kb_service.web.editor_view import Editing, defaults, render_editor
from kb_service.web.forms import field_of
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page
from kb_service.web.workbench_flow import finish

router = APIRouter(prefix="/workbench", include_in_schema=False)
SAVED = ("saved", "published", "review")


async def form_items(request: Request) -> Items:
    """Every text of a form, in order, as often as it was sent."""
    form = await request.form()
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


Form = Annotated[Items, Depends(form_items)]


@router.get("/new")
def read_new(page: CurrentPage, type: str = "problem", draft: int = 0) -> Response:
    """An empty editor, begun by the template of a type; or a draft of one's own."""
    page.actor.require(Scope.ARTICLES_WRITE)
    if draft and 0 < draft < 2**31:
        kept = drafts.get_draft(page.session, draft, page.actor)
        return render_editor(page, Editing(dict(kept.fields), draft=kept))
    return render_editor(page, Editing(defaults(type)))


@router.post("/new")
def post_new(
    page: CurrentPage, session: WritingSession, form: Form, changing: Annotated[Changing, Depends()]
) -> Response:
    """Make an article of it; ``action=publish``: publish it, too."""
    page.actor.require(Scope.ARTICLES_WRITE)
    fields, single = read_form(form), dict(form)
    writing = Writing(_typed(fields), 0, single.get("action") == "publish")
    try:
        with session.begin_nested():
            change = drafts.save_new(session, writing, page.parts.catalog, page.actor)
    except KbError as error:
        return render_editor(page, Editing(fields, error=_shown(error), errors=_at_fields(error)), error.status)
    return _done(page, session, changing, change, single)


@router.get("/articles/{number}/edit")
def read_editor(page: CurrentPage, number: str) -> Response:
    """The newest revision, or what its reader has been writing."""
    page.actor.require(Scope.ARTICLES_WRITE)
    article = get_known(page.session, number, page.actor)
    kept = drafts.find_draft(page.session, article.id, page.actor)
    fields = fields_of(drafts.text_of(page.session, article))
    base = {name: fields[name] for name in AT_ONCE}
    newest = newest_revision(page.session, article.id)
    editing = Editing(
        fields | (dict(kept.fields) if kept else {}),
        article=article,
        draft=kept,
        base=base,
        version=kept.base_version if kept and kept.base_version else article.version,
        base_revision=kept.base_revision if kept and kept.base_revision else newest.number,
    )
    return render_editor(page, editing)


@router.post("/articles/{number}/edit")
def post_editor(
    page: CurrentPage, session: WritingSession, number: str, form: Form, changing: Annotated[Changing, Depends()]
) -> Response:
    """Save it as a new revision; ``action=publish``: publish it, too."""
    article = get_for_change(session, number, page.actor)
    fields, single = read_form(form), dict(form)
    version, revision = _number(single.get("version")), _number(single.get("base_revision"))
    base = _base(session, article, revision, single)
    writing = Writing(
        _typed(changed_fields(base, fields, page.parts.catalog)), version, single.get("action") == "publish"
    )
    try:
        with session.begin_nested():
            change = drafts.save_change(session, article.id, writing, page.parts.catalog, page.actor)
    except StaleVersion:
        drafts.open_draft(session, article, fields, version, page.actor)
        return _conflict(page, session, article, base, fields)
    except KbError as error:
        editing = Editing(fields, article, None, base, version, revision, _shown(error), _at_fields(error))
        return render_editor(page, editing, error.status)
    kept = drafts.find_draft(session, article.id, page.actor)
    if kept is not None:
        drafts.forget_draft(session, kept)
    return _done(page, session, changing, change, single)


def _done(page: Page, session: Session, changing: Changing, change: Change, single: Mapping[str, str]) -> Response:
    draft_id = _number(single.get("draft"))
    if draft_id:
        with suppress(KbError):  # another window has saved it already
            drafts.forget_draft(session, drafts.get_draft(session, draft_id, page.actor))
    finish(session, changing, change)
    word = "published" if single.get("action") == "publish" else "saved"
    return RedirectResponse(f"/workbench/articles/{change.article.number}/edit?done={word}", 303)


def _base(session: Session, article: Article, number: int, single: Mapping[str, str]) -> dict[str, Any]:
    """The article as the editor got it: its revision then, and what has no history as the form remembers it."""
    revision = find_revision(session, article.id, number) if number else None
    base = fields_of(current_text(session, article, revision or newest_revision(session, article.id)))
    return base | read_base(single.get("base", ""))


def _conflict(page: Page, session: Session, article: Article, base: dict[str, Any], mine: dict[str, Any]) -> Response:
    newest = newest_revision(session, article.id)
    theirs = fields_of(current_text(session, article, newest))
    rows = conflict_rows(base, mine, theirs, page.parts.catalog)
    who = names_of(session, [newest.author]).get(newest.author, newest.author)
    return page.render(
        "authoring/conflict.html", message("editor.conflict_title"), 412, article=article, rows=rows, who=who, newest=newest,
        base=theirs,
    )  # fmt: skip


@router.post("/autosave")
def post_autosave(page: CurrentPage, session: WritingSession, form: Form) -> Response:
    """Keep what stands in the editor. If-Match names the draft's version; 412: another window keeps it, too."""
    page.actor.require(Scope.ARTICLES_WRITE)
    single, fields = dict(form), _typed(read_form(form))
    draft_id = _number(single.get("draft"))
    if draft_id:
        draft = drafts.get_draft(session, draft_id, page.actor, lock=True)
        if page.request.headers.get("if-match") != f'"v{draft.version}"':
            raise StaleVersion("This draft is open in another window, which kept a later text.", version=draft.version)
        drafts.keep_draft(session, draft, fields)
    else:
        article = get_known(session, single["article"], page.actor) if single.get("article") else None
        draft = drafts.open_draft(session, article, fields, _number(single.get("version")), page.actor)
    return JSONResponse({"draft": draft.id, "version": draft.version})


@router.post("/drafts/{id}/forget")
def post_forget(page: CurrentPage, session: WritingSession, id: int) -> Response:
    """Throw a draft away."""
    draft = drafts.get_draft(session, min(id, 2**31 - 1), page.actor)
    article = session.get(Article, draft.article_id) if draft.article_id else None
    drafts.forget_draft(session, draft)
    return RedirectResponse(f"/workbench/articles/{article.number}/edit" if article else "/workbench", 303)


@router.post("/preview")
def post_preview(page: CurrentPage, form: Form) -> Response:
    """What readers would see in the context that is chosen for the preview; what cannot be saved yet says so."""
    page.actor.require(Scope.ARTICLES_WRITE)
    single, catalog = dict(form), page.parts.catalog
    error, view = "", None
    try:
        product, version, os = (single.get(f"preview_{axis}") or None for axis in ("product", "version", "os"))
        context = catalog.resolve_context(product, version, os)
        shown = preview(page.session, _typed(read_form(form)), context, catalog, page.actor)
        view = article_view(shown.rendering, catalog.describe(shown.applies), catalog.describe_context(context))
    except InvalidInput as refused:
        name = field_of(refused)
        error = f"{message(f'editor.{name}')}: {refused.detail}" if name in LABELLED else refused.detail
    return page.render("authoring/preview.html", message("editor.preview"), view=view, error=error)


LABELLED = frozenset({"title", "short_answer", "issue", "environment", "cause", "resolution", "body", "keywords"})


def _typed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as the tuples that articles take."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) < 2**31 else 0


def _shown(error: KbError) -> str:
    return error.detail if isinstance(error, KbError) else ""


def _at_fields(error: KbError) -> dict[str, str]:
    pointer = error.pointer if isinstance(error, InvalidInput) else ""
    name = pointer.strip("/").split("/")[0]
    return {name: error.detail} if name else {}
