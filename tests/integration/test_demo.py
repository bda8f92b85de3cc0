"""The sample company loads, twice the same, and its judged questions name articles that are there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from eval.gate import fallen, figures_of, frozen_for
from eval.knowledge import KnowledgeBase, external_ids_of
from kb_service.articles.models import Article
from kb_service.assembly import Parts, assemble
from kb_service.auth.actors import Role, actor_for
from kb_service.auth.gate import Gate
from kb_service.auth.models import ApiKey
from kb_service.bookmarks.repository import list_sets
from kb_service.bookmarks.views import Reader, view_sets
from kb_service.demo.loader import KNOWLEDGE, LOGINS, Loaded, load
from kb_service.demo.sets import load_sets
from kb_service.search.request import SearchRequest
from kb_service.settings import Settings


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Parts, Loaded]]:
    folder: Path = tmp_path_factory.mktemp("demo")
    parts = assemble(Settings(data_dir=folder, encoder="hashing"))
    yield parts, load(parts)
    parts.close()


def test_everything_is_loaded_and_indexed(loaded: tuple[Parts, Loaded]) -> None:
    _, found = loaded
    assert found.report.rejected == 0
    assert found.drained.is_mine
    assert found.drained.left == 0
    assert found.drained.articles > 100


def test_every_judged_article_exists(loaded: tuple[Parts, Loaded]) -> None:
    questions = [json.loads(line) for line in (KNOWLEDGE / "questions.jsonl").read_text().splitlines()]
    judged = {article for question in questions for article in question["articles"]}
    assert len(questions) >= 150
    assert judged <= set(loaded[1].numbers)


def test_no_question_is_answered_worse_than_the_frozen_figures_say(loaded: tuple[Parts, Loaded]) -> None:
    parts = loaded[0]
    found = figures_of(KnowledgeBase(parts, external_ids_of(parts), {}))
    frozen = frozen_for("hashing")
    assert frozen, "freeze the figures: kb-eval gate --write"
    assert fallen(found, frozen) == []


def test_drafts_stay_drafts(loaded: tuple[Parts, Loaded]) -> None:
    with loaded[0].database.reading() as session:
        drafts = session.scalars(select(Article.external_id).where(Article.published_revision_id.is_(None))).all()
    assert drafts
    assert all(str(name).startswith("draft-") for name in drafts)


def test_the_second_time_nothing_changes(loaded: tuple[Parts, Loaded]) -> None:
    parts, first = loaded
    again = load(parts)
    with parts.database.reading() as session:
        keys = session.scalar(select(func.count()).select_from(ApiKey))
    assert (again.report.created, again.report.updated, again.widget_key, keys) == (0, 0, first.widget_key, 1)


def test_three_sets_of_bookmarks_wait_for_the_agent_once(loaded: tuple[Parts, Loaded]) -> None:
    parts, found = loaded
    agent = actor_for("user:900", "Newcomer", Role.AGENT)
    with parts.database.writing() as session:
        assert load_sets(session, found.numbers) == 0
    with parts.database.reading() as session:
        sets = list_sets(session, agent)
        views = view_sets(session, sets, Reader(agent, parts.catalog))
    assert {view.kind for view in views} == {"personal", "team", "starter"}
    assert all(view.articles >= 3 and view.warnings == 0 for view in views)


def test_the_published_passwords_work(loaded: tuple[Parts, Loaded]) -> None:
    parts, _ = loaded
    from kb_service.auth.sessions import sign_in

    assert Gate(parts.settings, parts.database)
    for login in LOGINS:
        with parts.database.writing() as session:
            assert sign_in(session, login.email, login.password)


def test_context_decides_the_first_answer(loaded: tuple[Parts, Loaded]) -> None:
    parts, found = loaded
    for version in ("10.4", "12.0"):
        stated = parts.catalog.resolve_context("gateway", version)
        hits = parts.search.search(SearchRequest("VPN does not reconnect after sleep", stated)).hits
        wanted = found.numbers[f"gw-vpn-reconnect-{version.split('.')[0]}"]
        assert hits[0].number == wanted
