"""One search for cases, customers and articles: a number, a name, an address, a phone number, words."""

from __future__ import annotations

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from kb_service.auth.actors import Actor
from kb_service.cases.models import Case, Interaction
from kb_service.cases.repository import find_case, visible
from kb_service.catalog.context import Context
from kb_service.customers.models import Customer, CustomerIdentity
from kb_service.customers.service import search_customers, view_customers
from kb_service.desk.schemas import FoundArticle, FoundCase, FoundCustomer, FoundOut
from kb_service.desk.views import customer_names
from kb_service.errors import NotFound
from kb_service.search.request import SearchOptions, SearchRequest
from kb_service.search.service import SearchService

EACH = 6
OPTIONS = SearchOptions(facets=False, widen=False, kind="desk")


def find(session: Session, search: SearchService, query: str, actor: Actor) -> FoundOut:
    """The best few of each kind that this actor may see."""
    query = " ".join(query.split())[:200]
    if not query:
        return FoundOut(cases=[], customers=[], articles=[])
    return FoundOut(
        cases=find_cases(session, query, actor),
        customers=find_customers(session, query),
        articles=_articles(search, query, actor),
    )


def find_cases(session: Session, query: str, actor: Actor) -> list[FoundCase]:
    """By number, by the customer's name, address or phone number, by words of subject and thread; newest first."""
    try:
        cases = [find_case(session, query, actor)]
    except NotFound:
        cases = []
    words = query.split()[:8]
    told = select(Interaction.case_id)
    in_case = and_(*(
        or_(
            Case.subject.icontains(word, autoescape=True),
            Case.id.in_(told.where(Interaction.text.icontains(word, autoescape=True))),
        )
        for word in words
    ))  # fmt: skip
    theirs = Case.customer_id.in_(_customer_ids(query))
    statement = select(Case).where(visible(session, actor), or_(in_case, theirs)).order_by(Case.id.desc()).limit(EACH)
    cases += [case for case in session.scalars(statement) if case not in cases]
    names = customer_names(session, {case.customer_id for case in cases if case.customer_id})
    return [
        FoundCase(
            number=case.number,
            subject=case.subject,
            status=case.status,
            customer_name=names.get(case.customer_id or 0, ("", ""))[0],
        )
        for case in cases[:EACH]
    ]


def _customer_ids(query: str) -> Select[int]:
    values = [CustomerIdentity.value.contains(query.casefold(), autoescape=True)]
    digits = "".join(c for c in query if c.isdigit()).lstrip("0")  # +49 30 …, 0049 30 … and 030 … are one number
    if len(digits) >= 4 and len(digits) >= len(query) // 2:
        values.append(CustomerIdentity.value.contains(digits, autoescape=True))
    known = select(CustomerIdentity.customer_id).where(or_(*values))
    return select(Customer.id).where(or_(Customer.name.icontains(query, autoescape=True), Customer.id.in_(known)))


def find_customers(session: Session, query: str) -> list[FoundCustomer]:
    """By name, address, or phone number however it is written."""
    found = list(session.scalars(select(Customer).where(Customer.id.in_(_customer_ids(query))).limit(EACH)))
    found = found or search_customers(session, query, EACH)
    return [
        FoundCustomer(
            id=view.id,
            name=view.name or (view.identities[0].value if view.identities else ""),
            address=view.identities[0].value if view.identities else "",
            organisation=view.organisation,
        )
        for view in view_customers(session, found)
    ]


def _articles(search: SearchService, query: str, actor: Actor) -> list[FoundArticle]:
    request = SearchRequest(query, Context(), actor=actor, channel="agent", limit=EACH, options=OPTIONS)
    response = search.search(request)
    return [FoundArticle(article=h.article, number=h.number, title=h.title, url=h.url) for h in response.hits]
