"""Signed addresses (pure): a customer reads and answers a request without signing in.

A link names a case and, from a reply, the interaction that it asks about; its signature is of the installation's key.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from kb_service.errors import NotFound

_TOKEN = re.compile(r"([1-9][0-9]{0,9})(?:\.([1-9][0-9]{0,9}))?-([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class RequestLink:
    """What a link names."""

    case_id: int
    interaction_id: int | None = None


def request_path(secret: str, case_id: int, interaction_id: int | None = None) -> str:
    """The path of a request's own page."""
    what = f"{case_id}.{interaction_id}" if interaction_id else str(case_id)
    return f"/requests/{what}-{_sign(secret, what)}"


def read_link(secret: str, token: str) -> RequestLink:
    """What a path's token names. Raises NotFound for what we did not sign."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise NotFound("This address is not complete; open it from the mail again.")
    what = f"{match[1]}.{match[2]}" if match[2] else match[1]
    if not hmac.compare_digest(_sign(secret, what), match[3]):
        raise NotFound("This address is not complete; open it from the mail again.")
    return RequestLink(int(match[1]), int(match[2]) if match[2] else None)


def _sign(secret: str, what: str) -> str:
    return hmac.new(secret.encode(), f"request:{what}".encode(), "sha256").hexdigest()[:32]
