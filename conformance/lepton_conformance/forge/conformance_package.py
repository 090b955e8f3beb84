"""Conformance models as packages, for servers that serve packages.

Owns the vectors of these packages; leaves models and answers to `models` and `oracle`. Serves `conformance`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.package import Case, build_package
from lepton_conformance.forge.score import Model
from lepton_conformance.models.catalog import AFFINE_BIAS, AFFINE_WEIGHT, ConformanceModel, Tensor
from lepton_conformance.models.graphs import model_bytes
from lepton_conformance.oracle.answers import Array, expected
from lepton_conformance.oracle.elements import dtype

__all__ = ["wrap_model"]

#: A free size of a conformance model: every size is allowed, 0 too, so that a server's limits are its own.
FREE = {"min": 0, "unbounded": True}
#: Tolerances of the one model that rounds; the values used are below 16.
AFFINE_TOLERANCE = (1e-5, 1e-5)


def wrap_model(model: ConformanceModel, generation: int = 1) -> Draft:
    """Return a valid package around a conformance model; its id is the model's name.

    `generation` is that of `lepton_generation`; the package's version does not change with it.
    """
    symbols = {dim: dict(FREE) for tensor in model.inputs for dim in tensor.shape if isinstance(dim, str)}
    cases = [_case(model, number, generation - 1) for number in (1, 2)]
    controls: list[dict[str, Any]] = [{"control": "constant-answer", "killedBy": cases[1].id}]
    if model.operator == "affine":
        controls.append({"control": "weights-reversed", "killedBy": cases[0].id})
    return build_package(
        name=model.name,
        model=model_bytes(model, generation),
        inputs=[_tensor(tensor) for tensor in model.inputs],
        outputs=[_tensor(tensor) for tensor in model.outputs],
        symbols=symbols,
        cases=cases,
        controls=controls,
        computes=_AFFINE if model.operator == "affine" else None,
    )


def _affine_answer(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
    x, w, b = (array.astype(np.float64) for array in (inputs["x"], weights["w"], weights["b"]))
    return {"y": (x @ w + b).astype(np.float32)}


#: The one conformance model with weights that mutants change.
_AFFINE = Model(
    _affine_answer,
    {"w": np.array(AFFINE_WEIGHT, dtype="<f4"), "b": np.array(AFFINE_BIAS, dtype="<f4")},
)


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def _case(model: ConformanceModel, number: int, later: int) -> Case:
    inputs = {tensor.name: _values(tensor, number + place) for place, tensor in enumerate(model.inputs)}
    answers = expected(model, inputs)
    if model.operator == "generation":
        answers = {name: array + np.int32(later) for name, array in answers.items()}
    tolerance = None if model.exact else AFFINE_TOLERANCE
    return Case(f"vector-{number}", inputs, answers, tolerance=tolerance)


def _values(tensor: Tensor, seed: int) -> Array:
    """Return small values that every datatype holds exactly, others for every seed; free sizes are 2."""
    shape = tuple(dim if isinstance(dim, int) else 2 for dim in tensor.shape)
    numbers = (np.arange(int(np.prod(shape))) * 3 + seed * 5) % 11
    if tensor.datatype == "BYTES":
        texts = np.empty(numbers.size, dtype=object)
        texts[:] = [f"text {number}" for number in numbers]
        texts[:] = [text.encode() for text in texts]
        return texts.reshape(shape)
    if tensor.datatype == "BOOL":
        return np.asarray((numbers + seed) % 2 == 0).reshape(shape)
    if tensor.datatype == "BF16":  # its bits: the upper half of those of FP32, exact for such numbers
        return (numbers.astype("<f4").view("<u4") >> 16).astype("<u2").reshape(shape)
    return numbers.astype(dtype(tensor.datatype)).reshape(shape)
