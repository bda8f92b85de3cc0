"""Mail comes in: over HTTP, by the command, by a real listener; once, in the right thread, never answered by a machine."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from kb_service.assembly import Parts
from kb_service.cases.mail_models import CaseFile, IncomingMail
from kb_service.cases.models import Case, Interaction, OutgoingMail
from kb_service.channels.listener import ListenAddress, MailListener, make_listener, parse_listen
from kb_service.channels.smtp import Transport, parse_smtp_url, send_due
from kb_service.commands.mail import app as mail_app
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput
from kb_service.settings import Settings
from tests.api.cases.test_replies import let_leave, reply
from tests.support.mail_traffic import judge, mails_for, plant, send_all
from tests.support.mailbox import mail_server
from tests.support.mails import OURS, At, Made
from tests.support.mails_by_machines import bounce, our_own_mail_again, out_of_office
from tests.support.mails_new import dangerous_file, hostile_html, plain_new, with_files
from tests.support.mails_replying import changed_subject, gmail_reply

ClientAs = Callable[..., TestClient]
MAIL = {"Content-Type": "message/rfc822"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mail_from": f"Help <{OURS}>"})


@pytest.fixture
def listener(parts: Parts) -> Iterator[MailListener]:
    made = make_listener(parts.database, parts.settings, ListenAddress("127.0.0.1", 0))
    made.start(must_listen=True)
    yield made
    made.stop()


def post(client: TestClient, made: Made | bytes, **params: Any) -> dict[str, Any]:
    raw = made if isinstance(made, bytes) else made.raw
    if isinstance(made, Made):
        params = {"envelope_from": made.sender, **params}
    answer = client.post("/v1/channels/email", content=raw, headers=MAIL, params=params)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


def thread(client: TestClient, number: str) -> list[dict[str, Any]]:
    return list(client.get(f"/v1/cases/{number}").json()["interactions"])


def test_a_mail_opens_a_case_of_a_customer_made_for_it_and_gets_one_receipt(client_as: ClientAs, parts: Parts) -> None:
    gateway, agent = client_as("agent", scopes=["mail:receive"]), client_as("agent")
    seed = plant(parts, 1)
    made = plain_new(At(7, seed))
    first, again = post(gateway, made), post(gateway, made)
    assert first["outcome"] == "opened" and first["is_new"] and not again["is_new"] and again["case"] == first["case"]
    case = agent.get(f"/v1/cases/{first['case']}").json()
    customer = agent.get(f"/v1/customers/{case['customer_id']}").json()
    assert customer["name"] == "Ann Example" and customer["identities"][0]["value"] == made.sender
    said = case["interactions"][0]
    assert said["text"].endswith(f"{At(7, seed).mark}.") and "High Street" in said["quoted"]
    receipts = [mail for mail in agent.get("/v1/mails").json()["items"] if mail["kind"] == "receipt"]
    assert [mail["to_address"] for mail in receipts] == [made.sender]


def test_only_a_key_with_the_scope_hands_mail_in(client_as: ClientAs, site: TestClient) -> None:
    assert site.post("/v1/channels/email", content=b"x", headers=MAIL).status_code == 401
    assert client_as("customer").post("/v1/channels/email", content=b"x", headers=MAIL).status_code == 403
    gateway = client_as("agent", scopes=["mail:receive"])
    assert gateway.get("/v1/cases").json()["items"] == [] and gateway.get("/v1/mails").status_code == 403
    assert gateway.post("/v1/channels/email", content=b" ", headers=MAIL).status_code == 422


def test_a_mail_larger_than_the_limit_is_refused(client_as: ClientAs, parts: Parts) -> None:
    big = b"Subject: x\r\n\r\n" + b"x" * (parts.settings.mail_max_mb * 1024 * 1024)
    assert client_as("agent").post("/v1/channels/email", content=big, headers=MAIL).status_code == 413


def test_the_same_message_delivered_fifty_times_at_once_is_one_interaction(
    parts: Parts, listener: MailListener
) -> None:
    made = plain_new(At(1, plant(parts, 1)))
    with ThreadPoolExecutor(10) as pool:
        refused = list(pool.map(lambda _: send_all(listener.port, [made] * 5, 1), range(10)))
    assert refused == [[]] * 10
    with parts.database.reading() as session:
        assert session.scalar(select(func.count()).where(Interaction.external_id == At(1, plant).message_id)) == 1  # type: ignore[arg-type]
        assert session.scalar(select(func.count()).select_from(IncomingMail)) == 1
        assert session.scalar(select(func.count()).where(OutgoingMail.kind == "receipt")) == 1


def test_another_mail_under_the_same_message_id_is_not_lost(client_as: ClientAs, parts: Parts) -> None:
    agent, seed = client_as("agent"), plant(parts, 1)
    first = plain_new(At(1, seed))
    other = first.raw.replace(b"person1@", b"person2@").replace(b"every night", b"at noon")
    assert post(agent, first)["case"] != post(agent, other)["case"]


def test_a_late_reply_opens_one_case_that_follows_and_the_next_ones_go_there(client_as: ClientAs, parts: Parts) -> None:
    agent, seed = client_as("agent"), plant(parts, 1)

    def end(days: int) -> None:
        ended = {"status": "solved", "ended_at": utcnow() - timedelta(days=days)}
        with parts.database.writing() as session:
            session.execute(update(Case).where(Case.id == int(seed.number[2:])).values(**ended))

    end(29)
    assert post(agent, gmail_reply(At(1, seed)))["outcome"] == "added"
    assert agent.get(f"/v1/cases/{seed.number}").json()["status"] == "open"
    end(31)
    late = post(agent, changed_subject(At(2, seed)))
    assert late["outcome"] == "followed_up" and late["case"] != seed.number
    assert agent.get(f"/v1/cases/{late['case']}").json()["follows"] == seed.number
    assert post(agent, gmail_reply(At(3, seed)))["case"] == late["case"]


def test_a_number_in_the_subject_is_believed_of_its_own_customer_only(client_as: ClientAs, parts: Parts) -> None:
    agent, seed = client_as("agent"), plant(parts, 1)
    raw = (
        f"From: stranger@example.org\r\nSubject: Re: [{seed.number}]\r\nMessage-ID: <s@x.org>\r\n\r\nLet me in".encode()
    )
    assert post(agent, raw)["case"] != seed.number
    guessed = seed.reference[:-4] + "0000"
    raw = f"From: stranger@example.org\r\nSubject: {guessed}\r\nMessage-ID: <t@x.org>\r\n\r\nLet me in".encode()
    assert post(agent, raw)["case"] != seed.number


def test_a_merged_case_leads_to_the_one_that_it_became_part_of(client_as: ClientAs, parts: Parts) -> None:
    agent, seed, into = client_as("agent"), plant(parts, 1), plant(parts, 2)
    with parts.database.writing() as session:
        merged = {"merged_into_id": int(into.number[2:]), "status": "closed", "ended_at": utcnow()}
        session.execute(update(Case).where(Case.id == int(seed.number[2:])).values(**merged))
    assert post(agent, gmail_reply(At(1, seed)))["case"] == into.number


def test_what_did_not_arrive_is_said_in_its_case_which_no_longer_waits(client_as: ClientAs, parts: Parts) -> None:
    agent, seed = client_as("agent"), plant(parts, 1)
    with parts.database.writing() as session:
        session.execute(update(Case).values(status="waiting_customer", waiting_since=utcnow()))
    assert post(agent, bounce(At(1, seed)))["outcome"] == "noted"
    case = agent.get(f"/v1/cases/{seed.number}").json()
    said = case["interactions"][-1]
    assert case["status"] == "open" and said["kind"] == "event" and "No such user here" in said["text"]
    assert agent.get("/v1/mails").json()["items"][0]["state"] == "failed"


def test_an_automatic_reply_wakes_nothing_and_customers_do_not_see_it(client_as: ClientAs, parts: Parts) -> None:
    agent, seed = client_as("agent"), plant(parts, 1)
    with parts.database.writing() as session:
        session.execute(update(Case).values(status="solved", ended_at=utcnow()))
    assert post(agent, out_of_office(At(1, seed)))["outcome"] == "noted"
    case = agent.get(f"/v1/cases/{seed.number}").json()
    assert case["status"] == "solved" and case["interactions"][-1]["kind"] == "event"
    assert post(agent, our_own_mail_again(At(2, seed)))["outcome"] == "ours"


def test_a_machine_that_does_not_say_so_gets_a_few_receipts_and_no_more(client_as: ClientAs) -> None:
    agent = client_as("agent")
    for n in range(8):
        post(agent, f"From: loop@example.org\r\nSubject: Ticket {n}\r\nMessage-ID: <l{n}@x>\r\n\r\nReceived".encode())
    assert len(agent.get("/v1/mails").json()["items"]) == 3
    post(agent, b"From: no-reply@example.org\r\nSubject: Order\r\nMessage-ID: <n@x>\r\n\r\nOrder 1")
    assert len(agent.get("/v1/mails").json()["items"]) == 3


def test_a_customer_asks_and_answers_by_mail_alone_through_two_real_servers(
    client_as: ClientAs, parts: Parts, listener: MailListener
) -> None:
    """Mail in, an answer out, what the customer's program makes of it in again: one thread, and it reopens."""
    agent = client_as("agent")
    with mail_server() as (box, url):
        asked = "From: Ann <ann@example.org>\r\nSubject: It stops\r\nMessage-ID: <q@x.org>\r\n\r\nWhat can I do?"
        with smtplib.SMTP("127.0.0.1", listener.port, timeout=20) as client:
            client.sendmail("ann@example.org", [OURS], asked)
        [case] = agent.get("/v1/cases").json()["items"]
        reply(agent, case, text="Turn it off and on.", status="solved")
        let_leave(parts)
        send_due(parts.database, Transport(parse_smtp_url(url)), parts.settings.effective_mail_from)
        receipt, ours = box.messages
        assert receipt["Auto-Submitted"] == "auto-replied" and ours["In-Reply-To"] == "<q@x.org>"
        answer = EmailMessage(policy=SMTP)
        answer["From"], answer["To"], answer["Subject"] = "ann@example.org", ours["From"], ours["Subject"]
        answer["In-Reply-To"], answer["Message-ID"] = ours["Message-ID"], "<r@x.org>"
        body = ours.get_body(("plain",))
        assert body is not None
        quoted = "\n".join(f"> {line}" for line in body.get_content().splitlines())
        answer.set_content(f"Still stops.\n\nOn Mon, 2 Mar 2026 at 09:15, Help wrote:\n{quoted}\n")
        with smtplib.SMTP("127.0.0.1", listener.port, timeout=20) as client:
            client.send_message(answer)
    after = agent.get(f"/v1/cases/{case['number']}").json()
    assert after["status"] == "open" and [one["direction"] for one in after["interactions"]] == ["in", "out", "in"]
    assert after["interactions"][-1]["text"] == "Still stops."


