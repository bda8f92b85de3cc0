"""/workbench/checks: what stands in the way of publishing, beside the text while it is being written."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from kb_service.articles.inputs import ArticleText
from kb_service.articles.validation import validate
from kb_service.auth.actors import Scope
from kb_service.authoring.checks import check
from kb_service.authoring.checks_routes import CurrentFinder, own_addresses, to_checked
from kb_service.authoring.checks_views import view_report
from kb_service.errors import InvalidInput
from kb_service.web.editor import form_items
from kb_service.web.editor_form import Items, read_form
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage

router = APIRouter(prefix="/workbench/checks", include_in_schema=False)


@router.post("")
def post_checks(page: CurrentPage, form: Annotated[Items, Depends(form_items)], finder: CurrentFinder) -> Response:
    """The findings of the text in the editor; nothing where there is nothing. What cannot be saved yet is not checked."""
    page.actor.require(Scope.ARTICLES_WRITE)
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in read_form(form).items()
    }
    number = dict(form).get("article", "")[:20]
    try:
        valid = validate(replace(ArticleText(title=""), **fields), page.parts.catalog)
    except InvalidInput:
        found = None
    else:
        checked = to_checked(page.session, valid, number or None, page.actor)
        report = check(page.session, finder, checked, page.actor, own_addresses(page.settings))
        found = view_report(report, page.parts.catalog)
    return page.render("authoring/checks.html", message("checks.title"), found=found)
