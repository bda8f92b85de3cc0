"""A message with two questions: each gets its own answer, and it is said how many have one."""

from __future__ import annotations

from fastapi.testclient import TestClient

from tests.api.search import test_curation_api

articles = test_curation_api.articles
CARD = "I lost my access card yesterday evening and need to replace the lost access card."
PRINTER = "Nobody can print on the second floor, the printer has no name."


def test_each_question_of_a_message_is_asked_by_itself(site: TestClient, articles: dict[str, int]) -> None:
    found = site.post(
        "/v1/search/questions", json={"query": f"Hello,\n{CARD}\n\n{PRINTER}\n\nKind regards\nAnn"}
    ).json()
    assert [one["text"] for one in found["questions"]] == [CARD, PRINTER]
    firsts = [one["response"]["hits"][0]["title"] for one in found["questions"]]
    assert firsts == ["Replace a lost access card", "Print on the second floor"]
    answered = sum(one["answered"] for one in found["questions"])
    assert found["coverage"] == f"{answered} of 2 answered"


def test_one_question_is_the_search_that_it_is_anywhere(site: TestClient, articles: dict[str, int]) -> None:
    found = site.post("/v1/search/questions", json={"query": "access card"}).json()
    plain = site.post("/v1/search", json={"query": "access card", "limit": 5}).json()
    assert [hit["article"] for hit in found["questions"][0]["response"]["hits"]] == [
        hit["article"] for hit in plain["hits"]
    ]
    assert site.post("/v1/search/questions", json={"query": " "}).status_code == 422
