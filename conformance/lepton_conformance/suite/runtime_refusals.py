"""Tests of what a runtime rejects, and that it goes on (Spec: RUN-ERR)."""

from collections.abc import Iterator

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.models.graphs import IR_VERSION, OPSET, model_bytes
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.tensors import given
from lepton_conformance.subject.stdio import Rejection, StdioSubject
from lepton_conformance.suite.computation import ALL_MODELS, infer_right, judged, load, rejected, usable
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement

PLAIN = ("lepton_id_fp32", "lepton_affine", "lepton_sub", "lepton_id_int64", *ALL_MODELS)


@requirement("RUN-ERR-01", needs=("RUN-ADP-04",))
def test_a_malformed_model_is_rejected_at_load(runtime: StdioSubject, budget: Budget) -> None:
    files = _malformed(judged(runtime, *PLAIN))

    def check(what: str) -> None:
        found = runtime.load(runtime.file("malformed.onnx", files[what]))
        if not isinstance(found, Rejection):
            raise SubjectFault(f"sent load of {what}; found a model, expected an error")

    each(budget, files, check)


def _malformed(name: str) -> dict[str, bytes]:
    """Return files that are no valid models, by what is wrong with them."""
    whole = model_bytes(model(name))
    return {
        "an empty file": b"",
        "a model cut in the middle": whole[: len(whole) // 2],
        "a model without its last byte": whole[:-1],
        "a model without its first 8 bytes": whole[8:],
        "a text file": b"This is a text, not a model.\n" * 8,
        "a safetensors file": (2).to_bytes(8, "little") + b"{}",
        "a ZIP file": b"PK\x05\x06" + bytes(18),
        "random bytes": np.random.default_rng(0).bytes(400),
        "a model with an operator that does not exist": _graph("Identiti", ["x"]),
        "a node that lacks an input": _graph("Sub", ["x"]),
        "a node whose input does not exist": _graph("Identity", ["nowhere"]),
        "an output that no node makes": _graph("Identity", ["x"], makes="z"),
    }


def _graph(operator: str, inputs: list[str], makes: str = "y") -> bytes:
    from onnx import TensorProto, helper

    built = helper.make_model(
        helper.make_graph(
            [helper.make_node(operator, inputs, [makes])],
            "malformed",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "M"])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", "M"])],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    serialized: bytes = built.SerializeToString(deterministic=True)
    return serialized


@requirement("RUN-ERR-02", needs=("RUN-ADP-04",))
def test_wrong_inputs_are_rejected(runtime: StdioSubject, budget: Budget) -> None:
    cases = [(name, what) for name in usable(runtime) for what, _ in _wrong_inputs(name)]

    def check(case: tuple[str, str]) -> None:
        name, what = case
        rejected(runtime, name, dict(_wrong_inputs(name))[what], what)

    each(budget, cases, check)


@requirement("RUN-ERR-03", needs=("RUN-ADP-03", "RUN-ERR-02"))
def test_a_valid_call_succeeds_after_each_rejection(runtime: StdioSubject, budget: Budget) -> None:
    runtime.restart()
    cases: list[tuple[str, str]] = []
    for name in usable(runtime, ("lepton_sub", "lepton_affine", "lepton_transpose", *ALL_MODELS)):
        cases += [(name, what) for what, _ in _wrong_inputs(name)]

    def check(case: tuple[str, str]) -> None:
        name, what = case
        runtime.infer(load(runtime, name), dict(_wrong_inputs(name))[what])
        try:
            infer_right(runtime, given(name))
        except SubjectFault as fault:
            raise type(fault)(f"after the rejection of {what}: {fault}") from fault

    each(budget, cases, check)


def _wrong_inputs(name: str) -> Iterator[tuple[str, dict[str, Array]]]:
    """Yield inputs that do not fit a model, each with what is wrong."""
    entry = model(name)
    right = dict(given(name).inputs)
    first = entry.inputs[0]
    array = right[first.name]
    yield "no inputs", {}
    if len(right) > 1:
        for lacking in right:
            yield f"without {lacking}", {key: value for key, value in right.items() if key != lacking}
    yield "with an unknown input", {**right, "unknown": array}
    yield "with a renamed input", {**{k: v for k, v in right.items() if k != first.name}, "X": array}
    for datatype in _unlike(first.datatype):
        yield f"with {datatype}", {**right, first.name: _as(array, datatype)}
    yield "with rank 1", {**right, first.name: array.reshape(-1)}
    yield "with rank 3", {**right, first.name: array.reshape(1, *array.shape)}
    yield "with rank 0", {**right, first.name: array.reshape(-1)[:1].reshape(())}
    for axis, size in enumerate(first.shape):
        if isinstance(size, int):
            for change in (size - 1, size + 1):
                shape = [*array.shape]
                shape[axis] = change
                yield f"with size {change} on axis {axis}", {first.name: np.resize(array, shape)}
    if name == "lepton_transpose":
        yield "transposed", {first.name: array.reshape(3, 2)}


def _unlike(datatype: str) -> tuple[str, ...]:
    """Return datatypes to send in place of another: the neighbours with which it is confused."""
    near = {
        "FP32": ("FP64", "FP16", "INT32"),
        "FP64": ("FP32", "INT64"),
        "FP16": ("FP32", "UINT16"),
        "INT32": ("INT64", "UINT32", "FP32"),
        "INT64": ("INT32", "UINT64"),
        "BOOL": ("UINT8", "INT8"),
        "UINT8": ("INT8", "BOOL"),
        "INT8": ("UINT8", "BOOL"),
        "BYTES": ("UINT8",),
    }
    return near.get(datatype, ("FP32", "INT64"))


def _as(array: Array, datatype: str) -> Array:
    """Return ordinary elements of another datatype in the same shape."""
    count: Array = np.arange(array.size).reshape(array.shape) % 2
    return count.astype(dtype(datatype))
