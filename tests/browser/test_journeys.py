"""What people come for, by keyboard alone, with the actions counted.

An action is an activation (Enter or Space) after typing; Tab moves are printed beside it.
"""

from __future__ import annotations

import json
import subprocess

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server, _environment, _kb

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
SYMPTOM = "vpn is dead after the laptop was asleep"
MAX_TABS = 60


class Keyboard:
    """Presses keys and counts: ``actions`` activate, ``tabs`` move."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions, self.tabs = page, 0, 0

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)

    def activate(self, key: str = "Enter") -> None:
        self.actions += 1
        self.page.keyboard.press(key)
        self.page.wait_for_load_state("load")

    def reach(self, target: Locator) -> None:
        """Tab until the target has the focus, and it must be visible there."""
        target.wait_for()
        for _ in range(MAX_TABS):
            if target.evaluate("element => element === document.activeElement"):
                assert target.evaluate("e => getComputedStyle(e).outlineStyle") != "none", "focus is not visible"
                return
            self.page.keyboard.press("Tab")
            self.tabs += 1
        pytest.fail("the keyboard does not get there")

    def report(self, journey: str, most: int) -> None:
        width = (self.page.viewport_size or {"width": 0})["width"]
        print(f"\njourney: {journey} at {width} px: {self.actions} actions ({self.tabs} Tab), goal {most}")
        assert self.actions <= most


@pytest.fixture
def keyboard(page: Page) -> Keyboard:
    return Keyboard(page)


def test_a_symptom_in_own_words_leads_to_the_passage(server: Server, page: Page, keyboard: Keyboard) -> None:
    page.goto(server.url)
    expect(page.locator("#q")).to_be_focused()
    keyboard.type(SYMPTOM)
    keyboard.activate()
    first = page.locator(".hit.first")
    expect(first).to_contain_text("VPN does not reconnect after sleep")
    expect(first.locator(".answer, .passage").first).to_be_visible()
    keyboard.report("symptom to passage", 1)


def test_the_version_picked_on_the_question_asked_gives_the_right_variant(
    server: Server, page: Page, keyboard: Keyboard
) -> None:
    page.goto(f"{server.url}/search?query={SYMPTOM.replace(' ', '+')}&product=gateway")
    question = page.locator(".notice.ask")
    expect(question).to_contain_text("Which version")
    choice = question.get_by_role("link", name="10.4", exact=True)
    keyboard.reach(choice)
    keyboard.activate()
    expect(page.locator(".hit.first h2")).to_contain_text("(Gateway 10)")
    expect(page.locator(".context-bar").first).to_contain_text("10.4")
    keyboard.report("question asked to variant", 1)


def test_the_wrong_variant_is_one_action_from_the_right_one(server: Server, page: Page, keyboard: Keyboard) -> None:
    page.goto(f"{server.url}/search?query={SYMPTOM.replace(' ', '+')}&product=gateway&version=10.4")
    page.goto(page.locator(".hit.first h2 a").evaluate("a => a.href.split('?')[0]") + "?product=gateway&version=12.0")
    right = page.get_by_role("link", name="Open the answer for")
    keyboard.reach(right)
    keyboard.activate()
    expect(page.locator("h1")).to_contain_text("(Gateway 12)")
    keyboard.report("wrong variant to right one", 1)


def test_did_not_help_leads_on_in_two_actions(server: Server, page: Page, keyboard: Keyboard) -> None:
    page.goto(f"{server.url}/search?query={SYMPTOM.replace(' ', '+')}")
    page.goto(page.locator(".hit.first h2 a").evaluate("a => a.href"))
    before = page.locator("h1").inner_text()
    keyboard.reach(page.get_by_role("button", name="No", exact=True))
    keyboard.activate()
    expect(page.locator(".next-step")).to_contain_text("Reach us")
    expect(page.get_by_role("link", name="Write to help@lumen-harbour.example")).to_be_visible()
    following = page.locator(".next-answers a").first
    keyboard.reach(following)
    keyboard.activate()
    assert page.locator("h1").inner_text() != before
    keyboard.report("did not help to the next answer", 2)


def test_product_topic_article_is_three_actions(server: Server, page: Page, keyboard: Keyboard) -> None:
    page.goto(server.url)
    for name in ("Harbour Gateway", "VPN connections", "VPN does not reconnect after sleep (Gateway 11)"):
        keyboard.reach(page.locator("main").get_by_role("link", name=name).first)
        keyboard.activate()
    expect(page.locator("h1")).to_have_text("VPN does not reconnect after sleep (Gateway 11)")
    keyboard.report("product, topic, article", 3)


def test_an_imported_zendesk_address_leads_to_its_article(server: Server, page: Page, keyboard: Keyboard) -> None:
    export = server.data_dir.parent / "zendesk.json"
    address = "https://old.example.com/hc/en-us/articles/360001-Pairing-the-lamp"
    article = {
        "id": 360001,
        "title": "Pairing the lamp",
        "body": "<p>Hold the button.</p>",
        "html_url": address,
        "locale": "en-us",
        "draft": False,
        "section_id": 1,
        "label_names": [],
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-02T00:00:00Z",
    }
    export.write_text(json.dumps({"articles": [article], "sections": [{"id": 1, "name": "Lamps"}]}), "utf-8")
    command = _kb("import", str(export), "--format", "zendesk")
    done = subprocess.run(command, env=_environment(server.data_dir), timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    page.goto(server.url + "/hc/en-us/articles/360001-Pairing-the-lamp")
    expect(page.locator("h1")).to_have_text("Pairing the lamp")
    keyboard.report("imported address to article", 0)