def test_a_plus_address_names_the_queue(client_as: ClientAs) -> None:
    admin = client_as("admin")
    queue = admin.post("/v1/queues", json={"slug": "payroll", "name": "Payroll"}).json()
    found = post(admin, b"From: a@example.org\r\nSubject: Pay\r\n\r\nHow?", envelope_to="support+payroll@example.com")
    assert admin.get(f"/v1/cases/{found['case']}").json()["queue_id"] == queue["id"]


def test_files_come_along_and_nothing_of_them_runs(client_as: ClientAs, parts: Parts) -> None:
    agent, seed = client_as("agent"), plant(parts, 1)
    number = post(agent, with_files(At(1, seed)))["case"]
    said = thread(agent, number)[0]
    files = {file["name"]: file for file in said["files"]}
    assert set(files) == {"shot.png", "log.pdf"} and said["is_formatted"]
    picture = agent.get(f"/v1/cases/{number}/files/{files['shot.png']['id']}")
    assert picture.headers["content-type"] == "image/png" and picture.headers["content-disposition"].startswith(
        "inline"
    )
    page = agent.get(f"/v1/cases/{number}/messages/{said['id']}/formatted")
    assert f"/v1/cases/{number}/files/{files['shot.png']['id']}" in page.text and "evil.test" not in page.text
    number = post(agent, dangerous_file(At(2, seed)))["case"]
    for file in thread(agent, number)[0]["files"]:
        served = agent.get(f"/v1/cases/{number}/files/{file['id']}")
        assert file["is_active"] and "/" not in file["name"]
        assert served.headers["content-type"] == "application/octet-stream"
        assert (
            served.headers["content-disposition"].startswith("attachment")
            and "sandbox" in served.headers["content-security-policy"]
        )


