"""Reader of a Zendesk Help Center export: the JSON of its API, as one file or as a folder of files.

Invariants: ids, dates, votes and addresses stay; HTML becomes Markdown without scripts; a section with its category
becomes a topic; an image that the export does not hold is named in the report. Source of the shapes:
https://developer.zendesk.com/api-reference/help_center/help-center-api/articles/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from kb_service.articles.inputs import MAX_KEYWORD, MAX_KEYWORDS, ArticleText
from kb_service.errors import InvalidInput
from kb_service.transfer.fields import Fields, kind_of
from kb_service.transfer.line_readers import guarded
from kb_service.transfer.rows import ImportRow, Read, Rejection, RowError, Source, Standing
from kb_service.transfer.zendesk_html import ExportedFiles, heading_anchors, to_markdown

PARTS = ("articles", "sections", "categories", "article_attachments")
_MAX_DEPTH = 8


class ZendeskSource(Source):
    """An export folder (articles, sections, categories and article_attachments .json, attachments/) or one JSON."""

    def files(self) -> list[Path]:
        if self.path.is_file():
            return [self.path]
        return sorted(path for part in PARTS for path in self.path.glob(f"{part}*.json"))

    @cached_property
    def records(self) -> dict[str, list[Any]]:
        """Every list of the export, by its key."""
        found: dict[str, list[Any]] = {part: [] for part in PARTS}
        for path in self.files():
            loaded = _load(path)
            for part in PARTS:
                values = loaded.get(part, [])
                if not isinstance(values, list):
                    raise InvalidInput(f"{path}: {part} is {kind_of(values)}, not a list.")
                found[part] += values
        if not found["articles"] and not self.files():
            raise InvalidInput(f"{self.path} holds no articles.json.")
        return found

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The help centre's own hosts: links to them are links between articles."""
        records = (record for record in self.records["articles"] if isinstance(record, Mapping))
        return frozenset(urlsplit(str(r.get("html_url") or "")).netloc.lower() for r in records) - {""}

    @cached_property
    def attached(self) -> ExportedFiles:
        """The files that came along."""
        folder = self.path if self.path.is_dir() else self.path.parent
        return ExportedFiles(folder / "attachments", self.records["article_attachments"])

    def outline(self) -> Iterable[Read]:
        for line, record in enumerate(self.records["articles"], 1):
            yield _checked(record, line) or guarded(lambda: self._outlined(record, line), line, record)  # noqa: B023

    def rows(self) -> Iterable[Read]:
        for line, record in enumerate(self.records["articles"], 1):
            yield _checked(record, line) or guarded(lambda: self._row(record, line), line, record)  # noqa: B023

    def _outlined(self, record: Mapping[str, Any], line: int) -> ImportRow:
        fields = Fields(record)
        anchors = heading_anchors(fields.text("body"))
        standing = Standing(redirects=_redirects(fields))
        return ImportRow(line, fields.line("id"), ArticleText(""), standing, anchors=anchors)

    def _row(self, record: Mapping[str, Any], line: int) -> ImportRow:
        fields = Fields(record)
        body = to_markdown(fields.text("body"), fields.line("id"), self.attached)
        section = self._topic(record.get("section_id"))
        return ImportRow(
            line=line,
            external_id=fields.line("id"),
            text=self._text(fields, body.text),
            standing=_standing(fields, body.files),
            topics=(section,) if section else (),
            notes=tuple(f"missing file: {name}" for name in body.missing),
            raw=record,
        )

    def _text(self, fields: Fields, body: str) -> ArticleText:
        is_limited = fields.record.get("user_segment_id") is not None
        return ArticleText(
            title=fields.text("title") or fields.line("name"),
            body=body,
            keywords=tuple(label for label in fields.texts("label_names") if len(label) <= MAX_KEYWORD)[:MAX_KEYWORDS],
            audience=("customer",) if is_limited else self.defaults.audience,
            type="howto",
            language=_language(fields.text("locale")),
        )

    def _topic(self, section_id: Any) -> tuple[str, ...]:
        names: list[str] = []
        category = None
        while (
            section_id is not None and len(names) < _MAX_DEPTH - 1 and (section := self._sections.get(str(section_id)))
        ):
            names.insert(0, str(section.get("name") or section_id))
            category, section_id = section.get("category_id", category), section.get("parent_section_id")
        if names and (found := self._categories.get(str(category))):
            names.insert(0, str(found.get("name") or category))
        return tuple(" ".join(name.replace("/", " - ").split()) for name in names)

    @cached_property
    def _sections(self) -> dict[str, Mapping[str, Any]]:
        return _by_id(self.records["sections"])

    @cached_property
    def _categories(self) -> dict[str, Mapping[str, Any]]:
        return _by_id(self.records["categories"])


def _load(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is not JSON: {error}") from None
    if not isinstance(loaded, dict):
        raise InvalidInput(f'{path} holds {kind_of(loaded)}; expected {{"articles": […]}}.')
    return loaded


def _checked(record: Any, line: int) -> Rejection | None:
    return (
        None
        if isinstance(record, Mapping)
        else Rejection(line, "", f"expected an object, found {kind_of(record)}", record)
    )


def _by_id(records: list[Any]) -> dict[str, Mapping[str, Any]]:
    return {str(record.get("id")): record for record in records if isinstance(record, Mapping)}


def _standing(fields: Fields, files: Any) -> Standing:
    up, down = _votes(fields)
    return Standing(
        publish=not fields.record.get("draft"),
        votes_up=up,
        votes_down=down,
        created_at=fields.time("created_at"),
        updated_at=fields.time("edited_at") or fields.time("updated_at"),
        redirects=_redirects(fields),
        attachments=tuple(files),
    )


def _votes(fields: Fields) -> tuple[int, int]:
    """vote_sum is up minus down, vote_count is up plus down."""
    total, balance = fields.record.get("vote_count") or 0, fields.record.get("vote_sum") or 0
    if not isinstance(total, int) or not isinstance(balance, int) or abs(balance) > total:
        raise RowError("vote_sum", "does not fit vote_count")
    return (total + balance) // 2, (total - balance) // 2


def _redirects(fields: Fields) -> tuple[str, ...]:
    """The page's own path, as given and as browsers decode it, and the addresses that name the id only."""
    path = urlsplit(fields.text("html_url")).path
    locale, external_id = fields.text("locale"), fields.line("id")
    short = [f"/hc/{locale}/articles/{external_id}"] if locale else []
    return tuple(dict.fromkeys(p for p in (path, unquote(path), *short, f"/hc/articles/{external_id}") if p))


def _language(locale: str) -> str:
    """en-us → en-US, zh-hant → zh-Hant."""
    first, *rest = re.split(r"[-_]", locale.strip() or "en")
    parts = [part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part for part in rest]
    return "-".join([first.lower(), *parts])
