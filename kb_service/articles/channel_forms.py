"""One article as every channel says it, by rule: summary, SMS, chat, e-mail, phone, social. Pure.

Invariants: a form takes whole groups of steps, in order, as many as it has room for; with any of them it takes every
warning that is about them; a form that leaves anything out, or that a plain text cannot show, ends with the link;
the short answer is carried whole or not at all, for half a sentence may say the opposite.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import nh3

from kb_service.articles import renderings
from kb_service.articles.markdown import sanitize
from kb_service.articles.material import Material, gather
from kb_service.articles.renderings import RenderingAids
from kb_service.articles.sections import RevisionContent
from kb_service.articles.sms import measure, plainer
from kb_service.catalog.context import Context

MAX_SMS_SEGMENTS, MAX_CHAT, MAX_SOCIAL, SOCIAL_LINK = 3, 1500, 280, 23
"""``SOCIAL_LINK``: what a link counts for, whatever its length."""


class Channel(StrEnum):
    """Where a form goes."""

    SUMMARY = "summary"
    SMS = "sms"
    CHAT = "chat"
    EMAIL_TEXT = "email_text"
    EMAIL_HTML = "email_html"
    PHONE = "phone"
    SOCIAL = "social"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the whole article stands: ``full`` in the context, ``short`` by its number; ``base``: the site's address."""

    full: str
    short: str
    base: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What one channel sends. ``leaves_out``: the article says more; then ``link`` stands in the text.

    ``segments`` and ``encoding`` are an SMS's. ``origin``: derived, or an override that a person wrote.
    """

    channel: Channel
    text: str
    subject: str = ""
    link: str | None = None
    leaves_out: bool = False
    warnings: tuple[str, ...] = ()
    segments: int = 0
    encoding: str = ""
    origin: str = "derived"


PHRASES = {
    "en": {"more": "More", "warned": "Steps and warnings", "say": "Say", "warn": "Before the first step, say",
           "steps": "Then, one step at a time", "offer": "Offer to send the article", "online": "The whole article"},
    "de": {"more": "Mehr", "warned": "Schritte und Warnungen", "say": "Sagen", "warn": "Vor dem ersten Schritt sagen",
           "steps": "Dann Schritt für Schritt", "offer": "Den Artikel anbieten", "online": "Der ganze Artikel"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """What every form of one article in one context is made from."""

    content: RevisionContent
    context: Context
    aids: RenderingAids
    addresses: Addresses
    material: Material
    phrases: dict[str, str]


def make_forms(
    content: RevisionContent, context: Context, aids: RenderingAids, addresses: Addresses, language: str = "en"
) -> dict[Channel, Form]:
    """Every channel's form of a revision in a context."""
    phrases = PHRASES.get(language.split("-")[0].lower(), PHRASES["en"])
    source = Source(content, context, aids, addresses, gather(content, context, aids), phrases)
    return {channel: make(source) for channel, make in _MAKERS.items()}


def _summary(source: Source) -> Form:
    material = source.material
    line = material.short_answer or " ".join(material.title.split())
    leaves_out = not material.is_all(0)
    link = source.addresses.full if leaves_out else None
    return Form(Channel.SUMMARY, f"{line} {link}" if link else line, link=link, leaves_out=leaves_out)


def _sms(source: Source) -> Form:
    form = _fitting(
        source, Channel.SMS, source.addresses.short, lambda t: measure(plainer(t)).segments <= MAX_SMS_SEGMENTS
    )
    text = plainer(form.text)
    size = measure(text)
    return replace(form, text=text, segments=size.segments, encoding=size.encoding)


def _chat(source: Source) -> Form:
    return _fitting(source, Channel.CHAT, source.addresses.full, lambda text: len(text) <= MAX_CHAT)


def _social(source: Source) -> Form:
    link = source.addresses.short

    def fits(text: str) -> bool:
        return len(text) - (len(link) - SOCIAL_LINK if link in text else 0) <= MAX_SOCIAL

    return _fitting(source, Channel.SOCIAL, link, fits)


