"""A served process outlives hostile requests: each gets an answer or a clear error, none a server error."""

from __future__ import annotations

import base64
import itertools
import json
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.integration.served import Served, serve

pytestmark = pytest.mark.timeout(180)
JSON_TYPE = {"Content-Type": "application/json"}
QUESTIONS = {
    "parentheses": "(" * 20_000, "not": "NOT " * 5_000, "words": " ".join(f"w{n:05}x" for n in range(2_500)),
    "nul": "\0" * 5_000, "quotes": '"' * 20_000, "syntax": "title:(a AND " * 1_500, "emoji": "🧑‍🚀" * 2_000,
    "right to left": "\u202eمرحبا " * 800, "accents": "e" + "\u0301" * 19_000, "one word": "a" * 60_000,
    "digits": "9" * 60_000, "versions": "1.2.3.4." * 5_000, "dotted": "x.y." * 9_000, "joined": "KB0001-" * 5_000,
    "addresses": "http://a.b/c?d=e&" * 1_500, "codes": " ".join(f"0x{n:08X}" for n in range(2_000)),
    "lines": "\n" * 30_000, "quoted": "> " * 10_000, "signatures": "-- \n" * 7_000, "paths": "../" * 8_000,
    "invisible": "\u200b" * 20_000, "no characters": "\uffff\ufffe vpn", "ligatures": "ﬁﬀ" * 8_000, "at": "a@" * 15_000,
    "html": "<script>" * 3_000, "sql": "' OR 1=1; DROP TABLE article; --" * 500, "expression": "(a+)+$" + "a" * 20_000,
}  # fmt: skip
BODIES = (
    '{"query":"a\\ud800b"}', '{"\\ud800":1}', '{"query":"x","context":{"product":"\\ud800"}}',
    '{"query":"x","cursor":"\\ud800"}',
    '{"query":"x","session_id":"\\ud800"}', '{"action":"click","query_id":"\\ud800"}',
    '{"action":"click","attributes":{"a":"\\ud800"}}',
    '{"email":"\\ud800@x.y","password":"\\ud800"}', '{"is_helpful":true,"words":"\\ud800"}', '{"title":"\\ud800"}',
    "[" * 100_000, '{"a":' * 50_000, "1" * 10_000, '{"query":"x","limit":' + "9" * 6_000 + "}", '{"query":"x","limit":1e999}',
    '{"query":"x","limit":NaN}', "null", '""', "[]", '{"query":null}', "\0", "",
)  # fmt: skip
TYPES = ("text/plain", "application/xml", "multipart/form-data", "multipart/form-data; boundary=x", "x" * 3000, "",
         "application/x-www-form-urlencoded", "application/json; charset=utf-16", "multipart/form-data; boundary=")  # fmt: skip
POSTS = ("/v1/search", "/v1/answers", "/v1/events", "/v1/session", "/v1/articles", "/v1/users", "/v1/products",
         "/v1/articles/1/feedback", "/v1/cases", "/sign-in", "/a/1/feedback", "/sign-out", "/nothing")  # fmt: skip
LONG_AGO = base64.urlsafe_b64encode(b'["0001-01-01T00:00:00+14:00",1]').decode()
ADDRESSES = (
    "/%ff", "/%00", "/a/%00", "/a/1%00", "/a/KB000001/%ff%fe", "/a/1/" + "x" * 8_000, "/articles/%C0%AF", "/p/../../etc/passwd",
    "/t/%2e%2e/x", "/t/" + "a/" * 3_000, "/static/%2e%2e/%2e%2e/settings.py", "/static/..%2f..%2fsettings.py", "/static/%00",
    "/static//etc/passwd", "/static/..%5c..", "/static/" + "a" * 5_000, "/attachments/" + "a" * 64 + "/..%2f..%2fx",
    "/attachments/" + "a" * 64 + "/%00", "/attachments/x/y", "/attachments/" + "a" * 64 + "/" + "n" * 5_000,
    "//evil.example/", "//evil.example/%2f..", "/\\evil", "/v1/articles/%00", "/v1/articles/" + "9" * 20, "/v1/articles/-1",
    "/v1/articles/1/revisions/99999999999999999999", "/v1/products/%00", "/v1/operating-systems/" + "a/" * 2_000,
    "/search?query=%ED%A0%80", "/search?product=%00&version=%ff", "/search?query=vpn&cursor=" + "A" * 9_000,
    "/search?forget=1&query=%0d%0aSet-Cookie:x", "/sign-in?next=%0d%0aX:y", "/v1/search?limit=99999999999999999999",
    "/v1/search?query=a&cursor=%C3%A9", "/v1/search?cursor=browse-99999999", "/v1/search?cursor=browse-%D9%A3",
    "/v1/articles?cursor=bnVsbA", f"/v1/articles?cursor={LONG_AGO}", "/a/1?helped=<script>&from=%00", "/docs", "/admin",
)  # fmt: skip
HOSTS = (
    "[",
    "[::1",
    "a:b:c",
    "x" * 5_000,
    "\xff\xfe",
    "",
    "a b",
    '"><img src=x>',
    "a:99999999",
    "@",
    "/",
    "?",
    "#",
    "a:-1",
)
HEADERS = (
    ("Authorization", "Bearer " + "x" * 7_000), ("Authorization", "\xff\xfe"), ("Authorization", "Bearer kb_sk_" + "\xff" * 43),
    ("Authorization", ""), ("Cookie", "kb_session=" + "x" * 6_000), ("Cookie", "kb_session=\xff; kb_form=\xff; kb_context=%ff%00"),
    ("Cookie", "kb_context=" + "a=b&" * 2_000), ("Cookie", ";;;===;\x01"), ("If-Match", "\xff"), ("Idempotency-Key", "\xff" * 50),
    ("X-Request-ID", "\xff" * 20), ("Origin", "null"), ("Origin", "http://["), ("Origin", "\xff"), ("Range", "bytes=0-0,1-1" * 200),
    ("Content-Length", "abc"), ("Content-Length", "-5"), ("Transfer-Encoding", "gzip"), ("Upgrade", "websocket"),
    ("X-Forwarded-For", "\xff, ::1, ["), ("Sec-Fetch-Site", "\xff"), ("Content-Encoding", "gzip"), ("x-csrf-token", "\xff"),
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("hostile")) as served:
        with served.client(is_admin=True) as client:
            made = client.post(
                "/v1/articles", json={"title": "VPN drops", "body": "Reset the VPN.", "audience": ["public"]}
            )
            done = client.post("/v1/articles/1/publish?wait=searchable", headers={"If-Match": made.headers["etag"]})
            assert done.status_code == 200
        yield served


