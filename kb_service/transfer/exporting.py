"""export_articles: articles and the catalogue as JSON Lines that import back to the same.

Invariants: the first line is the catalogue, then one article a line, by source and external id; an article made here
gets the external id "kb-000123", and links name external ids, so that nothing depends on another database's numbers.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.articles.inputs import TEXT_FIELDS
from kb_service.articles.models import ApplicabilityRow, Article, Attachment, Family, Redirect, Revision
from kb_service.catalog.context import Applicability
from kb_service.catalog.entries import NodeEntry, ProductEntry
from kb_service.catalog.repository import load_catalog
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.session import Database
from kb_service.transfer.importing import Progress

OWN_SOURCE = "kb"
CHUNK = 200
_LINK = re.compile(r"\bkb:(KB0*[1-9][0-9]*)", re.IGNORECASE)


@dataclass(frozen=True)
class ExportOptions:
    """``audiences`` empty: every article; else those whose readers are among them."""

    audiences: tuple[str, ...] = ()
    include_drafts: bool = False


def export_articles(
    database: Database, path: Path, options: ExportOptions = ExportOptions(), progress: Progress | None = None
) -> int:
    """Write the file (complete or not at all); returns how many articles it holds."""
    partial = path.with_name(path.name + ".partial")
    with database.reading() as session, partial.open("w", encoding="utf-8", newline="\n") as file:
        wanted = _wanted(session, options)
        file.write(_line({"catalog": catalog_record(load_catalog(session))}))
        for count, record in enumerate(_records(session, wanted), 1):
            file.write(_line(record))
            if progress and (count % CHUNK == 0 or count == len(wanted)):
                progress("exporting", count, len(wanted))
    partial.replace(path)
    return len(wanted)


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(", ", ": ")) + "\n"


def _wanted(session: Session, options: ExportOptions) -> list[int]:
    columns = select(Article.id, Article.audience, Article.published_revision_id, Article.source, Article.external_id)
    rows = session.execute(columns.where(Article.archived_at.is_(None))).all()
    readers = set(options.audiences)
    kept = [
        (source or OWN_SOURCE, external_id or _own_id(article_id), article_id)
        for article_id, audience, published, source, external_id in rows
        if (published or options.include_drafts) and (not readers or readers & set(audience))
    ]
    return [article_id for _, _, article_id in sorted(kept)]


def _own_id(article_id: int) -> str:
    return f"kb-{article_id:06d}"


def _records(session: Session, wanted: Sequence[int]) -> Iterator[dict[str, Any]]:
    ids = {row.id: row.external_id for row in session.execute(select(Article.id, Article.external_id))}
    for start in range(0, len(wanted), CHUNK):
        chunk = list(wanted[start : start + CHUNK])
        articles = {a.id: a for a in session.scalars(select(Article).where(Article.id.in_(chunk)))}
        yield from (_record(session, articles[article_id], ids) for article_id in chunk)
        session.expunge_all()


def _record(session: Session, article: Article, ids: dict[int, str | None]) -> dict[str, Any]:
    revision = _revision(session, article)
    family = session.get(Family, article.family_id)
    applies = session.get(ApplicabilityRow, revision.applicability_key)
    redirects = session.scalars(select(Redirect.path).where(Redirect.article_id == article.id).order_by(Redirect.path))
    record: dict[str, Any] = {
        "external_id": article.external_id or _own_id(article.id),
        "source": article.source or OWN_SOURCE,
        "state": "published" if article.published_revision_id else "draft",
        "title": revision.title,
        "short_answer": revision.short_answer,
        "type": article.type,
        "language": revision.language,
        "audience": sorted(article.audience),
        "topics": list(article.topics),
        "family": family.slug if family else None,
        "applies_to": _applies_to(applies),
        "keywords": list(revision.keywords),
        **{name: _portable(getattr(revision, name), ids) for name in TEXT_FIELDS},
        "owner": article.owner,
        "confidence": article.confidence,
        "governance": article.governance,
        "votes_up": article.votes_up,
        "votes_down": article.votes_down,
        "created_at": _time(article.created_at),
        "updated_at": _time(article.updated_at),
        "redirects": list(redirects),
        "attachments": [_attachment(row) for row in _attachments(session, article.id)],
    }
    return {name: value for name, value in record.items() if value not in (None, "", [], 0)}


def _revision(session: Session, article: Article) -> Revision:
    """What readers see; the newest draft of what nobody sees yet."""
    if article.published_revision_id:
        return session.get_one(Revision, article.published_revision_id)
    newest = select(Revision).where(Revision.article_id == article.id).order_by(Revision.number.desc())
    return session.scalars(newest.limit(1)).one()


def _applies_to(row: ApplicabilityRow | None) -> list[dict[str, Any]]:
    entries = Applicability.from_canonical(row.canonical).to_raw() if row else []
    return [{name: value for name, value in entry.items() if value not in (None, "*", [])} for entry in entries]


def _portable(text: str, ids: dict[int, str | None]) -> str:
    """Links by number become links by external id."""

    def replaced(match: re.Match[str]) -> str:
        article_id = int(match[1][2:])
        return f"kb:{ids[article_id] or _own_id(article_id)}" if article_id in ids else match[0]

    return _LINK.sub(replaced, text)


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _attachments(session: Session, article_id: int) -> Sequence[Attachment]:
    return session.scalars(
        select(Attachment).where(Attachment.article_id == article_id).order_by(Attachment.name)
    ).all()


def _attachment(row: Attachment) -> dict[str, str]:
    return {"name": row.name, "media_type": row.media_type, "content": base64.b64encode(row.content).decode()}


def catalog_record(catalog: Catalog) -> dict[str, Any]:
    """Every entry of the catalogue, in the shape that `catalog_loading` reads."""
    entries = catalog.indexes.entries
    releases: dict[str, list[str]] = {}
    for alias in entries.aliases_of("release"):
        releases.setdefault(alias.target, []).append(alias.text)
    return {
        "products": [_product(product, releases) for product in entries.products],
        "operating_systems": [_node(node) for node in entries.operating_systems],
        "topics": [_node(node) for node in entries.topics],
    }


def _product(product: ProductEntry, aliases: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "slug": product.slug,
        "name": product.name,
        "description": product.description,
        "aliases": sorted(product.aliases),
        "releases": [
            {
                "version": release.version,
                "name": release.name,
                "is_named": release.is_named,
                "released_on": release.released_on.isoformat() if release.released_on else None,
                "aliases": sorted(aliases.get(f"{product.slug}:{release.version}", [])),
            }
            for release in product.releases
        ],
    }


def _node(node: NodeEntry) -> dict[str, Any]:
    return {"path": node.path, "name": node.name, "aliases": sorted(node.aliases)}
