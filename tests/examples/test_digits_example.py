"""The digits example: trains above the stated accuracy and becomes a package that reads Chinese, too."""

import json
import subprocess
import sys
from pathlib import Path

from lepton.finding import Verdict
from lepton.pack import pack, read_recipe
from lepton.validate import load, validate_package

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"


def test_trains_packs_and_states_what_it_measured(tmp_path: Path) -> None:
    subprocess.run([sys.executable, DIGITS / "train.py", tmp_path], check=True, capture_output=True)
    (evaluation,) = json.loads((tmp_path / "evaluations.json").read_text())
    assert (evaluation["metric"], evaluation["n"]) == ("accuracy", 360)
    assert evaluation["value"] >= 0.97

    result = pack(
        f"{DIGITS / 'train.py'}:trained",
        read_recipe(DIGITS / "recipe.yml", tmp_path),
        tmp_path / "digits.lepton",
    )
    assert validate_package(result.out, level="full").verdict is Verdict.PASS
    assert ("step-omitted", 1) in [(one.control, one.step) for one in result.vectors.controls]
    with load(result.out) as package:
        assert package.json("card.json")["evaluations"] == [evaluation]
        labels = package.document["interface"]["outputs"][0]["labels"]["names"]
    assert labels["zh"] == list("零一二三四五六七八九")
    assert len(labels["en"]) == 10
