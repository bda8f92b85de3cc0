"""What a new article of each type begins with, and which fields its type is made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Template:
    """``shown``: the text fields that stand open, in order; ``begins``: what is filled in already."""

    shown: tuple[str, ...]
    begins: dict[str, str] = field(default_factory=dict)


TEMPLATES: dict[str, Template] = {
    "problem": Template(("issue", "environment", "cause", "resolution")),
    "howto": Template(("environment", "resolution"), {"resolution": "1. "}),
    "faq": Template(("issue", "resolution")),
    "error": Template(("issue", "cause", "resolution"), {"issue": "```\n\n```"}),
    "policy": Template(
        ("body",), {"body": "## What holds\n\n\n\n## Exceptions\n\n\n\n## Who decides\n\n", "governance": "compliance"}
    ),
    "reference": Template(("body",)),
}


def template_of(kind: str) -> Template:
    """The template of a type; of an unknown one, a problem's."""
    return TEMPLATES.get(kind, TEMPLATES["problem"])
