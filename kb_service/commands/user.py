"""``kb user``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from kb_service.auth.actors import Role
from kb_service.commands.context import print_table, using_database
from kb_service.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from kb_service.auth.models import User

app = typer.Typer(no_args_is_help=True)


@app.command()
def add(
    email: str,
    role: Role = typer.Option(Role.AGENT, help="What this person may read and do."),
    name: str = typer.Option("", help="As shown to colleagues."),
    group: list[str] = typer.Option([], help="A further audience key; may be repeated."),
    password_stdin: bool = typer.Option(False, help="Read the password from standard input."),
) -> None:
    """Add a person who signs in. The password is asked for, never given as an argument."""
    from pydantic import SecretStr

    from kb_service.auth import service
    from kb_service.auth.schemas import UserIn

    password = SecretStr(_read_password(password_stdin))
    new = UserIn(email=email, name=name, role=role, groups=group, password=password)
    with using_database() as database, database.writing() as session:
        user = service.create_user(session, new)
    print(f"Added {user.email} as {user.role}.")


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise InvalidInput("There is no terminal to ask for the password. Use --password-stdin.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@app.command("list")
def list_() -> None:
    """Everyone who can sign in."""
    from kb_service.auth import repository

    with using_database() as database, database.reading() as session:
        rows = [_row(user) for user in repository.list_users(session)]
    print_table(("EMAIL", "ROLE", "GROUPS", "STATE"), rows)


def _row(user: User) -> tuple[str, ...]:
    return user.email, user.role, ",".join(user.groups), "disabled" if user.disabled_at else "active"


@app.command()
def disable(email: str) -> None:
    """Keep a person out and end their sessions."""
    from kb_service.auth import repository, service

    with using_database() as database, database.writing() as session:
        user = repository.find_user(session, email)
        if user is None:
            raise NotFound(f"There is no user {email}. See `kb user list`.")
        service.disable_user(session, user.id)
    print(f"Disabled {email}.")
