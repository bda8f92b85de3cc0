"""Editing what is not text costs no encoding, however many articles it touches: the vectors of texts are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from indexers.embedding.port import HashingEncoder, Vectors
from kb_service.articles import service
from kb_service.catalog.vocabulary import Catalog
from tests.integration.feed_bench import ADMIN, FeedBench

ARTICLES = 60


class CountingEncoder(HashingEncoder):
    """Counts the texts that it encodes."""

    def __init__(self, dimensions: int) -> None:
        super().__init__(dimensions)
        self.texts = 0

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        return super().encode_passages(texts)


def test_a_metadata_edit_of_many_articles_encodes_nothing(tmp_path: Path) -> None:
    encoder = CountingEncoder(32)
    bench = FeedBench(tmp_path, writable=True, encoder=encoder)
    try:
        published = bench.publish_all([(str(n), 1) for n in range(ARTICLES)])
        bench.settle()
        assert encoder.texts >= ARTICLES
        encoder.texts = 0
        changes = {"type": "howto", "audience": ("public", "agent")}
        with bench.database.writing() as session:
            changed = [service.edit_article(session, article, changes, Catalog(), ADMIN) for article, _ in published]
            wanted = {change.article.id: change.article.index_version for change in changed}
        bench.settle()
        assert dict(bench.held()) == wanted, "every edit reached the index"
        assert encoder.texts == 0
    finally:
        bench.close()
