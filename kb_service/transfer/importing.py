"""import_articles: rows of a source into articles, batch by batch.

Invariants: one batch is one transaction, with its place in the source; a row that cannot be used is left out alone;
the same source again changes nothing. Embedding is the worker's: here only the database is written.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from kb_service.articles.attachments import keep_attachments
from kb_service.articles.importing import import_article
from kb_service.articles.inputs import TEXT_FIELDS, ImportedArticle, Outcome
from kb_service.assembly import Parts
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.failures import UNREACHABLE, is_collision
from kb_service.db.session import ATTEMPTS, Database
from kb_service.errors import InvalidInput, KbError
from kb_service.transfer.catalog_filling import CatalogFiller, sort_releases
from kb_service.transfer.catalog_loading import load_entries
from kb_service.transfer.formats import open_source
from kb_service.transfer.import_state import fingerprint, read_state, write_state
from kb_service.transfer.links import LinkIndex
from kb_service.transfer.report import MAX_KEPT, ImportReport, RejectedFile
from kb_service.transfer.rows import CatalogRow, Defaults, ImportRow, Read, Rejection, RowError, Source

Progress = Callable[[str, int, int], None]
"""Called with the stage ("reading", "importing", "indexing"), how many are done, and of how many."""

READING_STEP = 500
YIELD_SECONDS = 0.1
"""Between two batches: SQLite's waiting writers look at least this often whether they may begin; without a gap in
which they do, readers' sign-ins and authors' changes would wait until the import ends."""


@dataclass(frozen=True)
class ImportOptions:
    """What the caller decides. ``source`` None: the rows', else made of the path's name."""

    source: str | None = None
    format: str | None = None
    strict: bool = False
    audience: tuple[str, ...] = ("public",)
    batch: int = 100
    rejected_dir: Path | None = None


def import_articles(
    target: Parts | Database,
    path: Path | str,
    options: ImportOptions = ImportOptions(),
    progress: Progress | None = None,
) -> ImportReport:
    """Import everything at ``path``. Raises InvalidInput for what is no source, OSError for what cannot be read."""
    database = target if isinstance(target, Database) else target.database
    source = open_source(Path(path), options.format, Defaults(options.audience))
    return Import(database, source, options, progress or _silent).run()


def default_name(path: Path) -> str:
    """A source's name: "faq.jsonl.gz" → faq; a folder of a set, "ms-support/main" → ms-support-main."""
    path = path.absolute()
    if path.is_dir() and path.parent.name not in ("", "data"):
        return f"{path.parent.name}-{path.name}"
    return path.name.removesuffix(".gz").rsplit(".", 1)[0]


def _silent(_stage: str, _done: int, _total: int) -> None:
    pass


@dataclass
class Import:
    """One run over one source."""

    database: Database
    source: Source
    options: ImportOptions
    progress: Progress
    links: LinkIndex = field(default_factory=LinkIndex)
    first_lines: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = self.options.source or default_name(self.source.path)
        self.report = ImportReport(self.name)

    def run(self) -> ImportReport:
        """Read once for ids and addresses, then import batch by batch."""
        started = time.monotonic()
        self._scan()
        mark = fingerprint(self.source, f"{self.name}|{self.options.strict}|{self.options.audience}")
        with self.database.reading() as session:
            former = read_state(session, self.name, mark)
        if former:
            self.report.take_state(former["report"], former["line"])
        with RejectedFile(self.options.rejected_dir, self.name, self.report.resumed_at) as file:
            self._import(mark, file)
            self.report.rejected_file = file.path if self.report.rejected else None
        self.report.seconds = time.monotonic() - started
        return self.report

    def _scan(self) -> None:
        """Count the rows and learn their addresses, so that links to later articles are known."""
        for count, row in enumerate(self.source.outline(), 1):
            if isinstance(row, ImportRow):
                self.first_lines.setdefault((self._source_of(row), row.external_id), row.line)
                self.links.add(row.external_id, (row.address, *row.standing.redirects), row.anchors)
            if count % READING_STEP == 0:
                self.progress("reading", count, 0)
            self.report.total = count
        self.links.hosts = set(getattr(self.source, "hosts", ()))

    def _import(self, mark: str, file: RejectedFile) -> None:
        rows = (row for row in self.source.rows() if row.line > self.report.resumed_at)
        done = self.report.finished
        for batch in _batches(rows, self.options.batch):
            self._import_batch(batch, mark, file)
            time.sleep(YIELD_SECONDS)
            done += len(batch)
            self.progress("importing", done, self.report.total)
        with self.database.writing() as session:
            sort_releases(session, self.report.added)
            write_state(session, self.name, {"is_done": True, "report": self.report.to_state()})

    def _import_batch(self, batch: list[Read], mark: str, file: RejectedFile) -> None:
        is_careful = False
        for attempt in range(ATTEMPTS):
            try:
                return self._write_batch(batch, mark, file, is_careful=is_careful)
            except _Unusable:
                is_careful = True
            except _Collided as collision:
                if attempt == ATTEMPTS - 1:
                    raise collision.error from collision
                time.sleep(random.uniform(0.05, 0.2) * 2**attempt)
        raise AssertionError("a careful batch is never unusable")

    def _write_batch(self, batch: list[Read], mark: str, file: RejectedFile, *, is_careful: bool) -> None:
        with self.database.writing() as session:
            work = Batch(session, self, CatalogFiller(session, self.options.strict), is_careful)
            _run_once(work, batch)
            file.write(work.rejections)
            self._account(work)
            write_state(
                session, self.name, {"fingerprint": mark, "line": batch[-1].line, "report": self.report.to_state()}
            )

    def _account(self, work: Batch) -> None:
        self.report.added += [text for text in work.filler.added if text not in self.report.added]
        self.report.rejections += work.rejections[: MAX_KEPT - len(self.report.rejections)]
        self.report.outcomes["rejected"] += len(work.rejections)
        for outcome in work.outcomes:
            self.report.outcomes[outcome.value] += 1
        self.report.notes.update(work.notes)

    def _source_of(self, row: ImportRow) -> str:
        return self.options.source or row.standing.source or self.name

    def imported(self, row: ImportRow, applies_to: list[dict[str, Any]], topics: list[str]) -> ImportedArticle:
        """The row as the articles' service takes it. Raises RowError for a repeated id."""
        source = self._source_of(row)
        if (first := self.first_lines.get((source, row.external_id))) != row.line:
            raise RowError("external_id", f"{row.external_id!r} stands in line {first} already")
        rewritten: dict[str, Any] = {
            name: self.links.rewrite(getattr(row.text, name), row.address) for name in TEXT_FIELDS
        }
        return ImportedArticle(
            source=source,
            external_id=row.external_id,
            text=replace(row.text, applies_to=tuple(applies_to), topics=tuple(topics), **rewritten),
            publish=row.standing.publish,
            redirects=row.standing.redirects,
            updated_at=row.standing.updated_at,
        )


