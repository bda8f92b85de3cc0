"""Texts of signing in by a link or at the organisation; part of the one catalogue."""

from __future__ import annotations

SIGN_IN_WAYS: dict[str, str | tuple[str, str]] = {
    "sign_in.link_title": "Customers: a link by e-mail",
    "sign_in.link_lead": "No password needed. The link works once, within 15 minutes.",
    "sign_in.link_button": "Send me a link",
    "sign_in.password_title": "With a password",
    "sign_in.asked_title": "Look into your mailbox",
    "sign_in.asked": "If we know {email}, a link is on its way there. It works once, within 15 minutes.",
    "sign_in.asked_else": "Nothing after some minutes? Look into the spam folder, or write from the address that we know.",
    "sign_in.confirm_title": "Sign in as {email}?",
    "sign_in.confirm_lead": "The link works once. Somebody else’s address? Then close this page.",
    "sign_in.over_title": "This link does not work any more",
    "sign_in.over": "It was used already, or is older than 15 minutes.",
    "sign_in.again": "Ask for another one",
}
