"""A torch module and magika's published model, packed for real."""

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import magika
import numpy as np
import pytest
import torch

from lepton.convert.packing import pack_source
from lepton.errors import RecipeError
from lepton.finding import Verdict
from lepton.pack import read_recipe
from lepton.runtime import open_pipeline
from lepton.validate import load, validate_package

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
FACTORY = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = torch.nn.Linear(4, 8)
        self.last = torch.nn.Linear(8, 3)
        self.drop = torch.nn.Dropout()

    def forward(self, x):
        return self.last(self.drop(torch.tanh(self.hidden(x))))

def build():
    torch.manual_seed(1)
    return Net()

def fails():
    raise OSError("the weights are not there")

def number():
    return 7
"""
RECIPE = """
lepton: "1.0"
id: net
version: 1.0.0
language: en
title: {en: Net}
license: MIT
symbols: {N: {min: 1, max: 16}}
signature:
  inputs: [{name: features, datatype: FP32, shape: [N, 4]}]
  outputs: [{name: scores}]
export: {formats: [onnx, pt2]}
card:
  intendedUse: {en: Tests.}
  outOfScopeUse: {en: All else.}
  limitations: {notProvided: {en: It is a test.}}
  personalData: {status: none}
"""


@pytest.fixture
def author(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(FACTORY)
    (tmp_path / "recipe.yml").write_text(RECIPE)
    return tmp_path


def test_a_torch_module_becomes_onnx_and_pt2_that_pass_the_same_vectors(author: Path) -> None:
    recipe = read_recipe(author / "recipe.yml")
    source = f"{author / 'net.py'}:build"
    result = pack_source(source, recipe, author / "net.lepton")
    again = pack_source(source, recipe, author / "again.lepton")
    assert result.out.read_bytes() == again.out.read_bytes()
    assert str(author).encode() not in result.out.read_bytes()
    assert result.vectors.provenance.oracle == "torch"
    assert result.manifest["signature"]["outputs"][0]["shape"] == ["N", 3]

    assert validate_package(result.out, level="full", allow_executable=True).verdict is Verdict.PASS
    # Unasked, the executable artifact is not run, and that is said rather than passed over.
    unasked = validate_package(result.out, level="full")
    assert unasked.verdict is Verdict.INCONCLUSIVE
    assert "PKG-VEC-04" in unasked.not_checked

    x = np.linspace(-1, 1, 20, dtype=np.float32).reshape(5, 4)
    with load(result.out) as package:
        answers = [
            open_pipeline(package, artifact=name, allow_executable=True).infer({"features": x})["scores"]
            for name in ("onnx", "pt2")
        ]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-6)


def test_a_pt2_archive_is_a_source_and_names_what_it_was_derived_from(author: Path) -> None:
    module = torch.nn.Linear(4, 3)
    program = torch.export.export(
        module, (torch.zeros(2, 4),), dynamic_shapes=({0: torch.export.Dim("N", min=1, max=16)},)
    )
    torch.export.save(program, author / "net.pt2")
    recipe = read_recipe(author / "recipe.yml")
    result = pack_source(str(author / "net.pt2"), recipe, author / "net.lepton", allow_executable=True)
    assert result.manifest["artifacts"][0]["derivedFrom"]["tool"].startswith("torch.onnx")
    with load(result.out) as package:
        assert package.read("model/model.pt2") == (author / "net.pt2").read_bytes()


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        ("fails", "the weights are not there"),
        ("number", "found an object of the class builtins.int"),
        ("missing", "found no callable 'missing'"),
    ],
)
def test_a_factory_that_is_no_use_is_named(author: Path, factory: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words) as refusal:
        pack_source(
            f"{author / 'net.py'}:{factory}", read_recipe(author / "recipe.yml"), author / "net.lepton"
        )
    assert "\n" not in str(refusal.value)
    assert not (author / "net.lepton").exists()


@pytest.mark.parametrize("source", ["nowhere.py:build", "no_such_module:build", "nothing"])
def test_a_source_that_is_not_there_is_named(author: Path, source: str) -> None:
    with pytest.raises(RecipeError, match=source.partition(":")[0]):
        pack_source(source, read_recipe(author / "recipe.yml"), author / "net.lepton")


def _example(name: str) -> Any:
    path = EXAMPLES / name
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def magika_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("magika")
    features = _example("magika/features.py")
    shutil.copyfile(features.MODEL.parent / "config.min.json", folder / "config.min.json")
    files = sorted((EXAMPLES / "magika").glob("*.*"))[:2] + sorted((EXAMPLES / "digits").glob("*.*"))[:2]
    rows = features.features([*files, Path(magika.__file__)])
    np.savez(folder / "samples.npz", bytes=rows)
    recipe = read_recipe(EXAMPLES / "magika" / "recipe.yml", folder)
    return pack_source(str(features.MODEL), recipe, folder / "magika.lepton").out


def test_magikas_own_graph_is_packed_with_an_oracle_of_onnx(magika_package: Path) -> None:
    assert validate_package(magika_package, level="full").verdict is Verdict.PASS
    with load(magika_package) as package:
        document = package.json("vectors/golden.json")
        labels = package.document["signature"]["outputs"][0]["labels"]["names"]["en"]
    assert document["provenance"]["oracle"]["name"] == "onnx.reference.ReferenceEvaluator"
    assert document["provenance"]["oracle"]["precision"] == "FP64"
    assert len(labels) == 214


def test_the_package_answers_as_magika_does(magika_package: Path, tmp_path: Path) -> None:
    files = {
        "a.py": "import os\n\n\ndef main() -> None:\n    print(os.getcwd())\n" * 20,
        "b.json": '{"a": [1, 2]}\n' * 40,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    paths = [tmp_path / name for name in files]
    expected = [str(one.dl.label) for one in magika.Magika().identify_paths(paths)]
    with load(magika_package) as package:
        names = package.document["signature"]["outputs"][0]["labels"]["names"]["en"]
        rows = _example("magika/features.py").features(paths)
        answer = open_pipeline(package).infer({"bytes": rows})["target_label"]
    assert [names[index] for index in answer.argmax(1)] == expected
