"""Ways to reach us, from the settings: shown wherever an answer did not help. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kb_service.settings import Settings
from kb_service.web.messages import message


@dataclass(frozen=True, slots=True)
class Way:
    """One way: where it leads and what it says."""

    url: str
    label: str


def ways_to_reach_us(settings: Settings) -> list[Way]:
    """Every configured way; browsing is always one, so that no page is a dead end."""
    ways = [Way("/contact", message("case.contact"))]
    if settings.contact_url:
        ways.append(Way(settings.contact_url, message("reach.url")))
    if settings.contact_email:
        ways.append(Way(f"mailto:{settings.contact_email}", message("reach.email", address=settings.contact_email)))
    if settings.contact_phone:
        digits = "".join(c for c in settings.contact_phone if c.isdigit() or c == "+")
        ways.append(Way(f"tel:{digits}", message("reach.phone", number=settings.contact_phone)))
    return [*ways, Way("/topics", message("reach.browse"))]
