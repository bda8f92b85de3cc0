"""A Help Center export, imported and visited: old addresses, places within articles, files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from kb_service.assembly import Parts
from kb_service.transfer.importing import import_articles
from tests.conftest import HOST

ADDRESS = "https://acme.zendesk.com/hc/en-us/articles/{}"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
FIRST = (
    "<p>See <a href='/hc/en-us/articles/102-Old-words#h_01ABC'>how</a>, <a href='#h_9'>below</a>.</p>"
    "<h2 id='h_9'>Then this</h2><p><img src='/hc/article_attachments/11/lamp.png' alt='Lamp'></p>"
    "<p><a href='https://acme.zendesk.com/hc/en-us/article_attachments/12'>The sheet</a></p>"
    "<table><tr><th>a</th></tr><tr><td style='text-align:right'>1</td></tr></table>"
)


def article(number: int, title: str, body: str, **more: object) -> dict[str, object]:
    url = ADDRESS.format(f"{number}-{title.replace(' ', '-')}")
    return {"id": number, "title": title, "locale": "en-us", "html_url": url, "body": body, **more}


@pytest.fixture
def imported(parts: Parts, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "attachments" / "11").mkdir(parents=True)
    (folder / "attachments" / "12").mkdir()
    (folder / "attachments" / "11" / "lamp.png").write_bytes(PNG)
    (folder / "attachments" / "12" / "sheet.pdf").write_bytes(b"%PDF-1.4")
    articles = [
        article(101, "Pairing the lamp", FIRST),
        article(102, "Resetting the lamp", "<h2><a id='h_01ABC'></a>Hold the button</h2><p>Ten seconds.</p>"),
        article(103, "Zorblax for agents", "<p>Secret.</p>", user_segment_id=5),
    ]
    (folder / "articles.json").write_text(json.dumps({"articles": articles}))
    files = [
        {"id": 11, "file_name": "lamp.png", "content_type": "image/png"},
        {"id": 12, "file_name": "sheet.pdf", "content_type": "application/pdf"},
    ]
    (folder / "article_attachments.json").write_text(json.dumps({"article_attachments": files}))
    report = import_articles(parts, folder)
    assert (report.created, report.rejected) == (3, 0), report.rejections


@pytest.fixture
def browser(site: TestClient, app: FastAPI, imported: None) -> TestClient:
    return TestClient(app, base_url=HOST, headers={"Accept": "text/html"}, follow_redirects=False)


def page_of(browser: TestClient, number: int) -> str:
    moved = browser.get(f"/hc/en-us/articles/{number}")
    assert moved.status_code == 301
    return browser.get(moved.headers["location"]).text


@pytest.mark.parametrize(
    "path",
    ["en-us/articles/101-some-other-slug", "articles/101", "de/articles/101-Lampe-koppeln", "en-us/articles/101/"],
)
def test_an_old_address_is_found_by_its_number_whatever_follows(browser: TestClient, path: str) -> None:
    answer = browser.get(f"/hc/{path}")
    assert answer.status_code == 301
    assert answer.headers["location"].endswith("/pairing-the-lamp")


def test_a_number_that_one_may_not_read_or_that_is_none_is_not_there(browser: TestClient) -> None:
    for path in ("103-Zorblax-for-agents", "103-x", "999-x", "101x", "1011"):
        assert browser.get(f"/hc/en-us/articles/{path}").status_code == 404, path


def test_links_keep_the_place_that_they_name(browser: TestClient) -> None:
    page = page_of(browser, 101)
    assert re.search(r'href="/a/KB\d+/resetting-the-lamp#hold-the-button"', page)
    assert 'href="#then-this"' in page
    assert 'id="then-this"' in page
    assert 'id="hold-the-button"' in page_of(browser, 102)


def test_pictures_and_files_of_an_imported_article_are_served(browser: TestClient) -> None:
    page = page_of(browser, 101)
    picture = re.search(r'<img[^>]*src="(/attachments/[^"]+)"', page)
    sheet = re.search(r'<a[^>]*href="(/attachments/[^"]+)"', page)
    assert picture and sheet
    shown, loaded = browser.get(picture[1]), browser.get(sheet[1])
    assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, PNG, "image/png")
    assert shown.headers["content-disposition"].startswith("inline")
    assert (loaded.status_code, loaded.content) == (200, b"%PDF-1.4")
    assert loaded.headers["content-disposition"].startswith("attachment")
    assert not re.search(r"\sstyle=", page)
