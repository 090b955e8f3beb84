"""Which models have weights that change when their elements are reversed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper

import lepton.formats.reversal as reversal
from lepton.formats.onnx import read_onnx
from lepton.formats.reversal import has_reversible_weights
from lepton.formats.source import MemorySource


def answer(*initializers: Any) -> bool | None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    other = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "g", [value], [other], list(initializers))
    source = MemorySource(helper.make_model(graph, ir_version=9).SerializeToString())
    return has_reversible_weights(read_onnx(source), source, lambda tensor: None)


@settings(max_examples=150, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["float16", "float32", "float64"]),
        st.integers(0, 12),
        elements=st.sampled_from([0.0, 1.0, -0.0, 2.0]),
    ),
    st.booleans(),
)
def test_agrees_with_numpy(array: Any, raw: bool) -> None:
    if raw:
        tensor = numpy_helper.from_array(array, "w")
    else:
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        tensor = helper.make_tensor("w", kind, array.shape, array)
    assert answer(tensor) == (array.tobytes() != array[::-1].tobytes())


@pytest.mark.parametrize("place", [0, 1, 499, 500, 501, 999, None])
def test_a_difference_is_found_in_every_window(monkeypatch: pytest.MonkeyPatch, place: int | None) -> None:
    monkeypatch.setattr(reversal, "WINDOW_ELEMENTS", 64)
    array = np.zeros(1001, np.float32)
    if place is not None:
        array[place] = 1
    assert answer(numpy_helper.from_array(array, "w")) == (place not in (None, 500))


def test_integers_do_not_count() -> None:
    assert answer(numpy_helper.from_array(np.arange(5), "w")) is False


def test_external_data_that_cannot_be_read_leaves_the_question_open() -> None:
    tensor = numpy_helper.from_array(np.arange(4, dtype=np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "w.bin"
    assert answer(tensor) is None
