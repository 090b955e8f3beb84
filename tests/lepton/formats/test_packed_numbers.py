"""Packed numbers in ONNX files: their form, and the narrow weights that they may be."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from lepton.formats import protobuf
from lepton.formats.onnx import read_onnx
from lepton.formats.protobuf import Wire, WireError
from lepton.formats.source import MemorySource
from lepton.formats.weights import weight_facts


@pytest.mark.parametrize("window", [4, 11, 64])
@pytest.mark.parametrize("before", [0, 1, 2, 3, 9])
def test_a_packed_number_has_at_most_ten_bytes(
    window: int, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protobuf, "WINDOW_BYTES", window)
    longest = bytes(before) + b"\xff" * 9 + b"\1" + bytes(3)
    assert Wire(MemorySource(longest)).count_varints(0, len(longest)) == before + 4
    longer = bytes(before) + b"\x80" * 10 + b"\1"
    with pytest.raises(WireError, match="more than ten bytes"):
        Wire(MemorySource(longer)).count_varints(0, len(longer))


def _facts(data_type: int, values: Any) -> tuple[bool | None, bool | None]:
    """Return the facts about a weight as `make_tensor` writes it: in int32_data."""
    weight = helper.make_tensor("w", data_type, [len(values)], values)
    assert weight.int32_data
    graph = helper.make_graph([], "g", [], [], [weight])
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()
    source = MemorySource(data)
    (fact,) = weight_facts(read_onnx(source), source, lambda _: None)
    return fact.perturbs, fact.zeroes


@pytest.mark.parametrize(
    "data_type", [TensorProto.INT8, TensorProto.UINT8, TensorProto.FLOAT16, TensorProto.BFLOAT16]
)
def test_narrow_weights_in_int32_data_are_read(data_type: int) -> None:
    def cast(numbers: list[int]) -> Any:
        return np.array(
            numbers, np.int64 if data_type in (TensorProto.INT8, TensorProto.UINT8) else np.float32
        )

    assert _facts(data_type, cast([1, 2, 100])) == (True, True)
    assert _facts(data_type, cast([0, 0, 0]))[1] is False
    assert _facts(data_type, cast([3, 0, 3])) == (data_type in (TensorProto.INT8, TensorProto.UINT8), True)


def test_negative_integers_take_ten_bytes_and_one() -> None:
    assert _facts(TensorProto.INT8, np.array([-1, -128])) == (True, True)
