"""What is not published, or not for the reader, changes nothing that the reader can see: a before and after comparison.

Ranks and scores may move with the collection's statistics (docs/search.md); everything else is compared word for word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from kb_service.articles import moves
from kb_service.articles.attachments import attachment_url, keep_attachments, list_attachments
from kb_service.articles.importing import import_article
from kb_service.articles.inputs import ArticleText, ImportedArticle
from kb_service.articles.models import Article
from kb_service.articles.service import Change, edit_article
from kb_service.assembly import Parts
from kb_service.auth import service
from kb_service.auth.actors import SYSTEM, Role
from kb_service.auth.schemas import KeyIn
from kb_service.catalog import ensuring
from tests.conftest import HOST, ClientAs

COINED = "zyxquorble"
TITLE = f"{COINED.title()} tunnels"
WIDGET = "https://shop.example"
READERS = ("anonymous", "widget", "customer", "colleague")
HIDDEN = ("draft", "internal", "unpublished", "archived")
"""Articles 2 to 5; their old addresses and external ids have these names."""
_CHANGING = re.compile(
    r'"(query_id|request_id|took_ms|timings_ms|score|next_cursor)":("[^"]*"|[\d.e-]+|\{[^}]*\})'
    r'|(name="csrf_token" value|data-query-id)="[^"]*"|from=[\w-]+|cursor=[\w%-]+'
)


def numbered() -> list[tuple[int, str]]:
    """The ids and names of the hidden articles."""
    return list(enumerate(HIDDEN, 2))


@dataclass(frozen=True, slots=True)
class Shelf:
    """The knowledge base of a test: one public article, and a way to hide others beside it."""

    parts: Parts
    site: TestClient
    public: int

    def settle(self, article: Article) -> None:
        """Wait until the index has followed."""
        assert self.site.app.state.feed.wait_until_indexed(article.id, article.index_version, 10)

    def add(self, name: str, title: str, *, publish: bool = True, audience: tuple[str, ...] = ("public",)) -> int:
        """One article of the shelf's family, topic and product, with an old address and a file."""
        text = ArticleText(
            title=title,
            short_answer=f"{title} shortly.",
            body=f"# Steps\n\n{title}. " + " ".join(f"[a](kb:{kind}) [b](kb:KB00000{n})" for n, kind in numbered()),
            keywords=tuple(title.split()[:3]),
            applies_to=({"product": "gateway", "versions": "11.2" if name == "public" else "10.2"},),
            topics=("networking",),
            audience=audience,
            family="tunnels",
        )
        item = ImportedArticle("test", name, text, publish=publish, redirects=(f"/old/{name}",))
        with self.parts.database.writing() as session:
            article = import_article(session, item, self.parts.catalog)[1]
            file = SimpleNamespace(name="plan.png", media_type="image/png", content=name.encode() * 9)
            keep_attachments(session, article.id, [file])
        self.settle(article)
        return article.id

    def hide(self, kind: str) -> int:
        """An article that outsiders must not notice."""
        audience = ("author",) if kind == "internal" else ("public",)
        made = self.add(kind, TITLE, publish=kind != "draft", audience=audience)
        if kind in ("unpublished", "archived"):
            self._move(made, moves.unpublish if kind == "unpublished" else moves.archive)
        return made

    def draft_a_newer_text(self) -> None:
        """A draft revision of the public article."""
        changes = {"title": TITLE, "body": COINED, "short_answer": COINED, "keywords": (COINED,)}
        with self.parts.database.writing() as session:
            edit_article(session, self.public, changes, self.parts.catalog, SYSTEM)

    def _move(self, article: int, move: Callable[..., Change]) -> None:
        with self.parts.database.writing() as session:
            change = move(session, article, SYSTEM)
        self.settle(change.article)

    def file_of(self, article: int) -> str:
        """The address of the article's file."""
        with self.parts.database.reading() as session:
            name, digest, _ = list_attachments(session, article)[0]
        return attachment_url(digest, name)


@pytest.fixture
def shelf(parts: Parts, site: TestClient) -> Shelf:
    with parts.database.writing() as session:
        ensuring.ensure_product(session, "Gateway")
        for version in ("10.2", "11.2"):
            ensuring.ensure_release(session, "gateway", version)
        ensuring.ensure_topic(session, "networking")
    shelf = Shelf(parts, site, 0)
    return Shelf(parts, site, shelf.add("public", "Reset the tunnels"))


