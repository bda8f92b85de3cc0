"""Knowledge bases of a wished size for the bench: real articles, then synthetic ones, kept on disk between runs.

Synthetic, and said so wherever figures are printed: a vector is a real passage's with Gaussian noise, normalised (cosine to its
origin about .8); a text is recombined from sentences of real passages; applicability, type and topics are the origin's. Each
synthetic article has its rows in the database, so that the check against it is as real as for the others.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eval.knowledge import MARKER, Progress, cache_root, indexing_code_digest, open_base
from indexers.document import IndexedArticle, Passage

if TYPE_CHECKING:
    from kb_service.assembly import Parts

NOISE = 0.75 / np.sqrt(384)
"""Standard deviation per dimension: cosine to the origin 1 / sqrt(1 + .75²) = .8."""
CHUNK = 250
SEED = 20261123
Vectors = npt.NDArray[np.float32]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Real:
    """The real articles, their vectors, their database rows, and every sentence in them."""

    articles: tuple[IndexedArticle, ...]
    vectors: tuple[Vectors, ...]
    rows: Mapping[int, Row]
    revisions: Mapping[int, Row]
    sentences: tuple[str, ...]


def prepare(source: Path, digest: str, passages: int, progress: Progress) -> Path:
    """A data directory with at least ``passages`` passages; built first if absent."""
    with open_base(source, digest, progress) as base:
        name = hashlib.sha256(
            f"{digest}\n{base.parts.encoder.recipe.digest()}\n{indexing_code_digest()}".encode()
        ).hexdigest()
        target = cache_root() / f"bench-{passages}-{name[:12]}"
        if (target / MARKER).is_file():
            return target
        real = read_real(base.parts)
        origin = base.parts.settings.data_dir
    shutil.rmtree(target, ignore_errors=True)
    copy_base(origin, target)
    _grow(target, real, passages, progress)
    (target / MARKER).write_text("{}", "utf-8")
    return target


def copy_base(origin: Path, target: Path) -> None:
    """Database and index, without locks; the exported encoder by link."""
    target.mkdir(parents=True)
    shutil.copytree(origin / "index", target / "index", ignore=shutil.ignore_patterns("*.lock"))
    for file in origin.glob("kb.sqlite3*"):
        shutil.copy(file, target / file.name)
    (target / "models").symlink_to((origin / "models").resolve())


def read_real(parts: Parts) -> Real:
    """Every indexed article with what a copy of it needs."""
    from sqlalchemy import select

    from kb_service.articles.changes import ArticleChanges
    from kb_service.articles.models import Article, Revision

    with parts.database.reading() as session:
        rows = {r["id"]: dict(r) for r in session.execute(select(Article.__table__)).mappings()}
        revisions = {r["id"]: dict(r) for r in session.execute(select(Revision.__table__)).mappings()}
    changes = ArticleChanges(parts.database)
    ids = sorted(rows)
    articles = [a for i in range(0, len(ids), CHUNK) for a in changes.read(ids[i : i + CHUNK]).values() if a]
    vectors = tuple(parts.encoder.encode_passages([a.embedding_text(p) for p in a.passages]) for a in articles)
    return Real(tuple(articles), vectors, rows, revisions, tuple(_sentences(articles)))


def _sentences(articles: Sequence[IndexedArticle]) -> Iterator[str]:
    for article in articles:
        for passage in article.passages:
            yield from (s.strip() for s in passage.text.replace("\n", ". ").split(". ") if len(s.split()) > 3)


def synthesise(
    real: Real, number: int, article_id: int, dice: random.Random, noise: np.random.Generator
) -> tuple[IndexedArticle, Vectors]:
    """One synthetic article made after the ``number``-th real one."""
    place = number % len(real.articles)
    origin, vectors = real.articles[place], real.vectors[place]
    passages = tuple(_recombined(passage, real.sentences, dice) for passage in origin.passages)
    made = vectors + noise.normal(0.0, NOISE, vectors.shape).astype(np.float32)
    made = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    other = dice.choice(real.articles).title.split()
    words = origin.title.split()
    title = " ".join(words[: max(1, len(words) // 2)] + other[len(other) // 2 :])
    return replace(
        origin, article_id=article_id, family_id=article_id, index_version=1, revision=1, number=f"KB{article_id:07d}",
        title=title, passages=passages,
    ), made  # fmt: skip


def _recombined(passage: Passage, sentences: Sequence[str], dice: random.Random) -> Passage:
    wanted, words, parts = len(passage.text.split()), 0, []
    while words < wanted:
        sentence = dice.choice(sentences)
        parts.append(sentence)
        words += len(sentence.split())
    return replace(passage, text=". ".join(parts))


def _grow(target: Path, real: Real, passages: int, progress: Progress) -> None:
    from kb_service.assembly import assemble
    from kb_service.settings import Settings

    parts = assemble(Settings(data_dir=target, run_worker=False))
    try:
        generation = parts.engine.generations()[0]
        held = total = sum(len(article.passages) for article in real.articles)
        dice, noise = random.Random(SEED), np.random.default_rng(SEED)
        number, next_id = 0, max(real.rows) + 1_000_000
        while total < passages:
            chunk: list[tuple[IndexedArticle, Vectors]] = []
            while total < passages and len(chunk) < CHUNK:
                chunk.append(synthesise(real, number, next_id + number, dice, noise))
                total += len(chunk[-1][0].passages)
                number += 1
            _insert(parts, real, [(a, real.articles[(a.article_id - next_id) % len(real.articles)]) for a, _ in chunk])
            parts.engine.upsert(generation, chunk)
            progress("synthetic passages", total - held, passages - held)
        parts.engine.commit(generation)
    finally:
        parts.close()


def _insert(parts: Parts, real: Real, pairs: Sequence[tuple[IndexedArticle, IndexedArticle]]) -> None:
    """Rows for synthetic articles (first of each pair) after those of their origins (second)."""
    from sqlalchemy import insert, update

    from kb_service.articles.models import Article, Family, Revision

    articles, revisions = [], []
    for made, origin in pairs:
        row = dict(real.rows[origin.article_id])
        revision = dict(real.revisions[row["published_revision_id"]])
        text = "\n\n".join(passage.text for passage in made.passages)
        row |= {"id": made.article_id, "number": made.number, "external_id": None, "title": made.title, "index_version": 1,
                "family_id": made.family_id, "published_revision_id": None}  # fmt: skip
        revision |= {
            "id": made.article_id,
            "article_id": made.article_id,
            "number": 1,
            "title": made.title,
            "body": text,
        }
        articles.append(row)
        revisions.append(revision)
    with parts.database.writing() as session:
        session.execute(insert(Family.__table__), [{"id": row["id"]} for row in articles])  # type: ignore[arg-type]
        session.execute(insert(Article.__table__), articles)  # type: ignore[arg-type]
        session.execute(insert(Revision.__table__), revisions)  # type: ignore[arg-type]
        ids = [row["id"] for row in articles]
        session.execute(update(Article).where(Article.id.in_(ids)).values(published_revision_id=Article.id))
