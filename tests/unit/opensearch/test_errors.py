"""Every way in which the client can fail has a name of ours."""

from __future__ import annotations

import inspect

import pytest
from opensearchpy import exceptions as client

from indexers.engine import EngineUnavailable
from indexers.opensearch import errors
from indexers.opensearch.errors import (
    MAPPED,
    ClusterOverloaded,
    ClusterRefused,
    ClusterUnreachable,
    NotInCluster,
    RequestRejected,
    WriteConflict,
    by_status,
    translate,
)

KNOWN = [
    cls
    for _, cls in inspect.getmembers(client, inspect.isclass)
    if issubclass(cls, Exception) and not issubclass(cls, Warning) and cls.__module__.startswith("opensearchpy")
]


def test_the_client_has_no_exception_that_is_not_mapped() -> None:
    """A release of the client that adds one fails here, and somebody decides what it means."""
    from opensearchpy import helpers

    everywhere = {*KNOWN, helpers.errors.BulkIndexError, helpers.errors.ScanError}
    assert {cls for cls in everywhere if not any(base in MAPPED for base in cls.__mro__)} == set()
    assert set(KNOWN) - set(MAPPED) == set()


@pytest.mark.parametrize("cls", KNOWN, ids=lambda cls: cls.__name__)
def test_each_becomes_an_error_that_says_what_to_do(cls: type[Exception]) -> None:
    made = cls("N/A", "cause", {}) if issubclass(cls, client.TransportError) else cls("cause")
    error = translate(made)
    assert isinstance(error, EngineUnavailable)
    assert type(error) is not EngineUnavailable
    assert str(error).startswith("OpenSearch ")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ClusterRefused), (403, ClusterRefused), (404, NotInCluster), (409, WriteConflict), (400, RequestRejected),
        (429, ClusterOverloaded), (503, ClusterOverloaded), (504, ClusterUnreachable), (418, RequestRejected),
    ],
)  # fmt: skip
def test_a_status_means_the_same_in_an_answer_and_in_an_exception(status: int, kind: type[Exception]) -> None:
    info = {"error": {"type": "some_exception", "reason": "words"}}
    assert type(by_status(status, "words")) is kind
    made = translate(client.TransportError(status, "some_exception", info))
    assert type(made) is kind
    assert "some_exception: words" in str(made)


def test_only_what_may_pass_is_tried_again() -> None:
    assert set(errors.RETRYABLE) == {ClusterUnreachable, ClusterOverloaded}
