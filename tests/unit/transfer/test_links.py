"""Links between imported articles become kb: links; everything else stays."""

import pytest

from kb_service.transfer.links import LinkIndex


@pytest.fixture
def index() -> LinkIndex:
    links = LinkIndex()
    links.add("42", ("vpn/sleep.md", "/hc/en-us/articles/42-Sleep", "/old/sleep"))
    links.hosts = {"help.example.com"}
    return links


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/old/sleep", "42"),
        ("/old/sleep/#top", "42"),
        ("https://help.example.com/hc/de/articles/42-anything", "42"),
        ("https://other.example.com/hc/de/articles/42", None),
        ("../vpn/sleep.md", "42"),
        ("sleep.md", None),
        ("kb:42", None),
        ("#here", None),
        ("http://[broken", None),
    ],
)
def test_a_target_is_found_by_address(index: LinkIndex, target: str, found: str | None) -> None:
    assert index.find(target, "mail/start.md") == found


def test_links_definitions_and_anchors_are_rewritten_and_code_is_not(index: LinkIndex) -> None:
    text = "See [it](/old/sleep), `[it](/old/sleep)`, <a href='/old/sleep'>it</a>"
    text += "\n\n```\n[it](/old/sleep)\n```\n\n[x]: /old/sleep"
    expected = "See [it](kb:42), `[it](/old/sleep)`, <a href='kb:42'>it</a>\n\n```\n[it](/old/sleep)\n```\n\n[x]: kb:42"
    assert index.rewrite(text) == expected


def test_images_keep_their_address(index: LinkIndex) -> None:
    assert index.rewrite("![plan](/old/sleep)") == "![plan](/old/sleep)"
