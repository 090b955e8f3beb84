"""Steps that read files, have several tensors, or write sizes that data decides (PKG-PRO-04, PKG-PRO-06)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import pytest

from lepton.errors import BindError, RuntimeRefusal
from lepton.runtime.files import StepFiles
from lepton.runtime.plan import Plan
from lepton.runtime.processing import apply_steps, compile_steps
from lepton.runtime.protocol import Array
from lepton.tensor import Symbol, TensorSpec

GRAPH = """<ir_version: 8, opset_import: ["": 17]>
g (float[a, 2] x, float[b, 2] y) => (float[c, 2] joined, int64[2] shape) {
  joined = Concat <axis = 0> (x, y)
  shape = Shape(joined)
}"""
FILES = {
    "graph.onnx": onnx.parser.parse_model(GRAPH).SerializeToString(),
    "tokens.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##able\n##ab\nσ\n!\n子\n".encode(),
    "words.txt": b"zero\n\ntwo\n \xe8\xbd\xbb\n",
}
SYMBOLS = {name: Symbol(0, 8) for name in ("A", "B", "C", "N", "M", "K", "H", "W")} | {
    "T": Symbol(1, 12, 4),
}


def texts(*elements: str | bytes) -> Array:
    array: Array = np.empty(len(elements), dtype=object)
    array[:] = [one.encode() if isinstance(one, str) else one for one in elements]
    return array


def spec(name: str, datatype: str, *shape: int | str) -> TensorSpec:
    return TensorSpec(name, datatype, shape)


def answers(step: Mapping[str, Any], *read: tuple[TensorSpec, Array]) -> list[Array]:
    """Compile and apply one step; what it writes is bound like in a request."""
    names = [one.name for one, _ in read]
    step = {"version": 1, "in": names if step["op"] in ("graph", "nms") else names[0], **step}
    operations = compile_steps([step], [one for one, _ in read], SYMBOLS, StepFiles(FILES.__getitem__))
    grown = apply_steps(operations, {one.name: array for one, array in read}, SYMBOLS, {})
    return [grown[one.name] for one in operations[0].yields]


TOKENIZE = {"op": "tokenize", "out": ["ids", "mask", "types"], "file": "tokens.txt", "algorithm": "wordpiece",
            "lowercase": True, "prefix": "##", "unknown": "[UNK]", "padding": "[PAD]", "first": "[CLS]",
            "last": "[SEP]", "maxLength": 7, "shape": ["N", "T"]}  # fmt: skip


def tokenized(*elements: str | bytes, **changed: Any) -> list[list[list[int]]]:
    read = (spec("text", "BYTES", "N"), texts(*elements))
    return [array.tolist() for array in answers({**TOKENIZE, **changed}, read)]


def test_rows_are_as_long_as_the_longest_needs_and_the_symbol_admits() -> None:
    ids, mask, types = tokenized("unable", "Unab! 子Σ nothing")
    assert ids == [[2, 4, 5, 3, 0, 0, 0, 0], [2, 4, 6, 8, 9, 7, 3, 0]]
    assert mask == [[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 0]]
    assert types == [[0] * 8] * 2


def test_a_fixed_length_is_filled_and_a_long_text_is_cut_before_its_last_token() -> None:
    assert tokenized("un un un un", out=["ids"], maxLength=4, shape=["N", 5]) == [[[2, 4, 4, 3, 0]]]


def test_no_text_at_all_has_the_smallest_length() -> None:
    assert answers(TOKENIZE, (spec("text", "BYTES", "N"), texts()))[0].shape == (0, 4)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("un\u0000a\ufffdb\u200ble", [4, 5]),
        ("un\tun\u3000un\u2028un", [4, 4, 4, 4]),
        ("ÚN\u0301able", [4, 5]),
        ("un-able", [4, 1, 1]),
        ("unx", [1]),
        ("u" * 101, [1]),
        ("[CLS]", [1, 1, 1]),
        ("ΣΣ", [1]),
    ],
)
def test_words_are_cleaned_divided_and_matched(text: str, ids: list[int]) -> None:
    found = tokenized(text, out=["ids"], maxLength=12)[0][0]
    assert [one for one in found if one not in (0, 2, 3)] == ids


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(BindError, match="not UTF-8 at element 1"):
        tokenized("un", b"\xff")


def test_a_text_longer_than_the_symbol_admits_is_refused() -> None:
    with pytest.raises(BindError, match="found size 16 on axis 1"):
        tokenized("un " * 20, maxLength=14)


@pytest.mark.parametrize(
    ("values", "changed", "expected"),
    [
        ([[0, 2], [1, 3]], {"join": True}, ["zerotwo", " 轻"]),
        ([[0, -1], [-1, -1]], {"join": True, "skip": -1}, ["zero", ""]),
        ([[], []], {"join": True}, ["", ""]),
        ([0, 3], {"join": False}, ["zero", " 轻"]),
    ],
)
def test_lookup_gives_lines(values: Any, changed: dict[str, Any], expected: list[str]) -> None:
    array = np.array(values, np.int64)
    dims = ("N", "K")[: array.ndim]
    (found,) = answers(
        {"op": "lookup", "out": "y", "file": "words.txt", **changed}, (spec("x", "INT64", *dims), array)
    )
    assert found.tolist() == [one.encode() for one in expected]


@pytest.mark.parametrize("value", [-1, 4])
def test_lookup_refuses_a_line_that_is_not_there(value: int) -> None:
    step = {"op": "lookup", "out": "y", "file": "words.txt", "join": False}
    with pytest.raises(BindError, match=rf"index {value}, expected 0..3"):
        answers(step, (spec("x", "INT64", "N"), np.array([value])))


JOIN = {"op": "graph", "file": "graph.onnx", "out": ["z", "shape"],
        "outputs": [{"datatype": "FP32", "shape": ["C", 2]},
                    {"datatype": "INT64", "shape": [2]}]}  # fmt: skip


def test_a_graph_binds_by_position_and_its_sizes_are_bound() -> None:
    one, two = np.ones((1, 2), np.float32), np.zeros((3, 2), np.float32)
    joined, shape = answers(JOIN, (spec("p", "FP32", "A", 2), one), (spec("q", "FP32", "B", 2), two))
    assert joined.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]
    assert shape.tolist() == [4, 2]


def test_a_graph_that_writes_more_than_its_symbol_admits_is_refused() -> None:
    five = np.ones((5, 2), np.float32)
    with pytest.raises(BindError, match="found size 10"):
        answers(JOIN, (spec("p", "FP32", "A", 2), five), (spec("q", "FP32", "B", 2), five))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"in": ["p"]}, "inputs of"),
        ({"out": ["z"], "outputs": JOIN["outputs"][:1]}, "outputs of"),
        ({"file": "tokens.txt"}, "refuses tokens.txt"),
    ],
)
def test_a_graph_that_does_not_fit_its_step_is_refused_when_it_is_loaded(
    changed: dict[str, Any], words: str
) -> None:
    one = np.ones((1, 2), np.float32)
    with pytest.raises(RuntimeRefusal, match=words):
        answers({**JOIN, **changed}, (spec("p", "FP32", "A", 2), one), (spec("q", "FP32", "B", 2), one))


def test_kept_boxes_are_bound_and_more_than_their_symbol_admits_are_refused() -> None:
    boxes = np.array([[10 * n, 0, 10 * n + 5, 5] for n in range(12)], np.float32)
    scores = np.linspace(0.1, 0.9, 12, dtype=np.float32)
    step = {"op": "nms", "out": "kept", "iou": 0.5, "score": 0.0, "max": 6, "shape": ["K"]}
    read = (spec("boxes", "FP32", 12, 4), boxes), (spec("scores", "FP32", 12), scores)
    assert answers(step, *read)[0].tolist() == [11, 10, 9, 8, 7, 6]
    with pytest.raises(BindError, match="found size 12"):
        answers({**step, "max": 100}, *read)


def test_a_shorter_side_is_scaled_and_both_sizes_are_bound() -> None:
    step = {"op": "resize", "out": "y", "axes": [0, 1], "size": {"shorter": 4}, "shape": ["H", "W"],
            "filter": "linear", "antialias": False, "coordinates": "half_pixel"}  # fmt: skip
    image = np.ones((2, 3), np.float32)
    assert answers(step, (spec("x", "FP32", 2, 3), image))[0].shape == (4, 6)
    with pytest.raises(BindError, match="found size 12"):
        answers(step, (spec("x", "FP32", 1, 3), image[:1]))


PLAN: dict[str, Any] = {
    "symbols": {"N": {"min": 1, "max": 4}, "T": {"min": 1, "max": 8}},
    "signature": {
        "inputs": [{"name": "ids", "datatype": "INT64", "shape": ["N", "T"]}],
        "outputs": [{"name": "logits", "datatype": "FP32", "shape": ["N", "T"]}],
    },
    "interface": {
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": ["N"]}],
        "outputs": [{"name": "scores", "datatype": "FP32", "shape": ["N", "T"]}],
    },
    "processing": {
        "pre": [{**TOKENIZE, "version": 1, "in": "text", "out": ["ids"]}],
        "post": [
            {"op": "rescale", "version": 1, "in": "logits", "out": "half", "scale": 0.5, "offset": 0},
            {"op": "softmax", "version": 1, "in": "half", "out": "scores", "axis": 1},
        ],
    },
}


@pytest.fixture
def plan() -> Plan:
    return Plan.from_manifest(PLAN, FILES.__getitem__)


def test_each_stage_computes_alone(plan: Plan) -> None:
    assert plan.stage("pre").infer({"text": texts("un")})["ids"].tolist() == [[2, 4, 3]]
    logits = np.array([[0, np.log(9)]], np.float32)
    np.testing.assert_allclose(plan.stage("post").infer({"logits": logits})["scores"], [[0.25, 0.75]])
    step = plan.stage("step", "/processing/post/0")
    assert ([one.name for one in step.inputs], [one.name for one in step.outputs]) == (["logits"], ["half"])
    assert step.infer({"logits": np.array([[4]], np.float32)})["half"].tolist() == [[2]]


def test_a_stage_refuses_what_does_not_fit_it(plan: Plan) -> None:
    with pytest.raises(BindError, match="found size 5 on axis 0"):
        plan.stage("post").infer({"logits": np.zeros((5, 2), np.float32)})
    with pytest.raises(RuntimeRefusal, match="/processing/pre/1"):
        plan.stage("step", "/processing/pre/1")


def test_a_plan_with_another_step_leaves_the_first_plan_as_it_was(plan: Plan) -> None:
    changed = plan.with_step("/processing/post/0", {**PLAN["processing"]["post"][0], "scale": 2})
    logits = np.array([[3]], np.float32)
    for one, expected in ((changed, 6), (plan, 1.5), (plan.without_step("/processing/post/0"), 3)):
        assert one.stage("step", "/processing/post/0").infer({"logits": logits})["half"].tolist() == [
            [expected]
        ]
    with pytest.raises(RuntimeRefusal, match="found axis 2"):
        plan.with_step("/processing/post/1", {**PLAN["processing"]["post"][1], "axis": 2})
    with pytest.raises(RuntimeRefusal, match="changes datatype or shape"):
        plan.without_step("/processing/pre/0")


@pytest.mark.parametrize(
    "step",
    [
        {"op": "pad", "axes": [0, 1], "size": [1048576, 1048576], "anchor": "start", "value": 0},
        {"op": "resize", "axes": [0, 1], "size": [1048576, 1048576], "filter": "nearest", "antialias": False,
         "coordinates": "half_pixel"},
        {"op": "resize", "axes": [0, 1], "size": [1, 1048576], "filter": "linear", "antialias": False,
         "coordinates": "half_pixel"},
    ],
)  # fmt: skip
def test_a_tensor_beyond_this_implementation_is_refused_before_memory_is_taken(step: dict[str, Any]) -> None:
    with pytest.raises(BindError, match="limit of this implementation"):
        answers({**step, "out": "y"}, (spec("x", "FP32", 200, 2), np.ones((200, 2), np.float32)))
