"""Suggestions and hand-over over HTTP, beside /v1/cases."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from kb_service.auth.actors import Scope
from kb_service.cases import repository
from kb_service.cases.endpoints import Reference
from kb_service.cases.suggestions import Asked, Suggestions, asked_by_case, suggest
from kb_service.customers.service import get_customer, preferred_context
from kb_service.http import CurrentActor, CurrentParts, ReadingSession
from kb_service.search.schemas import ContextBody
from kb_service.text import Block

router = APIRouter(prefix="/v1/cases", tags=["cases"])


class UnsavedCase(BaseModel):
    """What an agent has typed so far. ``context`` filters; what the text mentions or the customer owns prefers."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[Block, Field(max_length=1000)] = ""
    description: Annotated[Block, Field(max_length=100_000)] = ""
    context: ContextBody = ContextBody()
    customer_id: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None


@router.post("/suggest", response_model=Suggestions)
def post_suggest(body: UnsavedCase, session: ReadingSession, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Answers for a case that is being typed."""
    actor.require(Scope.CASES_READ)
    given = body.context
    stated = parts.catalog.resolve_context(given.product, given.version, given.os)
    owned = preferred_context(session, get_customer(session, body.customer_id).id if body.customer_id else None)
    asked = Asked(f"{body.subject}\n{body.description}".strip(), stated, owned)
    return _json(suggest(session, parts.search, parts.catalog, asked, actor))


@router.get("/{reference}/suggestions", response_model=Suggestions)
def get_suggestions(
    reference: Reference, session: ReadingSession, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Answers for a case; what its customer read in vain is lowered and marked."""
    actor.require(Scope.CASES_READ)
    case = repository.find_case(session, reference, actor)
    return _json(suggest(session, parts.search, parts.catalog, asked_by_case(session, case), actor))


def _json(found: Suggestions) -> Response:
    return Response(orjson.dumps(found), media_type="application/json", headers={"Cache-Control": "no-store"})
