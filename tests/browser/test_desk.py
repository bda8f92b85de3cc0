"""The desk as an agent uses it, in Chromium, with the actions counted by keyboard and by mouse.

An action is a key (or a chord) that does something, or a click; typing words is none.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import ADMIN, Server
from tests.browser.test_accessibility import check

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
AGENT = ("agent@lumen-harbour.example", "demo-agent-1")
WORDS = "The vpn is dead after the laptop was asleep, gateway 11.2 on windows 11."
MAX_BYTES = 150_000
WRITE_ELSEWHERE = """const reply = document.getElementById("reply");
  reply.value = "How do I export a document as pdf in the desk app?";
  reply.dispatchEvent(new Event("input"));"""


@dataclass
class Actions:
    """Keys and clicks that do something, counted."""

    page: Page
    count: int = 0
    done: list[str] = field(default_factory=list)

    def key(self, keys: str) -> None:
        self.count += 1
        self.done.append(keys)
        self.page.keyboard.press(keys)

    def click(self, target: Locator) -> None:
        self.count += 1
        self.done.append(target.inner_text())
        target.click()

    def report(self, journey: str, most: int) -> None:
        print(f"\ndesk: {journey}: {self.count} actions ({', '.join(self.done)}), goal {most}")
        assert self.count <= most


def sign_in(page: Page, server: Server, who: tuple[str, str] = AGENT) -> None:
    page.goto(f"{server.url}/sign-in")
    page.fill("[name=email]", who[0])
    page.fill("[name=password]", who[1])
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")


def call(page: Page, method: str, path: str, body: Any = None) -> Any:
    """The API as the page's own session."""
    script = """async ([method, path, body]) => {
      const me = await (await fetch("/v1/me")).json();
      const headers = {"Content-Type": "application/json", "X-CSRF-Token": me.csrf_token, "If-Match": "*"};
      const answer = await fetch(path, {method, headers, body: body === null ? undefined : JSON.stringify(body)});
      const text = await answer.text();
      if (!answer.ok) throw new Error(answer.status + " " + text);
      return text ? JSON.parse(text) : null;
    }"""
    return page.evaluate(script, [method, path, body])


def leave_only(page: Page, set_id: int) -> None:
    """What stands in this set stands in no other."""
    kept = {item["article"] for item in call(page, "GET", f"/v1/bookmarks/sets/{set_id}")["items"]}
    for other in call(page, "GET", "/v1/bookmarks/sets")["items"]:
        for item in call(page, "GET", f"/v1/bookmarks/sets/{other['id']}")["items"]:
            if other["id"] != set_id and item["article"] in kept:
                call(page, "DELETE", f"/v1/bookmarks/sets/{other['id']}/articles/{item['article']}")


def open_case(page: Page, server: Server, words: str = WORDS) -> str:
    body = {"subject": words, "customer": {"channel": "email", "value": "anna@example.com"}}
    number = str(call(page, "POST", "/v1/cases", body)["number"])
    page.goto(f"{server.url}/desk/{number}")
    expect(page.locator("#case-number")).to_have_text(number)
    expect(page.locator(".suggestion").first).to_be_visible()
    return number


