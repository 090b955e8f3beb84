"""The digits example: trains above the stated accuracy and becomes a package that reads Chinese, too."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lepton.convert.packing import pack_source
from lepton.finding import Verdict
from lepton.pack import read_recipe
from lepton.validate import load, validate_package

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"


def test_trains_packs_and_states_what_it_measured(tmp_path: Path) -> None:
    subprocess.run([sys.executable, DIGITS / "train.py", tmp_path], check=True, capture_output=True)
    evaluations = json.loads((tmp_path / "evaluations.json").read_text())
    evaluation, *digits, moved = evaluations
    assert (evaluation["metric"], evaluation["n"]) == ("accuracy", 360)
    assert evaluation["value"] >= 0.97
    assert [one["group"] for one in digits] == [f"digit {at}" for at in range(10)]
    assert sum(one["n"] for one in digits) == evaluation["n"] == moved["n"]
    right = sum(round(one["n"] * one["value"]) for one in digits)
    assert right == round(evaluation["n"] * evaluation["value"])

    result = pack_source(
        f"{DIGITS / 'train.py'}:trained",
        read_recipe(DIGITS / "recipe.yml", tmp_path),
        tmp_path / "digits.lepton",
    )
    report = validate_package(result.out, level="full", profile="assurance")
    assert validate_package(result.out, level="quick", profile="application").verdict is Verdict.PASS
    assert report.verdict is Verdict.PASS
    assert not [one for one in report.findings if one.requirement.startswith("ASR-")]
    assert ("step-omitted", 1) in [(one.control, one.step) for one in result.vectors.controls]
    with load(result.out) as package:
        assert package.json("card.json")["evaluations"] == evaluations
        comparisons = package.json("assurance.json")["bias"]["comparisons"]
        (task,) = package.json("application.json")["tasks"]
        labels = package.document["interface"]["outputs"][0]["labels"]["names"]
    assert task["labels"]["names"] == labels
    assert len([one for one in task["examples"] if "answer" in one]) == 2
    assert labels["zh"] == list("零一二三四五六七八九")
    assert len(labels["en"]) == 10
    (comparison,) = comparisons
    values = [one["value"] for one in digits]
    assert comparison["disparity"]["value"] == pytest.approx(max(values) - min(values), abs=1e-6)


def test_the_example_of_each_command_works_as_printed(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(DIGITS.parent)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    def typed(command: str) -> str:
        line: str = importlib.import_module(f"lepton.cli.{command}").EXAMPLE
        done = subprocess.run(
            line, shell=True, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    assert "exposed" in typed("pack")
    # The other examples name what `make demo` leaves behind, which is made in the same way.
    shutil.copytree(tmp_path / "build" / "digits", tmp_path / "build" / "demo" / "digits")
    shutil.copy(tmp_path / "build" / "digits.lepton", tmp_path / "build" / "demo")
    assert "pass" in typed("validate")
    assert "digits" in typed("inspect")
    assert "PKG-DIG-03" in typed("explain")
    assert "probabilities" in typed("run")
    data = tmp_path / "build" / "digits-data"
    subprocess.run([sys.executable, DIGITS / "dataset.py", data], check=True, capture_output=True)
    measured = typed("evaluate").splitlines()[0]
    stated = json.loads((tmp_path / "build" / "digits" / "evaluations.json").read_text())[0]
    assert measured == f"accuracy {stated['value']:.6g} (higher is better) on {stated['n']} records"
