"""No script survives: hostile markup in every field of an article, in imports, names, notices and questions."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from kb_service.assembly import Parts
from kb_service.transfer.importing import import_articles
from tests.conftest import ClientAs

HTML = {"Accept": "text/html"}
PAYLOADS = (
    "<script>alert(1)</script>", '"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>", "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "![x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)", "<javascript:alert(1)>", "[x](vbscript:x)", "<iframe src=//evil.example></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<a href='java&#x09;script:alert(1)'>x</a>", "<a href=' &#14; javascript:alert(1)'>x</a>", "<form action=//evil.example><input>",
    "<base href=//evil.example>", "<meta http-equiv=refresh content='0;url=//evil.example'>", "<link rel=stylesheet href=//evil>",
    "<style>@import '//evil.example'</style>", "<p style='background:url(javascript:alert(1))'>x</p>", "<object data=//evil.example>",
    "<embed src=//evil.example>", "<details ontoggle=alert(1) open>", "<video><source onerror=alert(1)>", "{{7*7}}{% raw %}",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "`<script>alert(1)</script>`",
    "```\n<script>alert(1)</script>\n```",
    "<a id=csrf_token name=csrf_token href=x>x</a>", "<button formaction=javascript:alert(1)>x</button>", "'-alert(1)-'",
    "<x onclick=alert(1) tabindex=1 autofocus onfocus=alert(1)>", "[kb](kb:<script>)", "[a]: javascript:alert(1)\n\n[a]",
    "# Heading <script>alert(1)</script>", '# H "onmouseover=alert(1) x="',
    "<!--><script>alert(1)</script>-->", "</title><script>alert(1)</script>",
)  # fmt: skip
OWN = ("/static/", "/theme.css")
NEVER = {"iframe", "object", "embed", "base", "applet", "frame", "frameset", "style", "math"}


class Audit(HTMLParser):
    """Notes whatever could run in a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: (value or "").strip().lower() for name, value in attrs}
        fault = f"<{tag} {given}>"
        if tag in NEVER or (tag == "script" and not given.get("src", "").startswith(OWN)):
            self.faults.append(fault)
        if tag == "meta" and "http-equiv" in given:
            self.faults.append(fault)
        if any(name.startswith("on") or name in ("srcdoc", "formaction") for name in given):
            self.faults.append(fault)
        for name in ("href", "src", "action", "cite", "poster", "data"):
            scheme = "".join(given.get(name, "").split()).partition(":")[0]
            if scheme in ("javascript", "data", "vbscript") or (
                tag == "form" and name == "action" and "//" in given.get(name, "")
            ):
                self.faults.append(fault)


def audit(html: str) -> list[str]:
    reader = Audit()
    reader.feed(html)
    return reader.faults


@pytest.fixture
def poisoned(site: TestClient, parts: Parts, client_as: ClientAs) -> list[str]:
    """Articles with the payloads in every field; the addresses of pages that show them."""
    admin = client_as("admin")
    for kind in ("products", "topics", "operating-systems"):
        for number, payload in enumerate(PAYLOADS[:4]):
            assert admin.post(f"/v1/{kind}", json={"name": f"{number}{payload}"}).status_code == 201
    slug = parts.catalog.products[0].slug
    addresses = [f"/p/{slug}", f"/search?product={slug}"]
    fields = ("short_answer", "issue", "environment", "cause", "resolution", "body")
    for number, payload in enumerate(PAYLOADS):
        body = dict.fromkeys(fields, f"tunnel {payload}") | {
            "title": f"Tunnel {payload}".replace("\n", " "), "keywords": [payload.replace("\n", " ")[:100]],
            "owner": payload.replace("\n", " "), "audience": ["public"], "applies_to": [{"product": slug}], "family": f"f{number}",
        }  # fmt: skip
        made = admin.post("/v1/articles", json=body)
        assert made.status_code == 201, made.text
        reference = made.json()["number"]
        last = "?wait=searchable" if number == len(PAYLOADS) - 1 else ""
        assert admin.post(f"/v1/articles/{reference}/publish{last}", headers={"If-Match": "*"}).status_code == 200
        addresses += [f"/a/{reference}", f"/a/{reference}?helped=no&q=tunnel"]
    return addresses


def test_no_page_runs_what_an_article_says(site: TestClient, poisoned: list[str]) -> None:
    for address in (
        *poisoned,
        "/",
        "/products",
        "/topics",
        "/search?query=tunnel",
        "/search?query=script",
        "/sitemap.xml",
    ):
        page = site.get(address, headers=HTML)
        assert page.status_code == 200, (address, page.status_code)
        assert audit(page.text) == [], address
        assert (
            "script-src" in page.headers["content-security-policy"]
            or "default-src 'self'" in page.headers["content-security-policy"]
        )


def test_the_api_gives_html_without_scripts(site: TestClient, poisoned: list[str]) -> None:
    for address in {address.partition("?")[0] for address in poisoned if address.startswith("/a/")}:
        article = site.get(f"/v1/articles/{address.rpartition('/')[2]}").json()
        for section in article["sections"]:
            assert audit(section["html"]) == [], section["html"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_page_runs_what_a_question_says(site: TestClient, payload: str) -> None:
    for name in (
        "query",
        "q",
        "product",
        "version",
        "os",
        "topic",
        "type",
        "cursor",
        "next",
        "helped",
        "from",
        "forget",
    ):
        for page in ("/search", "/sign-in", "/"):
            answer = site.get(page, params={"query": "x", name: payload}, headers=HTML)
            assert answer.status_code in (200, 422), answer.text
            assert audit(answer.text) == [], (page, name)


def test_imports_bring_no_scripts(site: TestClient, parts: Parts, tmp_path: Path) -> None:
    folder, export = tmp_path / "notes", tmp_path / "zendesk"
    folder.mkdir()
    export.mkdir()
    for number, payload in enumerate(PAYLOADS):
        (folder / f"{number}.md").write_text(f"---\ntitle: {json.dumps('N ' + payload)}\n---\n\n{payload}\n")
    rows = [{"id": n, "title": f"Z {p}", "body": f"<p>{p}</p>", "html_url": f"https://x.example/hc/en-us/articles/{n}"}
            for n, p in enumerate(PAYLOADS)]  # fmt: skip
    (export / "articles.json").write_text(json.dumps({"articles": rows}))
    reports = [import_articles(parts, folder), import_articles(parts, export)]
    assert all(report.created > len(PAYLOADS) // 2 for report in reports), reports
    listed = site.get("/v1/articles?limit=100").json()["items"]
    assert len(listed) > len(PAYLOADS)
    for item in listed:
        assert audit(site.get(f"/a/{item['number']}", headers=HTML).text) == [], item["title"]