@pytest.fixture
def wide(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def desk(wide: BrowserContext, server: Server) -> Page:
    page = wide.new_page()
    sign_in(page, server)
    return page


def test_a_phone_call_is_taken_down_while_answers_follow(desk: Page, server: Server) -> None:
    actions = Actions(desk)
    actions.key("Alt+w")
    desk.keyboard.type(WORDS)
    first = desk.locator(".suggestion").first
    expect(first).to_contain_text("VPN does not reconnect after sleep")
    expect(desk.locator("#chips .chip").first).to_contain_text("Harbour Gateway")
    desk.locator("#new-customer").fill("+49 30 1234567")
    actions.key("Enter")
    expect(desk.locator("#case-title")).to_contain_text("The vpn is dead")
    expect(desk.locator("#reply")).to_be_focused()
    actions.report("a call taken down and saved", 2)


def need_replies(page: Page) -> None:
    """Skip by name where the service cannot send replies yet."""
    paths = page.evaluate(
        "fetch('/openapi.json').then((answer) => answer.json()).then((found) => Object.keys(found.paths))"
    )
    if not any(path.endswith("/replies") for path in paths):
        pytest.skip("this service sends no replies")


def test_attached_sent_solved_and_linked_by_keys(desk: Page, server: Server) -> None:
    need_replies(desk)
    number = open_case(desk, server)
    actions = Actions(desk)
    actions.key("Alt+1")
    expect(desk.locator("#attached li")).to_have_count(1)
    actions.key("Control+Shift+Enter")
    expect(desk.locator("#sent-bar")).to_be_visible()
    expect(desk.locator("#case-status")).to_have_value("solved")
    actions.report("attach, send, solve, linked (keys)", 3)
    assert [item["use"] for item in call(desk, "GET", f"/v1/cases/{number}")["articles"]] == ["link"]
    assert desk.locator("#desk").get_attribute("data-layout") == "capture", "solved: capture what was learned"


def test_attached_sent_and_waiting_by_mouse_and_taken_back(desk: Page, server: Server) -> None:
    need_replies(desk)
    number = open_case(desk, server)
    actions = Actions(desk)
    actions.click(desk.locator(".suggestion button", has_text="Attach").first)
    actions.click(desk.locator("#send-wait"))
    expect(desk.locator("#sent-bar")).to_be_visible()
    expect(desk.locator("#case-status")).to_have_value("waiting_customer")
    actions.report("attach, send and wait (mouse)", 3)
    desk.keyboard.press("Alt+z")
    expect(desk.locator("#notice")).to_contain_text("Taken back")
    expect(desk.locator("#attached li")).to_have_count(1)
    sent = [item for item in call(desk, "GET", f"/v1/cases/{number}")["interactions"] if item["direction"] == "out"]
    assert all(item["mail_state"] == "taken_back" for item in sent)


def test_who_answers_second_reads_first_and_keeps_her_words(desk: Page, server: Server) -> None:
    need_replies(desk)
    number = open_case(desk, server)
    desk.locator("#reply").fill("Hold the button, then the vpn is back after sleep.")
    call(desk, "POST", f"/v1/cases/{number}/interactions", {"text": "It works again, thank you", "direction": "in"})
    desk.locator("#send-wait").click()
    expect(desk.locator("#thread")).to_contain_text("It works again")
    expect(desk.locator("#reply")).to_have_value("Hold the button, then the vpn is back after sleep.")


def test_answers_do_not_move_under_the_focus_newer_ones_wait(desk: Page, server: Server) -> None:
    open_case(desk, server)
    before = desk.locator(".suggestion h3").all_inner_texts()
    desk.keyboard.press("Alt+a")
    expect(desk.locator(".suggestion").first).to_be_focused()
    desk.evaluate(WRITE_ELSEWHERE)
    expect(desk.locator("#newer")).to_be_visible()
    assert desk.locator(".suggestion h3").all_inner_texts() == before
    desk.keyboard.press("Alt+q")
    expect(desk.locator("#newer")).to_be_hidden()
    assert desk.locator(".suggestion h3").all_inner_texts() != before


def test_not_this_peek_and_a_draft_that_survives(desk: Page, server: Server) -> None:
    number = open_case(desk, server)
    first = desk.locator(".suggestion").first
    title = first.locator("h3").inner_text()
    desk.keyboard.press("Alt+p")
    expect(first.locator(".peek")).to_be_visible()
    expect(first.locator(".peek")).not_to_be_empty()
    desk.keyboard.press("Alt+x")
    expect(desk.locator("#notice")).to_contain_text(title)
    desk.keyboard.press("Alt+r")
    desk.keyboard.type("Half a sentence")
    desk.keyboard.press("Alt+1")
    expect(desk.locator("#attached li")).to_have_count(1)
    desk.reload()
    expect(desk.locator("#case-number")).to_have_text(number)
    expect(desk.locator("#reply")).to_have_value("Half a sentence")
    expect(desk.locator("#attached li")).to_have_count(1)
    expect(desk.locator(".suggestion").first).to_be_visible()
    assert title not in desk.locator(".suggestion h3").all_inner_texts(), "nobody is offered it for this case again"


def test_an_article_is_dragged_into_the_reply(desk: Page, server: Server) -> None:
    open_case(desk, server)
    desk.locator(".suggestion").first.drag_to(desk.locator("#reply"))
    expect(desk.locator("#attached li")).to_have_count(1)
    expect(desk.locator("#send-wait")).to_have_text("Send to anna@example.com and wait")


def test_a_note_looks_like_a_note(desk: Page, server: Server) -> None:
    open_case(desk, server)
    colour = "e => getComputedStyle(e).borderColor"
    reply = desk.locator("#composer").evaluate(colour)
    actions = Actions(desk)
    actions.key("Alt+n")
    expect(desk.locator("#reply-label")).to_contain_text("Internal note")
    expect(desk.locator("#send-wait")).to_have_text("Add note")
    expect(desk.locator("#send-solve")).to_be_hidden()
    assert desk.locator("#composer").evaluate(colour) != reply
    desk.keyboard.type("I ask the gateway team.")
    actions.key("Control+Enter")
    expect(desk.locator(".said.note")).to_contain_text("I ask the gateway team.")
    actions.report("a note", 2)


def test_kept_in_a_set_and_used_by_a_newcomer(desk: Page, server: Server) -> None:
    made = call(desk, "POST", "/v1/bookmarks/sets", {"name": "Tunnels", "team": "agents", "kind": "team"})
    open_case(desk, server)
    title = desk.locator(".suggestion h3").first.inner_text()
    actions = Actions(desk)
    actions.key("Alt+b")
    button = desk.locator("#sets button", has_text=re.compile(r"Tunnels$"))
    expect(button).to_be_visible()
    actions.key(str(button.get_attribute("data-number")))
    expect(desk.locator("#notice")).to_contain_text("Tunnels")
    actions.report("into a shared set", 2)
    assert [item["title"] for item in call(desk, "GET", f"/v1/bookmarks/sets/{made['id']}")["items"]] == [title]
    leave_only(desk, made["id"])  # who keeps it in a set of her own too, reads of that one
    desk.wait_for_timeout(2100)  # every process reads the sets again within two seconds
    desk.goto(f"{server.url}/search?query=vpn+dead+after+sleep")
    expect(desk.locator(".hits")).to_contain_text("in the team’s set “Tunnels”")


def test_a_flag_is_two_actions_and_captured_knowledge_two(desk: Page, server: Server) -> None:
    number = open_case(desk, server)
    flag = Actions(desk)
    flag.key("Alt+f")
    desk.keyboard.type("The menu is called otherwise now")
    flag.key("Enter")
    expect(desk.locator("#notice")).to_contain_text("is flagged")
    flag.report("flag", 2)
    capture = Actions(desk)
    capture.key("Alt+c")
    desk.keyboard.type("Hold the button for ten seconds.")
    expect(desk.locator("#capture-title")).not_to_have_value("")
    capture.key("Control+Enter")
    expect(desk.locator("#notice")).to_contain_text("is saved and linked")
    capture.report("work in progress saved and linked", 2)
    used = call(desk, "GET", f"/v1/cases/{number}")["articles"]
    assert [item["use"] for item in used] == ["linked"]


def test_the_next_case_is_one_action(desk: Page, server: Server) -> None:
    numbers = [open_case(desk, server, f"{WORDS} It is printer {n}.") for n in range(2)]
    call(desk, "POST", "/v1/desk/bulk", {"cases": numbers, "assignee_id": call(desk, "GET", "/v1/desk")["my_id"]})
    desk.goto(f"{server.url}/desk")
    desk.locator("#cases a").first.click()
    first = desk.locator("#case-number")
    expect(first).not_to_be_empty()
    before = first.inner_text()
    actions = Actions(desk)
    actions.key("Alt+j")
    expect(first).not_to_have_text(before)
    actions.report("next case", 1)


def test_a_colleague_who_replies_is_named_and_her_note_appears(
    desk: Page, wide: BrowserContext, chromium: Browser, server: Server
) -> None:
    number = open_case(desk, server)
    other = chromium.new_context()
    try:
        admin = other.new_page()
        sign_in(admin, server, ADMIN)
        call(admin, "PUT", f"/v1/desk/cases/{number}/presence", {"doing": "replying"})
        expect(desk.locator("#replying")).to_contain_text("Alex Admin is replying")
        desk.locator("#reply").fill("My own words")
        call(admin, "POST", f"/v1/desk/cases/{number}/notes", {"text": "I am on it.", "call": []})
        expect(desk.locator(".said.note")).to_contain_text("I am on it.")
        expect(desk.locator("#reply")).to_have_value("My own words")
    finally:
        other.close()


def test_the_desk_is_accessible_light_and_from_here_alone(page: Page, server: Server) -> None:
    files: dict[str, Any] = {}
    hosts: set[str] = set()

    def note(response: Any) -> None:
        hosts.add(response.url.split("/")[2])
        if response.ok and response.url.endswith((".js", ".css")):
            files[response.url] = response

    sign_in(page, server)
    page.on("response", note)
    open_case(page, server)
    check(page, "desk with a case")
    page.keyboard.press("F1")
    expect(page.locator("#help")).to_be_visible()
    check(page, "help")
    page.keyboard.press("Escape")
    loaded = sum(len(response.body()) for response in files.values())
    page.goto(f"{server.url}/bookmarks")
    check(page, "bookmarks")
    assert hosts == {server.url.split("/")[2]}
    assert 0 < loaded < MAX_BYTES


HOST_PAGE = """<!doctype html><html lang="en"><title>CRM</title>
<script type="module" src="SERVICE/static/kb-agent.js"></script>
<h1>Ticket</h1><textarea id="mail" aria-label="Mail"></textarea><p id="heard"></p>
<kb-agent token-url="/token" text="vpn is dead after the laptop was asleep" product="gateway" channel="email"></kb-agent>
<script>
for (const name of ["attached", "sent", "copied", "solved", "flagged"]) {
  document.querySelector("kb-agent").addEventListener("kb-" + name, (event) => {
    document.getElementById("heard").textContent += name + " ";
    if (event.detail.text) document.getElementById("mail").value = event.detail.text;
  });
}
</script>"""


class Host(BaseHTTPRequestHandler):
    """A CRM of somebody else on another origin, whose server fetches tokens with its key."""

    service = ""
    key = ""

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        page = HOST_PAGE.replace("SERVICE", self.service)
        self._answer(page.encode(), "text/html")

    def do_POST(self) -> None:
        body = json.dumps({"origin": f"http://{self.headers['Host']}", "agent": AGENT[0]}).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.service}/v1/widget-tokens", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            self._answer(answer.read(), "application/json")


