"""The texts of the gaps page: a part of the catalogue in `messages`."""

from __future__ import annotations

GAPS: dict[str, str | tuple[str, str]] = {
    "gaps.title": "Gaps",
    "gaps.lead": "What people ask for in vain: questions without results, below the floor, without a click, asked again, "
    "and cases solved without an article. Most wanted first; shown from {least} sessions or customers on.",
    "gaps.none": "Nobody has asked for anything in vain, as far as {least} sessions show.",
    "gaps.demand": ("1 session", "{n} sessions"),
    "gaps.reopened": ("opened again once", "opened again {n} times"),
    "gaps.asked": "They asked",
    "gaps.offered": "They were offered",
    "gaps.offered_times": ("{title} (once)", "{title} ({n} times)"),
    "gaps.nothing": "Nothing.",
    "gaps.draft": "Write the article",
    "gaps.drafted": "Draft {number}",
    "gaps.dismiss": "Not ours to answer",
    "gaps.reopen": "Take up again",
    "gaps.state": "Show",
    "gaps.open": "Open",
    "gaps.closed": "Closed",
    "gaps.dismissed": "Put aside",
    "gaps.more": "Show more",
    "gaps.empty": "no results",
    "gaps.below_floor": "no sure answer",
    "gaps.no_click": "nothing opened",
    "gaps.reformulated": "asked again",
    "gaps.case": "case without an article",
    "gaps.any": "any product",
}
