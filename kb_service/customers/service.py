"""Customers: made, found by how they reach us, changed. Callers commit.

Invariants: one identity belongs to one customer; addresses are kept folded, numbers as digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb_service.auth.actors import PUBLIC, Role, actor_for
from kb_service.auth.models import User
from kb_service.catalog.context import Context
from kb_service.catalog.vocabulary import Catalog, Pointers
from kb_service.customers.models import Customer, CustomerIdentity, Entitlement, Organisation
from kb_service.customers.schemas import CustomerIn, CustomerOut, Identity, Owned
from kb_service.errors import Conflict, InvalidInput, NotFound


def normal_identity(channel: str, value: str) -> str:
    """The form in which an identity is kept and compared."""
    value = value.strip()
    if channel == "phone":
        digits = "".join(c for c in value if c.isdigit())
        if not digits:
            raise InvalidInput("A phone number has digits.", "/identities")
        return ("+" if value.startswith("+") else "") + digits
    if channel == "email" and (value.count("@") != 1 or value.startswith("@") or value.endswith("@") or " " in value):
        raise InvalidInput("An e-mail address looks like ann@example.com.", "/identities")
    return value.casefold()


def create_customer(session: Session, new: CustomerIn, catalog: Catalog) -> Customer:
    """Add a customer. Raises Conflict for an identity that is somebody's."""
    organisation = find_or_add_organisation(session, new.organisation) if new.organisation else None
    customer = Customer(
        name=new.name,
        organisation_id=organisation.id if organisation else None,
        preferred_channel=new.preferred_channel,
        language=new.language,
        segment=new.segment,
        sees_organisation=new.sees_organisation,
    )
    session.add(customer)
    session.flush()
    for identity in new.identities:
        add_identity(session, customer.id, identity.channel, identity.value)
    for index, owned in enumerate(new.entitlements):
        add_entitlement(session, customer.id, owned, catalog, f"/entitlements/{index}")
    return customer


def find_or_add_organisation(session: Session, name: str) -> Organisation:
    """The organisation of this name."""
    found = session.scalar(select(Organisation).where(Organisation.name == name))
    if found is None:
        found = Organisation(name=name)
        session.add(found)
        session.flush()
    return found


def add_identity(session: Session, customer_id: int, channel: str, value: str) -> None:
    """Note how a customer is known. Raises Conflict when somebody else is."""
    value = normal_identity(channel, value)
    owner = find_by_identity(session, channel, value)
    if owner is not None and owner.id != customer_id:
        raise Conflict(f"Another customer is known by this {channel} identity already.")
    if owner is None:
        session.add(CustomerIdentity(customer_id=customer_id, channel=channel, value=value))
        session.flush()


def add_entitlement(session: Session, customer_id: int, owned: Owned, catalog: Catalog, pointer: str = "") -> None:
    """Note what a customer owns. Raises UnknownCatalogEntry."""
    pointers = Pointers(f"{pointer}/product", f"{pointer}/version", f"{pointer}/os")
    context = catalog.resolve_context(owned.product, owned.version, owned.os, pointers)
    session.add(
        Entitlement(customer_id=customer_id, product=context.product, product_version=context.version, os=context.os)
    )
    session.flush()


def find_by_identity(session: Session, channel: str, value: str) -> Customer | None:
    """Who is known by this on the channel."""
    statement = select(Customer).join(CustomerIdentity, CustomerIdentity.customer_id == Customer.id)
    value = normal_identity(channel, value)
    return session.scalar(statement.where(CustomerIdentity.channel == channel, CustomerIdentity.value == value))


def find_or_create(session: Session, channel: str, value: str, name: str = "") -> Customer:
    """Who is known by this, made when nobody is; two at once get the same one."""
    found = find_by_identity(session, channel, value)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            customer = Customer(name=name[:200])
            session.add(customer)
            session.flush()
            kept = normal_identity(channel, value)
            session.add(CustomerIdentity(customer_id=customer.id, channel=channel, value=kept))
            session.flush()
    except IntegrityError:
        found = find_by_identity(session, channel, value)
        if found is None:
            raise
        return found
    return customer


def get_customer(session: Session, customer_id: int) -> Customer:
    """One customer. Raises NotFound."""
    found = session.get(Customer, customer_id)
    if found is None:
        raise NotFound("There is no such customer.")
    return found


