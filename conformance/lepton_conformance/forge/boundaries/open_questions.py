"""Packages of which a requirement cannot be judged by a validator that keeps the rules: it is not checked.

Owns a package with an artifact that may not be loaded, and one of which a control cannot be run. Serves
`package` (PKG-VEC-04, PKG-VEC-08, PKG-VAL-01, PKG-VAL-05).
"""

from collections.abc import Iterator, Mapping

import numpy as np

from lepton_conformance.forge import models
from lepton_conformance.forge.boundaries.contents import plain_pt2
from lepton_conformance.forge.draft import Draft, kept
from lepton_conformance.forge.package import Case, build_package
from lepton_conformance.forge.score import Model
from lepton_conformance.forge.violation import Violation
from lepton_conformance.oracle.answers import Array

__all__ = ["open_questions"]

#: What a weight has to be as the shape of a reshaping: 0 stands for a size that is copied.
_SHAPE = np.array([0, 6, 1], "<f4")
_COUNT = 12


def _answer(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
    if not np.array_equal(np.trunc(weights["shape"]), _SHAPE):
        raise ValueError("the weight is no shape that fits")
    total = sum(weights[f"w{number:02}"] for number in range(_COUNT))
    return {"y": inputs["x"].reshape(1, 6, 1), "z": inputs["v"] * total}


@kept
def shaping_draft() -> Draft:
    """Return a package whose largest weight is a shape: reversed, no engine computes with it."""
    from onnx import helper

    weights = {"shape": _SHAPE}
    weights |= {f"w{number:02}": np.array([number + 1, 2 * number - 7], "<f4") for number in range(_COUNT)}
    names = [f"w{number:02}" for number in range(_COUNT)]
    nodes = [
        helper.make_node("Cast", ["shape"], ["whole"], to=7),
        helper.make_node("Reshape", ["x", "whole"], ["y"]),
        helper.make_node("Sum", names, ["total"]),
        helper.make_node("Mul", ["v", "total"], ["z"]),
    ]
    tensors = {"x": [1, 6], "v": [2], "y": [1, 6, 1], "z": [2]}
    described = {name: models.value(name, "FP32", shape) for name, shape in tensors.items()}
    made = [models.constant(name, array) for name, array in weights.items()]
    data = models.model(nodes, [described["x"], described["v"]], [described["y"], described["z"]], made)
    cases = []
    for number in range(3):
        given = {"x": np.arange(6, dtype="<f4").reshape(1, 6) + number, "v": np.array([1, 3], "<f4") + number}
        cases.append(Case(f"v{number}", given, _answer(given, weights), tolerance=(1e-6, 1e-6)))
    listed = {name: {"name": name, "datatype": "FP32", "shape": shape} for name, shape in tensors.items()}
    return build_package(
        name="shaping",
        model=data,
        inputs=[listed["x"], listed["v"]],
        outputs=[listed["y"], listed["z"]],
        symbols={},
        cases=cases,
        controls=[
            {"control": "constant-answer", "killedBy": "v1"},
            {"control": "weights-reversed", "killedBy": "v1"},
        ],
        computes=Model(_answer, weights),
    )


def open_questions() -> Iterator[Violation]:
    """Yield packages that are valid as far as they can be judged, with what cannot be."""
    yield Violation("PKG-VEC-08", "control-that-cannot-be-run", lambda _: shaping_draft().directory())
    for identifier in ("PKG-VEC-04", "PKG-VEC-08"):
        yield Violation(identifier, "executable-artifact", lambda _: plain_pt2().archive())
