"""``kb-eval consistency | context | unattended | gate``: the same need by every channel, what is guessed, what goes out alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A BEIR folder: corpus.jsonl(.gz), queries.jsonl, qrels/.")]
Split = Annotated[str, typer.Option(help="Which judgments: qrels/SPLIT.tsv.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Import again; encoded vectors are kept all the same.")]


@app.command()
def consistency(
    folder: Folder,
    split: Split = "dev",
    entries: Annotated[int, typer.Option(help="How many needs are asked through every entry point; 0: none.")] = 100,
    json: Json = None,
    fresh: Fresh = False,
) -> None:
    """Each need of consistency.jsonl in other words, in each channel's shape and context, and through every entry point."""
    from eval.consistency import measure
    from eval.datasets import load
    from eval.reporting import console

    measure(load(folder, split), entries, json, fresh, console())


@app.command()
def context(folder: Folder, split: Split = "dev", json: Json = None, fresh: Fresh = False) -> None:
    """What a guessed product or version is worth when it is right, and what it costs when it is wrong."""
    from eval.datasets import load
    from eval.guesses import measure
    from eval.reporting import console

    measure(load(folder, split), json, fresh, console())


@app.command()
def suggestions(folder: Folder, split: Split = "dev", json: Json = None, fresh: Fresh = False) -> None:
    """What an agent is offered while the case is typed, and after the customer read something in vain."""
    from eval.datasets import load
    from eval.reporting import console
    from eval.suggestions import measure

    measure(load(folder, split), json, fresh, console())


@app.command()
def unattended(
    folder: Folder,
    split: Split = "dev",
    outside: Annotated[
        Path | None, typer.Option(help="JSON Lines of messages that nothing here answers; default: out_of_scope.jsonl.")
    ] = None,
    json: Json = None,
    fresh: Fresh = False,
) -> None:
    """Answers given without a person: how many, and how many of them are right; one message in five out of scope."""
    from eval.datasets import load
    from eval.reporting import console
    from eval.unattended import measure

    measure(load(folder, split), outside, json, fresh, console())


@app.command()
def gate(
    write: Annotated[bool, typer.Option("--write", help="Freeze the figures as they are now.")] = False,
) -> None:
    """The sample's questions against the frozen figures: exit code 1 where one fell."""
    from eval.gate import check
    from eval.reporting import console

    if fallen := check(write, console()):
        print("\n".join(fallen))
        raise typer.Exit(1)


@app.command()
def report(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 where something would.")] = False,
) -> None:
    """Write the generated parts of docs/evaluation.md and its plots from eval/results."""
    from eval.report import write

    changed = write(check)
    print("\n".join(changed) or "Nothing changes.")
    if check and changed:
        raise typer.Exit(1)