def _batches(rows: Iterable[Read], size: int) -> Iterator[list[Read]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


class _Collided(Exception):
    """Another transaction was in the way, before anything was accounted: the batch begins again."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _run_once(work: Batch, batch: list[Read]) -> None:
    try:
        work.run(batch)
    except UNREACHABLE as error:
        raise (_Collided(error) if is_collision(error) else error) from error


class _Unusable(Exception):
    """A row failed half-way, without a savepoint: the batch begins again with one for each row."""


@dataclass
class Batch:
    """Some rows in one transaction: first what they need of the catalogue, then the articles.

    ``is_careful``: a savepoint for each row (three times the flushes), so that a row that fails is left out alone.
    """

    session: Session
    run_of: Import
    filler: CatalogFiller
    is_careful: bool
    outcomes: list[Outcome] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def run(self, rows: list[Read]) -> None:
        """Import what can be imported; the rest becomes rejections."""
        prepared = [item for row in rows if (item := self._prepare(row)) is not None]
        catalog = self.filler.refresh()
        for row, article in prepared:
            self._guard(row, lambda row=row, article=article: self._place(row, article, catalog))  # type: ignore[misc]

    def _prepare(self, row: Read) -> tuple[ImportRow, ImportedArticle] | None:
        if isinstance(row, Rejection):
            self.rejections.append(row)
            return None
        if isinstance(row, CatalogRow):
            self._guard(row, lambda: self.filler.added.extend(load_entries(self.session, row.catalog)))
            self.filler.forget()
            return None
        made: list[ImportedArticle] = []
        self._guard(row, lambda: made.append(self.run_of.imported(row, *self.filler.fill(row))))
        return (row, made[0]) if made else None

    def _place(self, row: ImportRow, item: ImportedArticle, catalog: Catalog) -> None:
        if self.is_careful:
            with self.session.begin_nested():
                outcome = self._write(row, item, catalog)
        else:
            try:
                outcome = self._write(row, item, catalog)
            except (KbError, IntegrityError, DataError) as error:
                raise _Unusable from error
        self.outcomes.append(outcome)
        self.notes += row.notes

    def _write(self, row: ImportRow, item: ImportedArticle, catalog: Catalog) -> Outcome:
        outcome, article = import_article(self.session, item, catalog)
        if outcome is Outcome.CREATED:
            article.votes_up, article.votes_down = row.standing.votes_up, row.standing.votes_down
            article.created_at = row.standing.created_at or row.standing.updated_at or article.created_at
        if row.standing.attachments and keep_attachments(self.session, article.id, row.standing.attachments):
            return Outcome.UPDATED if outcome is Outcome.UNCHANGED else outcome
        return outcome

    def _guard(self, row: ImportRow | CatalogRow, work: Callable[[], None]) -> None:
        raw = row.raw if isinstance(row, ImportRow) else row.catalog
        try:
            work()
        except RowError as error:
            self.rejections.append(Rejection(row.line, error.field, error.reason, raw))
        except KbError as error:
            pointer = error.pointer.strip("/") if isinstance(error, InvalidInput) else ""
            self.rejections.append(Rejection(row.line, pointer, error.detail, raw))
        except (IntegrityError, DataError) as error:
            self.rejections.append(Rejection(row.line, "", f"the database refuses it: {error.orig}", raw))
