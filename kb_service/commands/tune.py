"""``kb tune fusion``: how much words and meaning count here, learnt from judged questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kb_service.commands.context import print_table, using_parts

if TYPE_CHECKING:
    from kb_service.assembly import Parts
    from kb_service.search.calibrating import Question

app = typer.Typer(no_args_is_help=True)


@app.callback()
def tune() -> None:
    """Fit what ranks to this knowledge base; adopted only when better on questions held out."""


@app.command()
def fusion(
    judgments: Path = typer.Option(
        None, help='JSON Lines: {"query", "articles": ["KB000001"], "context": {"product", "version", "os"}}; '
        "default: questions of the log whose answer somebody took.",
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only measure."),
    reset: bool = typer.Option(False, "--reset", help="Back to the weights as shipped."),
) -> None:  # fmt: skip
    """Weights of words and meaning."""
    from kb_service.search import tuning
    from kb_service.search.fusion import Weights

    with using_parts() as parts:
        if reset:
            with parts.database.writing() as session:
                was = tuning.reset(session)
            print("The shipped weights are in force." if was else "Nothing had been adopted.")
            return
        current = parts.search.curation.current().weights or Weights()
        found = tuning.tune(tuning.gather(parts.search, _judged(parts, judgments)), current)
        is_adopted = found.is_better and not dry_run
        if is_adopted:
            with parts.database.writing() as session:
                tuning.adopt(session, found.weights)
    _print(found, is_adopted)


def _print(found: Any, is_adopted: bool) -> None:
    from kb_service.search.tuning import MIN_HELD_OUT

    rows = [
        ("questions fitted on", str(found.fitted_on)),
        ("questions held out", f"{found.held_out} (at least {MIN_HELD_OUT})"),
        ("share of meaning, short / long", f"{found.weights.semantic:.2f} / {found.weights.semantic_long:.2f}"),
        ("nDCG@10 held out, before", f"{found.before:.4f}"),
        ("nDCG@10 held out, after", f"{found.after:.4f} (z {found.z:+.2f})"),
    ]
    print_table(("FUSION", ""), rows)
    print(
        "Adopted. `kb tune fusion --reset` takes it back."
        if is_adopted
        else "Not adopted: the weights stay as they are."
    )


def _judged(parts: Parts, file: Path | None) -> dict[Question, frozenset[int]]:
    from kb_service.search.curating_effect import judgments

    if file is None:
        with parts.database.reading() as session:
            return judgments(session)
    return dict(_line(parts, number, line) for number, line in enumerate(_lines(file), 1) if line.strip())


def _lines(file: Path) -> list[str]:
    from kb_service.errors import InvalidInput

    try:
        return file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}") from None


def _line(parts: Parts, number: int, line: str) -> tuple[Question, frozenset[int]]:
    import orjson

    from kb_service.articles.repository import find_article
    from kb_service.errors import InvalidInput
    from kb_service.search.calibrating import Question

    try:
        row = orjson.loads(line)
        text, wanted, given = str(row["query"]), list(row["articles"]), dict(row.get("context") or {})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidInput(f"Line {number} is no judgment: it needs query and articles.") from None
    context = parts.catalog.resolve_context(given.get("product"), given.get("version"), given.get("os"))
    with parts.database.reading() as session:
        articles = [find_article(session, str(one)) for one in wanted]
    return Question(text, context, "author"), frozenset(article.id for article in articles if article is not None)
