"""Steps compute what the table of operators says (PKG-PRO-02, PKG-PRO-04)."""

import math
from typing import Any

import numpy as np
import pytest

from lepton.errors import BindError, RuntimeRefusal
from lepton.runtime.processing import compile_steps
from lepton.tensor import TensorSpec

INF, NAN = math.inf, math.nan


def _apply(array: Any, spec: TensorSpec, **step: Any) -> Any:
    operations = compile_steps([{"version": 1, "in": spec.name, "out": "out", **step}], [spec])
    assert len(operations) == 1
    (answer,) = operations[0].apply(array)
    return answer


@pytest.mark.parametrize(
    ("source", "target", "values", "expected"),
    [
        ("UINT8", "FP32", [0, 16, 255], [0.0, 16.0, 255.0]),
        ("INT32", "INT8", [-1, 128, 300], [-1, -128, 44]),
        ("INT8", "UINT8", [-1, 5], [255, 5]),
        ("FP32", "INT32", [-1.9, 1.9, -0.5], [-1, 1, 0]),
        ("FP32", "UINT8", [-0.9, 255.9], [0, 255]),
        ("FP64", "FP32", [1e300, -1e300, 0.1], [INF, -INF, 0.10000000149011612]),
        ("BOOL", "FP32", [True, False], [1.0, 0.0]),
        ("FP32", "BOOL", [0.0, -0.0, NAN, 0.1], [False, False, True, True]),
        ("INT64", "BOOL", [0, 2], [False, True]),
    ],
)
def test_cast_follows_the_table(source: str, target: str, values: list[Any], expected: list[Any]) -> None:
    from lepton.runtime import numpy_dtype

    with np.errstate(all="ignore"):
        answer = _apply(
            np.array(values, numpy_dtype(source)),
            TensorSpec("x", source, (len(values),)),
            op="cast",
            datatype=target,
        )
    assert answer.dtype == numpy_dtype(target)
    assert answer.tolist() == expected


@pytest.mark.parametrize("value", [NAN, INF, 256.0, -1.0])
def test_cast_refuses_what_the_integer_cannot_hold(value: float) -> None:
    with pytest.raises(BindError, match="cannot hold"):
        _apply(np.array([value], np.float32), TensorSpec("x", "FP32", (1,)), op="cast", datatype="UINT8")


def test_cast_to_int64_refuses_two_to_the_sixty_third() -> None:
    spec = TensorSpec("x", "FP64", (1,))
    assert _apply(np.array([-(2.0**63)]), spec, op="cast", datatype="INT64").tolist() == [-(2**63)]
    with pytest.raises(BindError):
        _apply(np.array([2.0**63]), spec, op="cast", datatype="INT64")


def test_rescale_rounds_twice_and_never_fuses() -> None:
    # In one rounding x * s + o is 2**-24 apart from rounding after the product.
    x, s, o = np.float32(1 + 2**-12), np.float32(1 + 2**-12), np.float32(-1 - 2**-11)
    answer = _apply(
        np.array([x]), TensorSpec("x", "FP32", (1,)), op="rescale", scale=float(s), offset=float(o)
    )
    fused = float(x) * float(s) + float(o)
    assert fused == 2**-24
    assert answer.tolist() == [0.0]


def test_normalize_works_along_its_axis_from_either_end() -> None:
    spec = TensorSpec("x", "FP32", ("N", 2, 2))
    array = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    step = {"op": "normalize", "mean": [1.0, 2.0], "std": [0.5, 4.0]}
    expected = [[[-2, 0], [0, 0.25]], [[6, 8], [1, 1.25]]]
    assert _apply(array, spec, axis=1, **step).tolist() == expected
    assert _apply(array, spec, axis=-2, **step).tolist() == expected


def test_softmax_survives_large_logits_and_sums_to_one() -> None:
    spec = TensorSpec("x", "FP32", (1, 3))
    answer = _apply(np.array([[1000.0, 1000.0, -1000.0]], np.float32), spec, op="softmax", axis=-1)
    assert answer.tolist() == [[0.5, 0.5, 0.0]]


def test_sigmoid_is_right_at_both_ends() -> None:
    answer = _apply(np.array([-200.0, 0.0, 200.0], np.float32), TensorSpec("x", "FP32", (3,)), op="sigmoid")
    assert answer.tolist() == [0.0, 0.5, 1.0]


