"""``kb …``: every command by name, imported only when it runs.

``kb --help`` imports nothing but typer. A command that fails says in one line what is wrong and what to do, and
ends with exit code 2; a traceback is shown only under KB_LOG_LEVEL=debug.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

EXIT_CODE = 2


@dataclass(frozen=True)
class Place:
    """Where a command lives: a module of ``kb_service.commands`` whose ``app`` is a typer.Typer.

    ``command`` names one of several commands of that app; empty: the app as a whole.
    """

    module: str
    help: str
    command: str = ""

    @property
    def full_name(self) -> str:
        """The module's dotted name."""
        return f"kb_service.commands.{self.module}"


COMMANDS: dict[str, Place] = {
    "serve": Place("serve", "Serve the API and the pages; also feeds the index."),
    "worker": Place("worker", "Feed the index without serving."),
    "demo": Place("demo", "Load the sample knowledge and serve it."),
    "mail": Place("mail", "Mail in: take messages from files or a pipe, or listen by LMTP or SMTP."),
    "search": Place("search", "Ask a question on the command line."),
    "import": Place("transfer", "Bring articles and catalogue in from files.", "import"),
    "export": Place("transfer", "Write articles and catalogue to files.", "export"),
    "backup": Place("backup", "Write everything to a file or folder, while services run.", "backup"),
    "restore": Place("backup", "Bring a backup back into an empty installation.", "restore"),
    "reindex": Place("index", "Build a new generation of the index beside the serving one.", "reindex"),
    "index": Place("index", "The index: status, and failed changes once more.", "index"),
    "doctor": Place("doctor", "What is configured, what works, what to do."),
    "user": Place("user", "People who sign in: add, list, disable."),
    "key": Place("key", "API keys: create, list, revoke."),
    "catalog": Place("catalog", "Products, releases, operating systems, aliases, topics."),
    "applicability": Place("applicability", "What imported articles are for: proposals to accept or reject."),
    "tune": Place("tune", "Fit what ranks to this knowledge base, from judged questions."),
    "migrate": Place("migrate", "Bring the database to this version's schema."),
    "model": Place("model", "The encoder: export it for serving without torch."),
    "jobs": Place("jobs", "Periodic jobs: when each ran, and how it ended."),
}


class LazyGroup(TyperGroup):
    """Lists commands from the table, imports the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command whose module is there."""
        return [name for name, place in COMMANDS.items() if importlib.util.find_spec(place.full_name)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in with the help line: enough to list."""
        place = COMMANDS.get(cmd_name)
        return TyperCommand(cmd_name, help=place.help) if place else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command itself, when it is called."""
        self.commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}  # for "did you mean"
        name, found, rest = super().resolve_command(ctx, args)
        return (name, load(name), rest) if found is not None and name else (name, found, rest)


def load(name: str) -> Any:
    """Import a command."""
    place = COMMANDS[name]
    command: Any = typer.main.get_command(importlib.import_module(place.full_name).app)
    return getattr(command, "commands", {}).get(place.command, command)


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def kb() -> None:
    """One knowledge base, one path to the answer, every channel."""
    from kb_service.telemetry import configure_logging

    configure_logging("warning", to_stderr=True)


def main() -> None:
    """The entry point."""
    try:
        app()
    except Exception as exc:
        from kb_service.commands.failures import explain

        line = explain(exc)
        if line is None or _is_debugging():
            raise
        sys.stderr.write(f"kb: {line}\n")
        sys.exit(EXIT_CODE)


def _is_debugging() -> bool:
    from kb_service.settings import Settings

    try:
        return Settings().log_level == "debug"
    except ValueError:
        return False


if __name__ == "__main__":
    main()
