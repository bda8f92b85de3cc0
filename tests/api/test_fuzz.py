"""A fuzzer driven by the whole OpenAPI finds nothing undocumented (the long form: tests/soak)."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.assembly import Parts
from kb_service.catalog import ensuring
from tests.api.fuzzing import fuzz, operations
from tests.conftest import ClientAs

EXAMPLES = 3


@pytest.fixture
def stocked(app: FastAPI, site: TestClient, parts: Parts) -> FastAPI:
    with parts.database.writing() as session:
        ensuring.ensure_product(session, "Gateway")
        ensuring.ensure_release(session, "gateway", "11.2")
        ensuring.ensure_topic(session, "networking")
        for number in range(3):
            text = ArticleText(f"Reset {number}", body="# A\n\nx", audience=("public",))
            upsert_imported(session, ImportedArticle("s", str(number), text), parts.catalog)
    return app


@pytest.mark.parametrize("role", [None, "agent", "admin"])
def test_every_answer_is_documented(stocked: FastAPI, client_as: ClientAs, role: str | None) -> None:
    headers = {} if role is None else {"Authorization": str(client_as(role).headers["Authorization"])}
    count = 0
    for operation in operations(stocked):
        fuzz(operation, headers, EXAMPLES)
        count += 1
    assert count > 30
