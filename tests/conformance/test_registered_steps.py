"""Images, resizing, text, boxes and lists: the reference against an oracle that shares nothing with it.

Spec: PKG-PRO-04, "a runtime MUST apply its steps with the results of the table of operators", and PKG-PRO-06.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import onnx
import pytest
from hypothesis import example, given, settings

from lepton.errors import BindError
from lepton.runtime.files import StepFiles
from lepton.runtime.processing import apply_steps, compile_steps
from lepton.tensor import Symbol, TensorSpec
from lepton_conformance.mutants.table_faults import ALL
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.oracle.steps import Refused, Sizes, Steps, agrees
from lepton_conformance.strategies.images import ODD_FILES, decode, images, png, texts
from lepton_conformance.strategies.steps import FILES, SYMBOLS, boxes, lists, resizings, tokenizings

Step = Mapping[str, Any]
Case = tuple[Step, tuple[Array, ...]]
NAMES = {
    str(dtype(name)): name for name in ("BOOL", "INT8", "INT32", "INT64", "UINT8", "FP16", "FP32", "FP64")
}


def crossed() -> bytes:
    """Return a graph whose names say the opposite of its order: `b` is its first input, `x` constant."""
    tensor, size = onnx.helper.make_tensor_value_info, ["n"]
    nodes = [
        onnx.helper.make_node("Sub", ["b", "a"], ["second"]),
        onnx.helper.make_node("Mul", ["a", "x"], ["first"]),
    ]
    inputs = [tensor("b", 1, size), tensor("x", 1, [1]), tensor("a", 1, size)]
    outputs = [tensor("second", 1, size), tensor("first", 1, size)]
    two = onnx.helper.make_tensor("x", 1, [1], [2.0])
    graph = onnx.helper.make_graph(nodes, "crossed", inputs, outputs, [two])
    opset = onnx.helper.make_opsetid("", 17)
    return bytes(onnx.helper.make_model(graph, ir_version=8, opset_imports=[opset]).SerializeToString())


PACKAGE = {**FILES, "graph": crossed()}


class Subject(Protocol):
    """Whoever computes steps."""

    def run(self, step: Step, arrays: Sequence[Array]) -> tuple[Array, ...]: ...


class Reference:
    """The reference implementation, one step at a time."""

    def run(self, step: Step, arrays: Sequence[Array]) -> tuple[Array, ...]:
        symbols = {
            name: Symbol(
                entry["min"], None if "unbounded" in entry else entry["max"], entry.get("multipleOf", 1)
            )
            for name, entry in SYMBOLS.items()
        }
        names = step["in"] if isinstance(step["in"], list) else [step["in"]]
        specs = []
        for name, array in zip(names, arrays, strict=True):
            datatype = "BYTES" if array.dtype == object else NAMES[str(array.dtype)]
            shape = ("N",) if step["op"] == "tokenize" else array.shape
            specs.append(TensorSpec(name, datatype, shape))
        operations = compile_steps([{"version": 1, **step}], specs, symbols, StepFiles(PACKAGE.__getitem__))
        tensors = dict(zip(names, arrays, strict=True))
        bound = {"N": len(arrays[0])} if step["op"] == "tokenize" else {}
        try:
            found = apply_steps(operations, tensors, symbols, bound)
        except BindError as error:
            raise Refused(str(error)) from error
        return tuple(
            found[name] for name in (step["out"] if isinstance(step["out"], list) else [step["out"]])
        )


def outcome(subject: Subject, case: Case) -> tuple[Array, ...] | None:
    step, arrays = case
    try:
        return subject.run(step, [array.copy() for array in arrays])
    except Refused:
        return None


def oracle(kind: type[Steps] = Steps) -> Steps:
    return kind(PACKAGE, Sizes(SYMBOLS))


def same(subject: Subject, case: Case) -> bool:
    expected, found = outcome(oracle(), case), outcome(subject, case)
    if expected is None or found is None:
        return expected is found
    return len(expected) == len(found) and all(
        agrees(case[0], one, other) for one, other in zip(found, expected, strict=True)
    )


def judged(case: Case) -> None:
    """Fail with both answers when reference and oracle differ."""
    assert same(Reference(), case), (outcome(Reference(), case), outcome(oracle(), case))


def fp32(*values: Any) -> Array:
    return np.array(values, dtype="<f4")


def resize(**members: Any) -> Step:
    plain = {
        "op": "resize",
        "in": "a",
        "out": "b",
        "axes": [0, 1],
        "antialias": False,
        "coordinates": "half_pixel",
    }
    return {**plain, **members}


def tokenize(**members: Any) -> Step:
    return {"op": "tokenize", "in": "a", "out": ["i", "m", "t"], "file": "tokens", "algorithm": "wordpiece",
            "lowercase": True, "prefix": "##", "unknown": "[UNK]", "padding": "[PAD]", "first": "[CLS]",
            "last": "[SEP]", "maxLength": 9, "shape": ["N", "T"], **members}  # fmt: skip


def nms(**members: Any) -> Step:
    return {
        "op": "nms",
        "in": ["a", "s"],
        "out": "b",
        "iou": 0.5,
        "score": 0,
        "max": 3,
        "shape": ["K"],
        **members,
    }


PIXELS = np.arange(0, 250, 5, dtype=np.uint8).reshape(10, 5)
CLEAR = png((1, 1, 8, 6, 0, 0, 0), b"\0" + bytes([10, 20, 30, 100]))
SQUARES = fp32([0, 0, 2, 1], [0, 0, 1, 1], [0, 0, 2, 1.5], [5, 5, 6, 6])
RAISED = np.eye(3, dtype="<f4")[[[1, 1, 0, 1, 2, 2]]]
#: Small cases that tell each known fault from the right result.
CASES: tuple[Case, ...] = (
    (decode("RGB", "white"), (texts(CLEAR),)),
    (decode("RGBA", "keep"), (texts(CLEAR),)),
    (decode("GRAY", "drop"), (texts(CLEAR),)),
    (decode("RGB", "drop"), (texts(CLEAR[:-4]),)),
    (resize(size=[3, 2], filter="linear", antialias=True, rounding="half_even"), (PIXELS,)),
    (resize(size=[7, 9], filter="cubic", rounding="half_up"), (PIXELS,)),
    (resize(size=[7, 9], filter="linear"), (PIXELS.astype("<f4"),)),
    (resize(size={"shorter": 3}, shape=["H", "W"], filter="nearest", rounding="floor"), (PIXELS,)),
    (resize(size={"longer": 4}, shape=["H", "W"], filter="linear"), (fp32([1, np.inf], [-0.0, np.nan]),)),
    ({"op": "crop", "in": "a", "out": "b", "axes": [1, 0], "size": [2, 7], "anchor": "center"}, (PIXELS,)),
    (
        {"op": "pad", "in": "a", "out": "b", "axes": [0], "size": [13], "anchor": "center", "value": 7},
        (PIXELS,),
    ),
    ({"op": "reverse", "in": "a", "out": "b", "axis": -1}, (PIXELS,)),
    (tokenize(), (texts(b"ABC abcc!", "É中文 x".encode(), b""),)),
    (tokenize(shape=["N", 9]), (texts(b"a\xffb"),)),
    ({"op": "topk", "in": "a", "out": ["v", "i"], "axis": 0, "k": 3}, (fp32(1, 3, np.nan, 3, -0.0, 0),)),
    (nms(), (SQUARES, fp32(0.5, 0.9, 0.5, 0.7))),
    (nms(), (np.full((4, 4), np.inf, dtype="<f4"), fp32(0.5, 0.9, 0.5, 0.7))),
    ({"op": "ctc_greedy", "in": "a", "out": ["c", "l"], "blank": 0}, (RAISED,)),
    (
        {"op": "lookup", "in": "a", "out": "b", "file": "keys", "join": True, "skip": -1},
        (np.array([[0, 4, -1]]),),
    ),
    ({"op": "lookup", "in": "a", "out": "b", "file": "keys", "join": False}, (np.array([5, -1]),)),
)


def graph(size: str | int) -> Step:
    outputs = [{"datatype": "FP32", "shape": [size]}] * 2
    return {"op": "graph", "in": ["a", "b"], "out": ["c", "d"], "file": "graph", "outputs": outputs}


@pytest.mark.requirement("PKG-PRO-04")
def test_tensors_of_a_graph_are_bound_by_position_whatever_their_names() -> None:
    first, second = fp32(5, 7), fp32(1, 2)
    for subject in (Reference(), oracle()):
        difference, double = subject.run(graph("H"), (first, second))
        assert difference.tolist() == [4, 5]
        assert double.tolist() == [2, 4]


@pytest.mark.requirement("PKG-PRO-06")
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("size", ["K", "H", 2])
def test_outputs_of_a_graph_fit_their_symbols_or_are_refused(size: str | int, count: int) -> None:
    judged((graph(size), (fp32(*range(count)), fp32(*range(count)))))


@pytest.mark.requirement("PKG-PRO-04")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0]["op"])
def test_the_reference_computes_the_rows_of_the_table(case: Case) -> None:
    judged(case)


@pytest.mark.requirement("PKG-PRO-04")
@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.id)
def test_the_cases_tell_each_fault_of_the_table(fault: type[Steps]) -> None:
    assert not all(same(oracle(fault), case) for case in CASES)


@pytest.mark.requirement("PKG-PRO-06")
@pytest.mark.parametrize("name", ODD_FILES)
def test_the_reference_refuses_the_files_that_the_text_refuses(name: str) -> None:
    judged((decode("RGB", "white"), (texts(ODD_FILES[name]),)))


@pytest.mark.requirement("PKG-PRO-04")
@settings(max_examples=250, deadline=None, derandomize=True)
@given(images())
def test_images_of_every_kind_are_decoded_alike(case: Case) -> None:
    judged(case)


@pytest.mark.requirement("PKG-PRO-04")
@settings(max_examples=400, deadline=None, derandomize=True)
@given(resizings())
def test_tensors_are_resized_alike_with_every_filter(case: Case) -> None:
    judged(case)


@pytest.mark.requirement("PKG-PRO-04")
@settings(max_examples=400, deadline=None, derandomize=True)
@given(tokenizings())
def test_texts_are_cut_into_tokens_alike(case: Case) -> None:
    judged(case)


@pytest.mark.requirement("PKG-PRO-04")
@settings(max_examples=400, deadline=None, derandomize=True)
@given(boxes())
def test_boxes_are_kept_alike(case: Case) -> None:
    judged(case)


@pytest.mark.requirement("PKG-PRO-04")
@settings(max_examples=500, deadline=None, derandomize=True)
@given(lists())
@example(({"op": "pad", "in": "a", "out": "b", "axes": [0, -1], "size": [3, 4], "anchor": "center",
           "value": True},
          (np.zeros((1, 1), dtype=bool),)))  # fmt: skip
@example(({"op": "reverse", "in": "a", "out": "b", "axis": -1}, (texts(b"x", b"", b"y"),)))
def test_parts_orders_and_lists_are_computed_alike(case: Case) -> None:
    judged(case)
