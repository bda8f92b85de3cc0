"""The fuzzer for longer, with other seeds: run with ``pytest -m soak tests/soak``."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.api.fuzzing import fuzz, operations
from tests.api.test_fuzz import stocked as stocked
from tests.conftest import ClientAs

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
EXAMPLES, ROUNDS = 40, 3


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("role", [None, "customer", "agent", "admin"])
def test_every_answer_is_documented(stocked: FastAPI, client_as: ClientAs, role: str | None, turn: int) -> None:
    headers = {} if role is None else {"Authorization": str(client_as(role).headers["Authorization"])}
    for operation in operations(stocked):
        fuzz(operation, headers, EXAMPLES, start=100 + turn)
