"""onnxruntime behind the plug point: exact in and out, nothing shared, refusals in one line."""

import threading
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest

from lepton.errors import BindError, RuntimeRefusal, UnsupportedError
from lepton.runtime.onnxruntime import OnnxModel, OnnxRuntime

HEAD = '<ir_version: 8, opset_import: ["" : 17]> '
#: From this opset on, Equal takes strings.
HEAD_19 = '<ir_version: 9, opset_import: ["" : 19]> '
AFFINE = """g (float[N,2] x) => (float[N,1] y) <float[2,1] w = {3, 5}> { y = MatMul(x, w) }"""


def _load(tmp_path: Path, text: str, inputs: list[str], outputs: list[str]) -> OnnxModel:
    path = tmp_path / "model.onnx"
    head = "" if text.startswith("<") else HEAD
    path.write_bytes(onnx.parser.parse_model(head + text).SerializeToString())
    return OnnxRuntime().load(path, inputs, outputs)


def test_computes_every_output_in_the_order_asked_for(tmp_path: Path) -> None:
    model = _load(
        tmp_path, "g (int32[N] x) => (int32[N] a, int32[N] b) { a = Neg(x) b = Abs(x) }", ["x"], ["b", "a"]
    )
    answer = model.infer({"x": np.array([-3, 4], np.int32)})
    assert list(answer) == ["b", "a"]
    assert (answer["a"].tolist(), answer["b"].tolist()) == ([3, -4], [3, 4])


def test_inputs_stay_as_they_are_and_answers_belong_to_the_caller(tmp_path: Path) -> None:
    text = "g (float[N] x) => (float[N] y, float[2] w) <float[2] w = {1, 2}> { y = Identity(x) }"
    model = _load(tmp_path, text, ["x"], ["y", "w"])
    x = np.array([1, 2, 3], np.float32)
    x.flags.writeable = False
    first = model.infer({"x": x})
    assert not np.shares_memory(first["y"], x)
    for array in first.values():
        array[:] = 99
    second = model.infer({"x": x})
    assert (second["y"].tolist(), second["w"].tolist()) == ([1, 2, 3], [1, 2])


def test_takes_arrays_that_are_not_contiguous(tmp_path: Path) -> None:
    model = _load(tmp_path, AFFINE, ["x"], ["y"])
    x = np.arange(12, dtype=np.float32).reshape(2, 6)[:, ::3]
    assert model.infer({"x": x})["y"].tolist() == [[15], [63]]


ANY_BYTES = [b"", "轻子".encode(), b"a\0b\0", b"\xff\xfe", bytes(range(256))]


def test_a_graph_that_only_moves_strings_carries_any_bytes(tmp_path: Path) -> None:
    text = (
        HEAD_19
        + """g (string[N] x) => (string[1,N] y, bool[N] same) <int64[2] s = {1, -1}> {
        y = Reshape(x, s)
        same = Equal(x, x)
    }"""
    )
    model = _load(tmp_path, text, ["x"], ["y", "same"])
    x = np.array(ANY_BYTES, dtype=object)
    answer = model.infer({"x": x})
    assert answer["y"].tolist() == [ANY_BYTES]
    assert answer["same"].all()
    assert x.tolist() == ANY_BYTES


def test_a_graph_that_looks_into_strings_gets_utf8_or_refuses(tmp_path: Path) -> None:
    text = """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 2]> g (string[N] x) => (int64[N] y) {
        y = ai.onnx.ml.LabelEncoder <keys_strings = ["é"], values_int64s = [7], default_int64 = -1> (x)
    }"""
    model = _load(tmp_path, text, ["x"], ["y"])
    assert model.infer({"x": np.array(["é".encode(), b"e"], dtype=object)})["y"].tolist() == [7, -1]
    with pytest.raises(BindError, match="not UTF-8 at element 1"):
        model.infer({"x": np.array([b"good", b"\xff"], dtype=object)})


def test_a_graph_with_a_text_of_its_own_gets_utf8(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    graph = onnx.parser.parse_model(HEAD_19 + "g (string[N] x) => (bool[N] y) { y = Equal(x, x) }")
    graph.graph.node[0].input[1] = "c"
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array(["é"], dtype=object), "c"))
    path.write_bytes(graph.SerializeToString())
    model = OnnxRuntime().load(path, ["x"], ["y"])
    assert model.infer({"x": np.array(["é".encode(), b"e"], dtype=object)})["y"].tolist() == [True, False]


def test_brain_floats_keep_their_bits(tmp_path: Path) -> None:
    model = _load(tmp_path, "g (bfloat16[N] x) => (bfloat16[N] y) { y = Identity(x) }", ["x"], ["y"])
    bits = np.array([0x3F80, 0x8000, 0x7FC1, 0x0001, 0xFF80], np.uint16)
    answer = model.infer({"x": bits.view(ml_dtypes.bfloat16)})["y"]
    assert answer.dtype == ml_dtypes.bfloat16
    assert answer.view(np.uint16).tolist() == bits.tolist()


def test_answers_do_not_mix_between_threads(tmp_path: Path) -> None:
    model = _load(tmp_path, AFFINE, ["x"], ["y"])
    wrong: list[Any] = []

    def ask(value: int) -> None:
        for _ in range(200):
            if model.infer({"x": np.full((3, 2), value, np.float32)})["y"].tolist() != [[8.0 * value]] * 3:
                wrong.append(value)

    threads = [threading.Thread(target=ask, args=(value,)) for value in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_refuses_a_file_that_is_no_model_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x08 not a model")
    with pytest.raises(RuntimeRefusal, match="refuses") as refusal:
        OnnxRuntime().load(path, [], [])
    assert "\n" not in str(refusal.value)


def test_tells_an_operator_that_it_lacks_from_a_broken_model(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    text = HEAD + "g (bfloat16[N,2] x) => (bfloat16[N,2] y) { y = Softmax(x) }"
    path.write_bytes(onnx.parser.parse_model(text).SerializeToString())
    with pytest.raises(UnsupportedError, match="lacks"):
        OnnxRuntime().load(path, ["x"], ["y"])


def test_refuses_a_graph_whose_names_differ_from_the_signature(tmp_path: Path) -> None:
    with pytest.raises(RuntimeRefusal, match="expected"):
        _load(tmp_path, AFFINE, ["input"], ["y"])


def test_a_failure_while_computing_is_a_refusal(tmp_path: Path) -> None:
    text = "g (float[3] d, int64[K] i) => (float[K] y) { y = Gather(d, i) }"
    model = _load(tmp_path, text, ["d", "i"], ["y"])
    with pytest.raises(RuntimeRefusal, match="out of") as refusal:
        model.infer({"d": np.zeros(3, np.float32), "i": np.array([7])})
    assert "\n" not in str(refusal.value)
    assert model.infer({"d": np.ones(3, np.float32), "i": np.array([2])})["y"].tolist() == [1]


def test_a_closed_model_refuses(tmp_path: Path) -> None:
    model = _load(tmp_path, AFFINE, ["x"], ["y"])
    model.close()
    with pytest.raises(RuntimeRefusal, match="closed"):
        model.infer({"x": np.zeros((1, 2), np.float32)})
