"""Arrays fit the signature or are refused, and nothing is coerced (PKG-SIG-09, PKG-SIG-10)."""

from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton.errors import BindError
from lepton.runtime.binding import Binding, numpy_dtype
from lepton.tensor import Symbol, TensorSpec

SYMBOLS = {"N": Symbol(1, 8), "M": Symbol(2, None, 2)}
TWO = Binding((TensorSpec("a", "FP32", ("N", 3)), TensorSpec("b", "INT64", ("N", "M"))), SYMBOLS)


def _pair(n: int = 2, m: int = 4, other_n: int | None = None) -> dict[str, Any]:
    return {
        "a": np.zeros((n, 3), np.float32),
        "b": np.zeros((n if other_n is None else other_n, m), np.int64),
    }


def test_takes_arrays_that_fit_and_hands_them_on_untouched() -> None:
    arrays = _pair()
    assert TWO.admits(arrays)
    bound = TWO.bind(arrays)
    assert bound["a"] is arrays["a"]
    assert bound["b"] is arrays["b"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": None}, "'a' is missing"),
        ({"c": np.zeros(1)}, "named 'c'"),
        ({"a": np.zeros((2, 3))}, "float64"),
        ({"a": np.zeros((2, 3), ">f4")}, ">f4"),
        ({"a": [[0.0] * 3] * 2}, "found list"),
        ({"a": np.ma.zeros((2, 3), np.float32)}, "MaskedArray"),
        ({"a": np.zeros((2, 4), np.float32)}, "found size 4 on axis 1, expected 3"),
        ({"a": np.zeros((2, 3, 1), np.float32)}, "rank 3"),
        ({"a": np.zeros((3, 3), np.float32)}, "in another place"),
        ({"a": np.zeros((9, 3), np.float32), "b": np.zeros((9, 2), np.int64)}, "N in 1..8"),
        ({"b": np.zeros((2, 3), np.int64)}, "multiple of 2"),
        ({"b": np.zeros((2, 2), np.int32)}, "int32"),
    ],
)
def test_refuses_what_does_not_fit_and_says_why(change: Mapping[str, Any], words: str) -> None:
    arrays = {name: array for name, array in {**_pair(), **change}.items() if array is not None}
    assert not TWO.admits(arrays)
    with pytest.raises(BindError, match=words.replace("(", r"\(").replace(".", r"\.")):
        TWO.bind(arrays)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 10), min_size=0, max_size=4),
    st.lists(st.integers(0, 10), min_size=0, max_size=4),
    st.sampled_from(["float32", "int64", "float64"]),
)
def test_the_fast_check_never_admits_what_the_careful_one_refuses(
    a: list[int], b: list[int], kind: str
) -> None:
    arrays = {"a": np.zeros(a, kind), "b": np.zeros(b, np.int64)}
    try:
        TWO.bind(arrays)
    except BindError:
        assert not TWO.admits(arrays)
    else:
        assert TWO.admits(arrays)


def test_bytes_are_looked_at_one_by_one() -> None:
    binding = Binding((TensorSpec("t", "BYTES", (2,)),), {})
    good = np.array([b"\xff", b""], dtype=object)
    assert binding.bind({"t": good})["t"] is good
    with pytest.raises(BindError, match="found str at element 1, expected bytes"):
        binding.bind({"t": np.array([b"", "text"], dtype=object)})


def test_an_absent_optional_input_takes_its_default_in_the_size_that_the_others_bind() -> None:
    spec = TensorSpec("b", "INT64", ("N", "M"), None, True, 7)
    binding = Binding((TensorSpec("a", "FP32", ("N", 3)), spec), SYMBOLS)
    bound = binding.bind({"a": np.zeros((5, 3), np.float32)})
    # M is bound by nothing, so it takes the smallest size that it admits.
    np.testing.assert_array_equal(bound["b"], np.full((5, 2), 7, np.int64))
    assert bound["b"].dtype == np.int64


@pytest.mark.parametrize(
    ("datatype", "default"),
    [("INT8", 128), ("UINT8", -1), ("INT32", 0.5), ("BOOL", 1), ("FP32", "1"), ("BYTES", 1), ("FP16", 1e6)],
)
def test_a_default_that_is_no_element_of_the_datatype_is_refused(datatype: str, default: Any) -> None:
    with pytest.raises(BindError, match="expected one element"):
        Binding((TensorSpec("x", datatype, (), None, True, default),), {})


def test_a_text_default_is_its_utf8_bytes() -> None:
    binding = Binding((TensorSpec("x", "BYTES", (1,), None, True, "é"),), {})
    assert binding.bind({})["x"].tolist() == ["é".encode()]


def test_a_brain_float_is_no_half_and_no_sixteen_bit_integer() -> None:
    binding = Binding((TensorSpec("x", "BF16", (1,)),), {})
    assert numpy_dtype("BF16") == np.dtype(ml_dtypes.bfloat16)
    binding.bind({"x": np.ones(1, ml_dtypes.bfloat16)})
    for wrong in (np.float16, np.uint16):
        with pytest.raises(BindError, match="BF16"):
            binding.bind({"x": np.ones(1, wrong)})


def test_a_name_from_a_package_is_never_run() -> None:
    hostile = 'x"]; raise SystemExit("owned") #'
    binding = Binding((TensorSpec(hostile, "FP32", (1,)),), {})
    assert binding.admits({hostile: np.zeros(1, np.float32)})