def test_files_are_for_who_may_read_the_message(client_as: ClientAs, parts: Parts, site: TestClient) -> None:
    agent, seed = client_as("agent"), plant(parts, 1)
    number = post(agent, with_files(At(1, seed)))["case"]
    said = thread(agent, number)[0]
    path = f"/v1/cases/{number}/files/{said['files'][0]['id']}"
    assert site.get(path).status_code == 401 and client_as("customer").get(path).status_code == 404
    assert agent.get(path.replace(number, seed.number)).status_code == 404, "not by way of another case"
    mail = next(one for one in agent.get("/v1/mails").json()["items"] if one["kind"] == "receipt")
    found = re.search(r"http://[^/\s]+(/requests/\S+)", _text_of(parts, mail["id"]))
    assert found
    page = site.get(found[1])
    assert "shot.png" in page.text and site.get(f"{found[1]}/files/{said['files'][0]['id']}").status_code == 200
    assert "See" in site.get(f"{found[1]}/messages/{said['id']}/formatted").text
    with parts.database.writing() as session:
        session.execute(update(Interaction).where(Interaction.id == said["id"]).values(kind="note"))
    assert site.get(f"{found[1]}/files/{said['files'][0]['id']}").status_code == 404


def _text_of(parts: Parts, mail_id: int) -> str:
    with parts.database.reading() as session:
        return session.get_one(OutgoingMail, mail_id).text


RUNS = re.compile(
    r"<script|<iframe|<object|<form|<meta|<base|<link|<svg|\son\w+=|javascript:|data:|evil\.test/|//evil", re.IGNORECASE
)


