"""Answers just within and just beyond what a comparison lets pass, for each datatype, output and position.

Owns a model that answers what it is given, so that a vector chooses both sides of a comparison, and the
stages in which a vector fails first. Serves `package` (comparison, PKG-VEC-04).
"""

import base64
import functools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import rfc8785

from lepton_conformance.forge import models
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Draft, Forged, kept
from lepton_conformance.forge.package import MODEL, VECTORS, Case, build_package, tensor_json
from lepton_conformance.forge.valid import ValidPackage
from lepton_conformance.forge.violation import Base, Forge, Violation, vectors
from lepton_conformance.oracle.answers import Array

__all__ = ["comparison_faults", "echo_model", "sound_comparisons", "two_documents_draft"]

_KINDS = {"a": ("FP32", "<f4"), "d": ("FP64", "<f8"), "h": ("FP16", "<f2"), "n": ("INT64", "<i8")}
_NAN, _INF = math.nan, math.inf
LENGTH = 4


@dataclass(frozen=True, slots=True)
class Edge:
    """An answer and an expectation in one position of one tensor, and how they are compared.

    It is exact where `atol` is None.
    """

    tensor: str
    answer: Any
    expected: Any
    atol: float | None = None
    rtol: float = 0.0
    nan: str = "forbidden"
    at: int = 1

    def rule(self) -> dict[str, Any]:
        """Return the comparison."""
        if self.atol is None:
            return {"comparator": "exact"}
        return {"comparator": "allclose", "atol": self.atol, "rtol": self.rtol, "nan": self.nan}


def _bits(pattern: int, kind: str) -> Any:
    return np.array([pattern], kind.replace("f", "u")).view(kind)[0]


_NEXT3, _HALF3 = 3 + 2.0**-22, 2.0**-22 / 3
#: Passes, by name.
WITHIN: Mapping[str, Edge] = {
    "equal-to-the-bound": Edge("a", 3.25, 2, 0.25, 0.5),
    "equal-to-the-bound-below": Edge("a", 0.75, 2, 0.25, 0.5),
    "negative": Edge("a", -3.25, -2, 0.25, 0.5),
    "first": Edge("d", 3.25, 2, 0.25, 0.5, at=0),
    "last": Edge("h", 3.25, 2, 0.25, 0.5, at=3),
    "of-the-expectation": Edge("a", 4, 8, 0, 0.5),
    "sum-of-both": Edge("d", 4, 2, 1, 0.5),
    "nan-equal": Edge("a", _NAN, _NAN, 0, 0, "equal"),
    "nan-equal-payload": Edge("d", _bits(0x7FF8000000000001, "<f8"), _NAN, 0, 0, "equal"),
    "nan-exact": Edge("d", _NAN, _NAN),
    "infinite": Edge("a", _INF, _INF, 0, 0),
    "infinite-below": Edge("h", -_INF, -_INF, 0, 0),
    "infinite-exact": Edge("a", _INF, _INF),
    "zeros": Edge("a", -0.0, 0.0, 0, 0),
    "zeros-other": Edge("d", 0.0, -0.0, 0, 0),
    "last-bit-of-fp64": Edge("d", 1 + 2.0**-52, 1, 2.0**-52, 0),
    "last-bit-of-fp16": Edge("h", 1 + 2.0**-10, 1, 0, 2.0**-10),
    "largest": Edge("d", 1e308, -5e307, 1e308, 1),
    "third-of-a-bit": Edge("a", _NEXT3, 3, 0, _HALF3 * (1 + 1e-10)),
}
#: Fails.
BEYOND: Mapping[str, Edge] = {
    "above-the-bound": Edge("a", float(np.nextafter(np.float32(3.25), np.float32(4))), 2, 0.25, 0.5),
    "below-the-bound": Edge("a", float(np.nextafter(np.float32(0.75), np.float32(0))), 2, 0.25, 0.5),
    "negative-above": Edge("d", -3.2500000000000004, -2, 0.25, 0.5),
    "first-above": Edge("d", 3.2500000000000004, 2, 0.25, 0.5, at=0),
    "last-above": Edge("h", 3.251953125, 2, 0.25, 0.5, at=3),
    "of-the-answer": Edge("a", 8, 4, 0, 0.5),
    "of-the-answer-below": Edge("d", -8, -4, 0, 0.5),
    "other-sign": Edge("a", -2, 2, 0.25, 0.5),
    "nan-forbidden": Edge("a", _NAN, _NAN, 1e30, 1),
    "nan-answer": Edge("a", _NAN, 1, 1e30, 1, "equal"),
    "nan-expected": Edge("d", 1, _NAN, 1e30, 1, "equal"),
    "nan-forbidden-of-fp16": Edge("h", _NAN, _NAN, 1e30, 1),
    "nan-other-payload": Edge("d", _bits(0x7FF8000000000001, "<f8"), _bits(0x7FF8000000000000, "<f8")),
    "nan-other-sign": Edge("a", _bits(0xFFC00000, "<f4"), _bits(0x7FC00000, "<f4")),
    "infinite-answer": Edge("a", _INF, 1, 1e308, 1),
    "infinite-expected": Edge("d", 1, _INF, 0, 1),
    "infinite-expected-below": Edge("a", -3e38, -_INF, 1e308, 0),
    "infinities": Edge("a", _INF, -_INF, 1e308, 1),
    "infinity-against-nan": Edge("a", _INF, _NAN, 1e308, 1, "equal"),
    "zeros-exact": Edge("a", -0.0, 0.0),
    "zeros-exact-other": Edge("d", 0.0, -0.0),
    "last-bit-of-fp64": Edge("d", 1 + 2.0**-52, 1, 2.0**-53, 0),
    "in-fp32-alike": Edge("d", 1 + 2.0**-40, 1, 0, 2.0**-41),
    "bound-in-fp32-alike": Edge("a", _NEXT3, 3, 0, _HALF3 * (1 - 1e-10)),
    "last-bit-of-fp16": Edge("h", 1 + 2.0**-10, 1, 0, 2.0**-10 * (1 - 1e-9)),
    "last-bit-exact": Edge("a", 1 + 2.0**-23, 1, at=3),
    "last-bit-exact-of-fp16": Edge("h", 1 + 2.0**-10, 1, at=0),
    "last-integer": Edge("n", 2**53, 2**53 + 1, at=3),
    "first-integer": Edge("n", 1, -1, at=0),
}


