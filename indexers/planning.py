"""What the index must do to hold what is wanted. Pure: no engine, no encoder, no clock.

Invariants: a plan that has been applied leaves nothing to plan (a property test holds this); a held version that is
newer than the wanted one, and a tombstone of the same version, are left alone. Only texts in ``Write.new_texts`` have
to go through an encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from indexers.document import IndexedArticle


@dataclass(frozen=True, slots=True)
class Wanted:
    """The state that an article should have in the index: ``article`` at its version, or withdrawn (None)."""

    article_id: int
    index_version: int
    article: IndexedArticle | None


@dataclass(frozen=True, slots=True)
class Write:
    """One article to write whole. ``new_texts``: embedding texts that no vector is known for; none: metadata only."""

    article: IndexedArticle
    new_texts: tuple[str, ...] = ()

    @property
    def is_metadata_only(self) -> bool:
        """Whether the article can be written without encoding anything."""
        return not self.new_texts


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, what to withdraw (article_id, index_version), and which articles need nothing."""

    writes: tuple[Write, ...] = ()
    withdrawals: tuple[tuple[int, int], ...] = ()
    unchanged: tuple[int, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the index already holds everything wanted."""
        return not self.writes and not self.withdrawals


def needs(wanted_version: int, held: int) -> bool:
    """Whether the index must change. Both are signed: positive live, negative withdrawn, ``held`` 0 absent.

    An article that is wanted withdrawn and absent needs nothing: there is nothing to find. A tombstone of the same
    version stands (see ``is_ahead``): no engine would take the article back.
    """
    if held == 0:
        return wanted_version > 0
    if abs(held) == abs(wanted_version):
        return held > 0 > wanted_version
    return abs(held) < abs(wanted_version)


def is_ahead(wanted_version: int, held: int) -> bool:
    """Whether the index holds what the database has not reached (it was restored); only a new generation helps."""
    return abs(held) > abs(wanted_version) or held == -wanted_version < 0


def plan(wanted: Iterable[Wanted], held: Mapping[int, int], is_known: Callable[[str], bool]) -> Plan:
    """The difference between the wanted states and the signed versions held (see Engine.indexed_versions).

    ``is_known`` says whether a vector exists for an embedding text.
    """
    writes: list[Write] = []
    withdrawals: list[tuple[int, int]] = []
    unchanged: list[int] = []
    for state in wanted:
        if not needs(signed_version(state), held.get(state.article_id, 0)):
            unchanged.append(state.article_id)
        elif state.article is None:
            withdrawals.append((state.article_id, state.index_version))
        else:
            writes.append(Write(state.article, tuple(_new_texts(state.article, is_known))))
    return Plan(tuple(writes), tuple(withdrawals), tuple(unchanged))


def signed_version(state: Wanted) -> int:
    """The wanted version as the index counts: negative when the article is to be withdrawn."""
    return state.index_version if state.article is not None else -state.index_version


def _new_texts(article: IndexedArticle, is_known: Callable[[str], bool]) -> Iterator[str]:
    texts = dict.fromkeys(article.embedding_text(passage) for passage in article.passages)
    return (text for text in texts if not is_known(text))


def outdated(wanted: Mapping[int, int], held: Mapping[int, int]) -> Iterator[int]:
    """Articles whose signed wanted version the index lacks, and live ones that nobody wants, in order of their ids."""
    for article_id in sorted(wanted.keys() | held.keys()):
        have = held.get(article_id, 0)
        if article_id not in wanted:
            if have > 0:
                yield article_id
        elif needs(wanted[article_id], have):
            yield article_id


def take(writes: Iterable[Write], passages: int) -> tuple[list[Write], list[Write]]:
    """(now, later): as many writes as need at most ``passages`` new texts together, but one at least.

    Small articles come first, so that a single correction never waits for a manual.
    """
    now: list[Write] = []
    later: list[Write] = []
    left = passages
    for write in sorted(writes, key=lambda item: len(item.new_texts)):
        fits = len(write.new_texts) <= left or not now
        (now if fits else later).append(write)
        left -= len(write.new_texts) if fits else 0
    return now, later
