"""A real database, a real embedded engine and a real feed in a directory, for tests of this folder and of the soak."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from indexers.embedded.engine import EmbeddedEngine
from indexers.embedding.cache import CachedEncoder, VectorCache
from indexers.embedding.port import Encoder, HashingEncoder
from indexers.engine import Filter, LexicalQuery, WeightedTerm
from indexers.opensearch.cluster import ClusterOptions
from indexers.opensearch.engine import OpenSearchEngine
from kb_service.articles import moves
from kb_service.articles.importing import import_article
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.auth.actors import Role, actor_for
from kb_service.catalog.vocabulary import Catalog
from kb_service.db import migrate
from kb_service.db.base import Base
from kb_service.db.session import Database
from kb_service.indexing import IndexFeed

ADMIN = actor_for("tester", "Tester", Role.ADMIN)
PUBLIC = Filter(frozenset({"public"}))


def word_of(external_id: str, turn: int) -> str:
    """A word that only this state of this article contains."""
    return f"token{external_id}x{turn}"


class FeedBench:
    """``publish`` and ``unpublish`` commit to the database; ``feed`` indexes; ``find`` asks the committed index."""

    def __init__(
        self, directory: Path, *, writable: bool = False, on_point: Callable[[str], None] | None = None,
        encoder: Encoder | None = None, opensearch: ClusterOptions | None = None,
    ) -> None:  # fmt: skip
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        migrate.import_models()
        self.database = Database(f"sqlite:///{directory / 'kb.sqlite3'}")
        Base.metadata.create_all(self.database.engine)
        inner = encoder or HashingEncoder(32)
        self.encoder = CachedEncoder(inner, VectorCache(directory / "vectors.sqlite3", inner.recipe))
        recipe, self.engine = inner.recipe.to_dict(), cast("EmbeddedEngine", None)
        if opensearch:
            self.engine = cast("EmbeddedEngine", OpenSearchEngine(opensearch, recipe, inner.dimensions))
        else:
            folder = directory / "index"
            self.engine = EmbeddedEngine(folder, recipe, inner.dimensions, writable=writable, on_point=on_point)
        self.feed = IndexFeed(self.database, self.engine, self.encoder)

    def publish(self, external_id: str, turn: int, passages: int = 1) -> tuple[int, int]:
        """Commit a published state; returns (article_id, index_version)."""
        return self.publish_all([(external_id, turn)], passages)[0]

    def publish_all(self, states: Sequence[tuple[str, int]], passages: int = 1) -> list[tuple[int, int]]:
        """Commit several in one transaction, as an import does."""
        with self.database.writing() as session:
            articles = [import_article(session, _imported(*state, passages), Catalog())[1] for state in states]
        return [(article.id, article.index_version) for article in articles]

    def unpublish(self, article_id: int) -> int:
        """Commit a withdrawal; returns the new index_version."""
        with self.database.writing() as session:
            return moves.unpublish(session, article_id, ADMIN).article.index_version

    def find(self, word: str) -> list[int]:
        """Article ids whose text holds the word, from the serving generation's newest committed state."""
        query = LexicalQuery((WeightedTerm(word),))
        return [found.article_id for found in self.engine.snapshot().retrieve_lexical(query, PUBLIC, 50).candidates]

    def held(self) -> Mapping[int, int]:
        """Signed versions in the serving generation."""
        return self.engine.indexed_versions(self.engine.generations()[0])

    def settle(self, rounds: int = 2000) -> None:
        """Drain until nothing waits and nothing is built."""
        for _ in range(rounds):
            if not self.feed.step() and not self.feed.worker.backoff.is_waiting:
                return
        raise AssertionError("the feed does not come to rest")

    def close(self) -> None:
        """Stop everything."""
        self.feed.stop()
        self.engine.close()
        self.database.dispose()


def _imported(external_id: str, turn: int, passages: int) -> ImportedArticle:
    sections = [
        f"## Part {i}\n\n" + f"Reset the {word_of(external_id, turn)} device, step {i}. " * 8 for i in range(passages)
    ]
    text = ArticleText(
        title=f"Article {external_id} {word_of(external_id, turn)}", body="\n\n".join(sections), audience=("public",)
    )
    return ImportedArticle("bench", external_id, text)
