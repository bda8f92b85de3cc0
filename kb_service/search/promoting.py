"""Pinned articles that neither retriever brought, as checked candidates (pure).

Invariant: a pin lifts nothing over a filter: what is not for the stated context, or is in another language, of another type
or topic, stays out; so does what the reader may not see.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from indexers.engine import Filter
from kb_service.search.checking import ArticleFacts, AuthorizedCandidate
from kb_service.search.fusion import Fused


def promoted(
    pinned: Sequence[int],
    passed: Sequence[AuthorizedCandidate],
    facts: Mapping[int, ArticleFacts],
    filter: Filter,
    known_keys: Collection[str],
) -> list[AuthorizedCandidate]:
    """Candidates for the pinned articles that are not among ``passed``. ``known_keys``: those that the index holds."""
    present = {candidate.fused.article_id for candidate in passed} if pinned else set()
    wanted = [facts[article] for article in pinned if article in facts and article not in present]
    return [_candidate(one) for one in wanted if one.key in known_keys and admits(filter, one)]


def admits(filter: Filter, facts: ArticleFacts) -> bool:
    """Whether the filter lets an article pass."""
    return not facts.audience.isdisjoint(filter.audiences) and not refusals(filter, facts)


def refusals(filter: Filter, facts: ArticleFacts) -> list[str]:
    """The parts of the filter that keep an article out, the audience aside."""
    checks = (
        ("context", filter.keys is None or facts.key in filter.keys),
        ("language", filter.language is None or facts.language == filter.language),
        ("type", filter.types is None or facts.type in filter.types),
        ("topic", filter.topics is None or any(_is_under(topic, filter.topics) for topic in facts.topics)),
    )
    return [name for name, passes in checks if not passes]


def _is_under(topic: str, wanted: Collection[str]) -> bool:
    return any(topic == one or topic.startswith(f"{one}/") for one in wanted)


def _candidate(facts: ArticleFacts) -> AuthorizedCandidate:
    fused = Fused(
        facts.article_id, facts.family_id, facts.revision, 0, facts.key, None, facts.key,
        0.0, None, None, None, None, False,
    )  # fmt: skip
    return AuthorizedCandidate(fused, facts)
