"""The states of an article and the moves between them. Pure.

draft ──publish──▶ published ──unpublish──▶ draft
  │                   │  └──publish (a newer draft)──▶ published
  └──archive──▶ archived ◀──archive──┘
archived ──restore──▶ draft

Invariant: a move that is not drawn is refused with the reason and with what is possible instead.
"""

from __future__ import annotations

from enum import StrEnum

from kb_service.errors import Conflict


class State(StrEnum):
    """Where an article stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Move(StrEnum):
    """What may be done with an article."""

    EDIT = "edit"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    ARCHIVE = "archive"
    RESTORE = "restore"


MOVES: dict[State, dict[Move, State]] = {
    State.DRAFT: {Move.EDIT: State.DRAFT, Move.PUBLISH: State.PUBLISHED, Move.ARCHIVE: State.ARCHIVED},
    State.PUBLISHED: {
        Move.EDIT: State.PUBLISHED,
        Move.PUBLISH: State.PUBLISHED,
        Move.UNPUBLISH: State.DRAFT,
        Move.ARCHIVE: State.ARCHIVED,
    },
    State.ARCHIVED: {Move.RESTORE: State.DRAFT},
}
_REASONS: dict[tuple[State, Move], str] = {
    (State.DRAFT, Move.UNPUBLISH): "It is not published.",
    (State.DRAFT, Move.RESTORE): "It is not archived.",
    (State.PUBLISHED, Move.RESTORE): "It is not archived.",
    (State.ARCHIVED, Move.EDIT): "An archived article is not edited.",
    (State.ARCHIVED, Move.PUBLISH): "An archived article is not published.",
    (State.ARCHIVED, Move.UNPUBLISH): "It is archived, so nobody reads it.",
    (State.ARCHIVED, Move.ARCHIVE): "It is archived already.",
}


def state_of(*, is_archived: bool, is_published: bool) -> State:
    """An article's state from its row."""
    if is_archived:
        return State.ARCHIVED
    return State.PUBLISHED if is_published else State.DRAFT


def possible_moves(state: State, *, has_draft: bool) -> list[Move]:
    """What can be done now; publishing what is published needs a newer draft."""
    return [m for m in MOVES[state] if not (m is Move.PUBLISH and state is State.PUBLISHED and not has_draft)]


def next_state(state: State, move: Move, *, has_draft: bool) -> State:
    """The state after a move. Raises Conflict with the reason and the moves that are possible."""
    possible = possible_moves(state, has_draft=has_draft)
    if move in possible:
        return MOVES[state][move]
    reason = _REASONS.get((state, move), "Its newest revision is published already; edit it first.")
    raise Conflict(
        f"{reason} Possible now: {', '.join(possible)}.", state=state.value, possible=[m.value for m in possible]
    )
