"""What a recipe says of assurance becomes a document of the package, or a reason to write no package."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lepton.convert.packing import pack_source
from lepton.errors import RecipeError
from lepton.finding import Verdict
from lepton.pack import read_recipe
from lepton.pack.build import Packed
from lepton.validate import load, validate_package
from lepton_conformance.forge import models
from lepton_conformance.forge.assurances import VALID_ASSURANCES

Packer = Callable[..., Packed]
_STATEMENT = {"en": "Tests."}


def _least() -> dict[str, Any]:
    """Return the shortest document of the forge, as a recipe writes it."""
    least = next(one for one in VALID_ASSURANCES if one.name == "least")
    document: dict[str, Any] = json.loads(least.forge().files["assurance.json"])
    del document["lepton"]
    return document


@pytest.fixture
def packed(tmp_path: Path) -> Packer:
    (tmp_path / "linear.onnx").write_bytes(models.linear())

    def run(assurance: Any, evaluations: tuple[Any, ...] = ()) -> Packed:
        recipe = {
            "lepton": "1.0",
            "id": "linear",
            "version": "1.0.0",
            "language": "en",
            "title": _STATEMENT,
            "license": "MIT",
            "card": {
                "intendedUse": _STATEMENT,
                "outOfScopeUse": _STATEMENT,
                "limitations": _STATEMENT,
                "personalData": {"status": "none"},
                "evaluations": list(evaluations),
            },
            "symbols": {"N": {"min": 1, "max": 8}},
            "assurance": assurance,
        }
        (tmp_path / "recipe.yml").write_text(json.dumps(recipe))
        recipe_ = read_recipe(tmp_path / "recipe.yml")
        return pack_source(str(tmp_path / "linear.onnx"), recipe_, tmp_path / "linear.lepton")

    return run


def test_a_document_in_the_recipe_is_packed_and_judged(packed: Packer) -> None:
    result = packed(_least())
    report = validate_package(result.out, level="quick", profile="assurance")
    assert report.verdict is Verdict.PASS
    with load(result.out) as package:
        assert package.json("assurance.json") == {"lepton": "1.0", **_least()}


def test_a_document_in_a_file_is_packed_as_it_stands(packed: Packer, tmp_path: Path) -> None:
    (tmp_path / "said.json").write_text(json.dumps({"lepton": "1.0", **_least()}))
    with load(packed({"file": "said.json"}).out) as package:
        assert package.json("assurance.json")["issued"] == "2026-11-24"


def test_comparisons_come_from_a_file_of_their_own(packed: Packer, tmp_path: Path) -> None:
    evaluation = {"metric": "accuracy", "direction": "higher", "dataset": {"name": "d"}}
    evaluations = [
        {**evaluation, "value": 0.5, "n": 4},
        {**evaluation, "value": 0.5, "n": 2, "group": "a"},
        {**evaluation, "value": 0.5, "n": 2, "group": "b"},
    ]
    comparison = {
        "attribute": _STATEMENT,
        "overall": "/evaluations/0",
        "groups": [{"evaluation": "/evaluations/1"}, {"evaluation": "/evaluations/2"}],
        "overlap": "none",
        "ungrouped": 0,
        "smallest": "/evaluations/1",
        "disparity": {"measure": "ratio", "value": 1},
    }
    (tmp_path / "comparisons.json").write_text(json.dumps([comparison]))
    said = copy.deepcopy(_least())
    said["bias"]["comparisons"] = {"file": "comparisons.json"}
    with load(packed(said, tuple(evaluations)).out) as package:
        assert package.json("assurance.json")["bias"]["comparisons"] == [comparison]


def test_numbers_that_do_not_fit_leave_no_package(packed: Packer, tmp_path: Path) -> None:
    said = _least()
    said["support"]["expires"] = "2026-11-23"
    with pytest.raises(RecipeError, match="ASR-SUP-02"):
        packed(said)
    assert not (tmp_path / "linear.lepton").exists()


def test_a_file_that_is_no_document_is_named(packed: Packer, tmp_path: Path) -> None:
    (tmp_path / "said.json").write_text('{"lepton": "1.0"}')
    with pytest.raises(RecipeError, match=r"assurance document .* 'issued'"):
        packed({"file": "said.json"})
    with pytest.raises(RecipeError, match=r"found no file .*other\.json"):
        packed({"file": "other.json"})