@pytest.fixture(autouse=True)
def _still_lives(served: Served) -> Iterator[None]:
    yield
    with served.client() as client:
        assert client.get("/v1/search?query=vpn").json()["total"] == 1
    assert served.crashes() == []


def status_of(served: Served, request: bytes) -> int:
    """The status of a raw request; 0 when the connection was closed without an answer."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        try:
            connection.sendall(request)
            line = connection.recv(4096).split(b"\r\n")[0].split(b" ")
        except ConnectionError:
            return 0
    return int(line[1]) if len(line) > 1 else 0


def raw(method: str, address: str, *headers: tuple[str, str]) -> bytes:
    """A request as bytes, the given headers after the necessary ones."""
    given = {name for name, _ in headers}
    more = [("Host", "127.0.0.1")] if "Host" not in given else []
    lines = [f"{method} {address} HTTP/1.1", *(f"{k}: {v}" for k, v in (*more, ("Connection", "close"), *headers))]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


@pytest.mark.parametrize("kind", QUESTIONS)
def test_any_question_gets_an_answer_in_time(served: Served, kind: str) -> None:
    text = QUESTIONS[kind]
    started = time.monotonic()
    with served.client() as client:
        answers = [client.post(address, json={"query": text}) for address in ("/v1/search", "/v1/answers")]
        answers += [
            client.get(f"/{page}", params={"query": text[:1500]}) for page in ("search", "v1/search", "v1/suggest")
        ]
    assert all(answer.status_code in (200, 413, 414, 422) for answer in answers), [a.text[:200] for a in answers]
    assert time.monotonic() - started < 10.0


def test_any_body_gets_a_clear_error(served: Served) -> None:
    with served.client() as client:
        for address, body in itertools.product(POSTS, BODIES):
            answer = client.post(address, content=body.encode("utf-8", "surrogatepass"), headers=JSON_TYPE)
            assert answer.status_code < 500, (address, body[:60], answer.text[:300])
        for address, kind in itertools.product(POSTS, TYPES):
            for content in (b'{"query":"x"}', b"a=b&" * 20_000, b"--x\r\n" * 20_000, b'{"query":"\xff\xfe"}'):
                answer = client.post(address, content=content, headers={"Content-Type": kind})
                assert answer.status_code < 500, (address, kind, answer.text[:300])


@pytest.mark.parametrize("address", ["/v1/search", "/sign-in", "/nothing", "/v1/cases"])
def test_a_body_of_twenty_megabytes_is_refused(served: Served, address: str) -> None:
    big = json.dumps({"query": "a" * 20_000_000}).encode()
    pieces = (big[start : start + 65_536] for start in range(0, len(big), 65_536))
    for content in (big, pieces):
        with served.client() as client:
            try:
                status = client.post(address, content=content, headers=JSON_TYPE).status_code
            except (OSError, httpx.TransportError):
                status = 413  # it closed before all was sent
        assert 400 <= status < 500


def test_any_address_any_host_and_any_header_get_an_answer(served: Served) -> None:
    requests = [
        raw(method, address, ("Accept", accept))
        for address in ADDRESSES for method in ("GET", "HEAD") for accept in ("text/html", "*/*")
    ]  # fmt: skip
    pages = ("/", "/sign-in", "/sitemap.xml", "/v1/search?query=vpn", "/v1/products/", "/a/KB000001", "/nothing")
    requests += [raw("GET", page, ("Host", host), ("Accept", "text/html")) for host in HOSTS for page in pages]
    asked = (("GET", "/"), ("GET", "/static/kb.css"), ("OPTIONS", "/v1/search"), ("POST", "/v1/events"), ("POST", "/sign-in"),
             ("DELETE", "/v1/session"), ("TRACE", "/"), ("BREW", "/v1/search"))  # fmt: skip
    requests += [raw(*place, header) for place in asked for header in HEADERS]
    for request in requests:
        assert status_of(served, request) < 500, request[:200]


def test_slow_senders_keep_nobody_waiting(served: Served) -> None:
    heads = [b"GET / HTTP/1.1\r\nHost: x\r\nX-a: "] * 150
    bodies = [
        b"POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    ] * 60
    slow = []
    for beginning in (*heads, *bodies):
        slow.append(socket.create_connection(("127.0.0.1", served.port)))
        slow[-1].sendall(beginning)
    started = time.monotonic()
    with served.client() as client:
        assert client.get("/v1/search?query=vpn").status_code == 200
    assert time.monotonic() - started < 3.0
    for connection in slow:
        connection.close()
