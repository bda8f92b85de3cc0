"""``kb model``."""

from __future__ import annotations

from pathlib import Path

import typer

from kb_service.errors import InvalidInput
from kb_service.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def model() -> None:
    """The encoder."""


@app.command()
def export(
    to: Path | None = typer.Option(None, help="A folder to write to; default: where `kb serve` looks for it."),
    name: str = typer.Option("packaged", help="The packaged model or any sentence-transformers name."),
) -> None:
    """Export the encoder to ONNX, so that serving needs no torch. Does nothing when it is there already."""
    from indexers.embedding import export as exporting
    from indexers.embedding.loader import packaged_export

    if name != exporting.PACKAGED and to is None:
        raise InvalidInput("Say where to write another model: --to FOLDER; then set KB_ENCODER to that folder.")
    folder = exporting.export(name, to) if to else packaged_export(Settings().data_dir)
    print(folder)
