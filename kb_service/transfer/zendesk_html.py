"""A help centre's HTML as Markdown, with the files that it shows.

Invariants: nothing that runs survives; a file is only read from inside the export's attachments folder; an image or
file that the export does not hold is told, and its words stay.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from kb_service.articles.attachments import MAX_ATTACHMENT_BYTES, attachment_url, clean_name
from kb_service.articles.markdown import Anchors
from kb_service.transfer.fields import media_type_of
from kb_service.transfer.rows import AttachedFile

_ADDRESS = re.compile(r"/(?:hc/(?:[a-zA-Z-]+/)?)?article_attachments/(?:token/)?(\d+)(?:/([^/?#]+))?")
_HEADING = re.compile(r"^h[1-6]$")
_UNWANTED = ["script", "style", "iframe", "object", "embed", "noscript", "template", "form"]


@dataclass
class Converted:
    """A body as Markdown, the files that it shows and the addresses of those that are missing."""

    text: str = ""
    files: list[AttachedFile] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class ExportedFiles:
    """The attachments folder of an export: by id and name, as export tools lay it out."""

    def __init__(self, folder: Path, records: list[Any]) -> None:
        self.folder = folder
        self._names: dict[str, str] = {}
        self._types: dict[str, str] = {}
        for record in records:
            if isinstance(record, Mapping) and record.get("id") is not None:
                attachment_id = str(record["id"])
                self._names[attachment_id] = str(record.get("file_name") or record.get("display_file_name") or "")
                self._types[attachment_id] = str(record.get("content_type") or "")

    def find(self, address: str, article_id: str) -> AttachedFile | None:
        """The file behind an address in a body."""
        path = unquote(urlsplit(address).path)
        match = _ADDRESS.search(path)
        attachment_id = match[1] if match else ""
        name = self._names.get(attachment_id) or (match[2] if match and match[2] else PurePosixPath(path).name)
        return self._read(attachment_id, PurePosixPath(name.replace("\\", "/")).name, article_id)

    def _read(self, attachment_id: str, name: str, article_id: str) -> AttachedFile | None:
        candidates = [name, f"{article_id}/{name}"] if name else []
        if attachment_id:
            named = [f"{attachment_id}{joint}{name}" for joint in "/-_"] if name else []
            candidates = [*named, f"{attachment_id}{PurePosixPath(name).suffix}", attachment_id, *candidates]
        for candidate in candidates:
            path = (self.folder / candidate).resolve()
            if (
                path.is_relative_to(self.folder.resolve())
                and path.is_file()
                and path.stat().st_size <= MAX_ATTACHMENT_BYTES
            ):
                shown = clean_name(name or path.name)
                return AttachedFile(shown, self._types.get(attachment_id) or media_type_of(shown), path.read_bytes())
        return None


def to_markdown(html: str, article_id: str, exported: ExportedFiles) -> Converted:
    """A body's HTML as Markdown."""
    soup = BeautifulSoup(html, "html.parser")
    anchors = heading_anchors(html)
    for tag in soup(_UNWANTED):
        tag.decompose()
    for tag in soup("a", href=re.compile("^#.")):
        tag["href"] = "#" + anchors.get(str(tag["href"])[1:], str(tag["href"])[1:])
    found = Converted()
    taken: dict[str, str] = {}
    for tag in soup("img"):
        _take(tag, "src", article_id, exported, found, taken)
    for tag in soup("a", href=_ADDRESS):
        _take(tag, "href", article_id, exported, found, taken)
    markdown: str = MarkdownConverter(heading_style="atx", bullets="-", escape_misc=False).convert_soup(soup)
    found.text = re.sub(r"\n{3,}", "\n\n", markdown).strip()
    return found


def heading_anchors(html: str) -> dict[str, str]:
    """Names that links give to headings (their ids, and those of anchors within them) → the ids that they get here."""
    if " id=" not in html and " name=" not in html:
        return {}
    given, found = Anchors(), dict[str, str]()
    for heading in BeautifulSoup(html, "html.parser")(_HEADING):
        words = " ".join(heading.get_text().split())
        if not words:
            continue
        anchor = given.take(words)
        names = (tag.get(name) for tag in (heading, *heading("a")) for name in ("id", "name"))
        found.update({str(name): anchor for name in names if name})
    return found


def _take(
    tag: Tag, attribute: str, article_id: str, exported: ExportedFiles, found: Converted, taken: dict[str, str]
) -> None:
    address = str(tag.get(attribute) or "")
    file = exported.find(address, article_id) if address else None
    if file is None:
        if not address.startswith("data:"):
            found.missing.append(f"{address} (article {article_id})")
        tag.replace_with(str(tag.get("alt") or "") if attribute == "src" else tag.get_text())
        return
    digest = hashlib.sha256(file.content).hexdigest()
    if digest not in taken:
        name = _free_name(file.name, {other.name for other in found.files})
        taken[digest] = name
        found.files.append(AttachedFile(name, file.media_type, file.content))
    tag[attribute] = attachment_url(digest, taken[digest])


def _free_name(name: str, used: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    count, free = 1, name
    while free in used:
        count += 1
        free = f"{stem}-{count}.{suffix}" if dot else f"{name}-{count}"
    return free
