"""The texts of the preview of an article's forms: a part of the catalogue in `messages`."""

from __future__ import annotations

RENDERINGS: dict[str, str | tuple[str, str]] = {
    "renderings.title": "What each channel says",
    "renderings.lead": "All of {number}, revision {revision}. Every form is made by rule from the title, the short answer and "
    "the steps that apply in the context chosen here.",
    "renderings.article": "The article",
    "renderings.not_for": "This article is not for the context chosen here: no channel sends it.",
    "renderings.context": "Shown for",
    "renderings.summary": "Summary",
    "renderings.sms": "SMS",
    "renderings.chat": "Chat",
    "renderings.email_text": "E-mail, plain text",
    "renderings.email_html": "E-mail, HTML",
    "renderings.phone": "Phone script",
    "renderings.social": "Social post",
    "renderings.subject": "Subject: {subject}",
    "renderings.segments": ("1 segment, {encoding}", "{n} segments, {encoding}"),
    "renderings.gsm7": "GSM-7",
    "renderings.ucs2": "UCS-2",
    "renderings.whole": "says everything",
    "renderings.leaves_out": "leaves something out, and links to it",
    "renderings.warnings": ("1 warning", "{n} warnings"),
    "renderings.override": "own text",
    "renderings.set_aside": "The own text of revision {revision} is set aside: the article has changed since. Until somebody "
    "confirms it, the derived form is sent.",
    "renderings.missing": "The own text does not say this warning:",
    "renderings.edit": "Write an own text",
    "renderings.change": "Change the own text",
    "renderings.own_subject": "Subject (empty: the title)",
    "renderings.own_text": "Own text for {channel}",
    "renderings.save": "Use this text",
    "renderings.confirm": "Confirm it for this revision",
    "renderings.remove": "Back to the derived form",
    "renderings.saved": "Saved.",
}
