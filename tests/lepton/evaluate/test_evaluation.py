"""`lepton evaluate` on a forged package and a forged data set: values that are known by hand, and refusals.

The linear model answers (1, 2, 3) with (4.375, 4.25), so that the class of that record is 0; the answers to
the other records are computed by the suite's own definition of the model.
"""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lepton.cli import main
from lepton_conformance.forge.dataset_draft import DataDraft, as_bytes, column, least, tensor
from lepton_conformance.forge.models import linear_answer
from lepton_conformance.forge.valid import linear_draft

ROWS = [(1.0, 2.0, 3.0), (0.0, 0.0, 0.0), (-4.0, 2.5, 1.0), (2.0, -8.0, 0.5), (0.5, 0.5, 9.0)]
PREDICTED = [int(one) for one in np.argmax(linear_answer(np.array(ROWS, dtype=np.float32)), axis=1)]
#: The first and the last record are right, the others wrong.
TRUTH = [PREDICTED[0], *(1 - one for one in PREDICTED[1:4]), PREDICTED[4]]


def _draft() -> DataDraft:
    draft = least()
    lines = [f"{a},{b},{c},{label}" for (a, b, c), label in zip(ROWS, TRUTH, strict=True)]
    draft.files["rows.csv"] = "\n".join(["a,b,c,label", *lines, ""]).encode()
    fields = [column("rows", name, "cr:Float32", "rows.csv") for name in "abc"]
    draft.document["recordSet"][0]["field"] = [*fields, column("rows", "label", "sc:Integer", "rows.csv")]
    draft.document["lepton"]["splits"][0]["records"] = len(ROWS)
    plain = {"missing": {"rule": "refuse"}, "unit": "none"}
    mapping = {
        "lepton": "1.0",
        "recordSet": "rows",
        "batch": {"symbol": "N", "size": 2, "last": "keep"},
        "inputs": [
            {
                "name": "x",
                "datatype": "FP32",
                "shape": ["N", 3],
                "fields": ["rows/a", "rows/b", "rows/c"],
                **plain,
            }
        ],
        "targets": [
            {"name": "label", "datatype": "INT64", "shape": ["N"], "fields": ["rows/label"], **plain}
        ],
        "vectors": [
            {
                "id": "two",
                "records": [0, 1],
                "tensors": [
                    tensor("x", "FP32", [2, 3], struct.pack("<6f", *ROWS[0], *ROWS[1])),
                    tensor("label", "INT64", [2], struct.pack("<2q", *TRUTH[:2])),
                ],
            }
        ],
    }
    draft.files["mapping.json"] = as_bytes(mapping)
    draft.roles["mapping.json"] = "mapping"
    return draft


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return linear_draft().directory().write(tmp_path, "package")


def _changed(change: Callable[[Any], object]) -> DataDraft:
    draft = _draft()
    mapping = json.loads(draft.files["mapping.json"])
    change(mapping)
    draft.files["mapping.json"] = as_bytes(mapping)
    return draft


def test_the_class_of_the_first_record_is_known_by_hand() -> None:
    assert PREDICTED[0] == 0
    assert len(set(TRUTH)) == 2


def test_accuracy_is_the_share_of_right_records_over_all_batches(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _draft().directory().write(tmp_path, "data")
    assert main(["evaluate", str(package), str(folder), "--split", "all", "--format", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["evaluations"]
    assert (entry["metric"], entry["value"], entry["direction"], entry["n"]) == ("accuracy", 0.4, "higher", 5)
    assert entry["dataset"]["name"] == "rows 1.0.0, split all"


def test_the_entry_names_the_identity_of_the_data_set(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _draft().directory().write(tmp_path, "data")
    assert main(["validate", str(folder), "--format", "json"]) == 0
    identity = json.loads(capsys.readouterr().out)["packages"][0]["identity"]
    assert main(["evaluate", str(package), str(folder)]) == 0
    assert identity in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m["inputs"][0].update(name="z"), "found no binding of the input 'x'"),
        (lambda m: m["inputs"][0].update(datatype="FP64"), "expected FP32 ['N', 3]"),
        (lambda m: m.pop("targets"), "found several, or no, targets"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(
    change: Callable[[Any], object],
    said: str,
    package: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def with_vector(mapping: Any) -> None:
        change(mapping)
        bindings = [*mapping["inputs"], *mapping.get("targets", [])]
        tensors = mapping["vectors"][0]["tensors"][: len(bindings)]
        for binding, made in zip(bindings, tensors, strict=True):
            made.update(name=binding["name"], datatype=binding["datatype"])
            if binding["datatype"] == "FP64":
                made.update(tensor("x", "FP64", [2, 3], struct.pack("<6d", *ROWS[0], *ROWS[1])))
        mapping["vectors"][0]["tensors"] = tensors

    folder = _changed(with_vector).directory().write(tmp_path, "data")
    assert main(["evaluate", str(package), str(folder)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--split", "none"], "found no split 'none'"),
        (["--metric", "log-loss"], "not declared to be probabilities"),
        (["--metric", "f1"], "found no parameter 'average'"),
        (["--metric", "guess"], "expected one of: accuracy"),
        (["--mapping", "other.json"], "found no mapping 'other.json'"),
        (["--metric", "rmse"], "found answers that are no numbers"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    arguments: list[str], said: str, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _draft().directory().write(tmp_path, "data")
    assert main(["evaluate", str(package), str(folder), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_an_unsound_data_set_is_not_evaluated_on(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _draft().directory().write(tmp_path, "data")
    (folder / "rows.csv").write_bytes(b"a,b,c,label\n1,2,3,0\n")
    assert main(["evaluate", str(package), str(folder)]) == 2
    assert "fail (DAT-DST-04)" in capsys.readouterr().err
