"""``kb catalog``: thin over kb_service.catalog.service."""

from __future__ import annotations

from datetime import date, datetime

import typer

from kb_service.commands.context import print_table, using_database
from kb_service.errors import InvalidInput

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """Everything in the catalogue, one line an entry."""
    from kb_service.catalog.repository import load_catalog

    with using_database() as database, database.reading() as session:
        catalog = load_catalog(session)
    rows = [("product", product.slug, product.name) for product in catalog.products]
    rows += [("release", f"{p.slug}:{r.version}", r.label) for p in catalog.products for r in p.releases]
    rows += [("os", node.path, node.name) for node in catalog.operating_systems]
    rows += [("topic", node.path, node.name) for node in catalog.topics]
    print_table(("KIND", "KEY", "NAME"), rows)


@app.command()
def add_product(
    name: str,
    slug: str = typer.Option("", help="The key that never changes; default: made of the name."),
    description: str = typer.Option("", help="One sentence for menus."),
) -> None:
    """Add a product."""
    from kb_service.catalog import service

    with using_database() as database, database.writing() as session:
        product = service.create_product(session, name, slug or None, description)
    print(product.slug)


@app.command()
def add_release(
    product: str,
    version: str,
    name: str = typer.Option("", help="As people call it, if not by its number."),
    named: bool = typer.Option(False, help="A name that is equal or not, never ordered (365)."),
    released: datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="Day of the release."),
) -> None:
    """Add a release of a product."""
    from kb_service.catalog import service

    day: date | None = released.date() if released else None
    with using_database() as database, database.writing() as session:
        service.add_release(session, product, version, name, is_named=named, released_on=day)
    print(f"{product}:{version}")


@app.command()
def add_alias(
    kind: str = typer.Argument(help="product, release, os or topic"),
    text: str = typer.Argument(help="Another way to write it"),
    target: str = typer.Argument(help="The entry's key, as `kb catalog list` shows it"),
) -> None:
    """Add another way to write an entry."""
    from kb_service.catalog import service

    if kind not in service.ALIAS_KINDS:
        raise InvalidInput(f"There is no kind {kind!r}. Choose one of {', '.join(service.ALIAS_KINDS)}.")
    with using_database() as database, database.writing() as session:
        added = service.add_alias(session, kind, text, target)
    print("Added." if added else "It was there already.")


@app.command()
def add_os(
    name: str,
    parent: str = typer.Option("", help="Path of the node above (windows/11)."),
    slug: str = typer.Option("", help="Last part of the path; default: made of the name."),
) -> None:
    """Add an operating system, or a version of one."""
    _add_node("os", name, parent, slug)


@app.command()
def add_topic(
    name: str,
    parent: str = typer.Option("", help="Path of the topic above."),
    slug: str = typer.Option("", help="Last part of the path; default: made of the name."),
) -> None:
    """Add a topic."""
    _add_node("topic", name, parent, slug)


def _add_node(kind: str, name: str, parent: str, slug: str) -> None:
    from kb_service.catalog import trees

    with using_database() as database, database.writing() as session:
        node = trees.create_node(session, kind, name, parent or None, slug or None)
    print(node.path)
