"""Recipes are read strictly: what a person would not see on reading them is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import lepton_spec
from lepton.errors import RecipeError
from lepton.pack.recipe import read_recipe
from lepton.pack.yamltext import MAX_RECIPE_BYTES, read_yaml

ROOT = Path(lepton_spec.__file__).resolve().parents[2]
MINIMAL = """
lepton: "1.0"
id: model
version: 1.0.0
language: en
title: {en: Model}
license: MIT
card:
  intendedUse: {en: Tests.}
  outOfScopeUse: {en: All else.}
  limitations: {notProvided: {en: It is a test.}}
  personalData: {status: none}
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "line 2: found the key 'a' twice"),
        ("a: {b: 1, b: 2}", "found the key 'b' twice"),
        ("a: &x 1", "anchor &x"),
        ("a: &x 1\nb: *x", "line 2: found the alias"),
        ("<<: {a: 1}", "'<<'"),
        ("a: !!str 1", "tag"),
        ("a: !!python/object/apply:os.system [ls]", "tag"),
        ("a: 2024-01-01", "timestamp; put it in quotes"),
        ("no: Norwegian", "found the key 'no', expected text"),
        ("1: one", "found the key '1'"),
        ("a: .nan", "finite"),
        ("a: 1\n---\nb: 2", "another document"),
        ("", "empty"),
        ("[" * 10_000, "nesting deeper than 64"),
        ("a: [1, 2", "found no YAML"),
        ("\ta: 1", "found no YAML"),
    ],
)
def test_refuses_in_one_line_with_the_place(text: str, words: str) -> None:
    with pytest.raises(RecipeError) as refusal:
        read_yaml(text.encode(), "recipe.yml")
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("recipe.yml")
    assert "\n" not in str(refusal.value)


def test_refuses_what_is_too_large_before_parsing_it() -> None:
    with pytest.raises(RecipeError, match="expected at most"):
        read_yaml(b"#" * (MAX_RECIPE_BYTES + 1), "recipe.yml")
    with pytest.raises(RecipeError, match="not UTF-8 at byte 1"):
        read_yaml(b"a\xff", "recipe.yml")


def test_reads_plain_yaml_as_any_reader_would() -> None:
    text = "a: [1, 2.5, true, null, 'text', \"é\"]\nb:\n  c: >-\n    folded\n    text\n"
    assert read_yaml(text.encode(), "r") == yaml.safe_load(text)


def _recipe(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.yml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("idd: x", "/idd"),
        ("idd: x", "expected 'id'?"),
        (
            "wrong: x",
            'found the unknown member "wrong", expected one of lepton, id, version, language,',
        ),
        ("vectors: {wrong: 1}", 'at /vectors/wrong: found the unknown member "wrong", expected one of '),
        ("symbols: {N: {min: 1}}", "/symbols/N"),
        ("processing: {pre: [], post: []}", "'interface'"),
        ("vectors: {seed: -1}", "/vectors/seed"),
        ("export: {formats: [tflite]}", "/export/formats/0"),
        ("signature: {inputs: [{shape: [N]}]}", "/signature/inputs/0"),
    ],
)
def test_a_recipe_that_breaks_the_schema_is_refused_at_its_place(
    tmp_path: Path, change: str, words: str
) -> None:
    with pytest.raises(RecipeError) as refusal:
        read_recipe(_recipe(tmp_path, MINIMAL + change))
    assert words in str(refusal.value)


def test_a_missing_recipe_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        read_recipe(tmp_path / "none.yml")
    with pytest.raises(RecipeError, match="--files"):
        read_recipe(_recipe(tmp_path, MINIMAL), tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["digits", "magika"])
def test_the_recipes_of_the_examples_are_valid(name: str) -> None:
    path = ROOT / "examples" / name / "recipe.yml"
    if not path.is_file():
        path = Path.cwd() / "examples" / name / "recipe.yml"
    assert read_recipe(path).document["lepton"] == "1.0"


def test_the_schema_of_recipes_is_a_schema() -> None:
    schema: dict[str, Any] = lepton_spec.schema("recipe")
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith("/schemas/1.0/recipe.schema.json")


@pytest.mark.parametrize(
    ("content", "pointer", "words"),
    [
        ('{"a": {"b": ["x", "y"]}}', "/a/c", "found nothing at /a/c"),
        ('{"a": {"b": "x"}}', "/a/b", "no list of strings"),
        ("{", "/a", "found no JSON"),
    ],
)
def test_labels_from_a_file_are_checked(tmp_path: Path, content: str, pointer: str, words: str) -> None:
    (tmp_path / "labels.json").write_text(content)
    recipe = read_recipe(_recipe(tmp_path, MINIMAL))
    with pytest.raises(RecipeError, match=words):
        recipe.labels({"axis": 1, "file": "labels.json", "pointer": pointer, "language": "en"})


def test_labels_come_from_the_place_that_the_pointer_names(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('{"a/b": {"c": ["x", "y"]}}')
    recipe = read_recipe(_recipe(tmp_path, MINIMAL))
    entry = {"axis": 1, "file": "labels.json", "pointer": "/a~1b/c", "language": "en"}
    assert recipe.labels(entry) == {"axis": 1, "names": {"en": ["x", "y"]}}
