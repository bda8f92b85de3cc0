"""Every way in, asked the same: page, GET and POST search, answers, widget key, command line, over one served copy of a base.

A channel that is built later joins the list in ``entry_points``.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from eval.bench_server import served

ORIGIN = "https://shop.example"
FEW = 10
"""The command line starts a process for each question: it is asked so many."""
_FIRST_ON_PAGE = re.compile(r'<h2 id="hit-([^"]+)"')
_PATIENCE = {"KB_ENCODER_TIMEOUT_SECONDS": "60"}
Context = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands first: article number and revision (None: not shown there). No number: "no answer"."""

    number: str | None
    revision: int | None

    def agrees(self, other: Shown) -> bool:
        """The same article, and the same revision where both show it."""
        same = None in (self.revision, other.revision) or self.revision == other.revision
        return self.number == other.number and same


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A way in. ``most``: it is asked at most so many questions."""

    name: str
    ask: Callable[[str, Context], Shown]
    most: int = 1_000_000


class Http:
    """A kept connection with the headers of one kind of caller."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = dict(headers)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> str:
        """The answer's text. Raises RuntimeError for any status but 200."""
        sent = json.dumps(body).encode() if body is not None else None
        headers = {**self._headers, **({"Content-Type": "application/json"} if sent else {})}
        try:
            status, content = self._exchange(method, path, sent, headers)
        except (ConnectionError, http.client.RemoteDisconnected):  # idle for longer than the server keeps a connection
            self._http.close()
            status, content = self._exchange(method, path, sent, headers)
        if status != 200:
            raise RuntimeError(f"{method} {path[:60]}: {status} {content[:300]}")
        return content

    def _exchange(self, method: str, path: str, sent: bytes | None, headers: Mapping[str, str]) -> tuple[int, str]:
        self._http.request(method, path, sent, dict(headers))
        response = self._http.getresponse()
        return response.status, response.read().decode()

    def close(self) -> None:
        """Close the socket."""
        self._http.close()


@contextmanager
def entry_points(origin: Path) -> Iterator[Sequence[EntryPoint]]:
    """Every way into a service over its own copy of ``origin``; POST search comes first."""
    with served(origin, settings=_PATIENCE) as (port, _, data):
        visitor, widget = Http(port, {}), Http(port, {"Authorization": f"Bearer {_widget_key(data)}", "Origin": ORIGIN})
        try:
            yield (
                EntryPoint("POST search", lambda text, context: _posted(visitor, text, context)),
                EntryPoint("GET search", lambda text, context: _got(visitor, text, context)),
                EntryPoint("answers", lambda text, context: _answered(visitor, text, context)),
                EntryPoint("page", lambda text, context: _on_page(visitor, text, context)),
                EntryPoint("widget", lambda text, context: _posted(widget, text, context)),
                EntryPoint("command line", lambda text, context: _by_command(data, text, context), FEW),
            )
        finally:
            visitor.close()
            widget.close()


def first_of(response: Mapping[str, Any]) -> Shown:
    """What a search response puts first."""
    if response["no_answer"] or not response["hits"]:
        return Shown(None, None)
    return Shown(response["hits"][0]["number"], response["hits"][0]["revision"])


def _posted(http: Http, text: str, context: Context) -> Shown:
    return first_of(json.loads(http.call("POST", "/v1/search", {"query": text, "context": dict(context), "limit": 3})))


def _got(http: Http, text: str, context: Context) -> Shown:
    return first_of(json.loads(http.call("GET", "/v1/search?" + urlencode({"query": text, **context}))))


def _answered(http: Http, text: str, context: Context) -> Shown:
    answer = json.loads(http.call("POST", "/v1/answers", {"query": text, "context": dict(context)}))
    if answer["outcome"] == "none":
        return Shown(None, None)
    return Shown(answer["packets"][0]["number"], answer["packets"][0]["revision"])


def _on_page(http: Http, text: str, context: Context) -> Shown:
    found = _FIRST_ON_PAGE.search(http.call("GET", "/search?" + urlencode({"query": text, **context})))
    return Shown(found[1] if found else None, None)


def _by_command(data: Path, text: str, context: Context) -> Shown:
    options = [part for axis, value in context.items() for part in (f"--{axis}", value)]
    command = [sys.executable, "-m", "kb_service.cli", "search", "--json", "--limit", "3", *options, "--", text]
    done = subprocess.run(
        command, env={**os.environ, **_PATIENCE, "KB_DATA_DIR": str(data)}, capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        raise RuntimeError(f"kb search: {done.stderr[-300:]}")
    return first_of(json.loads(done.stdout))


def _widget_key(data: Path) -> str:
    from kb_service.assembly import open_database
    from kb_service.auth import service
    from kb_service.auth.schemas import KeyIn
    from kb_service.settings import Settings

    database = open_database(Settings(data_dir=data))
    try:
        with database.writing() as session:
            _, made = service.create_key(session, KeyIn(name="evaluation", is_publishable=True, origins=[ORIGIN]))
    finally:
        database.dispose()
    return made.text
