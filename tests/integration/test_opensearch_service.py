"""The product, unchanged, on a cluster: every command and several serving processes, with two settings more."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from indexers.opensearch.cluster import ClusterOptions
from kb_service.cli import app
from kb_service.commands.failures import explain
from kb_service.settings import Settings
from tests.integration.test_serving_processes import serving, until
from tests.support.opensearch import remove_indices

ARTICLES = [
    ("d1", "Reset the router", "Hold the button for ten seconds."),
    ("d2", "Replace the toner", "Open the front door of the printer."),
]


@pytest.fixture
def environment(opensearch_url: str) -> Iterator[dict[str, str]]:
    """What a person would set."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    yield {"KB_OPENSEARCH_URL": opensearch_url, "KB_OPENSEARCH_PREFIX": prefix, "KB_OPENSEARCH_REPLICAS": "0"}
    remove_indices(ClusterOptions(opensearch_url, prefix=prefix, timeout_seconds=10.0))


def write_corpus(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    path.mkdir()
    lines = [json.dumps({"_id": i, "title": title, "text": text, "metadata": {}}) for i, title, text in rows]
    (path / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    return path


class Kb:
    """``kb …`` in this process: what is imported once need not be imported for each command."""

    def __init__(self, data_dir: Path, environment: dict[str, str]) -> None:
        given = {name: None for name in os.environ if name.startswith("KB_")}
        self.environment: dict[str, str | None] = {**given, "KB_DATA_DIR": str(data_dir), "KB_ENCODER": "hashing",
                                                   "KB_ENCODER_TIMEOUT_SECONDS": "20", **environment}  # fmt: skip

    def __call__(self, *args: str) -> str:
        done = CliRunner().invoke(app, args, env=self.environment)
        assert done.exit_code == 0, done.output + repr(done.exception)
        return done.output


@pytest.mark.timeout(180)
def test_every_command_works_on_a_cluster(tmp_path: Path, environment: dict[str, str]) -> None:
    data = tmp_path / "var"
    kb = Kb(data, environment)
    kb("import", str(write_corpus(tmp_path / "set", ARTICLES)))
    found = json.loads(kb("search", "how to reset the router", "--json"))
    assert found["hits"][0]["title"] == "Reset the router"
    first = json.loads(kb("index", "status", "--json"))
    assert (first["index"]["engine"], first["index"]["articles"], first["pending"]) == ("opensearch", 2, 0)
    assert "serves" in kb("reindex", "--no-progress")
    assert f"{first['index']['generation']} serves again" in kb("index", "rollback")
    assert "OpenSearch 3." in kb("doctor")
    assert not (data / "index").exists(), "nothing of the index lies on this machine"


@pytest.mark.timeout(180)
def test_serving_processes_share_the_cluster_and_survive_the_feeders_death(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    data = tmp_path / "var"
    data.mkdir()
    kb = Kb(data, environment)
    kb("import", str(write_corpus(tmp_path / "set", ARTICLES)))
    with serving(data, workers=2, **environment) as site:

        def title(question: str) -> str:
            answer = httpx.get(f"{site.url}/v1/search", params={"query": question}, timeout=20).json()
            return str(answer["hits"][0]["title"]) if answer["hits"] else ""

        assert title("reset the router") == "Reset the router"
        more = [("d3", "Descale the kettle", "Boil vinegar in it.")]
        kb("import", str(write_corpus(tmp_path / "more", more)))
        until(lambda: title("descale the kettle") == "Descale the kettle", 15.0)
        os.kill(min(site.pids()), signal.SIGKILL)
        more = [("d4", "Sharpen the knife", "Draw it over the stone.")]
        kb("import", str(write_corpus(tmp_path / "most", more)))
        until(lambda: title("sharpen the knife") == "Sharpen the knife", 30.0)


@contextmanager
def serving_without_index(data_dir: Path, environment: dict[str, str]) -> Iterator[str]:
    """``kb serve`` that will not become ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mine = {**os.environ, "KB_DATA_DIR": str(data_dir), "KB_ENCODER": "hashing", **environment}
    command = [sys.executable, "-m", "kb_service.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=mine, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _is_live(url), 60.0)
        yield url
    finally:
        process.terminate()
        process.wait(40)


def _is_live(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"opensearch_url": "search.example"}, "http:// or https://"),
        ({"opensearch_url": "https://kb:secret@search.example"}, "KB_OPENSEARCH_USER and KB_OPENSEARCH_PASSWORD"),
        ({"opensearch_url": "https://search.example", "opensearch_user": "kb"}, "belong together"),
        ({"opensearch_prefix": "Not this"}, "KB_OPENSEARCH_PREFIX"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError) as wrong:
        Settings(**given)  # type: ignore[arg-type]
    told = explain(wrong.value)
    assert told is not None
    assert said in told
    assert "secret" not in told


def test_a_cluster_that_is_away_stops_neither_the_start_nor_reading_articles(tmp_path: Path) -> None:
    away = {"KB_OPENSEARCH_URL": "http://127.0.0.1:9", "KB_OPENSEARCH_TIMEOUT_SECONDS": "0.2"}
    data = tmp_path / "var"
    Kb(data, {})("import", str(write_corpus(tmp_path / "set", ARTICLES)))
    with serving_without_index(data, away) as url:
        assert httpx.get(f"{url}/health/live", timeout=10).status_code == 200
        ready = httpx.get(f"{url}/health/ready", timeout=10)
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["parts"]["index"] == "unavailable"
        assert httpx.get(f"{url}/kb/KB000001", timeout=10, follow_redirects=True).status_code < 500
        assert httpx.get(f"{url}/v1/search", params={"query": "router"}, timeout=10).status_code in (200, 503)