def echo_model(tensors: Mapping[str, tuple[str, Sequence[Any]]]) -> bytes:
    """Return a model that answers what it is given: for each input `x` an output `x2`."""
    from onnx import helper

    nodes = [helper.make_node("Identity", [name], [f"{name}2"]) for name in tensors]
    inputs = [models.value(name, *one) for name, one in tensors.items()]
    return models.model(nodes, inputs, [models.value(f"{name}2", *one) for name, one in tensors.items()])


def _arrays(edge: Edge | None, side: str) -> dict[str, Array]:
    found = {name: np.array(range(1, LENGTH + 1), dtype=kind) for name, (_, kind) in _KINDS.items()}
    if edge is not None:
        found[edge.tensor][edge.at] = edge.answer if side == "answer" else edge.expected
    return found


@functools.cache
def _echo() -> Draft:
    tensors = {name: (datatype, [LENGTH]) for name, (datatype, _) in _KINDS.items()}
    plain = _arrays(None, "answer")
    other = {name: array + array for name, array in plain.items()}
    cases = [
        Case(name, given, {f"{key}2": array for key, array in given.items()}, tolerance=None)
        for name, given in (("plain", plain), ("other", other))
    ]
    return build_package(
        name="echo",
        model=echo_model(tensors),
        inputs=[{"name": name, "datatype": kind, "shape": shape} for name, (kind, shape) in tensors.items()],
        outputs=[
            {"name": f"{name}2", "datatype": kind, "shape": shape} for name, (kind, shape) in tensors.items()
        ],
        symbols={},
        cases=cases,
        controls=[{"control": "constant-answer", "killedBy": "other"}],
    )


def _vector(name: str, edge: Edge) -> dict[str, Any]:
    answer, expected = _arrays(edge, "answer"), _arrays(edge, "expected")
    return {
        "id": name,
        "stage": "model",
        "inputs": [tensor_json(key, kind, answer[key]) for key, (kind, _) in _KINDS.items()],
        "expected": [tensor_json(f"{key}2", kind, expected[key]) for key, (kind, _) in _KINDS.items()],
        "comparisons": [
            {"output": f"{key}2", **(edge.rule() if key == edge.tensor else {"comparator": "exact"})}
            for key in _KINDS
        ],
    }


def _with(edges: Mapping[str, Edge]) -> Draft:
    more = [_vector(name, edge) for name, edge in edges.items()]
    return _echo().copied().edit(VECTORS, lambda document: document["vectors"].extend(more))


@kept
def comparisons_draft() -> Draft:
    """Return the package with every vector that just passes."""
    return _with(WITHIN)


def _failing(name: str, edge: Edge) -> Forge:
    return lambda bases: bases.finish(_with({name: edge}))


def _precise(document: Any, *, loose: bool, stages: Sequence[str]) -> None:
    """Shift the first element of an expectation of FP32, and say how much of that a precision lets pass."""
    for vector in document["vectors"]:
        for rule in vector["comparisons"]:
            expected = next(one for one in vector["expected"] if one["name"] == rule["output"])
            if vector["stage"] in stages and expected["datatype"] == "FP32":
                rule.clear()
                limits = {"atol": 1e9, "rtol": 0} if loose else {"atol": 1e-4, "rtol": 0}
                main = {"atol": 1e-4, "rtol": 0} if loose else {"atol": 1e9, "rtol": 0}
                rule.update(output=expected["name"], comparator="allclose", nan="forbidden", **main)
                rule["precisions"] = {"FP32": limits}


