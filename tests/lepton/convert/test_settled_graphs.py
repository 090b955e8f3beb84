"""Converted graphs: the same bytes and answers whatever order and names a converter happened to give."""

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from lepton.convert.graphs import rearranged, renamed, reordered, settled

FIRST = """<ir_version: 9, opset_import: ["" : 18]>
    conv7 (float[n7,3] x, float[n7,3] y) => (float[n7,3] a, float b)
    <float[3] w = {1, 2, 3}, float[3] u = {4, 5, 6}> {
    dead = Exp(x)
    k1 = Mul(x, w)
    k2 = Add(y, u)
    s = ReduceSum<keepdims = 0>(k1)
    zero = Constant<value_float = 0.0>()
    c = Greater(s, zero)
    b = Identity(s)
    a = If (c) <then_branch = t () => (float[n7,3] p) { p = Add(k1, k2) },
                else_branch = e () => (float[n7,3] q) { q = Sub(k1, u) }> }"""
SECOND = """<ir_version: 9, opset_import: ["" : 18]>
    conv8 (float[m,3] x, float[m,3] y) => (float[m,3] a, float b)
    <float[3] z9 = {4, 5, 6}, float[3] z8 = {1, 2, 3}> {
    zz = Constant<value_float = 0.0>()
    h2 = Add(y, z9)
    h1 = Mul(x, z8)
    hs = ReduceSum<keepdims = 0>(h1)
    b = Identity(hs)
    hc = Greater(hs, zz)
    a = If (hc) <then_branch = t () => (float[m,3] p) { p = Add(h1, h2) },
                 else_branch = e () => (float[m,3] q) { q = Sub(h1, z9) }> }"""
SHAPES = {"x": ("N", 3), "y": ("N", 3), "a": ("N", 3), "b": ()}


def bytes_of(text: str) -> bytes:
    model = onnx.parser.parse_model(text)
    for node in model.graph.node:
        for attribute in node.attribute:
            for value in attribute.g.output:
                value.type.tensor_type.ClearField("shape")
    rearranged(model)
    source = settled(model, SHAPES)
    onnx.checker.check_model(source.model)
    assert isinstance(source.entry, bytes)
    return source.entry


def test_order_and_names_of_a_converter_leave_no_trace() -> None:
    assert bytes_of(FIRST) == bytes_of(SECOND)
    assert bytes_of(FIRST) != bytes_of(FIRST.replace("4, 5, 6", "4, 5, 7"))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_rearranged_graph_answers_as_before(sign: float) -> None:
    given = {
        "x": np.array([[1, 2, 3], [4, 5, 6]], np.float32) * np.float32(sign),
        "y": np.array([[7, 8, 9], [1, 0, 1]], np.float32),
    }
    before = ReferenceEvaluator(onnx.parser.parse_model(FIRST)).run(None, given)
    after = ReferenceEvaluator(onnx.load_from_string(bytes_of(FIRST))).run(None, given)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_names_that_are_taken_make_way() -> None:
    model = onnx.parser.parse_model(FIRST)
    renamed(model, {"x": "k1", "y": "x", "a": "w"})
    reordered(model, ["x", "k1"], ["b", "w"])
    onnx.checker.check_model(model)
    assert [value.name for value in model.graph.input] == ["x", "k1"]
    assert [value.name for value in model.graph.output] == ["b", "w"]
    x, y = np.full((1, 3), 2, np.float32), np.full((1, 3), 5, np.float32)
    expected = ReferenceEvaluator(onnx.parser.parse_model(FIRST)).run(["b", "a"], {"x": x, "y": y})
    found = ReferenceEvaluator(model).run(None, {"k1": x, "x": y})
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)
