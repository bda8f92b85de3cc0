"""Mails that nobody wrote: filed, never answered."""

from __future__ import annotations

from tests.support.mails import OURS, At, Made, heads, multipart, part, references, shape, text_type, wire


def machine(at: At, expects: str, body: str, *more: tuple[str, str], **kw: str) -> Made:
    sender = kw.pop("sender", f"auto{at.n}@example.org")
    raw = wire(heads(at, sender, kw.pop("subject", "Notice"), *more), body)
    case = at.seed.number if expects == "noted" else None
    return Made(kw.pop("shape"), raw, expects, case, sender=kw.pop("envelope", sender))


@shape
def out_of_office(at: At) -> Made:
    head = ("Auto-Submitted", "auto-replied")
    subject = f"Automatic reply: {at.seed.subject}"
    more = (*text_type(), *references(at.seed), head)
    return machine(
        at, "noted", f"I am away. {at.mark}", *more, subject=subject, sender=at.seed.address, shape="out_of_office"
    )


@shape
def away_by_subject_alone(at: At) -> Made:
    subject = f"Abwesenheitsnotiz: {at.seed.subject} [{at.seed.number}]"
    more = (*text_type(), *references(at.seed))
    return machine(
        at, "noted", f"Ich bin weg. {at.mark}", *more, subject=subject, sender=at.seed.address, shape="away_by_subject"
    )


@shape
def old_vacation_program(at: At) -> Made:
    more = (*text_type(), *references(at.seed), ("Precedence", "bulk"))
    return machine(at, "noted", f"On leave {at.mark}", *more, sender=at.seed.address, shape="old_vacation_program")


@shape
def stranger_away(at: At) -> Made:
    more = (*text_type(), ("Auto-Submitted", "auto-replied (vacation)"), ("X-Auto-Response-Suppress", "All"))
    return machine(at, "set_aside", f"I am away {at.mark}", *more, subject="Out of office", shape="stranger_away")


@shape
def ticket_system(at: At) -> Made:
    subject = f"[#{at.n}] We received your request"
    return machine(
        at, "set_aside", f"Ticket {at.mark}", *text_type(), subject=subject, envelope="", shape="ticket_system"
    )


def _report(at: At, action: str, status: str) -> tuple[tuple[str, str], str]:
    delivery = (
        "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; " + at.seed.address + f"\nAction: {action}\n"
        f"Status: {status}\nDiagnostic-Code: smtp; 550 5.1.1 No such user here {at.mark}\n"
    )
    return multipart(
        "report",
        part("text/plain", "Your message could not be delivered."),
        part("message/delivery-status", delivery),
        part("message/rfc822", f"From: {OURS}\nMessage-ID: {at.seed.our_id}\nSubject: x\n\n{at.seed.our_text}"),
        more="; report-type=delivery-status",
    )


@shape
def bounce(at: At) -> Made:
    head, body = _report(at, "failed", "5.1.1")
    sender = "Mail Delivery System <mailer-daemon@example.org>"
    return machine(at, "noted", body, head, sender=sender, envelope="", subject="Undelivered Mail", shape="bounce")


@shape
def delayed(at: At) -> Made:
    head, body = _report(at, "delayed", "4.4.1")
    sender = "Mail Delivery System <mailer-daemon@example.org>"
    return machine(at, "noted", body, head, sender=sender, envelope="", subject="Delayed Mail", shape="delayed")


@shape
def bounce_in_words(at: At) -> Made:
    body = (
        "Hi. This is the qmail-send program at example.org.\nI'm afraid I wasn't able to deliver your message.\n\n"
        f"<{at.seed.address}>:\n550 sorry, no mailbox here by that name {at.mark}\n\n--- Below this line is a copy of the message.\n\n"
        f"From: {OURS}\nMessage-ID: {at.seed.our_id}\n\n{at.seed.our_text}"
    )
    sender = "MAILER-DAEMON@example.org"
    return machine(at, "noted", body, sender=sender, envelope="", subject="failure notice", shape="bounce_in_words")


@shape
def bounce_of_a_stranger(at: At) -> Made:
    sender = "postmaster@example.org"
    body = f"550 unknown user ghost{at.n}@example.net"
    return machine(
        at, "set_aside", body, sender=sender, envelope="", subject="Undeliverable: hi", shape="bounce_of_a_stranger"
    )


@shape
def read_receipt(at: At) -> Made:
    notice = f"Final-Recipient: rfc822; {at.seed.address}\nOriginal-Message-ID: {at.seed.our_id}\nDisposition: x; displayed\n"
    head, body = multipart(
        "report",
        part("text/plain", "Your message was read."),
        part("message/disposition-notification", notice),
        more="; report-type=disposition-notification",
    )
    more = (head, *references(at.seed))
    return machine(at, "noted", body, *more, sender=at.seed.address, subject="Read: x", shape="read_receipt")


@shape
def newsletter(at: At) -> Made:
    more = (*text_type(), ("List-Unsubscribe", "<mailto:u@example.org>"), ("Precedence", "bulk"))
    return machine(at, "set_aside", f"Offers {at.mark}", *more, subject="Offers", shape="newsletter")


@shape
def mailing_list(at: At) -> Made:
    more = (*text_type(), ("List-Id", "<dev.example.org>"), ("List-Post", "<mailto:dev@example.org>"))
    return machine(at, "set_aside", f"Hello list {at.mark}", *more, subject="[dev] hello", shape="mailing_list")


@shape
def spam(at: At) -> Made:
    more = (*text_type(), ("X-Spam-Flag", "YES"))
    return machine(at, "set_aside", f"Win {at.mark}", *more, subject="Win", shape="spam")


@shape
def our_own_mail_again(at: At) -> Made:
    raw = wire([("From", f"Help <{OURS}>"), ("To", at.seed.address), ("Message-ID", at.seed.our_id)], at.seed.our_text)
    return Made("our_own_mail_again", raw, "ours", sender=OURS, copies=2)


@shape
def our_own_address(at: At) -> Made:
    more = (*text_type(), ("Auto-Submitted", "auto-generated"))
    return machine(at, "ours", f"Loop {at.mark}", *more, sender=OURS, subject=at.seed.subject, shape="our_own_address")