def _shift(document: Any, identifier: str, tensor: int = 0) -> None:
    """Make a vector expect another last element of one tensor: a bit near its top is changed."""
    (vector,) = (one for one in document["vectors"] if one["id"] == identifier)
    data = bytearray(base64.b64decode(vector["expected"][tensor]["data"]))
    data[-2] ^= 0x40
    vector["expected"][tensor]["data"] = base64.b64encode(bytes(data)).decode("ascii")


def _shifted(base: Base, *identifiers: str) -> Forge:
    def change(document: Any) -> None:
        for identifier in identifiers:
            _shift(document, identifier)

    return vectors(change, base)


def _judged(stage: str, identifier: str, *, loose: bool) -> Forge:
    """Return a forge of which one vector fails by the limits that stand for the artifact, or would pass."""

    def change(document: Any) -> None:
        _precise(document, loose=loose, stages=(stage,))
        _shift(document, identifier)

    return vectors(change, Bases.vision)


@kept
def two_documents_draft() -> Draft:
    """Return the package that echoes, its vectors in two documents with one of the controls each."""
    draft = _echo().copied()
    document = json.loads(draft.member(VECTORS).data)
    del document["controls"], document["vectors"][0]
    document.update(controls=[])
    first = json.loads(draft.member(VECTORS).data)
    more = {
        **document,
        "vectors": [{**first["vectors"][1], "id": "plain"}, {**first["vectors"][0], "id": "two"}],
    }
    more["controls"] = [{"control": "constant-answer", "killedBy": "two"}]
    more.pop("mutation", None)
    draft.manifest["vectors"] = [VECTORS, "vectors/more.json"]
    return draft.add("vectors/more.json", rfc8785.dumps(more), "application/json", "vectors")


def _in_the_second(change: Callable[[Any], object]) -> Forge:
    return lambda bases: bases.finish(two_documents_draft().edit("vectors/more.json", change))


def _refusing(fails: str) -> Forge:
    """Return a forge whose model an engine does not load, or does not compute."""

    def build() -> bytes:
        from onnx import helper

        if fails == "load":
            nodes = [
                helper.make_node("MatMul", ["x", "b"], ["xw"]),
                helper.make_node("MatMul", ["xw", "w"], ["y"]),
            ]
            more: list[Any] = []
        else:
            nodes = [
                helper.make_node("MatMul", ["x", "w"], ["xw"]),
                helper.make_node("Add", ["xw", "b"], ["z"]),
                helper.make_node("Reshape", ["z", "seven"], ["flat"]),
                helper.make_node("Reshape", ["flat", "two"], ["y"]),
            ]
            more = [helper.make_tensor("seven", 7, [1], [7]), helper.make_tensor("two", 7, [2], [-1, 2])]
        weights = [
            models.constant("w", models.LINEAR_WEIGHT),
            models.constant("b", models.LINEAR_BIAS),
            *more,
        ]
        inputs, outputs = [models.value("x", "FP32", ("N", 3))], [models.value("y", "FP32", ("N", 2))]
        return models.model(nodes, inputs, outputs, weights)

    def forge(bases: Bases) -> Forged:
        return bases.finish(bases.alone().linear().put(MODEL, build()))

    return forge


def comparison_faults() -> Iterator[Violation]:
    """Yield packages of which one vector fails, or several of which one is told."""
    for name, edge in BEYOND.items():
        yield Violation("PKG-VEC-04", name, _failing(name, edge), full=True)
    for stage, identifier in (("model", "planes-1"), ("raw", "image-1")):
        yield Violation(
            "PKG-VEC-04", f"precision-in-{stage}", _judged(stage, identifier, loose=False), full=True
        )
    for stage, identifier in (("pre", "prepared-2"), ("post", "answered-2")):
        forge = _judged(stage, identifier, loose=True)
        yield Violation("PKG-VEC-04", f"no-precision-in-{stage}", forge, full=True)
    pairs = (
        ("prepared-2", "planes-1"),
        ("planes-1", "image-1"),
        ("answered-2", "image-1"),
    )
    for first, second in pairs:
        forge = _shifted(Bases.vision, first, second)
        yield Violation("PKG-VEC-04", f"{first}-then-{second}", forge, full=True, exact=True)
    for identifier in ("planes-1", "planes-3", "image-1", "image-3", "prepared-3", "answered-3"):
        yield Violation("PKG-VEC-04", f"alone-{identifier}", _shifted(Bases.vision, identifier), full=True)
    yield Violation(
        "PKG-VEC-04",
        "second-output-of-raw",
        vectors(lambda v: _shift(v, "image-2", 1), Bases.vision),
        full=True,
    )
    yield Violation("PKG-VEC-04", "second-document", _in_the_second(lambda v: _shift(v, "two", 1)), full=True)
    yield Violation("PKG-VEC-04", "not-loaded", _refusing("load"), full=True, findings=3)
    yield Violation("PKG-VEC-04", "not-computed", _refusing("run"), full=True, findings=3)


def sound_comparisons() -> Iterator[ValidPackage]:
    """Yield packages whose vectors all just pass."""
    yield ValidPackage("comparisons", lambda: comparisons_draft().directory())
    yield ValidPackage("two-documents", lambda: two_documents_draft().archive())
