"""Type-ahead, the context picker and the widget, as a person with a keyboard or a screen reader meets them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_the_combobox_announces_and_follows(server: Server, page: Page) -> None:
    page.goto(server.url)
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("vpn does not")
    box = page.locator("#q")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.locator("kb-combobox [role=status]")).to_contain_text("suggestions")
    page.keyboard.press("ArrowDown")
    option = page.locator("[role=option][aria-selected=true]")
    expect(box).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
    title = option.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(title)


def test_escape_closes_the_list_and_keeps_the_words(server: Server, page: Page) -> None:
    page.goto(server.url)
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("vpn does not")
    expect(page.locator("#q")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#q")).to_have_value("vpn does not")


def test_the_picker_offers_the_versions_of_the_chosen_product(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.locator("summary").first.click()
    page.locator("#ctx-product").select_option("gateway")
    options = page.locator("#ctx-version option").all_inner_texts()
    assert "I don’t know my version" in options
    assert any(text.startswith("12.0") for text in options)


def test_everything_works_without_javascript(server: Server, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.url)
    page.fill("#q", "vpn sleep")
    page.locator(".search-box .button").click()
    page.locator(".hit h2 a").first.click()
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.locator(".next-step")).to_be_visible()
    context.close()


def test_the_widget_answers_and_tells_its_host(server: Server, page: Page) -> None:
    page.goto(server.url + "/examples/widget")
    page.locator("kb-search input").focus()
    page.keyboard.type("vpn sleep")
    page.keyboard.press("Enter")
    link = page.locator("kb-search ol a").first
    expect(link).to_be_visible()
    page.evaluate(
        "addEventListener('kb-answer', e => { window.heard = e.detail }); "
        "addEventListener('click', e => e.preventDefault(), true)"
    )
    link.click()
    heard = page.evaluate("window.heard")
    assert heard["article"].startswith("KB")
    assert heard["query_id"]
    assert (
        page.locator("kb-search mark").first.evaluate("m => getComputedStyle(m).backgroundColor")
        != "rgb(255, 105, 180)"
    )
