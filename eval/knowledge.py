"""A data set as a knowledge base: imported by the code of ``kb import``, kept on disk, opened for asking.

Invariants: a base is complete or absent (the marker is written last, under a lock that concurrent runs share); its folder is
named after corpus, passage recipe and encoder recipe; every base takes its vectors from one shared cache, so that no text is
encoded twice, in whatever base it stands.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from indexers.embedding.port import Encoder
    from kb_service.assembly import Parts
    from kb_service.settings import Settings

Progress = Callable[[str, int, int], None]
"""(what is being done, done, total)"""
MARKER = "built.json"
BEGUN = "begun"
PROJECT = Path(__file__).resolve().parent.parent
_SHARED = ("vectors.sqlite3", "models")
_INDEXING_CODE = ("indexers/passages.py", "indexers/analysis.py", "indexers/document.py", "indexers/embedded", "kb_service/articles",
                  "kb_service/transfer")  # fmt: skip


@dataclass(frozen=True)
class KnowledgeBase:
    """An opened base. ``external_ids``: article id → the corpus's id; ``built``: how and when it was made."""

    parts: Parts
    external_ids: Mapping[int, str]
    built: Mapping[str, Any]

    @cached_property
    def keys(self) -> dict[str, str]:
        """The corpus's id → the applicability key that its article carries in the database."""
        from sqlalchemy import select

        from kb_service.articles.models import Article

        with self.parts.database.reading() as session:
            rows = session.execute(select(Article.id, Article.applicability_key)).all()
        return {self.external_ids[row[0]]: row[1] for row in rows if row[0] in self.external_ids}


def cache_root() -> Path:
    """``kb-eval`` in KB_DATA_DIR where that is set, else in the project's .cache."""
    from kb_service.settings import Settings

    settings = Settings()
    return settings.data_dir / "kb-eval" if "data_dir" in settings.model_fields_set else PROJECT / ".cache" / "kb-eval"


def shared_encoder(root: Path) -> Encoder:
    """The encoder that the settings name, behind the vector cache that all bases share."""
    from kb_service.assembly import open_encoder
    from kb_service.settings import Settings

    root.mkdir(parents=True, exist_ok=True)
    project_models = PROJECT / ".cache" / "models"
    if project_models.is_dir() and not (root / "models").exists():
        (root / "models").symlink_to(project_models)
    return open_encoder(Settings(data_dir=root))


@contextmanager
def open_base(
    source: Path, digest: str, progress: Progress, fresh: bool = False, engine: str = "embedded"
) -> Iterator[KnowledgeBase]:
    """The base of ``source`` (what ``kb import`` takes; ``digest`` of its content), built first if absent."""
    from kb_service.assembly import assemble

    root = cache_root()
    settings = _settings(root, digest, engine)
    with _locked(root / f"{settings.data_dir.name}.lock"):
        if fresh:
            shutil.rmtree(settings.data_dir, ignore_errors=True)
        if not (settings.data_dir / MARKER).is_file():
            _build(root, settings, source, progress)
    parts = assemble(settings, writable=False)
    try:
        built = json.loads((settings.data_dir / MARKER).read_text("utf-8"))
        yield KnowledgeBase(parts, external_ids_of(parts), built)
    finally:
        parts.close()


def indexing_code_digest() -> str:
    """16 hex digits over the sources that decide what is indexed, so that a stale base can say so."""
    total = hashlib.sha256()
    for name in _INDEXING_CODE:
        path = PROJECT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.is_file():
                total.update(file.read_bytes())
    return total.hexdigest()[:16]


def _settings(root: Path, digest: str, engine: str) -> Settings:
    from indexers.passages import PASSAGE_RECIPE
    from kb_service.settings import Settings

    recipe = shared_encoder(root).recipe
    name = hashlib.sha256(f"{digest}\n{PASSAGE_RECIPE}\n{recipe.digest()}".encode()).hexdigest()[:16]
    if engine == "opensearch":
        return _on_cluster(root, name)
    # An encoder may take long beside other work: an evaluation must not degrade to words alone unnoticed.
    return Settings(data_dir=root / name, opensearch_url="", run_worker=False, encoder_timeout_seconds=60)


def _on_cluster(root: Path, name: str) -> Settings:
    """A base whose index lies in the cluster, under a prefix of its own."""
    from kb_service.errors import Unavailable
    from kb_service.settings import Settings

    if not Settings().opensearch_url:
        raise Unavailable("Set KB_OPENSEARCH_URL to measure a cluster.")
    return Settings(
        data_dir=root / f"{name}-opensearch", opensearch_prefix=f"kb-eval-{name}", run_worker=False,
        encoder_timeout_seconds=60,
    )  # fmt: skip


def _build(root: Path, settings: Settings, source: Path, progress: Progress) -> None:
    """Import into an empty folder, or go on where a run of the same code was interrupted."""
    from kb_service.assembly import assemble

    directory, code = settings.data_dir, indexing_code_digest()
    begun = directory / BEGUN
    if not begun.is_file() or begun.read_text("utf-8") != code:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for name in _SHARED:
            (directory / name).symlink_to(root / name)
        begun.write_text(code, "utf-8")
    started = time.monotonic()
    parts = assemble(settings)
    try:
        summary = _import(parts, source, progress)
    finally:
        parts.close()
    made = {
        "source": source.name, "seconds": round(time.monotonic() - started, 1), "code": code,
        "import": summary, "built_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }  # fmt: skip
    (directory / MARKER).write_text(json.dumps(made), "utf-8")


def _import(parts: Parts, source: Path, progress: Progress) -> str:
    """`kb import`, then the feed drained. Returns what the import did."""
    from kb_service.transfer.draining import drain_index
    from kb_service.transfer.importing import ImportOptions, import_articles

    report = import_articles(parts, source, ImportOptions(), progress)
    drained = drain_index(parts, progress)
    if not drained.is_mine or drained.left:
        raise OSError(
            f"{drained.left} changes could not be indexed in {parts.settings.data_dir}: look with `kb index status`."
        )
    return (
        f"{report.created + report.updated + report.unchanged} imported, {report.rejected} rejected of {report.total}"
    )


def external_ids_of(parts: Parts) -> dict[int, str]:
    """Article id → the id that it was imported under."""
    from sqlalchemy import select

    from kb_service.articles.models import Article

    with parts.database.reading() as session:
        rows = session.execute(select(Article.id, Article.external_id).where(Article.external_id.is_not(None))).all()
    return {int(row[0]): str(row[1]) for row in rows}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
