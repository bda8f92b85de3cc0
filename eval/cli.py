"""``kb-eval …``: how good and how fast it is. Errors are one line with the way out, exit code 2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eval.datasets import Dataset

EXIT_CODE = 2
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Measure search quality. Figures: docs/evaluation.md.",
)  # fmt: skip

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A BEIR folder: corpus.jsonl(.gz), queries.jsonl, qrels/.")]
Split = Annotated[str, typer.Option(help="Which judgments: qrels/SPLIT.tsv.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Import again; encoded vectors are kept all the same.")]


@app.callback()
def prepare() -> None:
    """Logs are for services; here they would stand between the bars."""
    from kb_service.telemetry import configure_logging

    configure_logging("error", to_stderr=True)


@app.command()
def relevance(
    folder: Folder,
    split: Split = "dev",
    engine: Annotated[
        str, typer.Option(help="embedded, or opensearch: the cluster of KB_OPENSEARCH_URL.")
    ] = "embedded",
    no_context: Annotated[bool, typer.Option("--no-context", help="Do not pass the queries' contexts.")] = False,
    inferred: Annotated[
        bool, typer.Option("--inferred", help="Pass them as inferred: they prefer, not filter.")
    ] = False,
    json: Json = None,
    run: Annotated[Path | None, typer.Option(help="Write a TREC run of every query, judged or not.")] = None,
    yardstick: Annotated[bool, typer.Option("--yardstick", help="Run the built-in yardstick beside it.")] = False,
    failures: Annotated[
        str, typer.Option(metavar="N|FILE", help="List so many wrong first hits, or write all as JSON Lines.")
    ] = "0",
    types: Annotated[str, typer.Option(help="Only these query types, comma-separated.")] = "",
    fresh: Fresh = False,
) -> None:
    """nDCG@10, RR@10, hit@1, Recall@10 and @100 per query type, and what broke the context."""
    from eval import relevance as measuring
    from eval.asking import ContextMode
    from eval.reporting import console

    if engine not in ("embedded", "opensearch"):
        raise typer.BadParameter("There are embedded and opensearch.")
    mode = ContextMode.NONE if no_context else ContextMode.INFERRED if inferred else ContextMode.STATED
    chosen = tuple(part.strip() for part in types.split(",") if part.strip())
    listed, file = (int(failures), None) if failures.isdigit() else (0, Path(failures))
    wishes = measuring.Wishes(mode, json, run, yardstick, listed, file, chosen, fresh, engine)
    measuring.measure(_load(folder, split), wishes, console())


@app.command()
def clarify(folder: Folder, split: Split = "dev", json: Json = None, fresh: Fresh = False) -> None:
    """Queries that need a context, sent without one: what is asked, and what the answer to it is worth."""
    from eval.clarification import measure
    from eval.reporting import console

    measure(_load(folder, split), json, fresh, console())


@app.command("split")
def split_messages(folder: Folder, split: Split = "dev", json: Json = None, fresh: Fresh = False) -> None:
    """Messages made of two questions: is each answered by itself, and do single questions stay whole?"""
    from eval.reporting import console
    from eval.splitting import measure

    measure(_load(folder, split), json, fresh, console())


@app.command("no-answer")
def no_answer(folder: Folder, split: Split = "dev", json: Json = None, fresh: Fresh = False) -> None:
    """How well questions without an answer are told from those with one (out_of_scope.jsonl)."""
    from eval.no_answer import measure
    from eval.reporting import console

    measure(_load(folder, split), json, fresh, console())


@app.command()
def calibrate(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR…", help="BEIR folders; at least one with out_of_scope.jsonl.")
    ],
    split: Split = "dev",
    refused: Annotated[float, typer.Option(help="Share of answerable questions that the floor may refuse.")] = 0.1,
    write: Annotated[Path | None, typer.Option(help="Write the coefficients here as JSON.")] = None,
) -> None:
    """Fit the no-answer decision by logistic regression, cross-validated."""
    from eval.calibration import calibrate as fit
    from eval.reporting import console

    fit([_load(folder, split) for folder in folders], refused, write, console())


@app.command()
def sample(
    json: Json = None, failures: Annotated[int, typer.Option(help="List so many.")] = 0, fresh: Fresh = False
) -> None:
    """The sample knowledge's own questions through the same path."""
    from eval.reporting import console
    from eval.sample import measure

    measure(json, failures, fresh, console())


@app.command()
def duplicates(
    folder: Folder,
    pairs: Annotated[
        int, typer.Option(help="Also list so many alike pairs of the corpus itself, for a person to judge.")
    ] = 0,
    json: Json = None,
    fresh: Fresh = False,
) -> None:
    """Planted paraphrases that are flagged, and look-alikes for another version or product that are not."""
    from eval.duplicates import measure
    from eval.reporting import console

    measure(_load(folder, "dev"), json, fresh, pairs, console())


@app.command()
def gaps(
    folder: Folder, seed: Annotated[int, typer.Option(help="Which needs lose their article.")] = 0, json: Json = None
) -> None:
    """Needs without an article that become gaps, and gaps that close when the article is there (consistency.jsonl)."""
    from eval.gaps import measure
    from eval.reporting import console

    measure(_load(folder, "dev"), json, seed, console())


@app.command()
def applicability(folder: Folder, json: Json = None) -> None:
    """Products proposed for a corpus whose applies_to was taken away."""
    from eval.proposals import measure
    from eval.reporting import console

    measure(_load(folder, "dev"), json, console())


@app.command()
def bookmarks(
    folder: Folder,
    split: Split = "dev",
    seed: Annotated[int, typer.Option(help="What the colleagues keep.")] = 0,
    json: Json = None,
) -> None:
    """What a simulated team's bookmark sets are worth: RR@10 of later questions without and with them."""
    from eval.bookmarks import measure
    from eval.reporting import console

    measure(_load(folder, split), json, seed, console())


@app.command()
def impact(
    edits: Annotated[int, typer.Option(help="How many random edits.")] = 200,
    questions: Annotated[int, typer.Option(help="How many of the sample's questions are asked again for each.")] = 40,
    seed: Annotated[int, typer.Option(help="Which edits.")] = 0,
    json: Json = None,
) -> None:
    """Does the preview of an edit say what the search does before and after it? On the sample knowledge."""
    from eval.impact import measure
    from eval.reporting import console

    measure(edits, seed, questions, json, console())


def _load(folder: Path, split: str) -> Dataset:
    from eval.datasets import load

    return load(folder, split)


from eval.cli_channels import app as channels  # noqa: E402

app.add_typer(channels)


def main() -> None:
    """Entry point of ``kb-eval``."""
    from eval.datasets import MalformedDataset
    from indexers.embedding.port import EncoderUnavailable
    from indexers.engine import EngineUnavailable
    from kb_service.errors import KbError

    try:
        app()
    except (MalformedDataset, KbError, EncoderUnavailable, EngineUnavailable, OSError) as error:
        print(f"kb-eval: {error}", file=sys.stderr)
        raise SystemExit(EXIT_CODE) from None


if __name__ == "__main__":
    main()
