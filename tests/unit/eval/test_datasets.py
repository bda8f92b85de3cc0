"""BEIR folders are read whole, and what is malformed is named."""

import gzip
import json
from pathlib import Path

import pytest

from eval.datasets import MalformedDataset, load, load_out_of_scope, read_qrels


def write_dataset(
    folder: Path, packed: bool = True, qrels: str = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t0\n"
) -> Path:
    corpus = (
        json.dumps({"_id": "d1", "title": "One", "text": "Text", "metadata": {"applies_to": [{"product": "P"}]}}) + "\n"
    )
    if packed:
        with gzip.open(folder / "corpus.jsonl.gz", "wt") as stream:
            stream.write(corpus)
    else:
        (folder / "corpus.jsonl").write_text(corpus)
    metadata = {"type": "context", "context": {"product": "P", "version": None}, "wrong_context_docs": ["d9"]}
    queries = [{"_id": "q1", "text": "one", "metadata": metadata}, {"_id": "q2", "text": "two"}]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (folder / "qrels").mkdir()
    (folder / "qrels" / "dev.tsv").write_text(qrels)
    return folder


@pytest.mark.parametrize("packed", [True, False])
def test_a_folder_is_read_packed_or_not(tmp_path: Path, packed: bool) -> None:
    dataset = load(write_dataset(tmp_path, packed))
    assert [query.id for query in dataset.queries] == ["q1", "q2"]
    assert dataset.queries[0].context == {"product": "P"}
    assert dataset.queries[0].wrong_context_docs == ("d9",)
    assert dataset.queries[1].type == "all"
    assert dataset.documents["d1"].applies_to == ({"product": "P"},)


def test_only_queries_with_a_right_document_are_judged(tmp_path: Path) -> None:
    assert [query.id for query in load(write_dataset(tmp_path)).judged] == ["q1"]


def test_the_digest_does_not_depend_on_packing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    packed, plain = load(write_dataset(tmp_path / "a")), load(write_dataset(tmp_path / "b", packed=False))
    assert packed.corpus_digest() == plain.corpus_digest()


def test_qrels_may_be_trec_or_lack_a_header(tmp_path: Path) -> None:
    file = tmp_path / "dev.tsv"
    file.write_text("q1 0 d1 2\nq1 0 d2 1\n")
    assert read_qrels(file) == {"q1": {"d1": 2, "d2": 1}}
    file.write_text("q1\td1\t1\n")
    assert read_qrels(file) == {"q1": {"d1": 1}}


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path)
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "one"}\nnot json\n')
    with pytest.raises(MalformedDataset, match="line 2"):
        load(folder)


def test_a_judged_query_must_exist(tmp_path: Path) -> None:
    with pytest.raises(MalformedDataset, match="q7"):
        load(write_dataset(tmp_path, qrels="q7\td1\t1\n"))


@pytest.mark.parametrize("missing", ["corpus.jsonl.gz", "queries.jsonl", "qrels/dev.tsv"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    (write_dataset(tmp_path) / missing).unlink()
    with pytest.raises(MalformedDataset, match=missing.split(".")[0]):
        load(tmp_path)


def test_without_out_of_scope_questions_there_are_none(tmp_path: Path) -> None:
    assert load_out_of_scope(tmp_path) == ()
