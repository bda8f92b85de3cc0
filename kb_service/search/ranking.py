"""From checked candidates to the result list (pure): signals, one hit per family, the floor.

The list made here *is* the answer: total, facets, chips and paging speak of exactly it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kb_service.catalog.context import Applicability, Context, Match, specificity
from kb_service.search.checking import AuthorizedCandidate
from kb_service.search.families import collapse
from kb_service.search.fusion import RELATIVE_FLOOR
from kb_service.search.signals import Signal, about, exactness, helpfulness, preference

_ALWAYS_KEPT = 10
_ORDER = {None: 0, Match.GENERAL: 1, Match.EXACT: 2}


@dataclass(frozen=True, slots=True)
class Frame:
    """What ranking knows of the question: its contexts and the applicabilities of the snapshot."""

    stated: Context
    inferred: Context
    stated_matches: Mapping[str, Match]
    inferred_matches: Mapping[str, Match]
    applicabilities: Mapping[str, Applicability]
    pinned: tuple[int, ...] = ()
    identifiers: frozenset[str] = frozenset()
    """Codes and names asked for, folded."""
    with_signals: bool = True

    def match(self, key: str, passage_key: str) -> Match:
        """How the article, or the section of its passage, meets the stated context."""
        if self.stated.is_empty:
            return Match.GENERAL
        both = (self.stated_matches.get(key), self.stated_matches.get(passage_key))
        return Match.EXACT if Match.EXACT in both else Match.GENERAL


class Ranked(NamedTuple):
    """One result before it is presented."""

    candidate: AuthorizedCandidate
    score: float
    match: Match
    signals: tuple[Signal, ...]
    siblings: tuple[int, ...] = ()
    pinned: bool = False

    @property
    def family_id(self) -> int:
        """The family's id."""
        return self.candidate.facts.family_id


def score(
    candidates: Sequence[AuthorizedCandidate], frame: Frame, extra: Mapping[int, Sequence[Signal]]
) -> list[Ranked]:
    """Add signals and order; every family member is still there (the clarifying question needs them)."""
    scored = [_score(c, frame, extra.get(c.fused.article_id, ())) for c in candidates]
    scored.sort(key=lambda r: (-r.pinned, -r.score, r.candidate.fused.article_id))
    return scored


def keep_one_per_family(scored: Sequence[Ranked], frame: Frame) -> list[Ranked]:
    """The result list: one per family, without what stands far below the best."""
    collapsed = collapse(scored, lambda r: _preference(r, frame))
    return _floor([_with_siblings(c.shown, c.others) if c.others else c.shown for c in collapsed])


def _with_siblings(shown: Ranked, others: Sequence[Ranked]) -> Ranked:
    best = max(shown.score, *(other.score for other in others))
    return shown._replace(score=best, siblings=tuple(other.candidate.fused.article_id for other in others))


def _score(candidate: AuthorizedCandidate, frame: Frame, extra: Sequence[Signal]) -> Ranked:
    fused, facts = candidate.fused, candidate.facts
    match = frame.match(fused.key, fused.passage_key)
    signals: tuple[Signal, ...] = ()
    if frame.with_signals:
        given = (
            exactness(match, not frame.stated.is_empty),
            preference(frame.inferred_matches.get(fused.key)) if frame.inferred_matches else None,
            helpfulness(facts.votes_up, facts.votes_down),
            about(facts.title, frame.identifiers) if fused.has_identifier else None,
        )
        signals = (*filter(None, given), *extra)
    total = fused.score + sum(s.value for s in signals) if signals else fused.score
    return Ranked(candidate, total, match, signals, (), fused.article_id in frame.pinned)


def _preference(ranked: Ranked, frame: Frame) -> tuple[Any, ...]:
    """Stated before inferred; then the narrowest, the newest release, the score."""
    key = ranked.candidate.fused.key
    applicability = frame.applicabilities[key]
    inferred = _ORDER[frame.inferred_matches.get(key)] if not frame.inferred.is_empty else 0
    return (ranked.match is Match.EXACT, inferred, specificity(applicability, frame.stated), ranked.score)


def _floor(ranked: list[Ranked]) -> list[Ranked]:
    if len(ranked) <= _ALWAYS_KEPT:
        return ranked
    floor = max(r.score for r in ranked) * RELATIVE_FLOOR
    return ranked[:_ALWAYS_KEPT] + [r for r in ranked[_ALWAYS_KEPT:] if r.score >= floor]
