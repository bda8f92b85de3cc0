"""A fuzzer driven by the OpenAPI finds no server error in these routes."""

from __future__ import annotations

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

from kb_service.articles.importing import upsert_imported
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.catalog.repository import load_catalog
from kb_service.db.session import Database

EXAMPLES = settings(
    max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.fixture
def schema(small_app: FastAPI, database: Database) -> schemathesis.BaseSchema:
    with database.writing() as session:
        text = ArticleText("Reset", body="# A\n\nx", audience=("public",))
        upsert_imported(session, ImportedArticle("s", "1", text), load_catalog(session))
    return schemathesis.openapi.from_asgi("/openapi.json", small_app)


def test_no_request_breaks_the_server(schema: schemathesis.BaseSchema) -> None:
    for found in schema.get_all_operations():

        @EXAMPLES
        @given(case=found.ok().as_strategy())
        def holds(case: schemathesis.Case) -> None:
            case.headers.update({"X-Role": "admin", "If-Match": "*"})
            if "reference" in case.path_parameters:
                case.path_parameters["reference"] = "1"
            response = case.call()
            assert response.status_code < 500, (case.method, case.path, response.text)

        holds()
