"""`exact` and `allclose` as the standard defines them; messages that show the worst element (PKG-VEC-04)."""

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton.vectors.compare import difference, first_difference
from lepton.vectors.document import Comparison, Tensor

INF, NAN = math.inf, math.nan
EXACT = Comparison("y", "exact")


def _close(atol: float = 0.0, rtol: float = 0.0, nan: str = "forbidden") -> Comparison:
    return Comparison("y", "allclose", atol, rtol, nan)


def _differ(expected: Any, actual: Any, comparison: Comparison, kind: str = "float32") -> str | None:
    return difference(Tensor("y", "FP32", np.array(expected, kind)), np.array(actual, kind), comparison)


@pytest.mark.parametrize(
    ("expected", "actual", "comparison", "passes"),
    [
        (1.0, 1.5, _close(atol=0.5), True),
        (1.0, 1.5000001, _close(atol=0.5), False),
        (-8.0, -10.0, _close(rtol=0.25), True),
        # rtol scales with the expected value, not with the answer.
        (8.0, 10.5, _close(rtol=0.25), False),
        (INF, INF, _close(), True),
        (INF, -INF, _close(atol=1e300), False),
        (INF, 1.0, _close(rtol=1.0), False),
        (1.0, INF, _close(atol=1e300), False),
        (NAN, NAN, _close(nan="equal"), True),
        (NAN, NAN, _close(nan="forbidden"), False),
        (NAN, 1.0, _close(atol=1e300, nan="equal"), False),
        (1.0, NAN, _close(atol=1e300, nan="equal"), False),
        (0.0, -0.0, _close(), True),
        (0.0, -0.0, EXACT, False),
        (NAN, NAN, EXACT, True),
    ],
)
def test_follows_the_definition(expected: float, actual: float, comparison: Comparison, passes: bool) -> None:
    assert (_differ([expected], [actual], comparison) is None) is passes


def test_exact_compares_the_bits_of_nans() -> None:
    one, other = (np.array([bits], np.uint32).view(np.float32) for bits in (0x7FC00001, 0x7FC00002))
    assert difference(Tensor("y", "FP32", one), one.copy(), EXACT) is None
    assert difference(Tensor("y", "FP32", one), other, EXACT) is not None


def test_the_message_has_count_first_index_values_and_largest_error() -> None:
    message = _differ([[1, 2], [3, 4]], [[1, 2.5], [3, 9]], _close(atol=0.1))
    assert message is not None
    for words in ("found 2 of 4 elements wrong", "first at [0, 1]: 2.5, expected 2.0", "largest error 5"):
        assert words in message


@pytest.mark.parametrize(
    ("actual", "words"),
    [(np.zeros((2, 1), np.float32), "found shape [2, 1]"), (np.zeros(2), "found elements of type float64")],
)
def test_another_shape_or_datatype_never_passes(actual: Any, words: str) -> None:
    message = difference(Tensor("y", "FP32", np.zeros(2, np.float32)), actual, _close(atol=9))
    assert message is not None
    assert words in message


def test_an_output_that_is_missing_is_named() -> None:
    message = first_difference([Tensor("y", "FP32", np.zeros(1, np.float32))], {}, [EXACT])
    assert message == "output 'y': found none, expected FP32 [1]"


def test_strings_empty_tensors_and_scalars_compare() -> None:
    texts = np.array([b"a", b"\xff"], dtype=object)
    assert difference(Tensor("y", "BYTES", texts), texts.copy(), EXACT) is None
    assert "first at [1]: b'b'" in str(
        difference(Tensor("y", "BYTES", texts), np.array([b"a", b"b"], dtype=object), EXACT)
    )
    assert _differ(np.zeros((0, 3)), np.zeros((0, 3)), EXACT) is None
    assert _differ(2.0, 2.0, EXACT) is None
    assert "first at []" in str(_differ(2.0, 3.0, _close()))


def test_brain_floats_are_compared_in_float64() -> None:
    expected, actual = np.array([1.0], ml_dtypes.bfloat16), np.array([1.0078125], ml_dtypes.bfloat16)
    assert difference(Tensor("y", "BF16", expected), actual, _close(atol=0.0078125)) is None
    assert difference(Tensor("y", "BF16", expected), actual, _close(atol=0.0078)) is not None


@settings(max_examples=200, deadline=None)
@given(
    st.floats(width=32),
    st.floats(width=32),
    st.floats(0, 2),
    st.floats(0, 1),
    st.sampled_from(["equal", "forbidden"]),
)
def test_agrees_with_the_definition_written_out(
    e: float, a: float, atol: float, rtol: float, nan: str
) -> None:
    if math.isnan(e) or math.isnan(a):
        passes = nan == "equal" and math.isnan(e) and math.isnan(a)
    elif math.isinf(e) or math.isinf(a):
        passes = e == a
    else:
        passes = abs(a - e) <= atol + rtol * abs(e)
    assert (_differ([e], [a], _close(atol, rtol, nan)) is None) is passes
