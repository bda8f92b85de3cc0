"""Several questions in one message: where one ends and the next begins, by rules and by vectors (pure).

A boundary lies between two sentences. The weakest one of a message is where the two sides mean least alike; it is a boundary
between questions when the sides are unlike *and* each alone comes closer to some article than the whole does: what is about one
matter loses by being cut, what is about two gains. Measured on messages made of two symptoms (docs/evaluation.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
Encode = Callable[[list[str]], Vector]
Nearest = Callable[[Vector], float]
"""The cosine of the nearest passage that may be found."""

MAX_QUESTIONS = 4
MAX_SENTENCES = 24
MIN_SENTENCE_WORDS, MIN_SIDE_WORDS, LONGEST_WEIGHT = 4, 6, 30
LIMIT = 0.38
"""Below it (likeness of the sides + GAIN_WEIGHT · what the whole has over them) there are two questions."""
GAIN_WEIGHT = 2.0
CUE_BONUS = 0.1
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n+")
_CUE = re.compile(
    r"^(?:[-*•]|\(?\d{1,2}[.)]\s|also\b|another\b|(?:and )?second(?:ly)?\b|besides\b|in addition\b|additionally\b|furthermore\b"
    r"|moreover\b|one more\b|apart from\b|separately\b|finally\b|next\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Tools:
    """What meaning is read with."""

    encode: Encode
    nearest: Nearest


def sentences(text: str) -> list[str]:
    """The message's sentences; scraps of fewer than four words go with the one before."""
    found: list[str] = []
    for piece in filter(None, (part.strip() for part in _SENTENCE_END.split(text))):
        if found and min(len(piece.split()), len(found[-1].split())) < MIN_SENTENCE_WORDS:
            found[-1] += f" {piece}"
        else:
            found.append(piece)
    return found


def split(text: str, tools: Tools) -> list[str]:
    """The questions of a message in order; a message with one question comes back as it is."""
    pieces = sentences(text)
    if not 2 <= len(pieces) <= MAX_SENTENCES:
        return [text]
    parts = [pieces]
    while len(parts) < MAX_QUESTIONS:
        cuts = [(at, cut) for at, part in enumerate(parts) if (cut := _boundary(part, tools)) is not None]
        if not cuts:
            break
        at, cut = cuts[0]
        parts[at : at + 1] = [parts[at][:cut], parts[at][cut:]]
    return [text] if len(parts) == 1 else [" ".join(part) for part in parts]


def _boundary(pieces: Sequence[str], tools: Tools) -> int | None:
    """Where these sentences fall into two questions, if they do."""
    cut = _weakest(pieces, tools.encode) if len(pieces) > 1 else None
    if cut is None:
        return None
    texts = [" ".join(pieces[:cut]), " ".join(pieces[cut:]), " ".join(pieces)]
    left, right, whole = _unit(tools.encode(texts))
    gain = tools.nearest(whole) - (tools.nearest(left) + tools.nearest(right)) / 2
    limit = LIMIT + (CUE_BONUS if _CUE.match(pieces[cut]) else 0.0)
    return cut if float(left @ right) + GAIN_WEIGHT * gain < limit else None


def _weakest(pieces: Sequence[str], encode: Encode) -> int | None:
    """The boundary whose two sides mean least alike; each side says something."""
    lengths = np.array([min(len(piece.split()), LONGEST_WEIGHT) for piece in pieces], dtype=np.float32)
    weighted = encode(list(pieces)) * lengths[:, None]
    sums, words = np.cumsum(weighted, axis=0), np.cumsum(lengths)
    allowed = [at for at in range(1, len(pieces)) if words[at - 1] >= MIN_SIDE_WORDS <= words[-1] - words[at - 1]]
    if not allowed:
        return None
    likeness = [float(_unit(sums[at - 1]) @ _unit(sums[-1] - sums[at - 1])) for at in allowed]
    return allowed[int(np.argmin(likeness))]


def _unit(vectors: Vector) -> Vector:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
