"""What each channel says: no warning is dropped, the link stands where anything is left out, nothing foreign is sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb_service.articles.cautions import warnings_in
from kb_service.articles.channel_forms import MAX_SMS_SEGMENTS, Addresses, Channel, make_forms, overridden
from kb_service.articles.markdown import read_sections
from kb_service.articles.renderings import RenderingAids
from kb_service.articles.sections import RevisionContent
from kb_service.articles.sms import measure, plainer
from kb_service.catalog.context import Applicability, Context

LINK = Addresses(
    "https://kb.example/a/KB000001/t?product=gateway", "https://kb.example/a/KB000001", "https://kb.example"
)
GATEWAY = Applicability.of([{"product": "gateway"}])
TEN = Context("gateway", "10")
AIDS = RenderingAids()
FILLER = "Open the settings page of the device, choose the second tab and wait until the lamp is green again. "
MARKS = (
    "> **Warning:** {}",
    "**Caution** {}",
    "> [!DANGER]\n> {}",
    "Important: {}",
    "- step\n- **Warning:** {}",
    "Go on. Warning: {}",
)


@st.composite
def articles(draw: st.DrawFn) -> tuple[RevisionContent, dict[str, set[str]], set[str], set[str]]:
    """A text; step → warnings about it; all applying words; words for another version."""
    about: dict[str, set[str]] = {}
    everything: set[str] = set()
    foreign: set[str] = set()
    general: set[str] = set()
    count = iter(range(1000))

    def word(kind: str) -> str:
        return f"{kind}{next(count)}x"

    def caution() -> tuple[str, str]:
        token = word("warn")
        everything.add(token)
        return token, draw(st.sampled_from(MARKS)).format(f"{token} loses data.")

    def block(level: int, name: str) -> str:
        step, applies = word("step"), draw(st.booleans()) or level == 0
        mark = "" if applies else ' {applies_to="versions=>=12"}'
        lines = [f"{'#' * level} {name}{mark}\n"] if level else []
        lines += [f"1. {step} {FILLER * draw(st.integers(0, 6))}\n2. Next."]
        (everything if applies else foreign).add(step)
        if draw(st.booleans()):
            token, text = caution()
            lines.insert(draw(st.integers(1 if level else 0, len(lines))), text)
            if not applies:
                everything.discard(token)
                foreign.add(token)
            elif level == 0:
                general.add(token)
            if applies:
                about.setdefault(step, set()).add(token)
        elif applies:
            about.setdefault(step, set())
        return "\n\n".join(lines)

    parts = [block(0, "")] if draw(st.booleans()) else []
    parts += [block(2, f"Part {n}") for n in range(draw(st.integers(0, 4)))]
    environment = ""
    if draw(st.booleans()):
        token, environment = caution()
        general.add(token)
    if draw(st.booleans()):
        token = word("warn")
        parts.append(f"## Warning\n\n{token} burns.")
        general.add(token)
        everything.add(token)
    for warnings in about.values():
        warnings |= general
    short = draw(st.sampled_from(["", "Turn it off and on.", "Öffne „Start“ – dann 漢字.", "Long. " * 50]))
    title = draw(st.sampled_from(["Lamp is red", "A very long title " * 16]))
    content = RevisionContent(
        title, short.strip()[:300], environment=environment, body="\n\n".join(parts), applies=GATEWAY
    )
    return content, about, everything, foreign


@settings(max_examples=150, deadline=None)
@given(articles())
def test_no_form_drops_a_warning_of_its_steps_or_hides_that_it_leaves_out(
    made: tuple[RevisionContent, dict[str, set[str]], set[str], set[str]],
) -> None:
    content, about, everything, foreign = made
    for channel, form in make_forms(content, TEN, AIDS, LINK).items():
        said = set(re.findall(r"(?:step|warn)\d+x", form.text))
        assert not said & foreign, f"{channel} says what is for another version"
        for step in said & set(about):
            assert about[step] <= said, f"{channel} carries {step} without {about[step] - said}"
        if everything - said:
            assert LINK.short in form.text, f"{channel} leaves out {everything - said} without a link"
        if channel is Channel.SMS:
            assert form.segments <= MAX_SMS_SEGMENTS


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("€" * 80, "gsm7", 160, 1),
        ("a" * 152 + "€" + "a" * 10, "gsm7", 164, 2),
        ("a" * 152 + "€" * 76 + "a", "gsm7", 305, 2),
        ("a" * 152 + "€" * 77, "gsm7", 306, 3),
        ("ж" * 70, "ucs2", 70, 1),
        ("ж" * 71, "ucs2", 71, 2),
        ("😀" * 35, "ucs2", 70, 1),
        ("😀" * 66, "ucs2", 132, 2),
        ("😀" * 67, "ucs2", 134, 3),
        ("", "gsm7", 0, 1),
    ],
)
def test_an_sms_is_counted_as_networks_count_it(text: str, encoding: str, units: int, segments: int) -> None:
    size = measure(text)
    assert (size.encoding, size.units, size.segments) == (encoding, units, segments)


def test_typographic_signs_alone_do_not_double_the_price() -> None:
    assert plainer("“Start” – wait…") == '"Start" - wait...'
    assert plainer("漢字 “a”") == "漢字 “a”", "nothing is gained, so nothing is changed"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("> [!WARNING]\n> Back up first.", ["Warning: Back up first."]),
        ("> Just a quotation.", []),
        ("**Caution:**\n\n- it is hot\n- it is loud", ["Caution: - it is hot - it is loud"]),
        ("1. Open it.\n\n   Warning: sharp edges.\n2. Close it.", ["Warning: sharp edges."]),
        ("Close it. Important: the lamp stays on.", ["Important: the lamp stays on."]),
        ("Warning lights are described in the manual.", []),
        ("It is important to wait.", []),
        ("```\nWarning: disk full\n```", []),
        ("Achtung: heiß.", ["Achtung: heiß."]),
    ],
)
def test_warnings_are_recognised_by_their_mark(text: str, found: list[str]) -> None:
    assert [w for section in read_sections(text) for w in warnings_in(section.tokens)] == found


def test_a_phone_script_warns_before_the_first_step() -> None:
    content = RevisionContent("T", "Short.", cause="Warning: high voltage.", resolution="1. Open the lid.")
    script = make_forms(content, Context(), AIDS, LINK)[Channel.PHONE].text
    assert script.index("high voltage") < script.index("Open the lid")


def test_mail_in_html_reaches_the_site_and_runs_nothing() -> None:
    content = RevisionContent(
        "T", "<b>", body="[next](kb:KB000002) ![x](/attachments/a/b.png) <script>alert(1)</script>\n\n[here](#x)"
    )
    aids = RenderingAids(resolve_link=lambda target: f"/a/{target}")
    form = make_forms(content, Context(), aids, LINK)[Channel.EMAIL_HTML]
    assert 'href="https://kb.example/a/KB000002"' in form.text and "&lt;b&gt;" in form.text
    assert "<script" not in form.text and "<img" not in form.text and form.leaves_out


def test_an_override_tells_which_warnings_it_does_not_say_and_is_measured() -> None:
    content = RevisionContent("T", "Short.", resolution="> **Warning:** hot.\n\n1. Open.")
    form = make_forms(content, Context(), AIDS, LINK)[Channel.SMS]
    assert form.warnings == ("Warning: hot.",)
    own = overridden(form, "ж" * 80, "")
    assert own.warnings == () and own.segments == 2 and own.origin == "override"
    html = make_forms(content, Context(), AIDS, LINK)[Channel.EMAIL_HTML]
    assert "<script" not in overridden(html, "<script>alert(1)</script>hi", "").text