def customer_of_actor(session: Session, actor_id: str) -> Customer | None:
    """The customer that a signed-in person is: by the session itself, or by their e-mail address."""
    kind, _, number = actor_id.partition(":")
    if kind == "customer" and number.isdigit():
        return session.get(Customer, int(number))
    user = session.get(User, int(number)) if kind == "user" and number.isdigit() else None
    return find_by_identity(session, "email", user.email) if user else None


def email_of(session: Session, customer_id: int) -> str | None:
    """A customer's first e-mail address."""
    statement = select(CustomerIdentity.value).where(
        CustomerIdentity.customer_id == customer_id, CustomerIdentity.channel == "email"
    )
    return session.scalar(statement.order_by(CustomerIdentity.id).limit(1))


@dataclass(frozen=True, slots=True)
class Reader:
    """What a customer may read in a mail, and whether they can sign in to open what is not public."""

    audiences: frozenset[str]
    has_account: bool

    def can_open(self, audience: Iterable[str]) -> bool:
        """Whether a link leads this reader to an article for ``audience``."""
        wanted = frozenset(audience)
        return PUBLIC in wanted or (self.has_account and not self.audiences.isdisjoint(wanted))


def reader_of(session: Session, customer_id: int | None) -> Reader:
    """Somebody without an account reads what is public; whoever owns a product of ours, what is for customers, too."""
    if customer_id is None:
        return Reader(frozenset({PUBLIC}), has_account=False)
    addresses = select(CustomerIdentity.value).where(
        CustomerIdentity.customer_id == customer_id, CustomerIdentity.channel == "email"
    )
    users = session.scalars(select(User).where(User.email.in_(addresses), User.disabled_at.is_(None))).all()
    reads = {PUBLIC, *(("customer",) if owns_product(session, customer_id) else ())}
    for user in users:
        reads |= actor_for("", "", Role(user.role), user.groups).audiences
    return Reader(frozenset(reads), bool(users))


def owns_product(session: Session, customer_id: int) -> bool:
    """Whether a customer owns anything of ours."""
    return session.scalar(select(Entitlement.id).where(Entitlement.customer_id == customer_id).limit(1)) is not None


def preferred_context(session: Session, customer_id: int | None) -> Context:
    """What a customer owns, where that is one thing only: it prefers in search."""
    if customer_id is None:
        return Context()
    owned = session.scalars(select(Entitlement).where(Entitlement.customer_id == customer_id)).all()
    if len({(row.product, row.product_version, row.os) for row in owned}) != 1:
        return Context()
    return Context(owned[0].product, owned[0].product_version, owned[0].os)


def search_customers(session: Session, query: str, limit: int) -> list[Customer]:
    """Customers whose name or identity contains ``query``, the newest first."""
    statement = select(Customer).order_by(Customer.id.desc()).limit(limit)
    if query:
        known = select(CustomerIdentity.customer_id).where(
            CustomerIdentity.value.contains(query.casefold(), autoescape=True)
        )
        statement = statement.where(or_(Customer.name.icontains(query, autoescape=True), Customer.id.in_(known)))
    return list(session.scalars(statement))


def view_customers(session: Session, customers: Sequence[Customer]) -> list[CustomerOut]:
    """Customers for the API, in a fixed number of queries."""
    ids = [customer.id for customer in customers]
    identities = session.scalars(select(CustomerIdentity).where(CustomerIdentity.customer_id.in_(ids))).all()
    owned = session.scalars(select(Entitlement).where(Entitlement.customer_id.in_(ids))).all()
    wanted = {customer.organisation_id for customer in customers if customer.organisation_id}
    names = {row.id: row.name for row in session.scalars(select(Organisation).where(Organisation.id.in_(wanted)))}
    return [
        CustomerOut(
            **{name: getattr(c, name) for name in ("id", "name", "preferred_channel", "language", "segment")},
            sees_organisation=c.sees_organisation,
            version=c.version,
            created_at=c.created_at,
            organisation=names.get(c.organisation_id) if c.organisation_id else None,
            identities=[
                Identity.model_construct(channel=i.channel, value=i.value) for i in identities if i.customer_id == c.id
            ],
            entitlements=[
                Owned(product=o.product, version=o.product_version, os=o.os) for o in owned if o.customer_id == c.id
            ],
        )
        for c in customers
    ]
