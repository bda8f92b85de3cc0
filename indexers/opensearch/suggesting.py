"""Type-ahead as one question: every word typed must stand in title or keywords, the last one as a beginning. Pure.

Typing errors (one from 4 letters on, two from 8) are forgiven only when nothing fits as typed. Same rules as the
embedded engine's; only words of titles and keywords are known here.
"""

from __future__ import annotations

from typing import Any

from rapidfuzz.distance import OSA

from indexers.analysis import STOP_WORDS, words
from indexers.opensearch.documents import MAX_HEAD

MAX_WORDS = 12
EXACT, PREFIX, FUZZY = 1.0, 0.8, 0.25

Typed = list[tuple[str, bool]]


def typed_words(text: str) -> Typed:
    """(word, whether it is still being typed), stop words aside unless nothing else is left."""
    typed = [word for word, _, _ in words(text)][:MAX_WORDS]
    if not typed:
        return []
    is_open = text[-1:].isalnum()
    needed = [(word, False) for word in typed[:-1] if word not in STOP_WORDS]
    if is_open or typed[-1] not in STOP_WORDS or not needed:
        needed.append((typed[-1], is_open))
    return needed


def body(typed: Typed, admitted: dict[str, Any], limit: int, *, forgiving: bool) -> dict[str, Any]:
    """The question; ``admitted``: the filter as a query."""
    musts = [{"dis_max": {"queries": _fits(word, is_open, forgiving)}} for word, is_open in typed]
    return {
        "size": limit, "track_total_hits": False, "_source": ["shown.title"],
        "docvalue_fields": ["article_id", "family_id", "revision", "key"],
        "sort": [{"_score": "desc"}, {"title_length": "asc"}, {"article_id": "asc"}],
        "query": {"bool": {"filter": [admitted], "must": musts}},
    }  # fmt: skip


def _fits(word: str, is_open: bool, forgiving: bool) -> list[dict[str, Any]]:
    fits = [_constant({"term": {"words": word}}, EXACT)]
    if is_open:
        begun = {"term": {"heads": word}} if len(word) <= MAX_HEAD else {"prefix": {"words": word}}
        fits.append(_constant(begun, PREFIX))
    if forgiving and (errors := _errors(word)):
        for field in ("words", "heads") if is_open else ("words",):
            near = {"value": word, "fuzziness": errors, "transpositions": True, "max_expansions": 50}
            fits.append(_constant({"fuzzy": {field: near}}, FUZZY if field == "words" else FUZZY * PREFIX))
    return fits


def _constant(query: dict[str, Any], boost: float) -> dict[str, Any]:
    return {"constant_score": {"filter": query, "boost": boost}}


def _errors(word: str) -> int:
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2


def matched_ranges(title: str, typed: Typed) -> tuple[tuple[int, int], ...]:
    """Character ranges to highlight: the typed beginning of a completed word, else whole words."""
    ranges = []
    for word, start, end in words(title):
        found = next((length for one, is_open in typed if (length := _covers(word, one, is_open))), 0)
        if found:
            ranges.append((start, start + found if end - start == len(word) else end))
    return tuple(ranges)


def _covers(word: str, typed: str, is_open: bool) -> int:
    """How many characters of the word to highlight."""
    if is_open and word.startswith(typed):
        return len(typed)
    near = [word, word[: len(typed)], word[: len(typed) + 1]] if is_open else [word]
    errors = _errors(typed)
    return len(word) if any(OSA.distance(one, typed) <= errors for one in near) else 0
