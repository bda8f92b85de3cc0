"""One version of a product: how it is read, ordered and written. Pure; `versions` gathers them into sets.

Invariants:
- A version names itself and everything beneath it: 7.4 is the interval 7.4.*, its own pre-releases included. A cut is a
  tuple of parts; tuples compare as Python compares them; intervals are half-open [cut, cut).
- Beneath one number: pre-releases < the number itself < words (SP1, CU14, R2, H2) < further numbers. Numbers are ints,
  and zeros that end a run of numbers do not move a cut (12 and 12.0 begin at the same place).
- Named versions ("Subscription Edition", and "365" where the catalogue names it) are equal or not, never ordered. The
  canonical text of a set quotes them, so it reads back without the catalogue.
- The text of a version reads back as the same version.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, total_ordering

MAX_PARTS, MAX_DIGITS, MAX_NAME = 32, 18, 200
NO_NAMES: frozenset[str] = frozenset()

Part = tuple[int, int, str]
Cut = tuple[Part, ...]

_END_KIND, _WORD, NUMBER, PRE_NUMBER, PRE_WORD = 1, 2, 3, 4, 5
PRE: Part = (0, 0, "")
_END: Part = (_END_KIND, 0, "")
ZERO: Part = (NUMBER, 0, "")
LAST: Part = (9, 0, "")

_PHRASES = {"service pack": "sp", "cumulative update": "cu", "release candidate": "rc"}
_PRE_WORDS = frozenset(["dev", "alpha", "beta", "preview", "pre", "rc", "snapshot", "nightly", "canary"])
_AFTER_WORDS = frozenset(
    [
        "sp",
        "cu",
        "ru",
        "su",
        "r",
        "update",
        "patch",
        "build",
        "hotfix",
        "hf",
        "fp",
        "service",
        "cumulative",
        "post",
        "final",
        "ga",
    ]
)
# Words by which people write ranges: read as parts of a version they would silently mean something else.
_PROSE = frozenset(
    [
        "or",
        "and",
        "to",
        "through",
        "thru",
        "until",
        "till",
        "up",
        "later",
        "newer",
        "higher",
        "earlier",
        "older",
        "lower",
        "above",
        "below",
        "before",
        "after",
        "since",
        "from",
        "not",
        "except",
        "all",
        "any",
        "every",
    ]
)
V_PREFIX = re.compile(r"v(?:er(?:sion)?)?\.?\s*(?=[0-9])", re.IGNORECASE)
_TOKEN = re.compile(
    r"(?P<number>[0-9]+)"
    r"|(?P<word>service[\s._+-]+pack|cumulative[\s._+-]+update|release[\s._+-]+candidate|[a-z]+)"
    r"|(?P<separator>\s*[._+-]\s*|\s+)",
    re.IGNORECASE,
)


class MalformedVersions(ValueError):
    """A range of versions that cannot be read: `text`, the 0-based `position` of the offending place, the `reason`."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(f"{reason} (at character {position + 1} of {text[:MAX_NAME]!r})")
        self.text, self.position, self.reason = text, position, reason

    def pointer(self) -> str:
        """Two lines: the text, and a caret under the offending place."""
        return re.sub(r"\s", " ", self.text) + "\n" + " " * self.position + "^"


