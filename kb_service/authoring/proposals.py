"""Which product an article without applicability is for: what its title, section, labels and text say together. Pure.

Each kind of evidence gives points to the products that it names; an umbrella name ("Outlook" where there is "Outlook on the
web", too) counts less unless the section says so. Proposed is the one product that leads by MARGIN; two that are close mean
both, or neither, and that is for a person to say. Versions and systems are never guessed: a wrong one hides an answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kb_service.catalog.names import Names
from kb_service.text import words_of

TITLE, LEAD, SHARE, SECTION, BEGINNING, LABEL, UMBRELLA = 3.0, 1.0, 2.0, 2.0, 4.0, 0.5, 1.5
MARGIN = 3.8
LEAD_CHARACTERS, MAX_CHARACTERS = 400, 40_000


@dataclass(frozen=True, slots=True)
class Material:
    """What is known of an imported article. ``sections``: folders of its old address."""

    title: str
    text: str
    sections: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A product (slug), by how much it leads, and what named it: title, section, label, text."""

    product: str
    margin: float
    reasons: tuple[str, ...]


class Proposer:
    """Proposes by one catalogue's products. ``names``: how texts call them; ``labels``: slug → name."""

    def __init__(self, names: Names, labels: Mapping[str, str]) -> None:
        self._names = names
        self._plain = {slug: _plain(name) for slug, name in labels.items()}
        firsts = Counter(words[0] for name in labels.values() if len(words := words_of(name)) > 1)
        self._vendor = _plain(firsts.most_common(1)[0][0]) if firsts else ""
        """The word that most names begin with: folders may carry it where names do not ("microsoftteams")."""
        self._umbrellas = {
            slug
            for slug, name in labels.items()
            if any(other.lower().startswith(name.lower() + " ") for other in labels.values())
        }

    def propose(self, material: Material) -> Proposal | None:
        """The product that the article is for; None where that is not clear."""
        title = self._named(material.title)
        lead = self._named(material.text[:LEAD_CHARACTERS])
        body = self._named(material.text[:MAX_CHARACTERS])
        whole, beginning = self._in_sections(material.sections)
        label = {slug for text in material.labels for slug in self._named(text)}
        scores: dict[str, float] = {}
        for slug in {*title, *lead, *body, *whole, *label}:
            scores[slug] = (
                TITLE * (slug in title)
                + LEAD * min(lead[slug], 2)
                + SHARE * body[slug] / max(1, body.total())
                + SECTION * (slug in whole)
                + LABEL * (slug in label)
            )
            scores[slug] += BEGINNING * (slug in beginning)
            scores[slug] -= UMBRELLA * (slug in self._umbrellas and slug not in whole)
        return _leader(scores, {"title": set(title), "section": whole | beginning, "label": label, "text": set(body)})

    def _named(self, text: str) -> Counter[str]:
        return Counter(mention.target for mention in self._names.find(words_of(text)))

    def _in_sections(self, sections: Sequence[str]) -> tuple[set[str], set[str]]:
        """Products that a folder is called after, and those whose name begins like it."""
        folders = {_plain(section) for section in sections} - {""}
        whole = {
            slug for slug, name in self._plain.items() if any(f == name or f == self._vendor + name for f in folders)
        }
        begun = {
            slug
            for slug, name in self._plain.items()
            if any(len(folder) > 4 and name.startswith(folder) and name != folder for folder in folders)
        }
        return whole, begun


def _leader(scores: Mapping[str, float], named: Mapping[str, set[str]]) -> Proposal | None:
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    if not ranked:
        return None
    slug, best = ranked[0]
    margin = best - (max(0.0, ranked[1][1]) if len(ranked) > 1 else 0.0)
    if margin < MARGIN:
        return None
    return Proposal(slug, round(margin, 2), tuple(reason for reason, slugs in named.items() if slug in slugs))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def folders_of(addresses: Iterable[str]) -> tuple[str, ...]:
    """The folders of old addresses: "/exchange/troubleshoot/x" → exchange, troubleshoot."""
    found = (part for address in addresses for part in address.split("?")[0].strip("/").split("/")[:-1])
    return tuple(dict.fromkeys(part for part in found if part))
