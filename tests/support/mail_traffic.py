"""Sends made mails through a real listener and judges what became of them."""

from __future__ import annotations

import smtplib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import func, select

from kb_service.assembly import Parts
from kb_service.auth.actors import Role, actor_for
from kb_service.cases import service
from kb_service.cases.mail_models import IncomingMail
from kb_service.cases.mails import site_of
from kb_service.cases.models import Case, Interaction, OutgoingMail
from kb_service.cases.replies import Reply, Sender, send_reply
from kb_service.channels.mail_parsing import Envelope, parse_mail
from kb_service.customers.service import find_or_create
from tests.support.mails import OURS, Made, Seed, make

AGENT = actor_for("user:1", "Mia Agent", Role.ADMIN)


def plant(parts: Parts, n: int) -> Seed:
    """A customer's case with an answer of ours."""
    address, first_id = f"customer{n}@example.net", f"<first{n}@example.net>"
    subject = f"Printer {n} prints nothing"
    with parts.database.writing() as session:
        customer = find_or_create(session, "email", address, f"Customer {n}")
        new = service.NewCase(subject, "What now?", customer.id, "email", first_id)
        case, _ = service.open_case(session, new, AGENT)
        sender = Sender(session, AGENT, parts.catalog, site_of(parts.settings))
        told = send_reply(sender, case, Reply("Turn it off and on."))
        mail = session.scalars(select(OutgoingMail).where(OutgoingMail.interaction_id == told.id)).one()
        reference = f"{case.number}-{case.token}"
        return Seed(case.number, reference, subject, address, first_id, mail.message_id, mail.text)


def send_all(port: int, mails: Sequence[Made], connections: int = 4) -> list[str]:
    """Deliver each as often as it says, over several connections at once; returns what was refused."""
    jobs = [mail for mail in mails for _ in range(mail.copies)]

    def send(some: Sequence[Made]) -> list[str]:
        refused = []
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            for mail in some:
                try:
                    client.sendmail(mail.sender, [OURS], mail.raw)
                except smtplib.SMTPException as error:
                    refused.append(f"{mail.shape}: {error}")
        return refused

    with ThreadPoolExecutor(connections) as pool:
        return [one for some in pool.map(send, [jobs[n::connections] for n in range(connections)]) for one in some]


@dataclass(slots=True)
class Verdict:
    """What became of the mails. ``faults``: each shape that did not become what it must."""

    sent: int = 0
    lost: int = 0
    double: int = 0
    threaded: int = 0
    threadable: int = 0
    automatic: int = 0
    answered: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def right_thread(self) -> float:
        return self.threaded / max(1, self.threadable)

    def __str__(self) -> str:
        return (
            f"{self.sent} mails: lost {self.lost}, double {self.double}, right thread {self.right_thread:.4f} of {self.threadable}, "
            f"automatic answered {self.answered} of {self.automatic}; faults {dict(self.faults)}"
        )


def judge(parts: Parts, mails: Sequence[Made]) -> Verdict:
    """Compare the database with what must be there."""
    verdict = Verdict(sent=len(mails))
    with parts.database.reading() as session:
        rows = {row.external_id: row for row in session.scalars(select(IncomingMail))}
        told = {row.id: row for row in session.scalars(select(Interaction))}
        numbers = {case.id: case.number for case in session.scalars(select(Case))}
        counted = select(Interaction.external_id, func.count()).group_by(Interaction.external_id)
        times = {external_id: count for external_id, count in session.execute(counted) if external_id}
        receipts = session.scalars(select(OutgoingMail).where(OutgoingMail.kind == "receipt")).all()
    answered = {mail.in_reply_to for mail in receipts}
    for made in mails:
        mail = parse_mail(made.raw, Envelope(made.sender))
        row = rows.get(mail.external_id)
        if row is None:
            verdict.lost += 1
            verdict.faults[made.shape] += 1
            continue
        verdict.double += times.get(row.external_id, 0) > 1
        verdict.faults[made.shape] += not _is_right(made, row, told, numbers, verdict)
        if made.expects not in ("opened", "added"):
            verdict.automatic += 1
            verdict.answered += mail.external_id in answered
    verdict.faults = +verdict.faults
    return verdict


def _is_right(
    made: Made, row: IncomingMail, told: dict[int, Interaction], numbers: dict[int, str], verdict: Verdict
) -> bool:
    said = told.get(row.interaction_id or 0)
    if made.expects == "added":
        verdict.threadable += 1
        verdict.threaded += said is not None and numbers[said.case_id] == made.case
    if row.outcome != made.expects or (made.case and (said is None or numbers[said.case_id] != made.case)):
        return False
    return said is None or (made.says in said.text and not (made.quotes and made.quotes in said.text))


def mails_for(parts: Parts, count: int, seeds: int) -> list[Made]:
    """So many mails about so many cases of ours."""
    planted = [plant(parts, n) for n in range(seeds)]
    return [make(n, planted) for n in range(count)]
