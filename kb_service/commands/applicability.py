"""``kb applicability``: what imported articles are for."""

from __future__ import annotations

import typer

from kb_service.commands.context import print_table, using_database

app = typer.Typer(no_args_is_help=True)


@app.callback()
def applicability() -> None:
    """What imported articles are for: proposals to accept or reject."""


@app.command()
def propose() -> None:
    """Propose a product for every imported article that applies to everything; decide on them at /workbench/applicability."""
    from kb_service.auth.actors import SYSTEM
    from kb_service.authoring.proposals_service import list_groups, propose_all
    from kb_service.catalog.repository import load_catalog

    with using_database() as database:
        with database.writing() as session:
            catalog = load_catalog(session)
            looked, made = propose_all(session, catalog)
        with database.reading() as session:
            groups = list_groups(session, SYSTEM.audiences)
    rows = [(catalog.product_name(group.product), group.evidence, str(group.count)) for group in groups]
    if rows:
        print_table(("PRODUCT", "NAMED BY", "ARTICLES"), rows)
    print(f"{looked} articles without applicability, {made} proposals in {len(rows)} groups.")
