"""From the user's text to an analysed query. User text never reaches a query parser.

A message's wrapping is removed, identifiers are found, and what remains is analysed to at most 64 weighted terms:
identifiers first, then by inverse document frequency. Approved synonyms add terms at a lower weight.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from indexers.analysis import analyze_query, find_identifiers
from indexers.engine import LexicalQuery, Snapshot, WeightedTerm
from kb_service.errors import InvalidInput, TooLarge
from kb_service.search.message import strip_wrapping

MAX_QUERY_BYTES = 64_000
MAX_ANALYSED_CHARACTERS = 24_000
MAX_TERMS = 64
SYNONYM_WEIGHT = 0.5
LONG_TERMS = 10
"""From this many terms on a question is a description: measured, titles then say most (see docs/evaluation.md)."""
TITLE_WEIGHT_SHORT, TITLE_WEIGHT_LONG = 1.0, 3.0
MENTIONED_WEIGHT = 0.33
"""Of a name mentioned in a long text (a cmdlet, a file), against a code that was asked for."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Understood:
    """A question as searched. ``text`` goes to the encoder, ``lexical`` to the words' retriever."""

    original: str
    text: str
    terms: tuple[str, ...]
    identifiers: tuple[str, ...]
    lexical: LexicalQuery
    is_long: bool = False
    """A description, not a few words."""

    @property
    def is_empty(self) -> bool:
        """Nothing to search for: browse instead."""
        return not self.text


def read_text(raw: str, pointer: str = "/query") -> str:
    """The query as text: control characters become spaces; too large is an error that says so."""
    if len(raw.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
        raise TooLarge(f"A question may have {MAX_QUERY_BYTES // 1000} kB at most; send the part that asks.")
    text = _CONTROL.sub(" ", raw).strip()
    if raw.strip() and not text:
        raise InvalidInput("The question holds no readable text.", pointer)
    return text


def understand(text: str, snapshot: Snapshot, synonyms: Mapping[str, Sequence[str]]) -> Understood:
    """Analyse a question against one snapshot of the index."""
    asked = strip_wrapping(text)[:MAX_ANALYSED_CHARACTERS]
    identifiers = tuple(dict.fromkeys(find_identifiers(asked)))
    sequence = analyze_query(asked)
    counts = Counter(sequence)
    weights = _weigh(counts, snapshot)
    chosen = _choose(weights, MAX_TERMS - len(identifiers[:MAX_TERMS]))
    extra = expand(chosen, sequence, synonyms) if synonyms else {}
    is_long = len(counts) >= LONG_TERMS
    terms = [_identifier(i, is_long) for i in identifiers[:MAX_TERMS]]
    terms += [WeightedTerm(t, w) for t, w in [*chosen.items(), *extra.items()]][: MAX_TERMS - len(terms)]
    title_weight = TITLE_WEIGHT_LONG if is_long else TITLE_WEIGHT_SHORT
    lexical = LexicalQuery(tuple(terms), title_weight=title_weight)
    return Understood(text, asked, tuple(chosen), identifiers, lexical, is_long)


def _identifier(name: str, is_long: bool) -> WeightedTerm:
    """A code (it has a digit) is always what was asked for; a mere name only where little else was said."""
    is_decisive = not is_long or any(character.isdigit() for character in name)
    return WeightedTerm(name, 1.0 if is_decisive else MENTIONED_WEIGHT, is_identifier=True, is_decisive=is_decisive)


def _weigh(counts: Mapping[str, int], snapshot: Snapshot) -> dict[str, tuple[float, float]]:
    """Term → (importance for choosing, weight in the query): idf times a saturated count."""
    if len(counts) <= MAX_TERMS:
        return {term: (1.0, _saturate(n)) for term, n in counts.items()}
    frequencies = snapshot.term_statistics(list(counts))
    total = snapshot.passage_count() + 1
    return {
        term: (
            math.log(1 + total / (1 + frequencies.get(term, 0))) * _saturate(n) * bool(frequencies.get(term)),
            _saturate(n),
        )
        for term, n in counts.items()
    }


def _saturate(count: int) -> float:
    return 1.0 if count == 1 else 1.0 + math.log(count) / 2


def _choose(weights: Mapping[str, tuple[float, float]], limit: int) -> dict[str, float]:
    ranked = sorted(weights.items(), key=lambda item: -item[1][0])[: max(0, limit)]
    return {term: weight for term, (_, weight) in ranked}


def expand(
    chosen: Mapping[str, float], sequence: Sequence[str], synonyms: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Terms that approved synonyms add; one of several words counts where the words stand together in the question."""
    found: dict[str, float] = {}
    whole = f" {' '.join(sequence)} "
    for phrase, others in synonyms.items():
        is_asked = f" {phrase} " in whole if " " in phrase else phrase in chosen
        for other in others if is_asked else ():
            if other not in chosen:
                found[other] = max(found.get(other, 0.0), SYNONYM_WEIGHT * chosen.get(phrase, 1.0))
    return found


def correct(text: str, vocabulary: Mapping[str, int], nearest: Callable[[str], str | None]) -> str | None:
    """The text with unknown words replaced by the nearest known ones; None when nothing would change.

    Identifiers, numbers and short words are never touched.
    """
    protected = {i.lower() for i in find_identifiers(text)}

    def replace(match: re.Match[str]) -> str:
        word = match.group()
        folded = word.lower()
        if len(word) < 4 or folded in vocabulary or folded in protected or any(c.isdigit() for c in word):
            return word
        return nearest(folded) or word

    corrected = re.sub(r"[^\W_]+", replace, text)
    return corrected if corrected != text else None
