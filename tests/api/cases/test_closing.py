"""Cases that wait for the customer close by themselves; visits are forgotten."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from kb_service.articles.models import AuditEvent
from kb_service.assembly import Parts
from kb_service.auth.actors import SYSTEM
from kb_service.authoring.gaps_models import Gap, GapSighting
from kb_service.background import background_jobs
from kb_service.cases import service
from kb_service.cases.closing import close_waiting
from kb_service.cases.lifecycle import Status
from kb_service.cases.mails import site_of
from kb_service.cases.models import Case, OutgoingMail
from kb_service.customers.service import find_or_create
from kb_service.db.base import utcnow
from kb_service.retention import forget_visits
from kb_service.search.models import QueryLogRow


def waiting_case(parts: Parts, days: float, address: str = "ann@example.com") -> int:
    with parts.database.writing() as session:
        customer = find_or_create(session, "email", address, "Ann Miller")
        case, _ = service.open_case(session, service.NewCase("Tunnel drops", customer_id=customer.id), SYSTEM)
        service.move(session, case, Status.WAITING_CUSTOMER, "", SYSTEM)
        case.waiting_since = utcnow() - timedelta(days=days)
        return case.id


def test_a_case_closes_once_after_seven_days_with_one_notice_and_one_audit_row(parts: Parts) -> None:
    old, young = waiting_case(parts, 7.01), waiting_case(parts, 6.9)
    site = site_of(parts.settings)
    assert close_waiting(parts.database, site) == "closed 1 cases"
    assert close_waiting(parts.database, site) == "closed 0 cases"
    with parts.database.reading() as session:
        assert [session.get_one(Case, number).status for number in (old, young)] == ["closed", "waiting_customer"]
        mails = session.scalars(select(OutgoingMail)).all()
        assert [(mail.case_id, mail.kind, mail.to_address) for mail in mails] == [(old, "notice", "ann@example.com")]
        assert "Hello Ann," in mails[0].text and "within 30 days" in mails[0].text
        rows = session.scalars(select(AuditEvent).where(AuditEvent.target == f"C-{old:06d}")).all()
        assert [row.detail.get("after") for row in rows if row.action == "case.moved"][1:] == ["closed"]
        assert len(rows) == 3, "opened, moved to waiting, closed"


def test_an_answer_opens_what_closed_by_itself(parts: Parts) -> None:
    old = waiting_case(parts, 8)
    close_waiting(parts.database, site_of(parts.settings))
    with parts.database.writing() as session:
        case = session.get_one(Case, old)
        service.tell(session, case, service.Message("Still broken"), SYSTEM)
        assert case.status == "open"


def test_the_service_runs_it(parts: Parts) -> None:
    waiting_case(parts, 8)
    job = next(job for job in background_jobs(parts) if job.name == "cases.close")
    assert job.run() == "closed 1 cases"


def query(number: str, session_id: str, days: int) -> QueryLogRow:
    return QueryLogRow(
        query_id=number, created_at=utcnow() - timedelta(days=days), channel="portal", kind="search", role="anonymous",
        session_id=session_id, text="tunnel", context={}, total=0, outcome="empty", article_ids=[], degraded=[], took_ms=1.0,
    )  # fmt: skip


def test_a_visit_of_more_than_thirty_days_is_nobodys_and_demand_stays(parts: Parts) -> None:
    with parts.database.writing() as session:
        session.add_all([query("q1", "visit-a", 31), query("q2", "visit-a", 29)])
        gap = Gap(reasons={})
        session.add(gap)
        session.flush()
        for number, asker in enumerate(("session:a", "session:a", "session:b", "customer:1")):
            seen = utcnow() - timedelta(days=31)
            session.add(
                GapSighting(gap_id=gap.id, reference=f"r{number}", asker=asker, text="", reason="empty", offered=[], vector=b"",
                            seen_at=seen)
            )  # fmt: skip
    forget_visits(parts.database)
    with parts.database.reading() as session:
        kept = {row.query_id: row.session_id for row in session.scalars(select(QueryLogRow))}
        assert kept == {"q1": None, "q2": "visit-a"}
        askers = list(session.scalars(select(GapSighting.asker).order_by(GapSighting.id)))
        assert len(set(askers)) == 3 and not any(asker.startswith("session:") for asker in askers)
        assert askers[3] == "customer:1"
