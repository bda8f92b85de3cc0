"""The texts of the findings page: a part of the catalogue in `messages`."""

from __future__ import annotations

FINDINGS: dict[str, str | tuple[str, str]] = {
    "checks.title": "Before publishing",
    "checks.line": "line {n}",
    "checks.duplicate": "{n} % alike for a common context:",
    "checks.decide": "Merge, link as variants or keep both, once it is saved and compared:",
    "checks.impact": "Which questions would move",
    "findings.title": "Findings",
    "findings.duplicates": "Alike articles",
    "findings.duplicates_lead": "Pairs that say the same for a common context. Changed articles are compared within minutes. "
    "Merging archives one article and lets its addresses lead to the other; nothing is deleted.",
    "findings.no_duplicates": "No two articles say the same, as far as the comparison can tell.",
    "findings.likeness": "{n} % alike",
    "findings.common": "Both are for {context}.",
    "findings.common_all": "Both are for every product.",
    "findings.shared": "Telling words that both hold: {words}.",
    "findings.contradicts": "They say different things:",
    "findings.merge_first": "Merge {first} into {second}",
    "findings.variant": "Link as variants",
    "findings.keep": "Keep both",
    "findings.links": "Links that lead wrong",
    "findings.links_lead": "As of the last nightly check.",
    "findings.no_links": "Every link leads where it should.",
    "findings.article": "Article",
    "findings.flaw": "What is wrong",
    "findings.found": "Found",
    "findings.more": "Show more",
    "findings.decided": "Done.",
}
