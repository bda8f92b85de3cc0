"""kb-eval from a folder to figures, over the real import and the real search (with the hashing encoder)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from eval import consistency, guesses, unattended
from eval.datasets import load
from eval.reporting import console

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "hint3"
CORPUS = [
    ("d1", "Reset the router", "Hold the button for ten seconds.", [{"product": "Router", "versions": ["1"]}]),
    ("d2", "Reset the router", "Open the menu and choose reset.", [{"product": "Router", "versions": ["2"]}]),
    ("d3", "Replace the toner", "Open the front door of the printer.", [{"product": "Printer"}]),
    ("d4", "Opening hours", "We answer from nine to five.", []),
]
QUERIES = [
    ("q1", "reset router", {"product": "Router", "version": "1"}, ["d2"]),
    ("q2", "reset router", {"product": "Router", "version": "2"}, ["d1"]),
    ("q3", "replace toner", {"product": "Printer"}, []),
    ("q4", "when do you answer", {}, []),
    ("q5", "router", {"product": "Fax"}, []),
]


def write_lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "set"
    (made / "qrels").mkdir(parents=True)
    corpus = [{"_id": i, "title": t, "text": x, "metadata": {"applies_to": a}} for i, t, x, a in CORPUS]
    write_lines(made / "corpus.jsonl", corpus)
    write_lines(made / "queries.jsonl", [query(i, t, c, w) for i, t, c, w in QUERIES])
    write_lines(made / "out_of_scope.jsonl", [query("o1", "how tall is the moon", {}, [])])
    (made / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\nq3\td3\t1\nq4\td4\t1\n")
    return made


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bases of this process lie in the test's folder and need no model."""
    monkeypatch.setenv("KB_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("KB_ENCODER", "hashing")


def query(id: str, text: str, context: dict[str, str], wrong: list[str]) -> dict[str, object]:
    kind = "context" if wrong else "plain"
    return {"_id": id, "text": text, "metadata": {"type": kind, "context": context, "wrong_context_docs": wrong}}


def evaluate(tmp_path: Path, *arguments: str, encoder: str = "hashing") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KB_DATA_DIR": str(tmp_path / "var"), "KB_ENCODER": encoder}
    command = [sys.executable, "-m", "eval.cli", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_relevance_prints_and_writes_figures_and_a_run(tmp_path: Path, folder: Path) -> None:
    report, run = tmp_path / "report.json", tmp_path / "run.txt"
    done = evaluate(
        tmp_path, "relevance", str(folder), "--json", str(report), "--run", str(run), "--yardstick", "--failures", "3"
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(report.read_text())
    assert figures["overall"]["queries"] == 4
    assert set(figures["by_type"]) == {"context", "plain"}
    assert figures["by_type"]["context"]["hit@1"] == 1.0
    assert [figures["overall"][name] for name in ("inapplicable@10", "wrong_context@10", "removed")] == [0, 0, 0]
    assert figures["yardstick"]["overall"]["queries"] == 4
    assert [refused["query"] for refused in figures["refused_contexts"]] == ["q5"]
    assert {line.split()[0] for line in run.read_text().splitlines()} == {"q1", "q2", "q3", "q4"}
    assert "nDCG@10" in done.stdout
    low, high = figures["intervals"]["overall"]["nDCG@10"]
    assert low <= figures["overall"]["nDCG@10"] <= high
    assert figures["paired"]["overall"]["nDCG@10"]["verdict"] in ("better", "worse", "not told apart")


def test_one_need_is_asked_by_every_way_in(here: None, folder: Path) -> None:
    phrasings = [
        {"channel": "self_service", "text": "replace toner"},
        {"channel": "email", "text": "How do I replace toner?"},
    ]
    need = {"group": "g1", "gold": ["d3"], "split": "dev", "context": {"product": "Printer"}, "phrasings": phrasings}
    write_lines(folder / "consistency.jsonl", [need])
    figures = consistency.measure(load(folder), 1, None, False, console())
    assert figures["phrasings"]["all right first"] == 1.0
    ways = figures["entry_points"]["by_way"]
    assert set(ways) == {"POST search", "GET search", "answers", "page", "widget", "command line"}
    assert all(way == {"asked": 1, "same": 1.0} for way in ways.values())


def test_guesses_and_unattended_answers_are_counted(here: None, folder: Path) -> None:
    guessed = guesses.measure(load(folder), None, False, console())
    assert guessed["guesses"]["right, inferred"]["questions"] == 3
    assert guessed["guesses"]["wrong version, stated"]["hit@3"] == 0.0
    assert unattended.measure(load(folder), None, None, False, console())["messages"] == 5


def test_the_second_run_finds_the_base_of_the_first(tmp_path: Path, folder: Path) -> None:
    evaluate(tmp_path, "relevance", str(folder))
    (marker,) = (tmp_path / "var" / "kb-eval").glob("*/built.json")
    before = marker.stat().st_mtime_ns
    evaluate(tmp_path, "relevance", str(folder), "--no-context")
    assert marker.stat().st_mtime_ns == before
    evaluate(tmp_path, "relevance", str(folder), "--fresh")
    assert marker.stat().st_mtime_ns != before


def test_clarify_holds_dialogues(tmp_path: Path, folder: Path) -> None:
    report = tmp_path / "clarify.json"
    done = evaluate(tmp_path, "clarify", str(folder), "--json", str(report))
    assert done.returncode == 0, done.stderr
    assert json.loads(report.read_text())["queries"] == 2


def test_no_answer_and_calibrate_print_their_figures(tmp_path: Path, folder: Path) -> None:
    told = evaluate(tmp_path, "no-answer", str(folder))
    assert told.returncode == 0, told.stderr
    assert "AUROC" in told.stdout
    fitted = evaluate(tmp_path, "calibrate", str(folder), "--write", str(tmp_path / "calibration.json"))
    assert fitted.returncode in (0, 2), fitted.stderr


@pytest.mark.parametrize("arguments", [("relevance", "nowhere"), ("no-answer", "nowhere"), ("clarify", "nowhere")])
def test_a_wrong_folder_is_one_line_and_exit_code_2(tmp_path: Path, arguments: tuple[str, str]) -> None:
    done = evaluate(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("kb-eval: ") and len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data/hint3 is not here")
def test_on_real_data_nothing_inapplicable_is_shown(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = evaluate(tmp_path, "relevance", str(SHARED), "--json", str(report))
    assert done.returncode == 0, done.stderr
    overall = json.loads(report.read_text())["overall"]
    assert overall["queries"] == 510
    assert overall["inapplicable@10"] == overall["wrong_context@10"] == overall["removed"] == 0
