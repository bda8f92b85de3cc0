"""``kb import`` and ``kb export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kb_service.commands.context import using_database, using_parts
from kb_service.errors import InvalidInput

if TYPE_CHECKING:
    from kb_service.transfer.draining import Drained
    from kb_service.transfer.importing import ImportOptions
    from kb_service.transfer.report import ImportReport

app = typer.Typer(no_args_is_help=True)
SHOWN = 12


@app.command("import")
def import_(
    path: Path,
    format: str = typer.Option("", help="beir, jsonl, csv, markdown or zendesk; guessed where it is clear."),
    source: str = typer.Option("", help="Name under which external ids are kept; default: made of the path."),
    strict: bool = typer.Option(False, help="Reject rows with unknown products, releases or operating systems."),
    audience: list[str] = typer.Option(["public"], help="Readers of rows that name none; may be repeated."),
    batch: int = typer.Option(100, min=1, max=5000, help="Articles in one transaction."),
    index: bool = typer.Option(True, help="Then bring them into the index, unless a service does."),
) -> None:
    """Bring articles in: a BEIR folder, JSON Lines, CSV, Markdown with front matter, or a Zendesk export."""
    from kb_service.transfer.importing import ImportOptions

    check_format(format)
    options = ImportOptions(source or None, format or None, strict, tuple(audience), batch, Path.cwd())
    _import(path, options)
    if index:
        _index()


def check_format(format: str) -> None:
    """Raise InvalidInput for a format that is none."""
    from kb_service.transfer.formats import Format

    if format and format not in set(Format):
        raise InvalidInput(f"There is no format {format!r}. Choose one of {', '.join(Format)}.")


def _import(path: Path, options: ImportOptions) -> None:
    from kb_service.transfer.importing import import_articles
    from kb_service.transfer.progress_bar import Bars

    with using_database() as database, Bars() as bars:
        report = import_articles(database, path, options, bars)
    print("\n".join(describe(report)))


def describe(report: ImportReport) -> list[str]:
    """What an import did, line by line."""
    lines = [f"Continued behind line {report.resumed_at}, where the last run ended."] if report.resumed_at else []
    counts = (
        f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged, {report.rejected} rejected"
    )
    lines.append(f"{report.source}: {counts} in {report.seconds:.1f} s.")
    for kind in ("product", "release", "os", "topic"):
        names = [text.partition(":")[2] for text in report.added if text.startswith(f"{kind}:")]
        if names:
            lines.append(f"Added to the catalogue, {kind} ({len(names)}): {_some(names)}")
    lines += [
        f"Note: {text}" + (f" ({count} rows)" if count > 1 else "") for text, count in report.notes.most_common(SHOWN)
    ]
    lines += [f"Line {r.line}: {f'{r.field}: ' if r.field else ''}{r.reason}" for r in report.rejections[:SHOWN]]
    if report.rejected_file:
        lines.append(f"All {report.rejected} rejected rows, with the reason: {report.rejected_file}")
    return lines


def _some(names: list[str]) -> str:
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _index() -> None:
    from kb_service.transfer.draining import drain_index
    from kb_service.transfer.progress_bar import Bars

    with using_parts(writable=True) as parts, Bars() as bars:
        drained = drain_index(parts, bars)
    print(describe_drained(drained))


def describe_drained(drained: Drained) -> str:
    """What became of the index, in one line."""
    if not drained.is_mine and not drained.left:
        return "A running service has indexed it all."
    if not drained.is_mine:
        return f"A running service is indexing {drained.left} changes. Watch it: kb index status"
    if drained.left:
        return f"{drained.left} changes still wait. See why: kb index status"
    return f"Indexed {drained.articles} changes in {drained.seconds:.1f} s: everything can be found."


@app.command()
def export(
    path: Path,
    audience: list[str] = typer.Option(
        [], help="Only what these readers may see; may be repeated. Default: everything."
    ),
    include_drafts: bool = typer.Option(False, help="Articles that are not published, too."),
) -> None:
    """Write articles and the catalogue as JSON Lines, which `kb import` reads back to the same."""
    from kb_service.transfer.exporting import ExportOptions, export_articles
    from kb_service.transfer.progress_bar import Bars

    with using_database() as database, Bars() as bars:
        count = export_articles(database, path, ExportOptions(tuple(audience), include_drafts), bars)
    print(f"Wrote {count} articles to {path}.")
