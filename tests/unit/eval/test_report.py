"""The published figures are the stored ones: the document is what is generated from them."""

from xml.etree import ElementTree

import pytest

from eval import plots, report


def test_the_document_is_what_is_generated_from_the_stored_results() -> None:
    assert report.write(check=True) == [], "run kb-eval report"


def test_a_changed_result_changes_the_document() -> None:
    results = report.read_results()
    text = report.DOCUMENT.read_text("utf-8")
    results["split-symptom"] = {**results["split-symptom"], "right": 0.1234}
    assert ".1234" in report.generate(text, results)


def test_what_is_not_generated_stays_as_it_is() -> None:
    text = "before\n<!-- generated: split -->\nold\n<!-- end -->\nafter\n"
    made = report.generate(text, {})
    assert made == "before\n<!-- generated: split -->\nNot measured.\n<!-- end -->\nafter\n"
    with pytest.raises(KeyError):
        report.generate("<!-- generated: nothing -->\n<!-- end -->", {})


def test_plots_are_whole_and_name_what_they_show() -> None:
    bar = plots.bars(
        "A <title>", [plots.Bar("ours", 0.9, 0.85, 0.95, True, 0.93), plots.Bar("theirs", 0.8, 0.8, 0.8, False)], 0.5
    )
    curve = plots.curves("B", [plots.Line("precision", [(0.2, 0.8), (0.4, 0.9)])], "certainty", (0.95,))
    for text in (bar, curve):
        root = ElementTree.fromstring(text)
        assert root.get("role") == "img"
        assert root.find("{http://www.w3.org/2000/svg}title") is not None
    assert "A &lt;title&gt;" in bar
