"""A recipe names what made a vector."""

from dataclasses import replace
from pathlib import Path

import pytest

from indexers.embedding.recipe import Recipe, hash_model_files

RECIPE = Recipe("m", "r", 384, 256)


def test_a_recipe_survives_the_way_through_json_values() -> None:
    assert Recipe.from_dict(RECIPE.to_dict()) == RECIPE


def test_the_digest_is_16_hex_digits_and_changes_with_every_field() -> None:
    others = [
        replace(RECIPE, model="n"),
        replace(RECIPE, revision="s"),
        replace(RECIPE, dimensions=8),
        replace(RECIPE, max_tokens=9),
        replace(RECIPE, pooling="cls"),
        replace(RECIPE, normalised=False),
        replace(RECIPE, passage_recipe="title+body"),
    ]
    digests = {recipe.digest() for recipe in [RECIPE, *others]}
    assert len(digests) == 8
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in digests)


@pytest.mark.parametrize("change", [{"surprise": 1}, {"dimensions": "384"}, {"dimensions": True}])
def test_a_recipe_with_unknown_or_wrong_fields_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="recipe field"):
        Recipe.from_dict({**RECIPE.to_dict(), **change})


def test_an_incomplete_recipe_is_refused() -> None:
    with pytest.raises(ValueError, match="incomplete"):
        Recipe.from_dict({"model": "m"})


def test_the_revision_depends_on_contents_not_on_the_place(tmp_path: Path) -> None:
    for name, content in (("a", "{}"), ("b", "{}"), ("c", "{ }")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(content)
    a, b, c = (hash_model_files(tmp_path / name) for name in "abc")
    assert a == b != c
