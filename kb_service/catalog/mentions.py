"""Which product, version and operating system a free text speaks of. Pure.

Invariants: what is found is only ever *inferred*; two different products (or unrelated systems) in one
text say nothing, so that axis stays open; a version counts only beside its product or after "version".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kb_service.catalog.context import Context
from kb_service.catalog.names import Mention, Names
from kb_service.text import words_of

MAX_WORDS = 400
_VERSION_WORDS = frozenset({"version", "ver", "v", "release", "rel"})
_NUMBER = re.compile(r"v?[0-9][0-9a-z.]*")
_SUFFIX = re.compile(r"(?:sp|cu|ru|r|update|patch)[0-9]{1,3}")

ReadVersion = Callable[[str, str], str | None]
"""(product slug, words) → the version that they name, None when they name none."""


def find_mentions(text: str, products: Names, systems: Names, read_version: ReadVersion) -> Context:
    """The context that ``text`` speaks of; empty where it says nothing or contradicts itself."""
    words = words_of(text)[:MAX_WORDS]
    found_products, found_systems = products.find(words), systems.find(words)
    product = _only({mention.target for mention in found_products})
    version = None
    if product:
        ends = [mention.end for mention in found_products]
        version = _version(words, ends, found_systems, lambda phrase: read_version(product, phrase))
    return Context(product, version, _deepest({mention.target for mention in found_systems}))


def _only(targets: set[str]) -> str | None:
    return next(iter(targets)) if len(targets) == 1 else None


def _deepest(paths: set[str]) -> str | None:
    """The one node that all the others stand above."""
    if not paths:
        return None
    deepest = max(paths, key=lambda path: (path.count("/"), path))
    return deepest if all(deepest == path or deepest.startswith(path + "/") for path in paths) else None


def _version(
    words: Sequence[str], ends: list[int], taken: list[Mention], read: Callable[[str], str | None]
) -> str | None:
    after_words = [i + 1 for i, word in enumerate(words) if word in _VERSION_WORDS]
    for start in (*ends, *after_words):
        while start < len(words) and words[start] in _VERSION_WORDS:
            start += 1
        if any(mention.start <= start < mention.end for mention in taken):
            continue
        if version := _version_at(words, start, read):
            return version
    return None


def _version_at(words: Sequence[str], start: int, read: Callable[[str], str | None]) -> str | None:
    """The longest version that begins at ``start``: "2019 cu14", "subscription edition", "10.2"."""
    for length in (3, 2, 1):
        phrase = words[start : start + length]
        is_readable = len(phrase) == length and (_is_numbered(phrase) or not _NUMBER.fullmatch(phrase[0]))
        if is_readable and (version := read(" ".join(phrase))):
            return version
    return None


def _is_numbered(phrase: Sequence[str]) -> bool:
    return bool(_NUMBER.fullmatch(phrase[0])) and all(_SUFFIX.fullmatch(word) for word in phrase[1:])
