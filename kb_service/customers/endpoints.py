"""Customers over HTTP: /v1/customers, for agents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kb_service.auth.actors import Scope
from kb_service.customers import service
from kb_service.customers.models import Customer
from kb_service.customers.schemas import CustomerIn, CustomerList, CustomerOut, CustomerPatch, Identity, Owned
from kb_service.http import (
    Created,
    CurrentActor,
    CurrentParts,
    IdempotencyKey,
    JsonResponse,
    ReadingSession,
    RowId,
    WritingSession,
    etag,
    idempotent,
    require_if_match,
)

router = APIRouter(prefix="/v1/customers", tags=["customers"])


@router.post("", status_code=201, response_model=CustomerOut)
def post_customer(
    request: Request,
    body: CustomerIn,
    session: WritingSession,
    actor: CurrentActor,
    parts: CurrentParts,
    key: IdempotencyKey = None,
) -> Response:
    """Add a customer."""
    actor.require(Scope.CASES_WRITE)

    def create() -> Created:
        customer = service.create_customer(session, body, parts.catalog)
        view = service.view_customers(session, [customer])[0]
        return Created(view, {"ETag": etag(customer.version), "Location": f"/v1/customers/{customer.id}"})

    return idempotent(request, session, actor, body, create)


@router.get("", response_model=CustomerList)
def get_customers(
    session: ReadingSession,
    actor: CurrentActor,
    query: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> CustomerList:
    """Customers by name or identity."""
    actor.require(Scope.CASES_READ)
    return CustomerList(items=service.view_customers(session, service.search_customers(session, query, limit)))


@router.get("/{customer_id}", response_model=CustomerOut)
def get_customer(customer_id: RowId, session: ReadingSession, actor: CurrentActor) -> Response:
    """One customer."""
    actor.require(Scope.CASES_READ)
    return answer(session, service.get_customer(session, customer_id))


@router.patch("/{customer_id}", response_model=CustomerOut)
def patch_customer(
    request: Request, customer_id: RowId, body: CustomerPatch, session: WritingSession, actor: CurrentActor
) -> Response:
    """Change a customer; takes If-Match."""
    actor.require(Scope.CASES_WRITE)
    customer = service.get_customer(session, customer_id)
    require_if_match(request, customer.version)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(customer, name, value)
    session.flush()
    return answer(session, customer)


@router.post("/{customer_id}/identities", status_code=201, response_model=CustomerOut)
def post_identity(customer_id: RowId, body: Identity, session: WritingSession, actor: CurrentActor) -> Response:
    """Add a way that the customer is known by."""
    actor.require(Scope.CASES_WRITE)
    customer = service.get_customer(session, customer_id)
    service.add_identity(session, customer.id, body.channel, body.value)
    return answer(session, customer, 201)


@router.post("/{customer_id}/entitlements", status_code=201, response_model=CustomerOut)
def post_entitlement(
    customer_id: RowId, body: Owned, session: WritingSession, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Add a product that the customer owns."""
    actor.require(Scope.CASES_WRITE)
    customer = service.get_customer(session, customer_id)
    service.add_entitlement(session, customer.id, body, parts.catalog)
    return answer(session, customer, 201)


def answer(session: ReadingSession, customer: Customer, status: int = 200) -> Response:
    """A customer with its ETag."""
    view = service.view_customers(session, [customer])[0]
    return JsonResponse(view.model_dump(mode="json"), status, {"ETag": etag(customer.version)})
