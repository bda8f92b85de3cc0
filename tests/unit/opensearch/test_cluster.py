"""The way to the cluster: what is tried again, what is refused, and each document of a bulk by itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from indexers.opensearch.bulk import make_write, write_all
from indexers.opensearch.cluster import Cluster, ClusterOptions
from indexers.opensearch.errors import ClusterOverloaded, ClusterRefused, ClusterUnreachable, NotInCluster
from tests.unit.opensearch.fake_node import Reply, fake_node

BUSY = {"error": {"type": "rejected_execution_exception", "reason": "queue is full"}}
FINE = {"ok": True}


def cluster(url: str, **more: Any) -> Cluster:
    return Cluster(ClusterOptions(url, timeout_seconds=0.3, **more))


def in_turn(*replies: tuple[int, Any]) -> Reply:
    left = list(replies)
    return lambda *_: left.pop(0) if len(left) > 1 else left[0]


def test_a_cluster_that_asks_for_time_is_asked_again_later() -> None:
    with fake_node(in_turn((429, BUSY), (503, BUSY), (200, FINE))) as node:
        assert cluster(node.url).read("GET", "/x") == FINE
        assert len(node.asked) == 3


def test_patience_ends_and_the_error_names_the_cause() -> None:
    with fake_node(in_turn((429, BUSY))) as node, pytest.raises(ClusterOverloaded, match="queue is full"):
        cluster(node.url).read("GET", "/x")


def test_what_will_not_pass_is_not_tried_again() -> None:
    with fake_node(in_turn((404, {}))) as node:
        with pytest.raises(NotInCluster):
            cluster(node.url).read("GET", "/x")
        assert len(node.asked) == 1


def test_a_dead_node_is_passed_over() -> None:
    with fake_node(in_turn((200, FINE))) as gone:
        dead = gone.url
    with fake_node(in_turn((200, FINE))) as node:
        nodes = cluster(f"{dead}, {node.url}")
        assert all(nodes.read("GET", "/x") == FINE for _ in range(4))


def test_a_cluster_that_is_away_says_which_setting_to_look_at() -> None:
    with fake_node(in_turn((200, FINE))) as gone:
        dead = gone.url
    with pytest.raises(ClusterUnreachable, match="KB_OPENSEARCH_URL"):
        cluster(dead).read("GET", "/x")


# -- TLS and accounts ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for localhost and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder: Path = tmp_path_factory.mktemp("tls")
    chain, key = str(folder / "cert.pem"), str(folder / "key.pem")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-keyout", key, "-out", chain, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    return chain, key


def test_tls_with_the_right_account_and_authority_is_let_in(certificate: tuple[str, str]) -> None:
    with fake_node(in_turn((200, FINE)), {"kb": "secret"}, certificate) as node:
        nodes = cluster(node.url, user="kb", password="secret", ca_file=certificate[0])
        assert nodes.read("GET", "/x") == FINE


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_account_is_told_at_once(certificate: tuple[str, str], password: str) -> None:
    with fake_node(in_turn((200, FINE)), {"kb": "secret"}, certificate) as node:
        nodes = cluster(node.url, user="kb", password=password, ca_file=certificate[0])
        with pytest.raises(ClusterRefused, match="KB_OPENSEARCH_PASSWORD"):
            nodes.read("GET", "/x")
        assert len(node.asked) == 1


def test_an_unknown_certificate_is_refused_unless_told_otherwise(certificate: tuple[str, str]) -> None:
    with fake_node(in_turn((200, FINE)), None, certificate) as node:
        with pytest.raises(ClusterRefused, match="KB_OPENSEARCH_CA"):
            cluster(node.url).read("GET", "/x")
        assert cluster(node.url, verify=False).read("GET", "/x") == FINE


# -- bulk ----------------------------------------------------------------------------------------------------------


def answering(*rounds: dict[str, int]) -> Reply:
    """Each round: article id → status; further rounds repeat the last."""
    left = list(rounds)

    def reply(_method: str, _path: str, body: bytes) -> tuple[int, Any]:
        statuses = left.pop(0) if len(left) > 1 else left[0]
        actions = [json.loads(line)["index"] for line in body.decode().splitlines()[::2]]
        items = [{"index": {"status": statuses[one["_id"]], "error": {"type": "t", "reason": "r"}}} for one in actions]
        return 200, {"errors": True, "items": items}

    return reply


def writes(*article_ids: int) -> list[Any]:
    return [make_write("kb-into-g1", article, 2, {"article_id": article}) for article in article_ids]


def test_each_document_of_a_bulk_has_an_outcome_of_its_own() -> None:
    with fake_node(answering({"1": 201, "2": 409, "3": 400, "4": 429}, {"4": 200})) as node:
        assert write_all(cluster(node.url), writes(1, 2, 3, 4)) == {3: "t: r"}
        assert len(node.asked) == 2


def test_documents_that_are_never_taken_in_wait_for_a_better_time() -> None:
    with fake_node(answering({"1": 201, "2": 503}, {"2": 503})) as node, pytest.raises(ClusterOverloaded):
        write_all(cluster(node.url), writes(1, 2), patience_seconds=0.3)


def test_a_bulk_that_may_not_be_written_blames_no_article() -> None:
    with fake_node(answering({"1": 403})) as node, pytest.raises(ClusterRefused):
        write_all(cluster(node.url), writes(1))


def test_a_bulk_that_is_refused_as_a_whole_is_taken_apart() -> None:
    def reply(_method: str, _path: str, body: bytes) -> tuple[int, Any]:
        lines = body.decode().splitlines()
        if any('"_id":"2"' in line for line in lines):
            return 400, {"error": {"type": "illegal_argument_exception", "reason": "no such thing"}}
        return 200, {"errors": False, "items": [{"index": {"status": 201}} for _ in lines[::2]]}

    with fake_node(reply) as node:
        assert list(write_all(cluster(node.url), writes(1, 2, 3))) == [2]
