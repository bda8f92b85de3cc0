"""Every format reads into the same rows; what cannot be read names line, field and reason."""

import json
from pathlib import Path

import pytest

from kb_service.errors import InvalidInput
from kb_service.transfer.formats import Format, guess, open_source
from kb_service.transfer.rows import ImportRow, Rejection


def write(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return path


def test_bad_lines_are_rejected_with_line_field_and_reason(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl", "{oops", [1], {"id": "1"}, {"id": "2", "title": "T", "applies_to": "x"},
        {"id": "3", "title": "T", "state": "gone"}, {"id": "4", "title": "T", "updated_at": "soon"},
        {"id": 5, "title": "T"},
    )  # fmt: skip
    rows = list(open_source(path).rows())
    found = [(row.line, row.field) for row in rows if isinstance(row, Rejection)]
    assert found == [(1, ""), (2, ""), (3, "title"), (4, "applies_to"), (5, "state"), (6, "updated_at")]
    assert isinstance(rows[-1], ImportRow)
    assert rows[-1].external_id == "5"


def test_csv_reads_lists_and_applies_to(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        'id,title,keywords,applies_to\n1,One,a|b,"[{""product"": ""Desk"", ""versions"": [""7""]}]"\n2,Two,,[oops\n'
    )
    first, second = open_source(path).rows()
    assert isinstance(first, ImportRow)
    assert first.text.keywords == ("a", "b")
    assert first.text.applies_to[0]["product"] == "Desk"
    assert isinstance(second, Rejection)
    assert second.field == "applies_to"


def test_beir_metadata_becomes_fields(tmp_path: Path) -> None:
    metadata = {
        "applies_to": [{"product": "Desk", "versions": ["7"], "os": []}],
        "topic_area": ["A/B"],
        "date": "01/24/2024",
    }
    write(tmp_path / "corpus.jsonl", {"_id": "d1", "title": "", "text": "# First words", "metadata": metadata})
    (row,) = open_source(tmp_path).rows()
    assert isinstance(row, ImportRow)
    assert (row.external_id, row.text.title, row.topics) == ("d1", "First words", (("A/B",),))
    assert row.standing.updated_at is not None
    assert row.standing.updated_at.day == 24


def test_markdown_takes_front_matter_and_names_files_without_it(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "a.md").write_text("---\nid: one\ntitle: One\ntopics: [x/y]\nstate: draft\n---\nBody\n")
    (tmp_path / "b.md").write_text("no front matter")
    first, second = open_source(tmp_path).rows()
    assert isinstance(first, ImportRow)
    assert first.text.body == "Body"
    assert not first.standing.publish
    assert first.topics == (("x", "y"),)
    assert isinstance(second, Rejection)
    assert second.row == {"file": "b.md"}


@pytest.mark.parametrize("name", ["corpus.jsonl", "corpus.jsonl.gz"])
def test_a_folder_with_a_corpus_is_beir(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert guess(tmp_path) is Format.BEIR


def test_what_is_not_clear_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--format"):
        open_source(write(tmp_path / "a.xyz"))
