"""Who may put an article before whom (KCS): licences, governance, confidence. Pure.

| licence     | scope            | publishes for                       |
|-------------|------------------|-------------------------------------|
| candidate   | articles:propose | nobody: captures and proposes       |
| contributor | articles:write   | agents and authors                  |
| publisher   | articles:publish | everyone                            |

Invariants: work in progress never reaches anybody outside; a compliance-based text is published by one who wrote
none of it; a refusal says why and what is possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from kb_service.auth.actors import Actor, Scope
from kb_service.errors import Conflict, NotAllowed

INSIDE_AUDIENCES = frozenset({"agent", "author"})
"""Whom a contributor publishes for. Any other key, a partner group among them, is taken for outside."""
WORK_IN_PROGRESS, COMPLIANCE = "work_in_progress", "compliance"


class Licence(StrEnum):
    """What a person's practice is trusted with."""

    NONE = "none"
    CANDIDATE = "candidate"
    CONTRIBUTOR = "contributor"
    PUBLISHER = "publisher"


_SCOPES = (
    (Scope.ARTICLES_PUBLISH, Licence.PUBLISHER),
    (Scope.ARTICLES_WRITE, Licence.CONTRIBUTOR),
    (Scope.ARTICLES_PROPOSE, Licence.CANDIDATE),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides beside the text: confidence, governance and for whom it is."""

    confidence: str
    governance: str
    audience: frozenset[str]

    @property
    def is_inside(self) -> bool:
        """For agents and authors alone."""
        return self.audience <= INSIDE_AUDIENCES


def licence_of(actor: Actor) -> Licence:
    """The highest licence that the actor's scopes make."""
    return next((licence for scope, licence in _SCOPES if actor.may(scope)), Licence.NONE)


def check_publishing(licence: Licence, standing: Standing, *, wrote_it: bool) -> None:
    """Raise unless this licence may publish; ``wrote_it``: a part of what is not published yet is the actor's own."""
    if licence in (Licence.NONE, Licence.CANDIDATE):
        raise NotAllowed("Publishing needs the scope articles:write. Propose the change to an author instead.")
    if licence is Licence.CONTRIBUTOR and not standing.is_inside:
        raise NotAllowed(
            "Publishing for anyone but agents and authors needs the scope articles:publish. "
            "Save it as a draft and ask a publisher, or set its audience to agent."
        )
    check_outside(standing)
    if standing.governance == COMPLIANCE:
        check_review(licence, wrote_it=wrote_it)


def check_outside(standing: Standing) -> None:
    """Raise when work in progress would be read outside."""
    if standing.confidence == WORK_IN_PROGRESS and not standing.is_inside:
        raise Conflict(
            "Work in progress is found by agents only. Set its confidence to not_validated or validated, "
            "or its audience to agent.",
            confidence=standing.confidence,
        )


def check_review(licence: Licence, *, wrote_it: bool) -> None:
    """Raise unless this is a publisher who wrote nothing of what waits."""
    if licence is not Licence.PUBLISHER:
        raise NotAllowed("A compliance-based article is decided by a reviewer: this needs the scope articles:publish.")
    if wrote_it:
        raise Conflict("A compliance-based article is published by another than who wrote it. Ask a reviewer.")


def is_author_among(actor: Actor, authors: Iterable[str]) -> bool:
    """Whether the actor wrote one of these revisions."""
    return actor.id in set(authors)
