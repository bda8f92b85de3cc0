"""The bench's questions: keywords, sentences and e-mails, each with and without a context.

Invariants: deterministic; a question's ``variant`` differs from all its others by one trailing character, so that no cache of
the served process has seen it, at the cost of at most one token.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from indexers.analysis import STOP_WORDS

KINDS = ("keywords", "sentences", "e-mails")
MARK = "\u2063"
"""Stands in a text where its variants differ: at the end of what is asked, not in what is quoted or signed."""
ENDS = ("", " .", " ?", " !", " ;", " :", " ..", " ??", " !!", " ;;", " ::", " ...")
KEYWORDS = 4
MAIL_BYTES = 2000
SEED = 7


@dataclass(frozen=True, slots=True)
class Question:
    """A text with its context as a caller writes it (empty: none)."""

    kind: str
    text: str
    context: Mapping[str, str]

    def variant(self, number: int) -> str:
        """The text, never asked before under this number and these words."""
        return self.text.replace(MARK, ENDS[number % len(ENDS)])


def make_questions(
    sentences: Sequence[tuple[str, Mapping[str, str]]], titles: Sequence[str], fillers: Sequence[str], per_kind: int
) -> list[Question]:
    """``per_kind`` questions of each kind, half of them with a context, in turn. Sentences come with their contexts."""
    dice = random.Random(SEED)
    chosen = dice.sample(list(sentences), min(per_kind, len(sentences)))
    distinct = list(dict.fromkeys(keywords(title) for title in dice.sample(list(titles), len(titles))))
    contexts = [context for _, context in chosen]
    texts = {
        "keywords": [words + MARK for words in distinct[: len(chosen)]],
        "sentences": [text + MARK for text, _ in chosen],
        "e-mails": [mail(text, fillers, dice) for text, _ in chosen],
    }
    questions = []
    for number in range(len(chosen)):
        for kind in KINDS:
            if number < len(texts[kind]):
                context = contexts[number] if number % 2 else {}
                questions.append(Question(kind, texts[kind][number], context))
    return questions


def keywords(title: str) -> str:
    """At most four words of a title, the telling ones."""
    words = [word for word in re.findall(r"[\w-]+", title) if word.lower() not in STOP_WORDS and len(word) > 2]
    return " ".join(words[:KEYWORDS]) or title


def mail(symptom: str, fillers: Iterable[str], dice: random.Random) -> str:
    """Some 2 kB: greeting, symptom, story, signature, quoted thread."""
    lines = list(fillers)
    head = f"Hello support team,\n\nI hope that you are well. We have a problem since last week.\n\n{symptom}{MARK}\n\n"
    tail = (
        "\n\nCould you please help us soon? Many users are affected.\n\nKind regards,\nJordan Miller\nIT coordinator\n"
        "Example Ltd, 12 Harbour Road\nPhone +44 20 7946 0000\n"
        "This message is confidential and intended for the addressee only.\n\n"
        "On Monday Jordan Miller wrote:\n"
    )
    quoted = ""
    while len(head + tail + quoted) < MAIL_BYTES:
        quoted += f"> {dice.choice(lines)}\n"
    return (head + tail + quoted)[:MAIL_BYTES]
