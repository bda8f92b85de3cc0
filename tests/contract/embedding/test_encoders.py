"""One suite that every encoder passes, and what only the ONNX encoder promises."""

import importlib.util
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from indexers.embedding.cache import CachedEncoder, VectorCache
from indexers.embedding.loader import load_encoder, packaged_export
from indexers.embedding.onnx_encoder import OnnxEncoder
from indexers.embedding.port import Encoder, EncoderUnavailable, HashingEncoder

ROOT = Path(__file__).parents[3]
CACHE = ROOT / ".cache"
HOSTILE = [
    "", " \n\t", "\0", "a\0b", "\ud800", "\udfff x \ud83d", "\u202e\u200b\ufeff", "e" + "\u0301" * 3000,
    "(" * 9000, "x" * 20_000, "word " * 50_000, "🤷🏽‍♀️" * 500, "漢字" * 4000, "[CLS] [SEP] [PAD] [MASK]",
    "\uffff\x7f\x1b[31m", "<script>' OR 1=1 --",
]  # fmt: skip
PASSAGES = [
    "To reset the password, open the account page and choose Forgot password.",
    "The printer shows offline when the spooler service is stopped. Restart the service.",
    "Refunds are paid to the card that was charged, within five working days.",
    "Install the update with administrator rights. " * 20,
    "x",
]


@pytest.fixture(scope="session")
def exported() -> Path:
    try:
        return packaged_export(CACHE)
    except EncoderUnavailable as error:
        pytest.skip(f"packaged ONNX encoder: {error}")


@pytest.fixture(scope="session")
def served(exported: Path) -> OnnxEncoder:
    return OnnxEncoder(exported)


class EncoderContract:
    """What the port promises; a subclass gives the fixture `encoder`."""

    def test_shapes_types_and_norms(self, encoder: Encoder) -> None:
        for vectors in (encoder.encode_queries(PASSAGES), encoder.encode_passages(PASSAGES)):
            assert vectors.shape == (len(PASSAGES), encoder.dimensions)
            assert vectors.dtype == np.float32
            assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_no_texts_give_no_rows(self, encoder: Encoder) -> None:
        assert encoder.encode_queries([]).shape == (0, encoder.dimensions)
        assert encoder.encode_passages([]).shape == (0, encoder.dimensions)

    def test_the_recipe_speaks_of_this_encoder(self, encoder: Encoder) -> None:
        assert encoder.recipe.dimensions == encoder.dimensions
        assert encoder.recipe.normalised
        assert encoder.recipe.revision

    def test_order_and_company_do_not_change_a_vector(self, encoder: Encoder) -> None:
        texts = [f"{text} {i}" for i in range(9) for text in PASSAGES]
        together = encoder.encode_passages(texts)
        order = np.random.default_rng(7).permutation(len(texts))
        assert np.allclose(encoder.encode_passages([texts[i] for i in order]), together[order], atol=1e-5)
        assert np.allclose(encoder.encode_passages(texts[3:4]), together[3:4], atol=1e-5)

    def test_hostile_texts_are_encoded_not_fatal(self, encoder: Encoder) -> None:
        for vectors in (encoder.encode_queries(HOSTILE), encoder.encode_passages(HOSTILE)):
            assert np.isfinite(vectors).all()
            assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_the_passage_about_the_matter_is_nearest(self, encoder: Encoder) -> None:
        queries = encoder.encode_queries(["password reset", "printer is offline", "refund to my card"])
        assert (queries @ encoder.encode_passages(PASSAGES).T).argmax(axis=1).tolist() == [0, 1, 2]

    def test_threads_get_the_same_vectors(self, encoder: Encoder) -> None:
        expected = encoder.encode_queries(PASSAGES)
        with ThreadPoolExecutor(4) as pool:
            for vectors in pool.map(encoder.encode_queries, [PASSAGES] * 8):
                assert np.allclose(vectors, expected, atol=1e-5)


class TestHashingEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self) -> Encoder:
        return HashingEncoder()


class TestCachedEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self, tmp_path: Path) -> Encoder:
        inner = HashingEncoder()
        return CachedEncoder(inner, VectorCache(tmp_path / "vectors.sqlite", inner.recipe))


class TestOnnxEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self, served: OnnxEncoder) -> Encoder:
        return served

    def test_its_vectors_equal_those_of_sentence_transformers(self, encoder: Encoder) -> None:
        if importlib.util.find_spec("sentence_transformers") is None:
            pytest.skip("sentence-transformers is not installed")
        from indexers.embedding.export import packaged_directory

        original = load_encoder(str(packaged_directory()), cache_dir=CACHE)
        texts = [*PASSAGES, "Wie ändere ich die Sprache?", "error 0x80070422 " * 200]
        assert np.allclose(encoder.encode_passages(texts), original.encode_passages(texts), atol=1e-4)
        assert original.recipe.revision == encoder.recipe.revision

    def test_int8_queries_stay_near_float32_and_share_the_recipe(self, encoder: Encoder, exported: Path) -> None:
        quantised = OnnxEncoder(exported, query_precision="int8")
        cosines = (quantised.encode_queries(PASSAGES) * encoder.encode_queries(PASSAGES)).sum(axis=1)
        assert cosines.mean() > 0.99
        assert np.allclose(quantised.encode_passages(PASSAGES), encoder.encode_passages(PASSAGES), atol=1e-5)
        assert quantised.recipe == encoder.recipe

    def test_a_shorter_limit_is_another_recipe(self, encoder: Encoder, exported: Path) -> None:
        assert OnnxEncoder(exported, max_tokens=64).recipe.digest() != encoder.recipe.digest()

    @pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "recipe.json"])
    def test_a_damaged_file_is_refused_with_the_way_out(self, exported: Path, tmp_path: Path, name: str) -> None:
        for path in exported.iterdir():
            (tmp_path / path.name).symlink_to(path)
        (tmp_path / name).unlink()
        (tmp_path / name).write_bytes((exported / name).read_bytes()[:-50])
        with pytest.raises(EncoderUnavailable, match="kb model export"):
            OnnxEncoder(tmp_path)

    def test_serving_never_imports_torch(self, exported: Path) -> None:
        script = (
            "import sys, pathlib; from indexers.embedding.loader import load_encoder; "
            "e = load_encoder(cache_dir=pathlib.Path(sys.argv[1])); e.encode_queries(['a']); e.encode_passages(['b']); "
            "bad = {'torch', 'sentence_transformers', 'sklearn', 'transformers'} & set(sys.modules); "
            "sys.exit(str(bad) if bad else 0)"
        )
        subprocess.run([sys.executable, "-c", script, str(CACHE)], check=True, cwd=ROOT)
