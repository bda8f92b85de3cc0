"""The one way to the cluster: every request passes here, is retried where that helps, and fails in our own terms.

Invariants: every request made is safe to repeat (external versions, named creations, reads); what is tried again waits
longer each time, with jitter, and never beyond the deadline; another node is asked each time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from opensearchpy import OpenSearch
from opensearchpy.serializer import JSONSerializer

from indexers.backoff import backoff_seconds
from indexers.opensearch.errors import MAPPED, RETRYABLE, translate

NDJSON = {"content-type": "application/x-ndjson"}
POOL = 32
# failures are told once, in our own terms; the client's warnings would repeat every attempt, with the address
logging.getLogger("opensearch").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Where the cluster is and how to speak to it. ``urls``: one or several, comma-separated."""

    urls: str
    user: str = ""
    password: str = ""
    verify: bool = True
    ca_file: str = ""
    prefix: str = "kb"
    shards: int = 1
    replicas: int = 0
    timeout_seconds: float = 3.0


class _FastJson(JSONSerializer):
    """The client's serialiser with a faster reader."""

    def loads(self, s: Any) -> Any:
        """JSON to values."""
        return orjson.loads(s)


class Cluster:
    """Thread-safe. ``read`` for questions that somebody waits for, ``write`` for everything else."""

    def __init__(self, options: ClusterOptions) -> None:
        self.options = options
        self._client = OpenSearch(hosts=[url.strip() for url in options.urls.split(",")], **_arguments(options))

    def read(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """A question, answered within about three times the timeout or not at all."""
        return self._ask(method, path, body, params, self.options.timeout_seconds, 3 * self.options.timeout_seconds)

    def write(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """A change or a scan: it may take its time."""
        return self._ask(method, path, body, params, 10 * self.options.timeout_seconds, 30.0)

    def _ask(
        self, method: str, path: str, body: Any, params: Mapping[str, Any] | None, timeout: float, patience: float
    ) -> Any:
        deadline, failures = time.monotonic() + patience, 0
        while True:
            try:
                return self._once(method, path, body, {**(params or {}), "request_timeout": timeout})
            except RETRYABLE:
                failures += 1
                pause = backoff_seconds(failures, cap_seconds=2.0, first_seconds=0.05)
                if time.monotonic() + pause > deadline:
                    raise
                time.sleep(pause)

    def _once(self, method: str, path: str, body: Any, params: dict[str, Any]) -> Any:
        headers = NDJSON if isinstance(body, str) else None
        try:
            return self._client.transport.perform_request(method, path, params=params, body=body, headers=headers)
        except tuple(MAPPED) as error:
            raise translate(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _arguments(options: ClusterOptions) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "max_retries": 0, "pool_maxsize": POOL, "dead_timeout": 2, "timeout_cutoff": 2, "serializer": _FastJson(),
        "http_compress": False,
    }  # fmt: skip
    if options.user:
        arguments["http_auth"] = (options.user, options.password)
    if options.urls.startswith("https"):
        arguments |= {"verify_certs": options.verify, "ssl_show_warn": False}
        if not options.verify:
            arguments["ssl_assert_hostname"] = False
        if options.ca_file:
            arguments["ca_certs"] = options.ca_file
    return arguments


def ndjson(lines: Sequence[Any]) -> str:
    """One JSON value a line; NumPy arrays are lists."""
    return "".join(orjson.dumps(line, option=orjson.OPT_SERIALIZE_NUMPY).decode() + "\n" for line in lines)
