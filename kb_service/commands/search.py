"""``kb search``: what the portal shows, or what the API returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from kb_service.auth.actors import ANONYMOUS, Actor, Role, actor_for
from kb_service.commands.context import using_parts

if TYPE_CHECKING:
    from rich.text import Text

    from kb_service.search.request import Hit, SearchResponse

app = typer.Typer()


@app.command()
def search(
    query: str = typer.Argument("", help="Any text; empty: what changed last."),
    product: str = typer.Option("", help="Product: name, alias or slug."),
    version: str = typer.Option("", help="Version of the product."),
    os: str = typer.Option("", help="Operating system: name, alias or path."),
    limit: int = typer.Option(5, min=1, max=100, help="How many answers."),
    as_role: str = typer.Option("", help="Read as this role (agent, author …); default: an anonymous visitor."),
    why: bool = typer.Option(False, help="Say why each answer stands where it stands."),
    as_json: bool = typer.Option(False, "--json", help="What the API returns."),
) -> None:
    """Ask a question. Runs beside a service: it only reads the index."""
    from kb_service.search.request import SearchOptions, SearchRequest

    actor = reader(as_role)
    with using_parts() as parts:
        stated = parts.catalog.resolve_context(product or None, version or None, os or None)
        options = SearchOptions(why=why, chips=not as_json)
        response = parts.search.search(
            SearchRequest(query, stated, actor=actor, channel="cli", limit=limit, options=options)
        )
    _print_json(response) if as_json else _print(response)


def reader(role: str) -> Actor:
    """The actor that a role makes. Raises InvalidInput for a role that is none."""
    from kb_service.errors import InvalidInput

    if not role:
        return ANONYMOUS
    if role not in set(Role):
        raise InvalidInput(f"There is no role {role!r}. Choose one of {', '.join(Role)}.", "/as_role")
    return actor_for("command-line", "command line", Role(role))


def _print_json(response: SearchResponse) -> None:
    import orjson

    from kb_service.search.schemas import to_dict

    print(orjson.dumps(to_dict(response), option=orjson.OPT_INDENT_2).decode())


def _print(response: SearchResponse) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for line in lines_of(response):
        console.print(line)


def lines_of(response: SearchResponse) -> list[Text]:
    """The answer as the portal shows it, as lines for a terminal."""
    from rich.text import Text

    lines = [Text(text, "dim") for text in _frame(response)]
    if response.no_answer:
        words = "Nothing here answers that for sure." + (" The nearest:" if response.hits else "")
        lines.append(Text(words, "bold yellow"))
    elif response.total:
        more = " or more" if response.total_relation == "gte" else ""
        lines.append(Text(f"{response.total}{more} {'answer' if response.total == 1 else 'answers'}", "bold"))
    for rank, hit in enumerate(response.hits, 1):
        lines += [Text(), *_hit(rank, hit)]
    if response.clarify:
        values = ", ".join(f"{value.label} ({value.count})" for value in response.clarify.values)
        lines += [Text(), Text(f"{response.clarify.question} {values}", "bold cyan")]
        lines.append(Text(f"  say it: --{response.clarify.axis} …"))
    if response.widened:
        lines += [Text(), Text(response.widened.label, "bold yellow")]
        lines += [line for rank, hit in enumerate(response.widened.hits, 1) for line in _hit(rank, hit)]
    return lines


def _frame(response: SearchResponse) -> list[str]:
    """What stands above the answers: the context in force, a correction, what did not work."""
    chips = [f"{c.label}{f' (hides {c.hides} more)' if c.hides else ''}" for c in response.context]
    lines = [f"For: {' · '.join(chips)}"] if chips else []
    if response.corrected_from:
        lines.append(f"Searched for “{response.query}” instead of “{response.corrected_from}”.")
    if response.degraded:
        lines.append(f"Answered with less, because a part failed: {', '.join(response.degraded)}.")
    return lines


def _hit(rank: int, hit: Hit) -> list[Text]:
    from rich.text import Text

    title = Text.assemble((f"{rank}. ", "dim"), (hit.title, "bold"), (f"  {hit.number}", "cyan"))
    title.append("  (pinned)" if hit.pinned else "", "dim")
    applies = " | ".join(hit.applies_to) or "applies to everything"
    snippet = Text(hit.snippet.text)
    for start, end in hit.snippet.highlights:
        snippet.stylize("bold green", start, end)
    heading = Text(f"{hit.snippet.heading}: " if hit.snippet.heading else "", "italic")
    lines = [title, Text(f"   {applies} · {hit.match}", "dim"), Text("   ") + heading + snippet]
    lines += [Text(f"   also: {v.title} ({', '.join(v.applies_to)}) {v.number}", "dim") for v in hit.variants]
    for reason in hit.why or ():
        lines.append(Text("   why: " + " ".join(f"{name}={value}" for name, value in reason.items()), "magenta"))
    return lines
