"""A real CrossEncoder, tiny and with random weights, behind the port."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexers.embedding.port import EncoderUnavailable
from indexers.embedding.reranking import CrossEncoderReranker

pytest.importorskip("sentence_transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    path = tmp_path_factory.mktemp("cross-encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "vpn", "drops", "printer", "jams", "the"]
    (path / "vocab.txt").write_text("\n".join(words), "utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=1
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(path)
    BertTokenizerFast(str(path / "vocab.txt"), model_max_length=512).save_pretrained(path)
    return path


def test_one_number_a_text_the_same_whatever_stands_beside_it(folder: Path) -> None:
    reranker = CrossEncoderReranker(str(folder))
    both = reranker.score("vpn drops", ["the printer jams", "the vpn drops"])
    assert reranker.score("vpn drops", ["the vpn drops"]) == pytest.approx(both[1:], abs=1e-4)
    assert both[0] != both[1]
    assert reranker.score("vpn", []) == []
    assert len(reranker.score("", ["", "\x00\ud800 " * 40_000])) == 2


def test_a_folder_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="KB_RERANKER"):
        CrossEncoderReranker(str(tmp_path))
