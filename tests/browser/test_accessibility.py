"""WCAG 2.2 AA by axe on every page, at both widths, light and dark; nothing scrolls sideways."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import ADMIN, Server, require

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
QUESTION = "/search?query=vpn+dead+after+sleep"
PUBLIC = {
    "home": "/",
    "results": QUESTION,
    "results in a context": f"{QUESTION}&product=gateway&version=10.4&os=windows/11",
    "no answer": "/search?query=flux+capacitor+of+my+toaster",
    "refusal": "/search?query=x&product=gatewy",
    "all answers": "/search",
    "products": "/products",
    "product": "/p/gateway",
    "topic of a product": "/p/gateway/networking/vpn",
    "topics": "/topics",
    "topic": "/t/networking",
    "sign in": "/sign-in",
    "not found": "/nothing/here",
    "widget": "/examples/widget",
}
ADMINISTRATION = ("/admin", "/admin/catalog", "/admin/notice")
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


def violations(page: Page) -> list[str]:
    require("axe-playwright-python", importlib.util.find_spec("axe_playwright_python") is not None)
    from axe_playwright_python.sync_playwright import Axe

    options: dict[str, Any] = {"runOnly": TAGS, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response
    assert found["passes"], "axe checked nothing"
    return [f"{item['id']}: {item['nodes'][0]['target']}" for item in found["violations"]]


def check(page: Page, name: str) -> None:
    assert violations(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"


def test_axe_sees_a_planted_flaw(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert any(flaw.startswith("image-alt") for flaw in violations(page))


@SCHEMES
def test_public_pages_have_no_violation(server: Server, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    for name, path in PUBLIC.items():
        page.goto(server.url + path)
        check(page, name)


@SCHEMES
def test_an_article_and_its_next_step_have_no_violation(server: Server, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(server.url + "/search?query=export+notebook+pdf")
    page.goto(page.locator(".hit h2 a").first.evaluate("a => a.href"))
    check(page, "article")
    page.goto(page.url.split("?")[0] + "?product=desk&version=5")
    check(page, "another variant")
    page.get_by_role("button", name="No", exact=True).click()
    page.locator(".next-step").wait_for()
    check(page, "next step")


@SCHEMES
def test_administration_has_no_violation(server: Server, context: BrowserContext, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(server.url + "/sign-in")
    page.fill("#email", ADMIN[0])
    page.fill("#password", ADMIN[1])
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").wait_for()
    for path in ADMINISTRATION:
        page.goto(server.url + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        check(page, path)