class MalformedVersion(MalformedVersions):
    """A single version that cannot be read."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """One version: [`low`, `high`) is itself and everything beneath. A named version has no parts and no order."""

    text: str
    parts: Cut = ()
    low: Cut = field(default=(), compare=False, repr=False)
    high: Cut = field(default=(), compare=False, repr=False)

    @property
    def is_named(self) -> bool:
        return not self.parts

    def __lt__(self, other: Version) -> bool:
        """Natural order, pre-releases before their number. TypeError where one of the two is named."""
        if not isinstance(other, Version) or self.is_named or other.is_named:
            return NotImplemented
        return ((*self.low, _END), self.parts) < ((*other.low, _END), other.parts)

    def __str__(self) -> str:
        return self.text


def parse_version(text: str, named: frozenset[str] = NO_NAMES) -> Version:
    """Reads one version. `named`: versions that the catalogue names although they start with a digit ("365").

    Raises MalformedVersion with the place.
    """
    return _parse_version(text, _normal_names(named))


@lru_cache(maxsize=4096)
def _parse_version(text: str, named: frozenset[str]) -> Version:
    start = len(text) - len(text.lstrip())
    bare = text.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        return _name(text, start + 1, bare[1:-1])
    if _normal(bare) in named:
        return _name(text, start, bare)
    if match := V_PREFIX.match(bare):
        start, bare = start + match.end(), bare[match.end() :]
    if not bare or not (bare[0].isalpha() or bare[0] in "0123456789"):
        raise MalformedVersion(text, start, "a version starts with a digit or a letter")
    if bare[0].isalpha():
        return _unquoted_name(text, start, bare)
    return _numbered(_read_parts(text, start, re.sub(r"\.[x*]$", "", bare, flags=re.IGNORECASE)))


def _normal(name: str) -> str:
    return " ".join(name.lower().split())


@lru_cache(maxsize=256)
def _normal_names(named: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_normal, named))


def _name(text: str, start: int, name: str) -> Version:
    normal = _normal(name)
    if not normal or len(normal) > MAX_NAME:
        raise MalformedVersion(text, start, f"a name has 1 to {MAX_NAME} characters")
    if '"' in normal:
        raise MalformedVersion(text, start + name.index('"'), "a name contains no quotation mark")
    return Version(normal)


def _unquoted_name(text: str, start: int, name: str) -> Version:
    if match := re.search(r'[,|<>="*]', name):
        raise MalformedVersion(text, start + match.start(), f"a name contains no {match.group()}")
    if _normal(name).split()[0] in _PROSE:
        raise MalformedVersion(text, start, 'write ranges with >=, >, <, <=, ||, "10.2 - 10.6" or *')
    return _name(text, start, name)


def _numbered(parts: Cut) -> Version:
    return Version(text_of(parts), parts, strip_zeros(parts), after(parts))


def _read_parts(text: str, start: int, bare: str) -> Cut:
    """The parts of a version that starts with a digit; `start` is where `bare` lies in `text` (for the error's place)."""
    parts: list[Part] = []
    position, separator, is_pre = 0, "", False
    while position < len(bare):
        match = _TOKEN.match(bare, position)
        if match is None:
            raise MalformedVersion(text, start + position, f"unexpected {bare[position]!r} in a version")
        token = match.group().lower()
        if match.lastgroup == "separator":
            if separator:
                raise MalformedVersion(text, start + position, "a number or a word is missing here")
            separator = token.strip() or " "
        else:
            _refuse_token(text, start + position, token, len(parts))
            word = _PHRASES.get(" ".join(re.split(r"[\s._+-]+", token)), token)
            if not is_pre and _begins_pre_release(parts, separator, word):
                is_pre = True
                parts = [*strip_zeros(parts), PRE]
            parts = _append(parts, word, is_pre)
            separator = ""
        position = match.end()
    if separator:
        raise MalformedVersion(text, start + len(bare) - 1, "a version ends with a number or a word; and later: >=")
    return tuple(parts)


def _refuse_token(text: str, position: int, token: str, count: int) -> None:
    if token in _PROSE:
        raise MalformedVersion(text, position, 'write ranges with >=, >, <, <=, || or "10.2 - 10.6"')
    if token.isdigit() and len(token) > MAX_DIGITS:
        raise MalformedVersion(text, position, f"a number has at most {MAX_DIGITS} digits")
    if count >= MAX_PARTS or len(token) > MAX_NAME:
        raise MalformedVersion(text, position, f"a version has at most {MAX_PARTS} parts")


def _begins_pre_release(parts: list[Part], separator: str, word: str) -> bool:
    """As in semver: -anything, but -SP1 is a service pack, and -number needs three numbers before it (2024-01 is a date)."""
    if word.isdigit():
        return separator == "-" and len(parts) >= 3 and all(kind == NUMBER for kind, _, _ in parts)
    return word in _PRE_WORDS or (separator == "-" and word not in _AFTER_WORDS)


def _append(parts: list[Part], word: str, is_pre: bool) -> list[Part]:
    if word.isdigit():
        return [*parts, (PRE_NUMBER if is_pre else NUMBER, int(word), "")]
    if is_pre:
        return [*parts, (PRE_WORD, 0 if word == "dev" else 1, word)]
    return [*strip_zeros(parts), (_WORD, 0, word)]


def strip_zeros(parts: Sequence[Part]) -> Cut:
    """Without the zeros that end a run of numbers: 12 and 12.0 begin before the same first pre-release."""
    end = len(parts)
    while end and parts[end - 1] == ZERO and (end == 1 or parts[end - 2][0] == NUMBER):
        end -= 1
    return tuple(parts[:end])


def after(parts: Cut) -> Cut:
    """The cut behind a version and everything beneath it."""
    kind, number, _ = parts[-1]
    if kind in (NUMBER, PRE_NUMBER):
        return (*parts[:-1], (kind, number + 1, ""))
    return (*parts, LAST)


def text_of(parts: Cut) -> str:
    """A text that reads back as these parts; what was stripped is put back where the grammar needs it."""
    if not parts or parts[0][0] != NUMBER:
        parts = (ZERO, *parts)
    if PRE in parts and parts[parts.index(PRE) + 1][0] == PRE_NUMBER:
        mark = parts.index(PRE)
        parts = parts[:mark] + (ZERO,) * (3 - mark) + parts[mark:]
    text, before = "", -1
    for kind, number, word in parts:
        text += _joint(before, kind, word) + (word if kind in (_WORD, PRE_WORD) else "" if kind == 0 else str(number))
        before = kind
    return text


def _joint(before: int, kind: int, word: str) -> str:
    if before in (-1, 0):
        return "" if before == -1 else "-"
    if kind == _WORD:
        return " " if before == _WORD or word in _AFTER_WORDS else ""
    if kind == NUMBER:
        return "." if before == NUMBER else ""
    return {PRE_NUMBER: ".", PRE_WORD: "-"}.get(kind, "")
