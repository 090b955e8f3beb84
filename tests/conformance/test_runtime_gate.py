"""What a runtime lets through: the reference on packages of the forge, and planted faults.

Spec: PKG-SIG-10, PKG-ART-09.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lepton.errors import BindError, RuntimeRefusal
from lepton.runtime import open_pipeline
from lepton.validate import load
from lepton_conformance.forge import Draft
from lepton_conformance.forge.valid import linear_draft, threshold_draft
from lepton_conformance.mutants.binding_faults import ALL, Gate, Rejected
from lepton_conformance.oracle.answers import Array

Inputs = dict[str, Array]


def doubled_draft() -> Draft:
    """Return the package of conformance model lepton_sub, whose two inputs share both symbols."""
    from lepton_conformance.forge import wrap_model
    from lepton_conformance.models import model

    draft = wrap_model(model("lepton_sub"))
    draft.manifest["symbols"] = {
        "N": {"min": 0, "max": 6, "multipleOf": 2},
        "M": {"min": 1, "unbounded": True},
    }
    return draft


def zeros(*shape: int, kind: str = "<f4") -> Array:
    return np.zeros(shape, dtype=kind)


GOOD: dict[str, tuple[Callable[[], Draft], Inputs]] = {
    "linear": (linear_draft, {"x": zeros(2, 3)}),
    "largest": (linear_draft, {"x": zeros(64, 3)}),
    "symbols": (doubled_draft, {"a": zeros(4, 9), "b": zeros(4, 9)}),
    "optional-absent": (threshold_draft, {"x": zeros(3)}),
    "optional-present": (threshold_draft, {"x": zeros(3), "limit": zeros()}),
}
BAD: dict[str, tuple[Callable[[], Draft], Inputs]] = {
    "nothing": (linear_draft, {}),
    "unknown-name": (linear_draft, {"x": zeros(2, 3), "z": zeros(1)}),
    "other-name": (linear_draft, {"X": zeros(2, 3)}),
    "doubles": (linear_draft, {"x": zeros(2, 3, kind="<f8")}),
    "integers": (linear_draft, {"x": zeros(2, 3, kind="<i4")}),
    "flat": (linear_draft, {"x": zeros(3)}),
    "deep": (linear_draft, {"x": zeros(1, 2, 3)}),
    "fixed-size": (linear_draft, {"x": zeros(2, 4)}),
    "above-max": (linear_draft, {"x": zeros(65, 3)}),
    "below-min": (linear_draft, {"x": zeros(0, 3)}),
    "no-multiple": (doubled_draft, {"a": zeros(3, 1), "b": zeros(3, 1)}),
    "unequal": (doubled_draft, {"a": zeros(2, 3), "b": zeros(2, 4)}),
    "broadcast": (doubled_draft, {"a": zeros(2, 3), "b": zeros(2, 1)}),
    "one-of-two": (doubled_draft, {"a": zeros(2, 3)}),
    "optional-of-another-rank": (threshold_draft, {"x": zeros(3), "limit": zeros(1)}),
}


def answers(draft: Draft, inputs: Inputs, folder: Path) -> dict[str, Array]:
    package = load(draft.archive().write(folder))
    pipeline = open_pipeline(package)
    try:
        return pipeline.infer(inputs)
    finally:
        pipeline.close()


@pytest.mark.requirement("PKG-SIG-10")
@pytest.mark.parametrize("name", GOOD)
def test_inputs_that_fit_are_answered(name: str, tmp_path: Path) -> None:
    draft, inputs = GOOD[name]
    assert answers(draft(), inputs, tmp_path)
    Gate().admit(draft().manifest, inputs)


@pytest.mark.requirement("PKG-SIG-10")
@pytest.mark.parametrize("name", BAD)
def test_inputs_that_do_not_fit_are_rejected(name: str, tmp_path: Path) -> None:
    draft, inputs = BAD[name]
    with pytest.raises(BindError):
        answers(draft(), inputs, tmp_path)
    with pytest.raises(Rejected):
        Gate().admit(draft().manifest, inputs)


def executable(**members: Any) -> dict[str, Any]:
    return {"id": "a", "format": "pt2", "executable": True, **members}


@pytest.mark.requirement("PKG-ART-09")
def test_an_executable_artifact_is_refused_unless_asked_for(tmp_path: Path) -> None:
    draft = linear_draft()
    draft.manifest["artifacts"][0]["executable"] = True
    package = load(draft.directory().write(tmp_path))
    with pytest.raises(RuntimeRefusal, match="--allow-executable"):
        open_pipeline(package)
    pipeline = open_pipeline(package, allow_executable=True)
    assert pipeline.infer({"x": zeros(1, 3)})
    pipeline.close()


def lets_through(gate: Gate) -> set[str]:
    """Return the names of what a gate should have rejected and did not."""
    passed = set()
    for name, (draft, inputs) in BAD.items():
        try:
            gate.admit(draft().manifest, inputs)
        except Rejected:
            continue
        passed.add(name)
    for name, artifact in (("declared", executable()), ("undeclared", executable(executable=False))):
        try:
            gate.load(artifact, allowed=False)
        except Rejected:
            continue
        passed.add(name)
    return passed


@pytest.mark.requirement("PKG-SIG-10")
@pytest.mark.requirement("PKG-ART-09")
def test_the_correct_gate_lets_nothing_wrong_through() -> None:
    assert lets_through(Gate()) == set()


@pytest.mark.requirement("PKG-SIG-10")
@pytest.mark.requirement("PKG-ART-09")
@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.id)
def test_the_cases_tell_each_fault_of_a_gate(fault: type[Gate]) -> None:
    assert lets_through(fault())
