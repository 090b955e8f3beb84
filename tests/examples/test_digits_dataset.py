"""The digits as a data set: it conforms, its mapping gives the images back, and its bytes are stable."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lepton.data import batches, open_dataset
from lepton.datasets import validate_dataset

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "digits" / "dataset.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("digits")
    subprocess.run([sys.executable, SCRIPT, made], check=True, capture_output=True)
    return made


def test_conforms_to_every_requirement(folder: Path) -> None:
    report = validate_dataset(folder, level="full")
    assert (report.verdict, report.findings, dict(report.not_checked)) == ("pass", (), {})


def test_batches_of_the_test_split_are_the_last_images(folder: Path) -> None:
    data = load_digits()
    with open_dataset(folder) as dataset:
        mapping = json.loads(dataset.read("mapping.json"))
        found = list(batches(dataset, mapping, "test"))
    assert [len(one["image"]) for one in found] == [32] * 11 + [8]
    images = np.concatenate([one["image"] for one in found])
    assert images.dtype == np.uint8
    assert np.array_equal(images, data.images[-360:])
    assert np.array_equal(np.concatenate([one["digit"] for one in found]), data.target[-360:])


def test_a_digit_that_is_changed_is_noticed(folder: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*.*"):
        target = tmp_path / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    table = tmp_path / "data" / "digits.csv"
    table.write_bytes(table.read_bytes().replace(b"0,0,5,13", b"0,0,5,12", 1))
    (finding,) = validate_dataset(tmp_path, level="full").findings
    assert finding.requirement == "DAT-DST-04"
