"""Mails that open a case."""

from __future__ import annotations

from tests.support.mails import At, Made, encoded, file_part, heads, multipart, part, shape, text_type, wire

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


def new(at: At, body: str | bytes, *more: tuple[str, str], subject: str = "", says: str = "", **kw: object) -> Made:
    title = subject or f"The gateway {at.mark} stops"
    raw = wire(heads(at, f"Ann Example <{at.stranger}>", title, *more), body)
    name = str(kw.pop("shape"))
    return Made(name, raw, "opened", says=says or at.mark, sender=at.stranger, **kw)  # type: ignore[arg-type]


@shape
def plain_new(at: At) -> Made:
    body = f"Hello,\n\nit stops every night, {at.mark}.\n\nKind regards\nAnn Example\nExample Ltd, 12 High Street\n"
    return new(at, body, *text_type(), shape="plain_new", quotes="High Street")


@shape
def html_only_new(at: At) -> Made:
    body = f"<html><head><style>p{{color:red}}</style></head><body><p>It <b>stops</b> {at.mark}.</p></body></html>"
    return new(at, body, ("Content-Type", 'text/html; charset="utf-8"'), shape="html_only_new", quotes="color:red")


@shape
def alternative_new(at: At) -> Made:
    head, body = multipart(
        "alternative",
        part("text/plain; charset=utf-8", f"It stops {at.mark}."),
        part("text/html; charset=utf-8", f"<div>It stops <i>{at.mark}</i>.</div>"),
    )
    return new(at, body, head, shape="alternative_new", quotes="<div>")


@shape
def undeclared_latin(at: At) -> Made:
    body = f"Das Gerät {at.mark} läuft nicht mehr.".encode("latin-1")
    return new(at, body, shape="undeclared_latin", says=f"Gerät {at.mark} läuft")


@shape
def wrong_charset(at: At) -> Made:
    body = f"Größe {at.mark} – naïve".encode()
    return new(at, body, *text_type("us-ascii"), shape="wrong_charset", says=f"Größe {at.mark} –")


@shape
def japanese_charset(at: At) -> Made:
    words = f"接続できません {at.mark}"
    title = "=?ISO-2022-JP?B?" + encoded("接続".encode("iso-2022-jp")).strip() + "?="
    return new(
        at, words.encode("iso-2022-jp"), *text_type("iso-2022-jp", "7bit"), subject=title, says=words, shape="japanese"
    )


@shape
def unknown_charset(at: At) -> Made:
    return new(at, f"It stops {at.mark} ÿ".encode(), *text_type("x-unknown-8bit"), shape="unknown_charset")


@shape
def broken_base64(at: At) -> Made:
    body = encoded(f"It stops {at.mark}. ".encode() * 4).strip()[:-6] + "*?\n"
    return new(at, body, *text_type(encoding="base64"), shape="broken_base64")


@shape
def broken_subject(at: At) -> Made:
    return new(
        at,
        f"It stops {at.mark}",
        *text_type(),
        subject="=?utf-8?Q?broken=ZZ?= =?nowhere?B?!!!?=",
        shape="broken_subject",
    )


@shape
def without_message_id(at: At) -> Made:
    kept = [one for one in heads(at, f"<{at.stranger}>", f"No id {at.mark}", *text_type()) if one[0] != "Message-ID"]
    body = f"It stops {at.mark}."
    return Made("without_message_id", wire(kept, body), "opened", says=at.mark, sender=at.stranger, copies=2)


@shape
def without_from(at: At) -> Made:
    kept = [one for one in heads(at, "x", f"No from {at.mark}", *text_type()) if one[0] != "From"]
    return Made("without_from", wire(kept, f"It stops {at.mark}."), "opened", says=at.mark, sender=at.stranger)


@shape
def with_files(at: At) -> Made:
    html = part(
        "text/html; charset=utf-8", f'<p>See {at.mark}</p><img src="cid:shot@x"><img src="http://evil.test/p.gif">'
    )
    picture = file_part(
        "image/png", "shot.png", PNG, "Content-ID: <shot@x>", 'Content-Disposition: inline; filename="shot.png"'
    )
    related, inner = multipart("related", html, picture)
    head, body = multipart(
        "mixed", f"Content-Type: {related[1]}\n\n{inner}", file_part("application/pdf", "log.pdf", b"%PDF-1.4 x")
    )
    return new(at, body, head, shape="with_files")


