"""Changes of a case's own fields, from a request's body. Callers commit."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb_service.auth.actors import Actor, Role, Scope, actor_for
from kb_service.auth.models import User
from kb_service.cases import repository, service
from kb_service.cases.models import Case, Queue
from kb_service.cases.schemas import CaseIn, CasePatch
from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Catalog
from kb_service.customers.service import find_or_create, get_customer
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput

PLAIN = ("subject", "description", "priority", "category", "tags", "fields")


def to_new_case(session: Session, body: CaseIn, catalog: Catalog, actor: Actor) -> service.NewCase:
    """What a request's body opens. Raises NotFound, InvalidInput, UnknownCatalogEntry."""
    customer_id = None
    if body.customer_id is not None:
        customer_id = get_customer(session, body.customer_id).id
    elif body.customer is not None:
        customer_id = find_or_create(session, body.customer.channel, body.customer.value).id
    return service.NewCase(
        subject=body.subject,
        description=body.description,
        customer_id=customer_id,
        channel=body.channel,
        external_id=body.external_id,
        queue=known_queue(session, body.queue, actor) if body.queue else None,
        context=catalog.resolve_context(body.product, body.version, body.os),
        priority=body.priority,
        category=body.category,
        tags=tuple(body.tags),
        fields=dict(body.fields),
    )


def known_queue(session: Session, slug: str, actor: Actor) -> Queue:
    """A queue by slug, of those that the actor works in. Raises InvalidInput."""
    queue = repository.find_queue(session, slug)
    if queue is None or not repository.works_in(queue, actor):
        raise InvalidInput(f"There is no queue {slug!r}.", "/queue")
    return queue


def change_case(session: Session, case: Case, body: CasePatch, catalog: Catalog, actor: Actor) -> None:
    """Apply what the body gives. Raises InvalidInput, UnknownCatalogEntry."""
    given = body.model_dump(exclude_unset=True, exclude_none=True)
    for name in PLAIN:
        if name in given:
            setattr(case, name, given[name])
    if given.keys() & {"product", "version", "os"}:
        _change_context(case, given, catalog)
    if "queue" in given:
        case.queue_id = known_queue(session, given["queue"], actor).id
    if "assignee_id" in given:
        case.assignee_id = _assignee(session, given["assignee_id"])
    case.updated_at = utcnow()
    service.audit(session, actor, "changed", case, fields=sorted(given))
    session.flush()


def _change_context(case: Case, given: dict[str, str], catalog: Catalog) -> None:
    product = given.get("product", case.product or "")
    version = given.get("version", (case.product_version or "") if product == (case.product or "") else "")
    found: Context = catalog.resolve_context(product or None, version or None, given.get("os", case.os or "") or None)
    case.product, case.product_version, case.os = found.product, found.version, found.os


def _assignee(session: Session, user_id: int) -> int | None:
    if user_id == 0:
        return None
    user = session.get(User, user_id)
    if user is None or user.disabled_at or not actor_for("", "", Role(user.role)).may(Scope.CASES_WRITE):
        raise InvalidInput("Only an active agent, lead or admin can be assigned.", "/assignee_id")
    return user.id
