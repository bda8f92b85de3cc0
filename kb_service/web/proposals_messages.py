"""The texts of the applicability page: a part of the catalogue in `messages`."""

from __future__ import annotations

PROPOSALS: dict[str, str | tuple[str, str]] = {
    "proposals.title": "Applicability",
    "proposals.lead": "Imported articles that apply to everything, and the product that their title, section, labels and text name. "
    "Look at the samples – the least sure stand first – then accept or reject the group.",
    "proposals.none": "Nothing is proposed. Run kb applicability propose after an import, or look again here.",
    "proposals.run": "Look again",
    "proposals.count": ("1 article", "{n} articles"),
    "proposals.evidence": "named by {evidence}",
    "proposals.accept": "Accept: for {product}",
    "proposals.accept_some": "Accept the next {n}: for {product}",
    "proposals.reject": "Reject",
    "proposals.done": ("1 article decided.", "{n} articles decided."),
}
