"""Signals from rooms above search (bookmarks), applied last and with a short rein (pure).

Invariants: the list holds the same results before and after; together such signals add between 0 and CAP to a result;
a result below the floor is not lifted, whoever speaks for it. What does not apply never gets here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kb_service.search.fusion import RELATIVE_FLOOR
from kb_service.search.ranking import Ranked
from kb_service.search.signals import Signal

CAP = 0.05


def lift(results: Sequence[Ranked], extra: Mapping[int, Sequence[Signal]]) -> list[Ranked]:
    """The results, best first, with what others say of them in their signals."""
    if not extra or not results:
        return list(results)
    floor = max(result.score for result in results) * RELATIVE_FLOOR
    lifted = [_lifted(result, extra.get(result.candidate.fused.article_id, ()), floor) for result in results]
    return sorted(lifted, key=lambda result: (-result.pinned, -result.score))


def _lifted(result: Ranked, extra: Sequence[Signal], floor: float) -> Ranked:
    if not extra:
        return result
    left = CAP if result.score >= floor else 0.0
    said = []
    for signal in extra:
        value = max(0.0, min(signal.value, left))
        left -= value
        said.append(Signal(signal.name, value, signal.detail))
    return result._replace(score=result.score + sum(s.value for s in said), signals=(*result.signals, *said))
