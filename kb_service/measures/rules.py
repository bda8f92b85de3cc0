"""The measures' definitions as code (pure).

Invariants: every number comes with how many cases it speaks of, and which; what cannot be known yet is said to be open,
not counted as good. No measure counts activity: none rises by doing more.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean, median

from kb_service.text import words_of

QUIET_DAYS = timedelta(days=7)
SAME_WORDS = 0.5
SAMPLE = 20
MAX_CASES = 50


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer's word after a case was solved: in the same case, or in another one."""

    at: datetime
    subject: str
    articles: frozenset[int] = frozenset()
    is_same_case: bool = False


@dataclass(frozen=True, slots=True)
class Solved:
    """A case that was solved, as far as the measures look at it. ``waited``: hours by where it waited."""

    number: str
    subject: str
    opened_at: datetime
    solved_at: datetime
    replies: int = 0
    handovers: int = 0
    waited: dict[str, float] = field(default_factory=dict)
    articles: frozenset[int] = frozenset()
    new_articles: frozenset[int] = frozenset()
    """Those of them that were written after the case came in."""
    contacts: tuple[Contact, ...] = ()
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number. ``value`` None: nothing to speak of. ``open``: cases of which it cannot be known yet."""

    name: str
    definition: str
    unit: str
    value: float | None
    count: int
    parts: dict[str, float] = field(default_factory=dict)
    cases: tuple[str, ...] = ()
    """Those that speak against it, or that it was taken from; at most fifty."""
    open: int = 0


def is_same_question(solved: Solved, contact: Contact) -> bool:
    """The same case, an article in common, or half of the words of the shorter subject in common."""
    if contact.is_same_case or solved.articles & contact.articles:
        return True
    mine, theirs = set(words_of(solved.subject)), set(words_of(contact.subject))
    shorter = min(len(mine), len(theirs))
    return shorter > 0 and len(mine & theirs) / shorter >= SAME_WORDS


def came_back(solved: Solved) -> bool:
    """Whether the customer had to ask again within QUIET_DAYS."""
    return any(
        solved.solved_at < contact.at <= solved.solved_at + QUIET_DAYS and is_same_question(solved, contact)
        for contact in solved.contacts
    )


def measure(cases: Sequence[Solved], now: datetime) -> list[Measure]:
    """Every measure of these solved cases, the most important first."""
    return [quiet(cases, now), *resolution(cases), *links(cases), reuse(cases)]


def quiet(cases: Sequence[Solved], now: datetime) -> Measure:
    """Solved without further contact; a case whose seven days are not over is open unless the customer is back."""
    back = [case for case in cases if came_back(case)]
    known = [case for case in cases if case in back or case.solved_at + QUIET_DAYS <= now]
    value = 1 - len(back) / len(known) if known else None
    definition = (
        "Of the solved cases whose customers had seven days to come back: the share whose customer did not write again "
        "about the same question (the same case, an article in common, or half of the words of the subject)."
    )
    return Measure("solved_without_further_contact", definition, "share", value, len(known), {}, numbers(back),
                   len(cases) - len(known))  # fmt: skip


def resolution(cases: Sequence[Solved]) -> list[Measure]:
    """Replies, handovers and waits until a case was solved."""
    waits: Counter[str] = Counter()
    for case in cases:
        waits.update(case.waited)
    parts = {place: hours / len(cases) for place, hours in sorted(waits.items())} if cases else {}
    return [
        _median("replies_to_resolution", "Messages to the customer until the case was solved; the median.", "replies",
                [(case.replies, case) for case in cases]),
        _median("handovers_to_resolution", "How often a case went to another agent or queue until it was solved; the median.",
                "handovers", [(case.handovers, case) for case in cases]),
        Measure("wait_to_resolution", "Hours from the first word to the solution, on average, by where the case waited: "
                "with us, for the customer, for others.", "hours", sum(parts.values()) if cases else None, len(cases), parts,
                numbers(sorted(cases, key=lambda case: -sum(case.waited.values())))),
    ]  # fmt: skip


def links(cases: Sequence[Solved]) -> list[Measure]:
    """How many cases carry an article, and beside it how often it was the right one."""
    linked = [case for case in cases if case.articles]
    judged = [case for case in cases if case.verdict]
    right = [case for case in judged if case.verdict == "right"]
    verdicts = {name: float(n) for name, n in sorted(Counter(case.verdict for case in judged).items())}
    fresh = [case for case in linked if case.new_articles]
    known = {"new": len(fresh), "known": len(linked) - len(fresh), "none": len(cases) - len(linked)}
    return [
        Measure("link_accuracy", "Of the cases that a coach looked at, a random sample of 20 a team and week: the share whose "
                "article was right (not wrong, and none missing).", "share", _share(right, judged), len(judged), verdicts,
                numbers([case for case in judged if case.verdict != "right"])),
        Measure("link_rate", "The share of solved cases with an article linked or sent. Read it beside the accuracy only.",
                "share", _share(linked, cases), len(cases), {}, numbers([case for case in cases if not case.articles])),
        Measure("new_against_known", "The share of linked cases that needed an article written after they came in.", "share",
                _share(fresh, linked), len(linked), {name: float(n) for name, n in known.items()}, numbers(fresh)),
    ]  # fmt: skip


def reuse(cases: Sequence[Solved]) -> Measure:
    """How many solved cases an article serves."""
    uses = Counter(article for case in cases for article in case.articles)
    value = fmean(uses.values()) if uses else None
    return Measure("reuse", "Solved cases for each article that was used, on average.", "cases", value, len(uses))


def self_service(sessions: Iterable[frozenset[str]]) -> Measure:
    """Sessions of the portal by what was done in them (actions; "asked": a case came of it)."""
    kinds = Counter(_kind(actions) for actions in sessions)
    total = sum(kinds.values())
    definition = (
        "Sessions on the portal: confirmed (“this helped”, and no case), likely (an answer was opened, nothing said against "
        "it, and no case), unknown (the rest without a case), asked (a case came of it). The value is the confirmed share."
    )
    parts = {name: kinds[name] / total for name in ("confirmed", "likely", "unknown", "asked")} if total else {}
    return Measure("self_service", definition, "share", parts.get("confirmed"), total, parts)


def _kind(actions: frozenset[str]) -> str:
    if "asked" in actions or "escalated" in actions:
        return "asked"
    if actions & {"helpful", "solved"}:
        return "confirmed"
    return "likely" if actions & {"click", "view"} and "not_helpful" not in actions else "unknown"


def sample(numbers: Iterable[str], week: str) -> list[str]:
    """SAMPLE cases of a week, at random and the same for everybody who looks."""

    def place(number: str) -> str:
        return hashlib.sha256(f"{week}|{number}".encode()).hexdigest()

    return sorted(numbers, key=place)[:SAMPLE]


def numbers(cases: Iterable[Solved]) -> tuple[str, ...]:
    """The first fifty cases' numbers."""
    return tuple(case.number for case in cases)[:MAX_CASES]


def _share(some: Sequence[Solved], all: Sequence[Solved]) -> float | None:
    return len(some) / len(all) if all else None


def _median(name: str, definition: str, unit: str, found: list[tuple[int, Solved]]) -> Measure:
    value = float(median(n for n, _ in found)) if found else None
    most = sorted(found, key=lambda pair: -pair[0])
    return Measure(name, definition, unit, value, len(found), {}, numbers(case for _, case in most))
