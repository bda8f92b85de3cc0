"""The states of an article: every move is drawn or refused with what is possible."""

import pytest

from kb_service.articles.lifecycle import MOVES, Move, State, next_state, possible_moves, state_of
from kb_service.errors import Conflict


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("has_draft", [True, False])
def test_a_move_is_made_or_refused_with_what_is_possible(state: State, move: Move, has_draft: bool) -> None:
    possible = possible_moves(state, has_draft=has_draft)
    if move in possible:
        assert next_state(state, move, has_draft=has_draft) is MOVES[state][move]
    else:
        with pytest.raises(Conflict) as refused:
            next_state(state, move, has_draft=has_draft)
        assert refused.value.extras["possible"] == [m.value for m in possible]


def test_publishing_again_needs_a_newer_draft() -> None:
    assert next_state(State.PUBLISHED, Move.PUBLISH, has_draft=True) is State.PUBLISHED
    with pytest.raises(Conflict, match="published already; edit it first"):
        next_state(State.PUBLISHED, Move.PUBLISH, has_draft=False)


def test_an_archived_article_is_archived_even_if_it_was_published() -> None:
    assert state_of(is_archived=True, is_published=True) is State.ARCHIVED