def _fitting(source: Source, channel: Channel, link: str, fits: Callable[[str], bool]) -> Form:
    """The fullest form that fits; at least the title, cut where even that is too long, with the link."""
    for carried in range(len(source.material.groups), -1, -1):
        form = _composed(source, channel, link, carried)
        if fits(form.text):
            return form
    title = " ".join(source.material.title.split())
    line = _link_line(source, link, 0)
    while title and not fits(f"{title}\n{line}"):
        title = title[: max(0, len(title) * 9 // 10 - 2)].rstrip() + "…" if len(title) > 4 else ""
    text = f"{title}\n{line}" if title else link
    return Form(channel, text, link=link, leaves_out=True)


def _composed(source: Source, channel: Channel, link: str, carried: int) -> Form:
    material = source.material
    leaves_out = not material.is_all(carried)
    parts = [material.short_answer or " ".join(material.title.split()), *material.outside(carried)]
    parts += [group.text for group in material.groups[:carried]]
    if leaves_out:
        parts.append(_link_line(source, link, carried))
    apart = "\n" if channel in (Channel.SMS, Channel.SOCIAL) else "\n\n"
    text = apart.join(parts)
    return Form(channel, text, "", link if leaves_out else None, leaves_out, material.warnings(carried))


def _link_line(source: Source, link: str, carried: int) -> str:
    material = source.material
    is_unsaid = len(material.warnings(len(material.groups))) > len(material.warnings(carried))
    return f"{source.phrases['warned' if is_unsaid else 'more']}: {link}"


def _phone(source: Source) -> Form:
    material, phrases = source.material, source.phrases
    everything = len(material.groups)
    parts = [material.title, f"{phrases['say']}: {material.short_answer}" if material.short_answer else ""]
    outside = material.outside(everything)
    parts.append("\n".join([f"{phrases['warn']}:", *(f"! {warning}" for warning in outside)]) if outside else "")
    if everything:
        parts.append("\n\n".join([f"{phrases['steps']}:", *(group.text for group in material.groups)]))
    leaves_out = not material.is_all(everything)
    link = source.addresses.short if leaves_out else None
    parts.append(f"{phrases['offer']}: {link}" if link else "")
    text = "\n\n".join(part for part in parts if part)
    return Form(Channel.PHONE, text, "", link, leaves_out, material.warnings(everything))


def _email_text(source: Source) -> Form:
    body = renderings.text(source.content, source.context, source.aids)
    link = source.addresses.full
    parts = [body, f"{source.phrases['online']}: {link}"]
    return _mail(source, Channel.EMAIL_TEXT, "\n\n".join(part for part in parts if part))


def _email_html(source: Source) -> Form:
    page = renderings.render(source.content, source.context, source.aids)
    parts = (
        [f"<p><strong>{html.escape(source.material.short_answer)}</strong></p>"] if source.material.short_answer else []
    )
    for section in page.sections:
        if section.applies:
            heading = f"{section.heading} ({section.label})" if section.label else section.heading
            level = min(4, max(2, section.level or 2))
            parts += [
                f"<h{level}>{html.escape(heading)}</h{level}>" if section.heading else "",
                _mailed(section.html, source.addresses.base),
            ]
    link = html.escape(source.addresses.full)
    parts.append(f'<p>{html.escape(source.phrases["online"])}: <a href="{link}">{link}</a></p>')
    return _mail(source, Channel.EMAIL_HTML, "\n".join(part for part in parts if part))


def _mailed(safe_html: str, base: str) -> str:
    """Links with the site's address before them; no images: a mail program could not fetch what needs signing in."""

    def rewrite(_tag: str, attribute: str, value: str) -> str | None:
        if attribute != "href" or not value.startswith(("/", "#", "?")):
            return value
        return base + value if value.startswith("/") else None

    return nh3.clean(safe_html, tags=nh3.ALLOWED_TAGS - {"img"}, attribute_filter=rewrite, link_rel=None)


def _mail(source: Source, channel: Channel, text: str) -> Form:
    everything = len(source.material.groups)
    leaves_out = not all(group.is_whole for group in source.material.groups)
    subject = " ".join(source.material.title.split())
    return Form(channel, text, subject, source.addresses.full, leaves_out, source.material.warnings(everything))


def overridden(form: Form, text: str, subject: str) -> Form:
    """The form with a person's text in its place; an SMS is measured again, HTML is made safe."""
    said = sanitize(text, renderings.no_links) if form.channel is Channel.EMAIL_HTML else text
    size = measure(said) if form.channel is Channel.SMS else None
    return replace(
        form,
        text=said,
        subject=subject or form.subject,
        link=form.link if form.link and form.link in said else None,
        warnings=tuple(warning for warning in form.warnings if _says(said, warning)),
        segments=size.segments if size else 0,
        encoding=size.encoding if size else "",
        origin="override",
    )


def _says(text: str, warning: str) -> bool:
    return warning.lower() in " ".join(text.split()).lower()


_MAKERS: dict[Channel, Callable[[Source], Form]] = {
    Channel.SUMMARY: _summary,
    Channel.SMS: _sms,
    Channel.CHAT: _chat,
    Channel.EMAIL_TEXT: _email_text,
    Channel.EMAIL_HTML: _email_html,
    Channel.PHONE: _phone,
    Channel.SOCIAL: _social,
}
