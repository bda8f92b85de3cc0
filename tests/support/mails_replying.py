"""Mails that go on in a case, as mail programs quote and lose things."""

from __future__ import annotations

from tests.support.mails import OURS, At, Made, heads, multipart, part, quoted, references, shape, text_type, wire


def reply(at: At, body: str, *more: tuple[str, str], subject: str = "", sender: str = "", **kw: str) -> Made:
    seed = at.seed
    title = subject or f"Re: {seed.subject} [{seed.number}]"
    raw = wire(heads(at, sender or f"Customer <{seed.address}>", title, *more, to=kw.pop("to", OURS)), body)
    name = kw.pop("shape")
    quotes = kw.pop("quotes", "Did this solve it?")
    return Made(name, raw, "added", seed.number, kw.pop("says", at.mark), quotes, sender or seed.address)


@shape
def gmail_reply(at: At) -> Made:
    body = f"Still stops {at.mark}.\n\nOn Mon, Mar 2, 2026 at 9:15 AM Help Centre <\n{OURS}> wrote:\n\n{quoted(at.seed.our_text)}\n"
    return reply(at, body, *text_type(), *references(at.seed), shape="gmail_reply")


@shape
def gmail_html_reply(at: At) -> Made:
    html = (
        f'<div dir="ltr">Still stops {at.mark}.</div><br><div class="gmail_quote"><div>On Mon, Mar 2, 2026 at 9:15 AM '
        f'Help &lt;<a href="mailto:{OURS}">{OURS}</a>&gt; wrote:<br></div><blockquote>Did this solve it?<br>Yes</blockquote></div>'
    )
    return reply(at, html, ("Content-Type", "text/html; charset=utf-8"), *references(at.seed), shape="gmail_html_reply")


@shape
def outlook_reply(at: At) -> Made:
    html = (
        f"<html><body><p class=MsoNormal>Still stops {at.mark}.</p><p>&nbsp;</p><div style='border-top:solid #E1E1E1 1.0pt'>"
        f"<p><b>From:</b> Help &lt;{OURS}&gt;<br><b>Sent:</b> Monday, March 2, 2026 9:15 AM<br><b>To:</b> Customer<br>"
        "<b>Subject:</b> RE: x</p></div><p>Did this solve it?</p></body></html>"
    )
    return reply(at, html, ("Content-Type", "text/html; charset=utf-8"), *references(at.seed), shape="outlook_reply")


@shape
def german_outlook_reply(at: At) -> Made:
    body = (
        f"Es geht immer noch nicht, {at.mark}.\n\nMit freundlichen Grüßen\nKarl\n\n________________________________\n"
        f"Von: Help <{OURS}>\nGesendet: Montag, 2. März 2026 09:15\nAn: Karl\nBetreff: AW: x\n\n{at.seed.our_text}"
    )
    subject = f"AW: {at.seed.subject} [{at.seed.number}]"
    return reply(at, body, *text_type(), *references(at.seed), subject=subject, shape="german_outlook_reply")


@shape
def apple_reply(at: At) -> Made:
    body = f"Still stops, and this line is \nflowed {at.mark}.\n\nSent from my iPhone\n\n"
    body += f"> On 2 Mar 2026, at 09:15, Help <{OURS}> wrote:\n> \n{quoted(at.seed.our_text)}\n"
    head = ("Content-Type", "text/plain; charset=utf-8; format=flowed")
    return reply(at, body, head, *references(at.seed), shape="apple_reply", says=f"line is flowed {at.mark}")


@shape
def thunderbird_bottom_reply(at: At) -> Made:
    body = f"On 02/03/2026 09:15, Help Centre wrote:\n{quoted(at.seed.our_text)}\n\n"
    body += f"Still stops {at.mark}.\n\n-- \nCustomer\nExample Ltd\n"
    return reply(at, body, *text_type(), *references(at.seed), shape="thunderbird_bottom_reply")


@shape
def interleaved_reply(at: At) -> Made:
    body = (
        f"On 02/03/2026 09:15, Help wrote:\n> Which version?\n\nVersion 11.2\n\n> Which system?\n\nmacOS, {at.mark}\n"
    )
    return reply(
        at, body, *text_type(), *references(at.seed), shape="interleaved_reply", says="> Which system?\n\nmacOS"
    )


@shape
def french_reply(at: At) -> Made:
    body = f"Toujours pas, {at.mark}.\n\nLe lun. 2 mars 2026 à 09:15, Help <{OURS}> a écrit :\n\n{quoted(at.seed.our_text)}\n"
    return reply(at, body, *text_type(), *references(at.seed), shape="french_reply")


@shape
def phone_reply_without_references(at: At) -> Made:
    body = f"No luck {at.mark}\nSent from my Galaxy\n"
    return reply(at, body, *text_type(), shape="phone_reply_without_references", quotes="Galaxy")


@shape
def changed_subject(at: At) -> Made:
    body = f"And another thing: {at.mark}"
    return reply(at, body, *text_type(), *references(at.seed), subject="Thoughts", shape="changed_subject")


@shape
def only_the_quoted_reference(at: At) -> Made:
    body = (
        f"Still stops {at.mark}.\n\n-----Original Message-----\nFrom: Help\nSent: Monday\nTo: me\n\n{at.seed.our_text}"
    )
    return reply(at, body, *text_type(), subject="Your mail", shape="only_the_quoted_reference")


@shape
def reference_in_the_address(at: At) -> Made:
    to = f"support+{at.seed.reference.lower()}@example.com"
    return reply(at, f"Here it is {at.mark}", *text_type(), subject="Log", shape="reference_in_the_address", to=to)


@shape
def reply_by_a_colleague(at: At) -> Made:
    body = f"Ann is away, I can test it. {at.mark}"
    return reply(at, body, *text_type(), *references(at.seed), sender=at.stranger, shape="reply_by_a_colleague")


@shape
def reply_to_ones_own_mail(at: At) -> Made:
    head = ("References", at.seed.first_id)
    return reply(
        at, f"I forgot: {at.mark}", *text_type(), head, subject=at.seed.subject, shape="reply_to_ones_own_mail"
    )


@shape
def reply_without_anything(at: At) -> Made:
    subject = f"RE: {at.seed.subject}"
    return reply(at, f"Any news? {at.mark}", *text_type(), subject=subject, shape="reply_without_anything")


@shape
def outlook_thread_index(at: At) -> Made:
    """Careless programs leave the brackets out."""
    head = ("In-Reply-To", at.seed.our_id.strip("<>"))
    return reply(at, f"Done {at.mark}", *text_type(), head, subject="Done", shape="outlook_thread_index")


@shape
def group_reply(at: At) -> Made:
    more = (("List-Id", "<team.example.org>"), ("List-Post", "<mailto:team@example.org>"), ("Precedence", "list"))
    return reply(at, f"Still stops {at.mark}", *text_type(), *references(at.seed), *more, shape="group_reply")


@shape
def reply_with_disclaimer_part(at: At) -> Made:
    head, body = multipart(
        "mixed",
        part("text/html; charset=utf-8", f"<p>Still stops {at.mark}.</p>"),
        part("text/plain; charset=utf-8", "This e-mail is confidential."),
    )
    return reply(at, body, head, *references(at.seed), shape="reply_with_disclaimer_part")