@pytest.fixture
def reader_as(site: TestClient, parts: Parts, client_as: ClientAs) -> Callable[[str], TestClient]:
    def make(name: str) -> TestClient:
        if name == "anonymous":
            return TestClient(site.app, base_url=HOST, follow_redirects=False)
        if name == "widget":
            with parts.database.writing() as session:
                made = service.create_key(session, KeyIn(name="w", is_publishable=True, origins=[WIDGET]))[1]
            headers = {"Authorization": f"Bearer {made.text}", "Origin": WIDGET}
            return TestClient(site.app, base_url=HOST, headers=headers, follow_redirects=False)
        client = client_as(Role(name))
        client.follow_redirects = False
        return client

    return make


Question = tuple[str, str, dict[str, object]]
"""Method, address, JSON body."""


def questions() -> list[Question]:
    """Everything that a reader may ask."""
    typed = (COINED, "zyxquorbel", "tunnels", f"reset tunnels {COINED}", "")
    gets = [f"/v1/search?query={text}&why=true" for text in typed]
    gets += [f"/v1/search?query=tunnels&product=gateway&version={version}" for version in ("10.2", "11.2")]
    gets += [f"/v1/suggest?query={text}" for text in ("zyx", "zyxq", "tunn", "reset zyx")]
    gets += ["/v1/articles", "/v1/articles?topic=networking", "/v1/articles?product=gateway", "/v1/articles/1"]
    gets += ["/v1/articles/1?product=gateway&version=10.2", "/v1/articles/1/revisions", "/v1/articles/1/revisions/2"]
    gets += ["/v1/products", "/v1/topics", "/v1/operating-systems", "/v1/me", "/openapi.json"]
    gets += ["/", "/products", "/topics", "/p/gateway", "/p/gateway/networking", "/t/networking", "/sitemap.xml"]
    gets += ["/a/1", "/a/KB000001/reset-the-tunnels", "/a/KB000001/reset-the-tunnels?helped=no&q=tunnels"]
    gets += ["/old/public", "/robots.txt", "/docs"]
    gets += [f"/search?query={text}" for text in (*typed, "tunnels&product=gateway", "tunnels&topic=networking")]
    posts: list[Question] = [("POST", "/v1/answers", {"query": text}) for text in (COINED, "reset the tunnels")]
    posts += [("POST", "/v1/search", {"query": text, "chips": True}) for text in ("tunnels", COINED)]
    posts += [("POST", "/v1/articles/1/feedback", {"is_helpful": True, "revision": 2})]
    return [("GET", address, {}) for address in gets] + posts + _about_hidden()


def _about_hidden() -> list[Question]:
    """Each hidden article by its number and its old address."""
    found: list[Question] = []
    for number, kind in numbered():
        places = (f"/v1/articles/{number}", f"/a/{number}", f"/articles/KB00000{number}", f"/old/{kind}")
        found += [("GET", address, {}) for address in places]
        found += [("POST", f"/v1/articles/{number}/{move}", {}) for move in ("publish", "archive", "restore")]
        found += [("POST", f"/v1/articles/{number}/feedback", {"is_helpful": True})]
        found += [("POST", "/v1/events", {"action": "click", "article": number})]
    return found


def everything(client: TestClient) -> dict[str, str]:
    """What the reader sees for each question, without what differs from one request to the next."""
    seen = {}
    for method, address, body in questions():
        client.cookies.clear()  # a browser of its own for each: none has asked before
        headers = {"Accept": "text/html, */*"}
        answer = client.request(method, address, headers=headers, json=body if method == "POST" else None)
        kept = {name: answer.headers[name] for name in ("etag", "location", "link", "allow") if name in answer.headers}
        seen[f"{method} {address} {body}"] = f"{answer.status_code} {kept} {_CHANGING.sub('', answer.text)}"
    return seen


@pytest.mark.timeout(240)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_hidden_changes_nothing_for_outsiders(
    shelf: Shelf, reader_as: Callable[[str], TestClient], reader: str
) -> None:
    client = reader_as(reader)
    before = everything(client)
    for kind in HIDDEN:
        hidden = shelf.hide(kind)
        assert_same(before, everything(client), kind)
        assert client.get(shelf.file_of(hidden)).status_code in (401, 403, 404)
    shelf.draft_a_newer_text()
    assert_same(before, everything(client), "a newer draft of what is published")


def assert_same(before: dict[str, str], after: dict[str, str], kind: str) -> None:
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert not changed, kind + "".join(f"\n\n{name}\n- {a}\n+ {b}" for name, (a, b) in changed.items())
