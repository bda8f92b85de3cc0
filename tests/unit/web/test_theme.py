"""Any brand colour stays legible."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb_service.web.theme import DARK_SURFACES, LIGHT_SURFACES, MIN_CONTRAST, contrast, palette, parse, stylesheet

COLOURS = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


@given(COLOURS, st.booleans())
def test_text_on_the_brand_colour_and_links_reach_the_contrast_of_wcag(brand: str, is_dark: bool) -> None:
    colours = palette(brand, is_dark)
    assert contrast(parse(colours.on_brand), parse(colours.brand)) >= MIN_CONTRAST
    for surface in (*(DARK_SURFACES if is_dark else LIGHT_SURFACES), parse(colours.tint)):
        assert contrast(parse(colours.link), surface) >= MIN_CONTRAST


def test_the_style_sheet_has_both_schemes() -> None:
    assert stylesheet("#0b5cad").count("--brand: #0b5cad") == 2