def test_argmax_takes_the_first_among_equals_and_nan_above_all() -> None:
    spec = TensorSpec("x", "FP32", (3, 3))
    array = np.array([[1, 3, 3], [NAN, 9, NAN], [-1, -2, -1]], np.float32)
    answer = _apply(array, spec, op="argmax", axis=1)
    assert answer.dtype == np.int64
    assert answer.tolist() == [1, 0, 0]


def test_transpose_and_reshape_move_elements_only() -> None:
    array = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    spec = TensorSpec("x", "UINT8", ("N", 2, 3))
    assert _apply(array, spec, op="transpose", perm=[2, 0, 1]).tolist() == [
        [[0, 3], [6, 9]],
        [[1, 4], [7, 10]],
        [[2, 5], [8, 11]],
    ]
    assert _apply(array, spec, op="reshape", shape=[3, "N", 2]).shape == (3, 2, 2)
    assert _apply(array, spec, op="reshape", shape=["N", 6]).tolist() == [
        [0, 1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10, 11],
    ]


def test_reshape_keeps_empty_tensors_and_several_symbols() -> None:
    spec = TensorSpec("x", "FP32", ("N", "T", 4))
    assert _apply(np.zeros((0, 3, 4), np.float32), spec, op="reshape", shape=["N", "T", 2, 2]).shape == (
        0,
        3,
        2,
        2,
    )


@pytest.mark.parametrize("op", ["rescale", "sigmoid"])
def test_scalars_stay_arrays(op: str) -> None:
    answer = _apply(np.array(0.0, np.float32), TensorSpec("x", "FP32", ()), op=op, scale=1.0, offset=0.5)
    assert isinstance(answer, np.ndarray)
    assert (answer.shape, float(answer)) == ((), 0.5)


@pytest.mark.parametrize(
    "step",
    [
        {"op": "rescale", "scale": 2.0, "offset": 1.0},
        {"op": "normalize", "axis": 1, "mean": [1.0, 1.0], "std": [2.0, 2.0]},
        {"op": "transpose", "perm": [1, 0]},
        {"op": "reshape", "shape": [4]},
        {"op": "softmax", "axis": 0},
        {"op": "sigmoid"},
        {"op": "cast", "datatype": "FP32"},
    ],
)
def test_no_step_touches_or_hands_out_what_it_reads(step: dict[str, Any]) -> None:
    array = np.arange(4, dtype=np.float32).reshape(2, 2)
    before = array.copy()
    answer = _apply(array, TensorSpec("x", "FP32", (2, 2)), **step)
    assert not np.shares_memory(answer, array)
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize(
    ("step", "datatype", "words"),
    [
        ({"op": "rescale", "scale": 1.0, "offset": 0.0}, "UINT8", "expected FP32"),
        ({"op": "normalize", "axis": 0, "mean": [1.0], "std": [1.0]}, "FP32", "axis 0"),
        ({"op": "normalize", "axis": 1, "mean": [0.0] * 3, "std": [1.0, 1.0, 1e-60]}, "FP32", "positive"),
        ({"op": "transpose", "perm": [0, 0]}, "FP32", "order of 0..1"),
        ({"op": "reshape", "shape": ["N", 4]}, "FP32", "as many elements"),
        ({"op": "reshape", "shape": ["N", "N", 3]}, "FP32", "as many elements"),
        ({"op": "softmax", "axis": 2}, "FP32", "axis 2"),
        ({"op": "argmax", "axis": 0}, "BOOL", "BOOL"),
        ({"op": "cast", "datatype": "FP32"}, "BYTES", "BYTES"),
        ({"op": "cast", "datatype": "BF16"}, "FP32", "BF16"),
        ({"op": "blur"}, "FP32", "not a registered step"),
        ({"op": "sigmoid", "in": "y"}, "FP32", "reads 'y'"),
        ({"op": "sigmoid", "out": "x"}, "FP32", "exists already"),
    ],
)
def test_an_unsound_chain_is_refused_before_anything_is_computed(
    step: dict[str, Any], datatype: str, words: str
) -> None:
    with pytest.raises(RuntimeRefusal, match=words):
        compile_steps([{"version": 1, "in": "x", "out": "z", **step}], [TensorSpec("x", datatype, ("N", 3))])
