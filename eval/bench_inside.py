"""The bench's measurements in its own process: the bare encoding, and the engine alone, over the index that is served."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kb_service.assembly import assemble
from kb_service.auth.actors import ANONYMOUS
from kb_service.search.pipeline import make_filter
from kb_service.search.request import SearchRequest
from kb_service.search.understanding import understand
from kb_service.settings import Settings


class Inside:
    """Read-only parts over a data directory, and an encoder without any cache."""

    def __init__(self, data: Path) -> None:
        from indexers.embedding.loader import load_encoder

        self._settings = Settings(data_dir=data, run_worker=False)
        self._parts = assemble(self._settings, writable=False)
        self._encoder = load_encoder(
            self._settings.encoder, cache_dir=data, threads=self._settings.encoder_threads,
            query_precision=self._settings.query_precision,
        )  # fmt: skip

    def timed(self, text: str, context: Mapping[str, str]) -> tuple[float, float]:
        """(encoding, engine) in ms: what the service encodes of this text; both retrievers one after the other."""
        snapshot = self._parts.engine.snapshot()
        understood = understand(text, snapshot, {})
        stated = self._parts.catalog.resolve_context(context.get("product"), context.get("version"), context.get("os"))
        pipeline = self._parts.search.pipeline
        matches = pipeline.stated_matches(pipeline.signatures(snapshot), stated)
        filter = make_filter(SearchRequest(text, stated, actor=ANONYMOUS), matches)
        started = time.perf_counter()
        vector = self._encoder.encode_queries([understood.text])[0]
        encoded = time.perf_counter()
        snapshot.retrieve_lexical(understood.lexical, filter, self._settings.retrieval_depth)
        snapshot.retrieve_semantic(vector, filter, self._settings.retrieval_depth)
        return (encoded - started) * 1000, (time.perf_counter() - encoded) * 1000

    def describe(self) -> dict[str, Any]:
        """Counts of the index."""
        status = self._parts.engine.status()
        return {"passages": status.passages, "articles": status.articles, "bytes_on_disk": status.bytes_on_disk}

    def close(self) -> None:
        """Release the files."""
        self._parts.close()