def test_no_mail_runs_or_loads_anything_in_a_page(client_as: ClientAs, parts: Parts) -> None:
    agent, seed = client_as("agent"), plant(parts, 1)
    number = post(agent, hostile_html(At(1, seed)))["case"]
    said = thread(agent, number)[0]
    answer = agent.get(f"/v1/cases/{number}/messages/{said['id']}/formatted")
    body = answer.text.partition("<body>")[2]
    assert At(1, seed).mark in body and not RUNS.search(body), body
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = agent.get(f"/cases/{number}").text
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page


def test_quotation_and_signature_are_folded_on_the_page(client_as: ClientAs, parts: Parts) -> None:
    agent, seed = client_as("agent"), plant(parts, 1)
    post(agent, gmail_reply(At(1, seed)))
    page = agent.get(f"/cases/{seed.number}").text
    assert re.search(r"<details[^>]*><summary>Signature and earlier mail</summary><p[^>]*>On Mon, Mar 2", page)


def test_sixty_mails_of_every_shape_through_the_listener(parts: Parts, listener: MailListener) -> None:
    mails = mails_for(parts, 60, 3)
    assert send_all(listener.port, mails, 2) == []
    verdict = judge(parts, mails)
    assert (verdict.lost, verdict.double, verdict.answered) == (0, 0, 0), str(verdict)
    assert verdict.right_thread == 1.0 and not verdict.faults, str(verdict)


def test_the_listener_says_try_again_while_the_database_is_away_and_refuses_what_is_too_large(parts: Parts) -> None:
    is_away = [True]
    real = make_listener(parts.database, parts.settings, None)

    def take(content: bytes, envelope: Any) -> Any:
        if is_away.pop() if is_away else False:
            raise OperationalError("select", {}, OSError("gone"))
        return real._take(content, envelope)

    made = MailListener(take, ListenAddress("127.0.0.1", 0), 200_000)
    made.start(must_listen=True)
    try:
        mail = plain_new(At(1, plant(parts, 1)))
        assert "451" in send_all(made.port, [mail], 1)[0]
        assert send_all(made.port, [mail], 1) == [] and judge(parts, [mail]).faults == {}
        large = Made("large", b"Subject: x\r\n\r\n" + b"line\r\n" * 50_000, "refused")
        assert "552" in send_all(made.port, [large], 1)[0]
    finally:
        made.stop()


def test_lmtp_answers_each_recipient_and_only_one_process_listens(parts: Parts) -> None:
    first = make_listener(parts.database, parts.settings, ListenAddress("127.0.0.1", 0, is_lmtp=True))
    first.start(must_listen=True)
    try:
        with pytest.raises(InvalidInput, match="Cannot listen"):
            make_listener(parts.database, parts.settings, ListenAddress("127.0.0.1", first.port)).start(
                must_listen=True
            )
        with smtplib.LMTP("127.0.0.1", first.port, timeout=20) as client:
            client.ehlo_or_helo_if_needed()
            client.mail("ann@example.org")
            assert [client.rcpt(one)[0] for one in (OURS, "help@example.com")] == [250, 250]
            assert client.data(plain_new(At(1, plant(parts, 1))).raw)[0] == 250
            assert client.getreply()[0] == 250, "an answer for each recipient"
            assert client.noop()[0] == 250, "and none left over"
    finally:
        first.stop()
    assert parse_listen("lmtp://[::1]:2003") == ListenAddress("::1", 2003, True)
    for wrong in ("", "host", "http://h:1", "h:99999"):
        with pytest.raises(InvalidInput):
            parse_listen(wrong)


def test_a_file_keeps_its_size_and_hash(client_as: ClientAs, parts: Parts) -> None:
    post(client_as("agent"), with_files(At(1, plant(parts, 1))))
    with parts.database.reading() as session:
        assert {row.size for row in session.scalars(select(CaseFile))} == {48, 10}


def test_the_command_takes_a_message_from_a_pipe_or_files_and_says_what_became_of_it(tmp_path: Path) -> None:
    environment = {"KB_DATA_DIR": str(tmp_path / "var"), "KB_ENCODER": "hashing"}
    raw = b"From: ann@example.org\r\nSubject: Stops\r\nMessage-ID: <c@x>\r\n\r\nIt stops"
    (tmp_path / "a.eml").write_bytes(raw)
    run = CliRunner().invoke(mail_app, ["receive"], input=raw, env=environment)
    assert run.exit_code == 0 and "person, opened C-000001" in run.output, run.output
    run = CliRunner().invoke(mail_app, ["receive", str(tmp_path / "a.eml")], env=environment)
    assert "C-000001 (came before)" in run.output
    assert CliRunner().invoke(mail_app, ["receive"], input=b"", env=environment).exit_code != 0
