"""The texts of the impact page: a part of the catalogue in `messages`."""

from __future__ import annotations

IMPACT: dict[str, str | tuple[str, str]] = {
    "impact.title": "What this edit would change",
    "impact.lead": "The newest text of {number}, tried on a copy of the search with {n} questions of the last 90 days.",
    "impact.back": "Back to the text",
    "impact.none": "Nothing changes for these questions.",
    "impact.no_questions": "Nobody has asked anything yet.",
    "impact.moved": "Questions that change",
    "impact.started": "Answered from now on",
    "impact.stopped": "No longer answered",
    "impact.found_by": "Questions that found it in 90 days",
    "impact.question": "Question",
    "impact.place": "Place of this article",
    "impact.effect": "Effect",
    "impact.starts": "starts being answered",
    "impact.stops": "is no longer answered",
    "impact.other_first": "another answer comes first",
    "impact.order": "the order changes",
    "impact.absent": "–",
}
