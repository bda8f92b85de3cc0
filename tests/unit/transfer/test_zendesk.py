"""A Help Center export: ids, dates, votes and addresses stay; HTML becomes Markdown; images come along."""

import json
from pathlib import Path

import pytest

from kb_service.transfer.rows import ImportRow
from kb_service.transfer.zendesk import ZendeskSource

ARTICLE = {
    "id": 360001, "title": "VPN", "locale": "en-us", "section_id": 7, "draft": False, "user_segment_id": 5,
    "label_names": ["vpn"], "vote_sum": 3, "vote_count": 5, "created_at": "2020-01-02T03:04:05Z",
    "updated_at": "2021-01-02T03:04:05Z", "html_url": "https://acme.zendesk.com/hc/en-us/articles/360001-VPN-sleep",
    "body": "<h2>Do <b>this</b></h2><script>alert(1)</script><p><img src='/hc/article_attachments/11/a.png' alt='A'>"
            "<img src='https://acme.zendesk.com/hc/article_attachments/12/b.png' alt='B'></p>",
}  # fmt: skip


@pytest.fixture
def row(tmp_path: Path) -> ImportRow:
    (tmp_path / "articles.json").write_text(json.dumps({"articles": [ARTICLE]}))
    (tmp_path / "sections.json").write_text(
        json.dumps({"sections": [{"id": 7, "name": "Connections", "category_id": 9}]})
    )
    (tmp_path / "categories.json").write_text(json.dumps({"categories": [{"id": 9, "name": "Network"}]}))
    attachments = [
        {"id": 11, "file_name": "a.png", "content_type": "image/png"},
        {"id": 12, "file_name": "../../b.png"},
    ]
    (tmp_path / "article_attachments.json").write_text(json.dumps({"article_attachments": attachments}))
    (tmp_path / "attachments" / "11").mkdir(parents=True)
    (tmp_path / "attachments" / "11" / "a.png").write_bytes(b"png")
    (found,) = ZendeskSource(tmp_path).rows()
    assert isinstance(found, ImportRow)
    return found


def test_standing_is_kept(row: ImportRow) -> None:
    assert row.topics == (("Network", "Connections"),)
    assert (row.standing.votes_up, row.standing.votes_down) == (4, 1)
    assert row.standing.created_at
    assert row.standing.created_at.year == 2020
    assert "/hc/en-us/articles/360001-VPN-sleep" in row.standing.redirects
    assert "/hc/en-us/articles/360001" in row.standing.redirects
    assert (row.text.audience, row.text.language, row.text.keywords) == (("customer",), "en-US", ("vpn",))


def test_the_body_is_markdown_without_scripts_and_shows_its_files(row: ImportRow) -> None:
    (file,) = row.standing.attachments
    assert (file.name, file.content, file.media_type) == ("a.png", b"png", "image/png")
    assert "## Do **this**" in row.text.body
    assert "alert" not in row.text.body
    assert "![A](/attachments/" in row.text.body


def test_missing_images_are_named(row: ImportRow) -> None:
    assert any("article_attachments/12" in note for note in row.notes)
