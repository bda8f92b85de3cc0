"""Text analysis shared by every engine and by the query side.

Invariants: index and query use the same pure functions, so an analysed query term is exactly a term of the index;
nothing here interprets query syntax; a term is never empty and never contains white space. Analysis folds case and
accents, splits at everything that is not a letter or digit, splits camelCase beside the whole word, and stems English
(Snowball "English", Porter 2). Identifiers are found by pattern, lower-cased and never stemmed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import tantivy

MAX_TERM_LENGTH = 60
_MAX_IDENTIFIER_LENGTH = 120

# Query-side only: the index keeps them, so that a title such as "The Who" can still be matched by a phrase.
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "please",
        "so",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "up",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "am",
        "im",
        "s",
        "t",
        "ll",
        "re",
        "ve",
        "d",
        "m",
    ]
)

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CAMEL_WORD = re.compile(r"\b[A-Za-z0-9]*[a-z0-9][A-Z][A-Za-z0-9]*\b|\b[A-Z]{2,}[a-z][A-Za-z0-9]*\b")
_WORD = re.compile(r"[^\W_]+")

# What stands inside an address of the web or of a person is no identifier.
# A local part has 64 characters at most (RFC 5321) and starts where its characters do: a long text without "@" stays linear.
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.[\w.-]+", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_][\w./\\:#-]*[^\W_]|[^\W_]")
_HEX = re.compile(r"0x[0-9a-f]{2,16}\Z", re.IGNORECASE)
_CODE = re.compile(r"[a-z]{1,8}\d{3,}[a-z]?\Z", re.IGNORECASE)  # KB000123, E1234
_HYPHEN_CODE = re.compile(r"[a-z]{1,12}[-_]\d{2,}(?:[-_]\d+)*\Z", re.IGNORECASE)  # ERR-42, CVE-2021-44228
_PART_NUMBER = re.compile(r"(?=[\w-]*[a-z])(?=[\w-]*\d)[a-z0-9]{2,}(?:-[a-z0-9]+)+\Z", re.IGNORECASE)
_SNAKE = re.compile(r"(?=.*[a-z])[a-z0-9]+(?:_[a-z0-9]+)+\Z", re.IGNORECASE)
_DOTTED = re.compile(r"[a-z]\w+(?:\.[a-z]\w*){2,}\Z", re.IGNORECASE)  # java.lang.String
_FILE = re.compile(
    r"[\w-]+\.(?:exe|dll|sys|msi|ini|cfg|conf|config|xml|json|ya?ml|log|ps1|bat|cmd|sh|jar|war|properties|db|sql|edb|ost|pst)\Z",
    re.IGNORECASE,
)
_VERBS = """add backup clear compare complete connect convert copy disable disconnect dismount enable export find format
get grant import install invoke limit merge mount move new optimize publish read register remove rename repair request
reset resolve restart restore resume revoke search select send set show start stop suspend sync test undo uninstall
unlock unpublish unregister update upgrade validate verify wait write"""
_CMDLET = re.compile(rf"(?:{'|'.join(_VERBS.split())})-[a-z][a-z0-9]{{7,}}\Z", re.IGNORECASE)
_CAPITAL_VERBS = "|".join(verb.title() for verb in _VERBS.split())
_CMDLET_CASED = re.compile(
    rf"[A-Z][a-z]+-[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+\Z|(?:{_CAPITAL_VERBS})-[A-Z][A-Za-z]{{4,}}\Z"
)
_NAMES_WITH_NUMBERS = re.compile(
    r"(?:windows|win|version|release|step|part|page|chapter|section|figure|table|office|server|exchange|outlook|sharepoint"
    r"|sql|project|visio|excel|word|access|covid|sha|utf|iso|ipv|mp|h|x|level|phase|build|area|top|room|day|id|no|nr|order)"
    r"[-_]?\d+[a-z]?\Z",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"\d+-[a-z]+(?:-[a-z]+)*\Z|[a-z]+(?:-[a-z]+)*-\d\Z", re.IGNORECASE)  # 30-day, wi-fi-6


def _build_analyzer(*filters: Any) -> Any:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in filters:
        builder = builder.filter(step)
    return builder.build()


_FOLD = (
    tantivy.Filter.remove_long(MAX_TERM_LENGTH),
    tantivy.Filter.lowercase(),
    tantivy.Filter.ascii_fold(),
)
_STEMMING = _build_analyzer(*_FOLD, tantivy.Filter.stemmer("english"))


def clean(text: str) -> str:
    """NFKC without what text engines choke on: a lone surrogate becomes "?", NUL a space."""
    if text.isascii():
        return text.replace("\0", " ")
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
    return unicodedata.normalize("NFKC", text)


def split_camel_case(word: str) -> list[str]:
    """The humps of a word ("FederatedOrganization" → Federated, Organization); one element when it has only one."""
    return _HUMP.sub(" ", word).split()


def _with_humps(match: re.Match[str]) -> str:
    word = match.group()
    parts = split_camel_case(word)
    return " ".join([word, *parts]) if len(parts) > 1 else word


def analyze(text: str) -> list[str]:
    """Terms of ``text`` in order, stop words included; a camelCase word gives itself, then its humps."""
    prepared = _CAMEL_WORD.sub(_with_humps, clean(text).replace("_", " ").replace("’", " "))
    terms: list[str] = _STEMMING.analyze(prepared)
    return terms


def analyze_query(text: str) -> list[str]:
    """``analyze`` without stop words, unless nothing else is left."""
    terms = analyze(text)
    kept = [term for term in terms if term not in STOP_WORDS]
    return kept or terms


def fold(text: str) -> str:
    """Lower case without accents; the length may change."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words(text: str) -> list[tuple[str, int, int]]:
    """Unstemmed folded words with their character range in ``text``: (word, start, end)."""
    found = ((fold(match.group()), match.start(), match.end()) for match in _WORD.finditer(text))
    return [(word, start, end) for word, start, end in found if word and len(word) <= MAX_TERM_LENGTH]


