"""Files that articles show: kept by their hash, found only by who may read an article that shows them.

Invariants: an article's files are exactly those of its last import; names hold no path; what a browser could run is
never given to it as a page (`disposition`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb_service.articles.access import may_know
from kb_service.articles.models import Article, Attachment
from kb_service.auth.actors import Actor
from kb_service.errors import InvalidInput, NotFound

MAX_ATTACHMENT_BYTES = 20 * 1024 * 1024
MAX_ATTACHMENTS, MAX_NAME = 100, 120
INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}")
_RUNS = re.compile(r"html|xml|javascript|ecmascript|pdf")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\:*?"<>|%#()\[\]\s]+')


class File(Protocol):
    """A file that comes with an article."""

    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def content(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Served:
    """A file as it is sent. ``disposition``: inline for images that cannot run anything, else attachment."""

    content: bytes
    media_type: str
    disposition: str
    is_public: bool


def clean_name(name: str) -> str:
    """A file name without path, control characters or what means something in Markdown or an address."""
    name = _UNSAFE.sub("-", name.strip()).strip(".-") or "file"
    if len(name) <= MAX_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    return stem[: MAX_NAME - len(suffix) - 1] + dot + suffix if dot and len(suffix) < 12 else name[:MAX_NAME]


def attachment_url(sha256: str, name: str) -> str:
    """The address of a file, relative to the site."""
    return f"/attachments/{sha256}/{quote(name)}"


def keep_attachments(session: Session, article_id: int, files: Sequence[File]) -> bool:
    """Make ``files`` the article's files, exactly; whether that changes anything. Raises InvalidInput."""
    wanted = {clean_name(file.name): file for file in files}
    if len(files) > MAX_ATTACHMENTS or len(wanted) < len(files):
        raise InvalidInput(f"At most {MAX_ATTACHMENTS} files, each with a name of its own.", "/attachments")
    for file in files:
        if len(file.content) > MAX_ATTACHMENT_BYTES:
            raise InvalidInput(f"{file.name} has more than {MAX_ATTACHMENT_BYTES // 1024 // 1024} MB.", "/attachments")
    hashes = {name: hashlib.sha256(file.content).hexdigest() for name, file in wanted.items()}
    known = {name: digest for name, digest, _ in list_attachments(session, article_id)}
    if known == hashes:
        return False
    gone = [name for name in known if known[name] != hashes.get(name)]
    session.execute(delete(Attachment).where(Attachment.article_id == article_id, Attachment.name.in_(gone)))
    for name in (name for name in wanted if hashes[name] != known.get(name)):
        session.add(_row(article_id, name, hashes[name], wanted[name]))
    session.flush()
    return True


def _row(article_id: int, name: str, sha256: str, file: File) -> Attachment:
    media_type = file.media_type.split(";")[0].strip().lower()
    safe = media_type if _TYPE.fullmatch(media_type) else "application/octet-stream"
    return Attachment(article_id=article_id, name=name, media_type=safe, sha256=sha256, content=file.content)


def list_attachments(session: Session, article_id: int) -> list[tuple[str, str, str]]:
    """Name, hash and media type of an article's files, by name."""
    columns = select(Attachment.name, Attachment.sha256, Attachment.media_type)
    rows = session.execute(columns.where(Attachment.article_id == article_id).order_by(Attachment.name))
    return [(name, digest, media_type) for name, digest, media_type in rows]


def find_attachment(session: Session, sha256: str, name: str, actor: Actor) -> Served:
    """A file for a reader of some article that shows it. Raises NotFound, whatever the reason."""
    rows = session.execute(
        select(Attachment.id, Article)
        .join(Article, Article.id == Attachment.article_id)
        .where(Attachment.sha256 == sha256, Attachment.name == name)
    )
    readable = [(attachment_id, article) for attachment_id, article in rows if may_know(actor, article)]
    found = session.get(Attachment, readable[0][0]) if readable else None
    if found is None:
        raise NotFound("There is no such file.")
    is_public = any("public" in article.audience for _, article in readable)
    is_shown = found.media_type in INLINE
    media_type = (
        "application/octet-stream" if _RUNS.search(found.media_type) and not _is_svg(found) else found.media_type
    )
    return Served(found.content, media_type, "inline" if is_shown else "attachment", is_public)


def _is_svg(attachment: Attachment) -> bool:
    """Drawings show inside pages as images, where nothing of them runs; opened alone they are downloaded."""
    return attachment.media_type == "image/svg+xml"
