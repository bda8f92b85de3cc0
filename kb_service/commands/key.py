"""``kb key``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from kb_service.auth.actors import Role, Scope
from kb_service.commands.context import print_table, using_database

if TYPE_CHECKING:
    from kb_service.auth.models import ApiKey

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: str,
    role: Role = typer.Option(Role.AGENT, help="What the key may read and do."),
    scope: list[Scope] = typer.Option([], help="Narrow the role to these scopes; may be repeated."),
    group: list[str] = typer.Option([], help="A further audience key; may be repeated."),
    publishable: bool = typer.Option(False, help="For a widget: searches public articles from the given origins."),
    origin: list[str] = typer.Option([], help="https://help.example.com; may be repeated."),
    days: int = typer.Option(0, min=0, help="Expires after so many days; 0: never."),
) -> None:
    """Make an API key and show it, this once."""
    from kb_service.auth import service
    from kb_service.auth.schemas import KeyIn
    from kb_service.db.base import utcnow

    new = KeyIn(
        name=name,
        role=role,
        groups=group,
        scopes=scope,
        is_publishable=publishable,
        origins=origin,
        expires_at=utcnow() + timedelta(days=days) if days else None,
    )
    with using_database() as database, database.writing() as session:
        _, made = service.create_key(session, new)
    print(made.text)


@app.command("list")
def list_() -> None:
    """All keys, without their secrets."""
    from kb_service.auth import repository

    with using_database() as database, database.reading() as session:
        rows = [_row(key) for key in repository.list_keys(session)]
    print_table(("ID", "KEY", "NAME", "ROLE", "STATE"), rows)


def _row(key: ApiKey) -> tuple[str, ...]:
    role = "publishable" if key.is_publishable else key.role
    return str(key.id), f"{key.prefix}…", key.name, role, "revoked" if key.revoked_at else "active"


@app.command()
def revoke(id: int) -> None:
    """End a key; running services notice within a minute."""
    from kb_service.auth import service

    with using_database() as database, database.writing() as session:
        key = service.revoke_key(session, id)
    print(f"Revoked {key.prefix}… ({key.name}).")
