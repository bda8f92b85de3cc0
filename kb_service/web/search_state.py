"""What a search page's address says, and the addresses that change one thing about it. Pure.

Invariant: ``SearchState.parse(state.params()) == state``; every link of a results page is made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from kb_service.catalog.context import Context

UNKNOWN_VERSION = "unknown"
"""The visitor said "I don't know my version": nothing is remembered or asked in its place."""
MAX_QUERY = 20_000


@dataclass(frozen=True, slots=True)
class SearchState:
    """The parameters of /search; empty strings are not given."""

    query: str = ""
    product: str = ""
    version: str = ""
    os: str = ""
    topic: str = ""
    type: str = ""
    cursor: str = ""
    verbatim: str = ""

    @classmethod
    def parse(cls, params: Mapping[str, str]) -> SearchState:
        """From query parameters; unknown ones are left out, ``q`` is read as ``query``."""
        values = {field.name: params.get(field.name, "").strip() for field in fields(cls)}
        values["query"] = (values["query"] or params.get("q", "").strip())[:MAX_QUERY]
        return cls(**values)

    @property
    def is_version_unknown(self) -> bool:
        """The visitor chose "I don't know my version"."""
        return self.version == UNKNOWN_VERSION

    @property
    def context(self) -> Context:
        """The stated context as written."""
        version = "" if self.is_version_unknown else self.version
        return Context(self.product or None, version or None, self.os or None)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the words is given."""
        return bool(self.product or self.version or self.os or self.topic or self.type)

    def params(self) -> dict[str, str]:
        """Non-empty parameters in a fixed order."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    def with_(self, **changes: str) -> SearchState:
        """A copy with changes; a change starts the list again, another product drops the version."""
        if "product" in changes and changes["product"] != self.product:
            changes.setdefault("version", "")
        changes.setdefault("cursor", "")
        return replace(self, **changes)

    def url(self, **changes: str) -> str:
        """The address of the results with changes."""
        given = self.with_(**changes).params()
        return f"/search?{urlencode(given)}" if given else "/search"

    def article_url(self, url: str, query_id: str = "") -> str:
        """An article's address that carries the question and the context along."""
        carried = {k: v for k, v in self.params().items() if k in ("product", "version", "os")}
        pairs = {"q": self.query[:500], "from": query_id, **carried}
        given = {key: value for key, value in pairs.items() if value}
        return f"{url}?{urlencode(given)}" if given else url
