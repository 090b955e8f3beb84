"""Vectors just within and just beyond their tensors: shapes, bounds, sizes, stages, numbers of them.

Owns a model that answers what it is given, whose vectors have the shapes that are asked for, and changes of
other packages. Serves `package` (PKG-VEC-01, PKG-VEC-03, PKG-VEC-05, PKG-VEC-06, PKG-VEC-09, PKG-VEC-10).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.boundaries.comparisons import echo_model
from lepton_conformance.forge.draft import Draft, Forged, kept
from lepton_conformance.forge.package import VECTORS, Case, build_package
from lepton_conformance.forge.valid import ValidPackage, threshold_draft
from lepton_conformance.forge.violation import Base, Forge, Violation, vectors

__all__ = ["sound_vectors", "vector_faults"]

_BOUNDS: Mapping[str, Mapping[str, Any]] = {
    "A": {"min": 2, "max": 6, "multipleOf": 2},
    "B": {"min": 3, "unbounded": True},
    "C": {"min": 3, "max": 5, "multipleOf": 4},
    "D": {"min": 0, "max": 1},
}
_SHAPE = ("A", "B", "C", "D", 2)
#: Concrete sizes of A, B, C and D in vectors that fit, at every end.
_FIT = ((2, 3, 4, 0), (6, 3, 4, 1), (2, 7, 4, 1), (4, 3, 4, 1))


def _sizes(
    shapes: Sequence[tuple[int, ...]],
    symbols: Mapping[str, Mapping[str, Any]] = _BOUNDS,
    interface: Mapping[str, Any] | None = None,
) -> Draft:
    """Return the package whose vectors have these sizes, two of the last ones."""
    cases = []
    for number, one in enumerate([*shapes, shapes[-1]]):
        x = np.arange(np.prod(one) * 2, dtype="<f4").reshape(*one, 2) + number
        cases.append(Case(f"v{number}", {"x": x}, {"x2": x}))
    tensor = {"datatype": "FP32", "shape": list(_SHAPE)}
    return build_package(
        name="sizes",
        model=echo_model({"x": ("FP32", _SHAPE)}),
        inputs=[{"name": "x", **tensor}],
        outputs=[{"name": "x2", **tensor}],
        symbols=symbols,
        cases=cases,
        controls=[{"control": "constant-answer", "killedBy": _killer(shapes)}],
        interface=interface,
        processing=None if interface is None else {"pre": [], "post": []},
    )


def _killer(shapes: Sequence[tuple[int, ...]]) -> str:
    """Return the vector that has the shape of the first one, and other elements."""
    return f"v{[*shapes[1:], shapes[-1]].index(shapes[0]) + 1}"


@kept
def sizes_draft() -> Draft:
    """Return the package with vectors at every end of the bounds."""
    return _sizes((*_FIT[1:], _FIT[0], _FIT[1]))


def _shaped(*shapes: tuple[int, ...], symbols: Mapping[str, Any] = _BOUNDS) -> Forge:
    return lambda bases: bases.finish(_sizes(shapes, symbols))


def _sized(*extra: tuple[int, ...]) -> Forge:
    """Return a forge with vectors of these sizes beside those that fit."""
    return _shaped(*_FIT[1:], *extra, _FIT[1])


def _first_sizes(*fixed: int) -> Forge:
    """Return a forge in whose vectors one of the symbols has its smallest size only."""
    place = next(at for at, size in enumerate(fixed) if size >= 0)
    found = [tuple(fixed[at] if at == place else size for at, size in enumerate(one)) for one in _FIT[1:]]
    return _shaped(*found, found[0])


def _answer(change: Callable[[dict[str, Any]], object]) -> Forge:
    """Return a forge whose first vector is another one."""

    def forge(bases: Bases) -> Forged:
        return bases.finish(sizes_draft().edit(VECTORS, lambda v: change(v["vectors"][0])))

    return forge


@kept
def _optional_within() -> Draft:
    """Return the package with an optional input that the interface does not have."""
    draft = threshold_draft()
    draft.manifest["interface"]["inputs"] = [draft.manifest["interface"]["inputs"][0]]

    def change(document: Any) -> None:
        document["vectors"] = [
            one for one in document["vectors"] if one["id"] not in ("raw-zero", "raw-long")
        ]
        raw = next(one for one in document["vectors"] if one["id"] == "raw-half")
        x = raw["inputs"][0]
        rule = {"output": "x", "comparator": "exact"}
        both = {"inputs": [x], "expected": [x], "comparisons": [rule]}
        document["vectors"].append({"id": "pre", "stage": "pre", **both})

    return draft.edit(VECTORS, change)


@kept
def _larger_before() -> Draft:
    """Return the package of one size, a symbol of whose interface only a vector of `pre` makes larger."""
    draft = threshold_draft()
    more = {"name": "e", "datatype": "FP32", "shape": ["E"], "optional": True, "default": 0}
    draft.manifest["interface"]["inputs"].append(more)
    draft.manifest["symbols"]["E"] = {"min": 1, "max": 2}

    def change(document: Any) -> None:
        raw = next(one for one in document["vectors"] if one["id"] == "raw-half")
        e = {"name": "e", "datatype": "FP32", "shape": [2], "data": "AAAAAAAAgD8="}
        limit = {"name": "limit", "datatype": "FP32", "shape": [], "data": "AAAAPw=="}
        expected = [raw["inputs"][0], limit]
        rules = [{"output": name, "comparator": "exact"} for name in ("x", "limit")]
        pre = {"id": "pre", "stage": "pre", "inputs": [*raw["inputs"], e]}
        document["vectors"].append({**pre, "expected": expected, "comparisons": rules})

    return draft.edit(VECTORS, change)


def _smallest_before(bases: Bases) -> Forged:
    draft = _larger_before()
    one = {"name": "e", "datatype": "FP32", "shape": [1], "data": "AAAAAA=="}
    return bases.finish(draft.edit(VECTORS, lambda v: v["vectors"][-1]["inputs"].__setitem__(-1, one)))


def _drop(*identifiers: str) -> Callable[[Any], object]:
    return lambda document: document.update(
        vectors=[one for one in document["vectors"] if one["id"] not in identifiers]
    )


def _staged(identifier: str, change: Callable[[dict[str, Any]], object], base: Base) -> Forge:
    def edit(document: Any) -> None:
        change(next(one for one in document["vectors"] if one["id"] == identifier))

    return vectors(edit, base)


def _rule(output: str) -> dict[str, Any]:
    return {"output": output, "comparator": "allclose", "atol": 0, "rtol": 0, "nan": "forbidden"}


def _swap(side: str, place: int, **members: Any) -> Callable[[dict[str, Any]], object]:
    return lambda vector: vector[side][place].update(members)


_ORACLES = ("ONNXRUNTIME", "onnxRuntime", "OnnxRuntime")
_OTHERS = ("onnxruntime-web", "onnx", "onnxruntime 1.19", " onnxruntime", "numpy", "ort", "onnx-runtime")


def _oracle(name: str) -> Callable[[Any], object]:
    return lambda document: document["provenance"]["oracle"].update(name=name)


def vector_faults() -> Iterator[Violation]:
    """Yield packages whose vectors do not fit, or are too few."""
    beyond = {
        "above-the-largest": (8, 3, 4, 1),
        "below-the-smallest": (0, 3, 4, 1),
        "no-multiple": (5, 3, 4, 1),
        "smallest-of-the-unbounded": (2, 2, 4, 1),
        "no-multiple-at-the-end": (2, 3, 5, 1),
        "no-multiple-at-the-beginning": (2, 3, 3, 1),
        "one-more": (2, 3, 4, 2),
    }
    for name, shape in beyond.items():
        yield Violation("PKG-VEC-03", name, _sized(shape))
    members = {
        "rank-above": {"shape": [6, 3, 4, 1, 2, 1]},
        "rank-below": {"shape": [6, 3, 8]},
        "fixed-size": {"shape": [6, 3, 4, 2, 1]},
        "symbol-in-the-answer": {"shape": [4, 3, 4, 1, 3]},
    }
    for name, change in members.items():
        for side in ("inputs", "expected"):
            yield Violation("PKG-VEC-03", f"{name}-of-{side}", _answer(_swap(side, 0, **change)))
    for side in ("inputs", "expected"):
        for name, other in (("name", {"name": "y"}), ("datatype", {"datatype": "INT32"})):
            yield Violation("PKG-VEC-03", f"{name}-of-{side}", _answer(_swap(side, 0, **other)))
        yield Violation(
            "PKG-VEC-03",
            f"twice-in-{side}",
            _answer(lambda v, side=side: v[side].append(v[side][0])),  # type: ignore[misc]
        )
    for identifier, base in (("model-last", Bases.threshold), ("raw-half", Bases.threshold)):
        for name, step in (
            ("no-second-output", lambda v: (v["expected"].pop(), v["comparisons"].pop())),
            ("no-second-comparison", lambda v: v["comparisons"].pop()),
            ("comparison-of-another", lambda v: v["comparisons"][1].update(output="x")),
            (
                "comparison-besides",
                lambda v: v["comparisons"].append({**v["comparisons"][0], "output": "limit"}),
            ),
            ("comparison-again", lambda v: v["comparisons"].append(v["comparisons"][1])),
            ("input-of-no-name", lambda v: v["inputs"].append({**v["inputs"][0], "name": "more"})),
            ("no-input", lambda v: v["inputs"].clear()),
        ):
            yield Violation("PKG-VEC-03", f"{name}-of-{identifier}", _staged(identifier, step, base))
    for identifier in ("prepared-2", "answered-2", "image-2", "planes-2"):
        forge = _staged(identifier, _swap("inputs", 0, name="other"), Bases.vision)
        yield Violation("PKG-VEC-03", f"name-in-{identifier}", forge)
        forge = _staged(identifier, _swap("expected", 0, name="other"), Bases.vision)
        yield Violation("PKG-VEC-03", f"answer-in-{identifier}", forge)
    for name, pointer in (("no-such-step", "/processing/post/7"), ("step-of-pre", "/processing/pre/9")):
        forge = _staged("step-one", lambda v, pointer=pointer: v.update(step=pointer), Bases.text)  # type: ignore[misc]
        yield Violation("PKG-VEC-03", name, forge)
    for stage in ("raw", "pre", "post"):
        forge = _answer(lambda v, stage=stage: v.update(stage=stage))  # type: ignore[misc]
        yield Violation("PKG-VEC-03", f"{stage}-without-an-interface", forge)
    forge = _answer(lambda v: v.update(stage="step", step="/processing/pre/0"))
    yield Violation("PKG-VEC-03", "step-without-processing", forge)
    yield Violation("PKG-VEC-05", "first-symbol", _first_sizes(2, -1, -1, -1))
    yield Violation("PKG-VEC-05", "unbounded-symbol", _first_sizes(-1, 3, -1, -1))
    yield Violation("PKG-VEC-05", "symbol-from-none", _first_sizes(-1, -1, -1, 0))
    later = {**_BOUNDS, "A": {"min": 3, "max": 6, "multipleOf": 2}}
    fours = [(4, *one[1:]) for one in _FIT[1:]]
    yield Violation("PKG-VEC-05", "smallest-is-no-minimum", _shaped(*fours, fours[0], symbols=later))
    yield Violation("PKG-VEC-05", "symbol-of-the-interface", _smallest_before)
    yield Violation("PKG-VEC-01", "one-of-the-model", vectors(_keep_model("planes-1"), Bases.vision))
    yield Violation("PKG-VEC-01", "one-raw-with-post-alone", vectors(_drop_raw("raw-three"), Bases.boxes))
    for identifier in ("answered-2", "image-2"):
        forge = _staged(identifier, lambda v: v["comparisons"].__setitem__(1, _rule("class")), Bases.vision)
        yield Violation("PKG-VEC-06", f"of-{identifier}", forge)
    for identifier in ("pre-one", "tokens-marks"):
        forge = _staged(
            identifier,
            lambda v: v["comparisons"].__setitem__(0, _rule(v["comparisons"][0]["output"])),
            Bases.text,
        )
        yield Violation("PKG-VEC-06", f"of-{identifier}", forge)
    forge = _staged("ascii", lambda v: v["comparisons"].__setitem__(0, _rule("u")), Bases.strings)
    yield Violation("PKG-VEC-06", "of-strings", forge)
    for name in _ORACLES:
        yield Violation("PKG-VEC-09", name, vectors(_oracle(name)))
    for names, pointer in ((("prepared-2", "prepared-3"), "pre"), (("answered-2", "answered-3"), "post")):
        yield Violation("PKG-VEC-10", f"no-{pointer}", vectors(_drop(*names), Bases.vision))


def _keep_model(identifier: str) -> Callable[[Any], object]:
    """Return a change that leaves one vector of the stage `model`."""
    return lambda document: document.update(
        vectors=[one for one in document["vectors"] if one["stage"] != "model" or one["id"] == identifier]
    )


def _drop_raw(identifier: str) -> Callable[[Any], object]:
    """Return a change that leaves one vector of the stage `raw`."""
    return lambda document: document.update(
        vectors=[one for one in document["vectors"] if one["stage"] != "raw" or one["id"] == identifier]
    )


def sound_vectors() -> Iterator[ValidPackage]:
    """Yield packages whose vectors just fit."""
    yield ValidPackage("sizes", lambda: sizes_draft().archive())
    yield ValidPackage("optional-within", lambda: _optional_within().directory())
    yield ValidPackage("larger-before", lambda: _larger_before().directory())
    for name in _OTHERS:
        forged = vectors(_oracle(name))
        yield ValidPackage(f"oracle {name}", lambda forged=forged: forged(Bases()))  # type: ignore[misc]