@shape
def dangerous_file(at: At) -> Made:
    head, body = multipart(
        "mixed",
        part("text/plain", f"Run this {at.mark}"),
        file_part("image/png", "../../invoice.pdf.exe", b"MZ\x90\x00" + b"\x00" * 60),
        file_part("text/html", "page.html", b"<script>alert(1)</script>"),
    )
    return new(at, body, head, shape="dangerous_file")


@shape
def big_file(at: At) -> Made:
    size = 18_500_000 if at.n % 7 == 0 and at.n > 100 else 300_000
    head, body = multipart(
        "mixed",
        part("text/plain", f"The log {at.mark}"),
        file_part("application/zip", "log.zip", b"PK" + b"\x07" * size),
    )
    return new(at, body, head, shape="big_file")


@shape
def calendar_invitation(at: At) -> Made:
    calendar = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Call\nEND:VEVENT\nEND:VCALENDAR"
    head, body = multipart(
        "alternative",
        part("text/plain; charset=utf-8", f"Shall we talk about {at.mark}?"),
        part("text/calendar; charset=utf-8; method=REQUEST", calendar),
    )
    return new(at, body, head, shape="calendar_invitation", quotes="VCALENDAR")


@shape
def forwarded_inline(at: At) -> Made:
    body = (
        "Please look at this.\n\n---------- Forwarded message ---------\nFrom: Bob <bob@example.org>\n"
        f"Date: Mon, 2 Mar 2026\nSubject: Stops\nTo: Ann\n\nIt stops, {at.mark}.\n"
    )
    return new(at, body, *text_type(), subject=f"Fwd: Stops {at.mark}", shape="forwarded_inline")


@shape
def forwarded_attached(at: At) -> Made:
    inner = "From: bob@example.org\nSubject: Inner\nMessage-ID: <inner@example.org>\n\nInside"
    head, body = multipart("mixed", part("text/plain", f"See the mail {at.mark}"), part("message/rfc822", inner))
    return new(at, body, head, shape="forwarded_attached", quotes="Inside")


XSS = """<p onclick="x()">%s</p><script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)></svg>
<a href="javascript:alert(1)">a</a><a href="JaVa&#09;Script:alert(1)">b</a><iframe src="//evil.test"></iframe>
<form action="//evil.test"><input name=p></form><style>@import '//evil.test'</style><base href="//evil.test">
<math><mtext></mtext><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;"></mglyph></math>
<meta http-equiv=refresh content="0;url=//evil.test"><object data="//evil.test"></object><link rel=stylesheet href="//evil.test">
<table background="//evil.test"><tr><td style="background:url(//evil.test)">c</td></tr></table>
<!--[if gte mso 9]><script>x()</script><![endif]-->
<img src="data:image/svg+xml;base64,PHN2Zy8+"><video src="//evil.test" autoplay></video>
<a href="data:text/html,<script>1</script>">d</a>"""


@shape
def hostile_html(at: At) -> Made:
    head = ("Content-Type", "text/html; charset=utf-8")
    subject = f"<script>alert(1)</script> {at.mark}"
    return new(at, XSS % at.mark, head, subject=subject, shape="hostile_html", quotes="alert(1)")


@shape
def signed(at: At) -> Made:
    head, body = multipart(
        "signed",
        part("text/plain", f"It stops {at.mark}"),
        file_part("application/pkcs7-signature", "smime.p7s", b"0\x82" * 50),
    )
    return new(at, body, head, shape="signed")


@shape
def cut_off(at: At) -> Made:
    head, body = multipart("mixed", part("text/plain", f"It stops {at.mark}"), file_part("image/png", "a.png", PNG))
    return new(at, body[: body.rindex("--=_edge")], head, shape="cut_off")


@shape
def long_lines(at: At) -> Made:
    return new(at, f"It stops {at.mark}. " + "word " * 6000, *text_type(), shape="long_lines")


@shape
def delivered_often(at: At) -> Made:
    return new(at, f"It stops {at.mark}.", *text_type(), shape="delivered_often", copies=5)
