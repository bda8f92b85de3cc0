"""Links between imported articles: old addresses, relative .md links and ids become ``kb:<external id>``. Pure.

Invariants: only what leads to an article of the same import changes; code stays as it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

_CODE = re.compile(
    r"(^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\2[`~]*[ \t]*$|\Z)|(`+)(?!`).+?(?<!`)\3(?!`))", re.DOTALL | re.MULTILINE
)
_LINK = re.compile(
    r"(?P<before>(?<!!)(?:\[(?:[^\[\]]|\[[^\]]*\])*)\]\(\s*<?)(?P<target>[^\s<>()]+(?:\([^\s()]*\)[^\s<>()]*)*)"
)
_DEFINITION = re.compile(r"^(?P<before> {0,3}\[[^\]]+\]:\s*<?)(?P<target>[^\s<>]+)", re.MULTILINE)
_HREF = re.compile(r"(?P<before><a\s[^>]*?href\s*=\s*[\"'])(?P<target>[^\"']+)", re.IGNORECASE)
_ZENDESK = re.compile(r"/hc/(?:[a-zA-Z-]+/)?articles/(\d+)")


class LinkIndex:
    """Addresses of one source's articles → external ids. ``hosts``: whose absolute addresses are ours."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self._addresses: dict[str, str] = {}
        self.hosts: set[str] = set()
        self._anchors: dict[tuple[str, str], str] = {}

    def add(
        self, external_id: str, addresses: tuple[str, ...], anchors: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Learn an article. The first one keeps an address. ``anchors``: its old places → its headings' ids now."""
        self.ids.add(external_id)
        self._anchors.update({(external_id, old): new for old, new in anchors.items()})
        for address in addresses:
            if address:
                self._addresses.setdefault(_normal(address), external_id)

    def rewrite(self, text: str, address: str = "") -> str:
        """The Markdown with links to known articles as ``kb:`` links. ``address``: where the text itself stands."""
        if "](" not in text and "]:" not in text and "href" not in text:
            return text

        def replaced(match: re.Match[str]) -> str:
            found = self.find(match["target"], address)
            place = self._place(found, match["target"]) if found else ""
            return match["before"] + (f"kb:{found}{place}" if found else match["target"])

        return _outside_code(
            text, lambda part: _HREF.sub(replaced, _DEFINITION.sub(replaced, _LINK.sub(replaced, part)))
        )

    def _place(self, external_id: str, target: str) -> str:
        """The "#place" of a link, by the name that the article gives it now."""
        place = target.partition("#")[2]
        return f"#{self._anchors.get((external_id, place), place)}" if place else ""

    def find(self, target: str, address: str = "") -> str | None:
        """The external id of the article that a link's target leads to."""
        try:
            parts = urlsplit(target)
        except ValueError:
            return None
        if parts.scheme == "kb" or (not parts.path and not parts.netloc):
            return None
        if parts.scheme not in ("", "http", "https") or (parts.netloc and parts.netloc.lower() not in self.hosts):
            return None
        path = unquote(parts.path)
        if not parts.netloc and not path.startswith("/"):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(address), path)) if address else path
        return self._at(path)

    def _at(self, path: str) -> str | None:
        if match := _ZENDESK.match(path):
            return match[1] if match[1] in self.ids else None
        found = self._addresses.get(_normal(path))
        return found if found and _is_usable(found) else None


def _normal(path: str) -> str:
    return path.strip().rstrip("/").lower() or "/"


def _is_usable(external_id: str) -> bool:
    return not re.search(r"[\s()<>#]", external_id)


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    pieces: list[str] = []
    position = 0
    for match in _CODE.finditer(text):
        pieces += [change(text[position : match.start()]), match[0]]
        position = match.end()
    return "".join([*pieces, change(text[position:])])
