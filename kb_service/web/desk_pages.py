"""The desk's page: what is on it at first comes with it, so that it is useful before its script has run."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from kb_service.auth.actors import Scope
from kb_service.cases.lifecycle import Status
from kb_service.cases.repository import find_case
from kb_service.desk import service, views
from kb_service.web.desk_messages import DESK, HELP
from kb_service.web.messages import message
from kb_service.web.shell import CurrentPage, Page

router = APIRouter(prefix="/desk", include_in_schema=False)
FIRST_VIEW = "mine"
REASONS = ("incorrect", "outdated", "incomplete", "unclear", "wrong_version", "other")


@router.get("")
def read_desk(page: CurrentPage) -> Response:
    """The desk with no case open."""
    return _desk(page)


@router.get("/{reference}")
def read_desk_case(page: CurrentPage, reference: str) -> Response:
    """The desk with a case; 404 for one that is not for the reader."""
    page.actor.require(Scope.CASES_READ)
    find_case(page.session, reference, page.actor)
    return _desk(page)


def _desk(page: Page) -> Response:
    page.actor.require(Scope.CASES_READ)
    desk = service.glance(page.session, page.actor)
    shown = views.list_view(page.session, FIRST_VIEW, page.actor)
    data = {"desk": desk.model_dump(mode="json"), "cases": [case.model_dump(mode="json") for case in shown]}
    words = {key.removeprefix("desk."): text for key, text in DESK.items()}
    return page.render(
        "desk.html", message("desk.title"), desk=desk, cases=shown, statuses=[status.value for status in Status],
        help=HELP, reasons=REASONS, data=embedded(data), words=embedded(words),
    )  # fmt: skip


def embedded(value: Any) -> Markup:
    """JSON that may stand in a page: nothing in it can end its element."""
    text = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(text)  # noqa: S704 - nothing of it is markup any more
