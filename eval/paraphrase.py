"""Paraphrases a text by rules: another title, other words, other order, other layout; the same answer. Deterministic.

Written to plant duplicates that a copy-and-paste search would not find. Code, commands and quoted messages stay as they are,
as they do when a person writes an article a second time.
"""

from __future__ import annotations

import random
import re

_WORDS = {
    "issue": "problem", "issues": "problems", "error message": "message", "receive": "get", "receives": "gets",
    "received": "got", "select": "choose", "selects": "chooses", "selected": "chosen", "click": "press", "clicks": "presses",
    "following": "next", "occurs": "happens", "occur": "happen", "occurred": "happened", "because": "since", "however": "but",
    "when": "while", "try to": "want to", "tries to": "wants to", "open": "start", "opens": "starts", "resolve": "solve",
    "resolved": "solved", "fix": "repair", "fixed": "repaired", "cannot": "are unable to", "can't": "are unable to",
    "doesn't": "does not", "don't": "do not", "isn't": "is not", "won't": "will not", "aren't": "are not",
    "verify": "check", "make sure": "ensure", "ensure": "make certain", "delete": "remove", "deleted": "removed",
    "create": "set up", "creates": "sets up", "created": "set up", "displayed": "shown", "appears": "shows up",
    "appear": "show up", "unexpected": "strange", "additionally": "also", "therefore": "so", "organization": "company",
    "users": "people", "user": "person", "message": "mail", "messages": "mails", "configure": "adjust", "configured": "adjusted",
    "configuration": "settings", "contains": "holds", "contain": "hold", "change": "modify", "changed": "modified",
    "install": "put in place", "installed": "present", "workaround": "way around", "method": "way", "methods": "ways",
    "scenario": "situation", "consider": "imagine", "computer": "machine", "document": "file", "documents": "files",
    "information": "details", "specific": "certain", "currently": "at present", "several": "a number of", "start": "launch",
    "attempt": "try", "fails": "does not work", "failed": "did not work", "located": "found", "click on": "press",
    "type": "enter", "right-click": "secondary-click", "using": "by means of", "use": "work with", "may": "might",
    "causes": "leads to", "caused": "brought about", "require": "need", "requires": "needs", "required": "needed",
}  # fmt: skip
_HEADINGS = {
    "symptoms": "What you see", "symptom": "What you see", "problem": "What goes wrong", "cause": "Why it happens",
    "resolution": "What to do", "solution": "What to do", "workaround": "In the meantime", "more information": "Background",
    "summary": "In short", "introduction": "What this is about", "references": "See also",
}  # fmt: skip
_PHRASE = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True)) + r")\b", re.IGNORECASE)
_TITLES = ("How to get rid of this: {}", "{} – what helps", "Help with: {}", "{} (solved)", "What to do about {}")


def paraphrase(title: str, text: str, seed: int) -> tuple[str, str]:
    """Another title and text with the same answer."""
    chance = random.Random(seed)
    return _title(title, chance), _text(text, chance)


def _title(title: str, chance: random.Random) -> str:
    words = _reworded(re.sub(r"[\"“”]", "", title), chance, 0.9)
    halves = re.split(r" (when|while|in|after|for) ", words, maxsplit=1)
    if len(halves) == 3 and chance.random() < 0.6:
        words = f"{halves[1].capitalize()} {halves[2]}: {halves[0][:1].lower()}{halves[0][1:]}"
    return chance.choice(_TITLES).format(words) if chance.random() < 0.7 else words


def _text(text: str, chance: random.Random) -> str:
    blocks = re.split(r"(```.*?```)", text, flags=re.DOTALL)
    return "".join(block if block.startswith("```") else _prose(block, chance) for block in blocks)


def _prose(text: str, chance: random.Random) -> str:
    return "\n\n".join(_paragraph(paragraph, chance) for paragraph in text.split("\n\n"))


def _paragraph(paragraph: str, chance: random.Random) -> str:
    if heading := re.fullmatch(r"(#+) (.+)", paragraph.strip()):
        return f"{heading[1]} {_HEADINGS.get(heading[2].strip().lower(), _reworded(heading[2], chance, 0.8))}"
    if re.match(r"\s*(>|\||`|    )", paragraph):
        return paragraph
    if re.match(r"\s*(\d+\.|[-*]) ", paragraph):
        return "\n".join(_reworded(line, chance, 0.8) for line in paragraph.split("\n"))
    sentences = re.split(r"(?<=[.!?:])\s+", paragraph)
    if len(sentences) > 2 and chance.random() < 0.5:
        at = chance.randrange(len(sentences) - 1)
        sentences[at], sentences[at + 1] = sentences[at + 1], sentences[at]
    if len(sentences) > 3:
        sentences.pop(chance.randrange(len(sentences)))
    return " ".join(_reworded(sentence, chance, 0.8) for sentence in sentences)


def _reworded(text: str, chance: random.Random, share: float) -> str:
    def other(match: re.Match[str]) -> str:
        if chance.random() > share:
            return match[0]
        word = _WORDS[match[0].lower()]
        return word[:1].upper() + word[1:] if match[0][:1].isupper() else word

    kept = re.split(r"(`[^`]*`|\"[^\"]*\"|\*\*[^*]*\*\*)", text)
    return "".join(part if index % 2 else _PHRASE.sub(other, part) for index, part in enumerate(kept))
