"""The steps of processing: the reference against an oracle that shares nothing with it, and planted faults.

Spec: PKG-PRO-04, "a runtime MUST apply its steps with the results of the table of operators".
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton.errors import BindError
from lepton.runtime.processing import compile_steps
from lepton.tensor import TensorSpec
from lepton_conformance.mutants.step_faults import ALL
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.oracle.steps import Refused, Steps, agrees

Step = Mapping[str, Any]
INTEGERS = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")
FLOATS = ("FP16", "FP32", "FP64")
NAMES = {str(dtype(name)): name for name in ("BOOL", *INTEGERS, *FLOATS)}


class Subject(Protocol):
    """Whoever computes steps."""

    def apply(self, step: Step, array: Array) -> Array: ...


class Reference:
    """The reference implementation, one step at a time."""

    def apply(self, step: Step, array: Array) -> Array:
        spec = TensorSpec("in", NAMES[str(array.dtype)], array.shape)
        (operation,) = compile_steps([{"version": 1, "in": "in", "out": "out", **step}], [spec])
        try:
            with np.errstate(all="ignore"):
                (answer,) = operation.apply(array)
                return answer
        except BindError as error:
            raise Refused(str(error)) from error


def outcome(subject: Subject, step: Step, array: Array) -> Array | None:
    try:
        return subject.apply(step, array)
    except Refused:
        return None


def right(subject: Subject, step: Step, array: Array) -> bool:
    expected, found = outcome(Steps(), step, array), outcome(subject, step, array.copy())
    if expected is None or found is None:
        return expected is found
    return agrees(step, found, expected)


def fp32(*values: Any) -> Array:
    return np.array(values, dtype="<f4")


ODD = fp32(0.0, -0.0, 1.5, -2.7, np.inf, -np.inf, np.nan, 3e38, 1e-45, 200.0, -88.5, 0.1)
HALVES = fp32(0.0, 1.5, -0.7, 2.5)
PAIRS = fp32([0.1, 0.7], [0.3, 9])
LINE = np.linspace(-5, 5, 96, dtype="<f4")
#: Small cases that tell each known fault from the right result.
CASES: tuple[tuple[Step, Array], ...] = (
    *(({"op": "cast", "datatype": name}, HALVES) for name in ("BOOL", *INTEGERS[:4], *FLOATS)),
    *(({"op": "cast", "datatype": name}, ODD) for name in ("BOOL", "INT32", "UINT8", "FP16", "FP64")),
    *(({"op": "cast", "datatype": name}, np.array([300, -1, 2**31], dtype="<i8")) for name in INTEGERS),
    ({"op": "cast", "datatype": "INT64"}, fp32(np.nan)),
    ({"op": "cast", "datatype": "INT64"}, fp32(2.0**63)),
    ({"op": "cast", "datatype": "INT64"}, fp32(-(2.0**63))),
    ({"op": "rescale", "scale": 1 / 3, "offset": 0.1}, ODD),
    ({"op": "rescale", "scale": 1 / 3, "offset": -0.4}, LINE),
    ({"op": "normalize", "axis": 0, "mean": [0.485, 0.456], "std": [0.229, 0.225]}, PAIRS),
    ({"op": "normalize", "axis": -1, "mean": [0.1, 7], "std": [3, 0.7]}, LINE.reshape(48, 2)),
    ({"op": "transpose", "perm": [2, 0, 1]}, np.arange(24, dtype="<i4").reshape(2, 3, 4)),
    ({"op": "reshape", "shape": [3, 4]}, np.arange(12, dtype="<i2").reshape(2, 6)),
    ({"op": "softmax", "axis": 0}, fp32([1, 2, 3], [1000, -1000, 0])),
    ({"op": "softmax", "axis": 1}, fp32([1, np.nan], [3, 4])),
    ({"op": "sigmoid"}, ODD),
    ({"op": "argmax", "axis": 0}, fp32(1, 3, 3, 2)),
    ({"op": "argmax", "axis": 1}, fp32([1, np.nan, 5], [7, 7, 7])),
    ({"op": "argmax", "axis": -1}, np.array([[2, 9, 9], [0, 0, 0]], dtype="<u8")),
)  # fmt: skip


@pytest.mark.requirement("PKG-PRO-04")
@pytest.mark.parametrize(
    ("step", "array"), CASES, ids=lambda value: value["op"] if isinstance(value, dict) else ""
)
def test_the_reference_computes_the_table(step: Step, array: Array) -> None:
    assert right(Reference(), step, array)


@pytest.mark.requirement("PKG-PRO-04")
@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.id)
def test_the_cases_tell_each_fault(fault: type[Steps]) -> None:
    assert not all(right(fault(), step, array) for step, array in CASES)


FLOAT32 = st.floats(width=32, allow_nan=True, allow_infinity=True)
SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=3)


@st.composite
def steps(draw: st.DrawFn) -> tuple[Step, Array]:
    """Draw a step and a tensor that it may read."""
    shape = draw(SIZES)
    count = int(np.prod(shape))
    op = draw(
        st.sampled_from(["cast", "cast-integer", "rescale", "normalize", "transpose", "reshape", "argmax"])
    )
    if op == "cast-integer":
        source = draw(st.sampled_from(INTEGERS))
        limits = np.iinfo(dtype(source))
        numbers = draw(
            st.lists(st.integers(int(limits.min), int(limits.max)), min_size=count, max_size=count)
        )
        array = np.array(numbers, dtype=dtype(source)).reshape(shape)
        return {"op": "cast", "datatype": draw(st.sampled_from([*INTEGERS, *FLOATS, "BOOL"]))}, array
    array = np.array(draw(st.lists(FLOAT32, min_size=count, max_size=count)), dtype="<f4").reshape(shape)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    small = st.floats(-1e3, 1e3, width=32)
    if op == "cast":
        return {"op": op, "datatype": draw(st.sampled_from([*INTEGERS, *FLOATS, "BOOL"]))}, array
    if op == "rescale":
        return {"op": op, "scale": draw(small), "offset": draw(small)}, array
    if op == "normalize":
        size = shape[axis]
        mean = draw(st.lists(small, min_size=size, max_size=size))
        std = draw(st.lists(st.floats(2**-10, 1e3, width=32), min_size=size, max_size=size))
        return {"op": op, "axis": axis, "mean": mean, "std": std}, array
    if op == "transpose":
        return {"op": op, "perm": draw(st.permutations(range(len(shape))))}, array
    if op == "reshape":
        return {"op": op, "shape": draw(st.sampled_from([[count], shape[::-1], [1, count]]))}, array
    return {"op": op, "axis": axis}, array


@pytest.mark.requirement("PKG-PRO-04")
@settings(max_examples=400, deadline=None, derandomize=True)
@given(steps())
def test_reference_and_oracle_agree_on_any_step(case: tuple[Step, Array]) -> None:
    assert right(Reference(), *case)