def find_identifiers(text: str) -> list[str]:
    """Error codes, article and part numbers, cmdlet, file and symbol names, lower-cased, in order, each once.

    Plain version numbers, dates and product names with numbers are not identifiers.
    """
    found: dict[str, None] = {}
    for match in _TOKEN.finditer(_ADDRESS.sub(" ", clean(text))):
        for piece in _pieces(match.group()):
            if _is_identifier(piece):
                found.setdefault(fold(piece))
    return list(found)


def _pieces(token: str) -> Iterable[str]:
    """The token, cut at what joins names rather than belongs to one (path and list separators)."""
    return [piece.strip(".:#-_") for piece in re.split(r"[/\\:#]", token)]


@lru_cache(maxsize=65_536)
def _is_identifier(piece: str) -> bool:
    if not 3 <= len(piece) <= _MAX_IDENTIFIER_LENGTH or piece.isdigit():
        return False
    if _HEX.match(piece) or _FILE.match(piece) or _CMDLET.match(piece) or _CMDLET_CASED.match(piece):
        return True
    if _NAMES_WITH_NUMBERS.match(piece) or _ORDINAL.match(piece):
        return False
    if _CODE.match(piece) or _HYPHEN_CODE.match(piece) or _DOTTED.match(piece):
        return True
    if len(piece) >= 5 and _SNAKE.match(piece):
        return True
    if len(piece) >= 7 and _PART_NUMBER.match(piece) and sum(map(str.isdigit, piece)) >= 2:
        return True
    return _is_symbol(piece)


def _is_symbol(piece: str) -> bool:
    """CamelCase with a small beginning (maxConnections), or three humps (NullPointerException)."""
    if not piece.isalnum() or not piece.isascii():
        return False
    humps = split_camel_case(piece)
    return len(humps) >= (2 if piece[0].islower() else 3) and len(piece) >= 9
