"""Sections and renderings: what does not apply is folded on the page, absent from text, apart in the index."""

import pytest

from kb_service.articles.cutting import cut
from kb_service.articles.renderings import RenderingAids, render, text
from kb_service.articles.sections import RevisionContent, canonicalize, sections_of
from kb_service.catalog.context import Applicability, Context, intersect
from kb_service.catalog.entries import AliasEntry, CatalogEntries, NodeEntry, ProductEntry, ReleaseEntry
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import InvalidInput

CATALOG = Catalog(
    CatalogEntries(
        products=(
            ProductEntry("gateway", "Harbour Gateway", releases=(ReleaseEntry("365", is_named=True),)),
            ProductEntry("lighthouse", "Lighthouse"),
        ),
        operating_systems=(NodeEntry("windows", "Windows"), NodeEntry("windows/11", "Windows 11")),
        aliases=(AliasEntry("os", "Win 11", "windows/11"), AliasEntry("product", "HGW", "gateway")),
    )
)
BODY = """Always.

## New {applies_to="versions=>=11"}

For eleven.

### On Windows {applies_to="os=Win 11"}

Both.

## All

Again always.
"""
GATEWAY = Applicability.of([{"product": "gateway"}])
AIDS = RenderingAids(describe=CATALOG.describe)


def content(body: str = BODY, applies: Applicability = GATEWAY) -> RevisionContent:
    return RevisionContent(
        "T", "Short.", issue="Hangs.", body=canonicalize(body, applies.products(), CATALOG, "/body"), applies=applies
    )


def test_sections_narrow_their_article_and_each_other() -> None:
    found = {s.heading: s.applies for s in sections_of(content())}
    eleven = Applicability.of([{"product": "gateway", "versions": ">=11"}])
    assert found["New"] == eleven
    assert found["On Windows"] == Applicability.of([{"product": "gateway", "versions": ">=11", "os": ["windows/11"]}])
    assert found["All"] == found["Issue"] == GATEWAY
    assert all(intersect(GATEWAY, applies) == applies for applies in found.values())


def test_headings_are_stored_with_slugs_so_that_a_rename_loses_nothing() -> None:
    stored = canonicalize(
        '# A {applies_to="product=HGW; versions=365 ; os=Win 11"}\n\nx', frozenset(), CATALOG, "/body"
    )
    assert stored == "# A {applies_to=\"product=gateway; versions='365'; os=windows/11\"}\n\nx"
    assert canonicalize(stored, frozenset(), CATALOG, "/body") == stored


def test_a_page_folds_and_a_text_omits_what_does_not_apply() -> None:
    ten = Context("gateway", "10.2")
    page = render(content(), ten, AIDS)
    assert {s.heading: s.applies for s in page.sections if s.heading} == {
        "Issue": True,
        "New": False,
        "On Windows": False,
        "All": True,
    }
    assert text(content(), ten, AIDS) == "Short.\n\nIssue\n\nHangs.\n\nAlways.\n\nAll\n\nAgain always."
    assert "New (Harbour Gateway 11 and later)\n\nFor eleven." in text(content(), Context("gateway", "11"), AIDS)


def test_an_empty_context_hides_nothing() -> None:
    assert all(section.applies for section in render(content(), Context()).sections)


def test_levels_begin_beneath_the_page_title() -> None:
    assert [s.level for s in sections_of(content("# A\n\n### B\n"))] == [2, 2, 4]
    deep = RevisionContent("T", resolution="# A\n\n## B\n")
    assert [(s.level, s.heading_path) for s in sections_of(deep)] == [
        (2, "Resolution"),
        (3, "Resolution › A"),
        (4, "Resolution › A › B"),
    ]


def test_passages_carry_their_sections_keys() -> None:
    pieces = cut(content())
    assert {p.key for p in pieces.passages} == set(pieces.applicabilities)
    by_text = {p.text: pieces.applicabilities[p.key] for p in pieces.passages}
    assert by_text["For eleven."] == '[{"product":"gateway","versions":">=11"}]'
    assert by_text["Both."] == '[{"os":["windows/11"],"product":"gateway","versions":">=11"}]'


def test_a_section_for_another_product_is_in_no_passage() -> None:
    body = 'a\n\n# B {applies_to="product=lighthouse"}\n\nsecret'
    assert not any("secret" in p.text for p in cut(content(body)).passages)
    assert "secret" not in text(content(body), Context())


@pytest.mark.parametrize(
    ("heading", "reason"),
    [
        ('{applies_to="versions=>>1"}', "Line 3"),
        ('{applies_to="product=nothing"}', "no product named"),
        ('{applies_to="colour=red"}', "is not one of product"),
        ("{applies_to=1}", "A heading carries applies_to as"),
        ('{applies_to=""}', "names no product"),
        ('{applies_to="os=windows; os=windows"}', "given twice"),
    ],
)
def test_a_malformed_heading_names_its_line(heading: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        content(f"x\n\n# A {heading}\n")
    assert refused.value.pointer == "/body"
    assert refused.value.extras["line"] == 3