@pytest.fixture
def host(wide: BrowserContext, server: Server) -> Iterator[str]:
    page = wide.new_page()
    sign_in(page, server, ADMIN)
    make: Callable[[dict[str, Any]], Any] = lambda body: call(page, "POST", "/v1/keys", body)  # noqa: E731
    Host.service, Host.key = server.url, make({"name": "CRM", "role": "agent"})["key"]
    crm = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    url = f"http://127.0.0.1:{crm.server_port}"
    make({"name": "CRM page", "role": "customer", "is_publishable": True, "origins": [url]})
    Thread(target=crm.serve_forever, daemon=True).start()
    yield url
    crm.shutdown()


def test_the_widget_serves_an_agent_in_a_foreign_desk(wide: BrowserContext, host: str) -> None:
    page = wide.new_page()
    page.goto(host)
    widget = page.locator("kb-agent")
    expect(widget.locator("li").first).to_contain_text("VPN does not reconnect after sleep")
    widget.locator("button.main", has_text="Attach").first.click()
    expect(page.locator("#heard")).to_contain_text("attached")
    assert "sleep" in page.locator("#mail").input_value()
    widget.get_by_role("button", name="Peek").first.click()
    expect(widget.locator(".peek").first).to_contain_text("resume")
    widget.get_by_role("button", name="Solved it").first.click()
    widget.get_by_role("button", name="Flag").first.click()
    widget.locator("form.over input").fill("The menu is called otherwise")
    page.keyboard.press("Enter")
    expect(page.locator("#heard")).to_contain_text("attached solved flagged")
