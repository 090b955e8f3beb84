"""Controls and mutants: those that just apply and are just killed, and those that are not.

Owns two models whose weights show where a vector looks, and changes of the declarations of other packages.
Serves `package` (PKG-VEC-07, PKG-VEC-08, PKG-VEC-11, PKG-VEC-12).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto

from lepton_conformance.forge import models
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.boundaries.comparisons import two_documents_draft
from lepton_conformance.forge.boundaries.wire import field
from lepton_conformance.forge.draft import Draft, Forged, kept
from lepton_conformance.forge.package import MODEL, VECTORS, Case, build_package
from lepton_conformance.forge.score import Model
from lepton_conformance.forge.valid import ValidPackage
from lepton_conformance.forge.violation import Base, Forge, Violation, vectors
from lepton_conformance.oracle.answers import Array

__all__ = ["control_faults", "sound_controls"]

#: What a model computes, from inputs and weights.
Answer = Callable[[Mapping[str, Array], Mapping[str, Array]], dict[str, Array]]
_CODES = {"f": {2: 10, 4: 1, 8: 11}, "i": {1: 3, 4: 6, 8: 7}, "u": {1: 2}}


def _tensor(name: str, array: Array) -> Any:
    from onnx import helper

    code = _CODES[array.dtype.kind][array.dtype.itemsize]
    return helper.make_tensor(name, code, array.shape, array.tobytes(), raw=True)


def _weighed(weights: Mapping[str, Array]) -> bytes:
    """Return a model that multiplies: for each weight `w` an input `xw` and an output `yw`."""
    from onnx import helper

    names = {
        np.dtype("<f2"): "FP16",
        np.dtype("<f4"): "FP32",
        np.dtype("<f8"): "FP64",
        np.dtype("<i8"): "INT64",
    }
    nodes, inputs, outputs = [], [], []
    for name, array in weights.items():
        kind = names[array.dtype]
        nodes.append(helper.make_node("Mul", [f"x{name}", name], [f"y{name}"]))
        inputs.append(models.value(f"x{name}", kind, array.shape))
        outputs.append(models.value(f"y{name}", kind, array.shape))
    return models.model(nodes, inputs, outputs, [_tensor(name, array) for name, array in weights.items()])


def _product(fixed: Mapping[str, Array]) -> Answer:
    """Return what the model computes, by the weights that are given and those that are fixed."""

    def answer(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
        every = {**fixed, **weights}
        return {f"y{name[1:]}": array * every[name[1:]] for name, array in inputs.items()}

    return answer


def weighed_draft(weights: Mapping[str, Array], chosen: str | None, *, killed: bool = True) -> Draft:
    """Return a package of such a model; the control `weights-reversed` names a vector that sees one weight.

    It is `chosen` that the vector sees, or all others where it is not to be `killed`.
    """
    scored = {name: array for name, array in weights.items() if array.dtype.kind == "f"}
    answer = _product(weights)
    cases = []
    for at, name in enumerate(("all", "again", "one")):
        given = {}
        for key, array in weights.items():
            plain = (np.arange(1, array.size + 1) + at).astype(array.dtype).reshape(array.shape)
            sees = name != "one" or ((key == chosen) == killed)
            given[f"x{key}"] = plain if sees else np.zeros_like(plain)
        cases.append(Case(name, given, answer(given, {}), tolerance=(1e-6, 1e-6)))
    controls = [{"control": "constant-answer", "killedBy": "again"}]
    if chosen is not None:
        controls.append({"control": "weights-reversed", "killedBy": "one"})
    kinds = {"<f2": "FP16", "<f4": "FP32", "<f8": "FP64", "<i8": "INT64"}
    tensors = [(key, kinds[array.dtype.str], list(array.shape)) for key, array in weights.items()]
    return build_package(
        name="weighed",
        model=_weighed(weights),
        inputs=[{"name": f"x{key}", "datatype": kind, "shape": shape} for key, kind, shape in tensors],
        outputs=[{"name": f"y{key}", "datatype": kind, "shape": shape} for key, kind, shape in tensors],
        symbols={},
        cases=cases,
        controls=controls,
        computes=Model(answer, scored),
    )


def _floats(*values: float, kind: str = "<f4") -> Array:
    return np.array(values, dtype=kind)


#: Weights, and which of them is reversed.
CHOICES: Mapping[str, tuple[Mapping[str, Array], str | None]] = {
    "largest": ({"p": _floats(1, 2), "q": _floats(1, 2, 4), "r": _floats(3, 5)}, "q"),
    "first-of-equals": ({"q": _floats(1, 2, 4), "p": _floats(4, 2, 1), "r": _floats(5, 6, 8)}, "p"),
    "order-of-bytes": ({"Z": _floats(1, 2, 4), "a": _floats(4, 2, 1), "é": _floats(5, 6, 8)}, "Z"),
    "not-palindromes": ({"p": _floats(1, 2, 1, 2, 1), "q": _floats(1, 2, 3)}, "q"),
    "not-integers": ({"p": _floats(1, 2, 3, 4, kind="<i8"), "q": _floats(1, 2, 3)}, "q"),
    "of-fp16": ({"p": _floats(1, 2), "q": _floats(1, 2, 3, kind="<f2")}, "q"),
    "of-fp64": ({"p": _floats(1, 2), "q": _floats(1, 2, 3, kind="<f8")}, "q"),
    "zeros-of-two-signs": ({"p": _floats(0.0, 1, -0.0), "q": _floats(2, 3)}, None),
    "none-to-choose": ({"p": _floats(1, 2, 1), "q": _floats(3, 4, kind="<i8")}, None),
}
_SKIPPED = ("zeros-of-two-signs",)


def _second(change: bool) -> Forge:
    """Return a forge with a second artifact in whose chosen initializer nothing looks."""

    def forge(bases: Bases) -> Forged:
        draft = bases.alone().linear()
        path = "model/second.onnx"
        data = draft.member(MODEL).data
        if change:
            built = ModelProto.FromString(data)
            built.graph.initializer.append(_tensor("unused", _floats(1, 2, 3, 4, 5, 6, 7)))
            data = built.SerializeToString(deterministic=True)
        draft.add(path, data, "application/vnd.onnx", "artifact")
        draft.manifest["artifacts"].append({**draft.manifest["artifacts"][0], "id": "second", "entry": path})
        return bases.finish(draft)

    return forge


@kept
def many_draft() -> Draft:
    """Return a package with eighteen weights of two elements or more, and others that do not count."""
    weights = {f"w{n:02}": _floats(*range(n, n + 2 + (n % 3))) for n in range(1, 19)}
    more = {"s": _floats(7), "z": _floats(0, 0), "m": _floats(-0.0, 0.0), "i": _floats(1, 2, kind="<i8")}
    return weighed_draft({**weights, **more}, "w02")


def _counted(base: Base, change: Callable[[dict[str, Any]], object]) -> Forge:
    """Return a forge whose declared score is changed, and not brought up to date again."""

    def forge(bases: Bases) -> Forged:
        draft = base(bases)
        draft.sealed()
        draft.score = None
        return bases.finish(draft.edit(VECTORS, lambda document: change(document["mutation"])))

    return forge


def _survive(count: int, *names: str) -> Callable[[dict[str, Any]], object]:
    """Return a change that says that mutants survive: those named, or the first so many weights."""

    def change(mutation: dict[str, Any]) -> None:
        listed = names or [f"weights-perturbed:{n}" for n in range(count)]
        mutation["survivors"] = [
            {"mutant": name, "reason": f"So it is said, {at}."} for at, name in enumerate(listed)
        ]
        mutation["killed"] = mutation["mutants"] - len(listed)

    return change


def _twice(mutation: dict[str, Any]) -> None:
    """Name one survivor twice, and count it once."""
    _survive(0, "weights-zeroed:1", "weights-zeroed:1")(mutation)
    mutation["killed"] += 1


def _many(bases: Bases) -> Draft:
    return many_draft()


def _control(name: str, base: Base, *, at: int | None = None, **members: Any) -> Forge:
    """Return a forge with a control changed, or one more."""

    def change(document: Any) -> None:
        if at is None:
            document["controls"].append({"control": name, **members})
        else:
            document["controls"][at].update(members)

    return vectors(change, base)


def _without(base: Base, control: str, step: int | None = None) -> Forge:
    def change(document: Any) -> None:
        document["controls"] = [
            one for one in document["controls"] if (one["control"], one.get("step")) != (control, step)
        ]

    return vectors(change, base)


_VISION = ("constant-answer", "weights-reversed", "channels-swapped")


def _declarations() -> Iterator[Violation]:
    """Yield controls that do not apply, or name a vector that does not fit."""
    for control in _VISION:
        yield Violation("PKG-VEC-07", f"no-{control}", _without(Bases.vision, control))
    for step in (1, 2):
        yield Violation("PKG-VEC-07", f"no-step-{step}", _without(Bases.vision, "step-omitted", step))
    stages = {"pre": "prepared-2", "post": "answered-2"}
    for at, control in enumerate(_VISION):
        for stage, killer in stages.items():
            forge = _control(control, Bases.vision, at=at, killedBy=killer)
            yield Violation("PKG-VEC-07", f"{control}-by-{stage}", forge)
        forge = _control(control, Bases.vision, at=at, killedBy="nobody")
        yield Violation("PKG-VEC-07", f"{control}-by-nobody", forge)
    for killer in ("planes-1", "prepared-2", "answered-2", "nobody"):
        forge = _control("step-omitted", Bases.vision, at=3, killedBy=killer)
        yield Violation("PKG-VEC-07", f"step-omitted-by-{killer}", forge)
    for step in (0, 3, 4, 63):
        forge = _control("step-omitted", Bases.vision, step=step, killedBy="image-1")
        yield Violation("PKG-VEC-07", f"step-{step}-omitted", forge)
    for killer in ("planes-1", "image-1", "planes-3", "image-3"):
        forge = _control("constant-answer", Bases.vision, at=0, killedBy=killer)
        yield Violation("PKG-VEC-07", f"constant-answer-by-{killer}", forge)
    for at in (0, 2, 4):
        forge = vectors(lambda v, at=at: v["controls"].append(v["controls"][at]), Bases.vision)  # type: ignore[misc]
        yield Violation("PKG-VEC-07", f"twice-{at}", forge)
    forge = _control("channels-swapped", Bases.threshold, killedBy="model-zero")
    yield Violation("PKG-VEC-07", "channels-of-nothing", forge)
    forge = _control("weights-reversed", Bases.threshold, killedBy="model-zero")
    yield Violation("PKG-VEC-07", "weights-of-nothing", forge)
    weights, _ = CHOICES["none-to-choose"]
    reversed_ = {"control": "weights-reversed", "killedBy": "one"}
    draft = weighed_draft(weights, None)
    more = draft.copied().edit(VECTORS, lambda v: v["controls"].append(reversed_))
    yield Violation("PKG-VEC-07", "weights-that-read-alike", lambda bases: bases.finish(more.copied()))
    for kind in ("of-fp16", "of-fp64", "largest"):
        weights, chosen = CHOICES[kind]
        made = weighed_draft(weights, chosen)
        forge = _without(lambda bases, made=made: made.copied(), "weights-reversed")  # type: ignore[misc]
        yield Violation("PKG-VEC-07", f"no-reversal-{kind}", forge)
    yield Violation("PKG-VEC-07", "no-swap-of-two-channels", _without(_channels, "channels-swapped"))
    forge = _control("channels-swapped", lambda bases: bases.linear(), killedBy="one")
    yield Violation("PKG-VEC-07", "no-channel", forge)
    yield Violation("PKG-VEC-07", "of-another-document", _of_another_document)


def _of_another_document(bases: Bases) -> Forged:
    draft = two_documents_draft()
    return bases.finish(draft.edit("vectors/more.json", lambda v: v["controls"][0].update(killedBy="other")))


@kept
def channels_draft() -> Draft:
    """Return the linear package with two channels of its three inputs' places: a model of one weight."""
    draft = weighed_draft({"p": _floats(1, 2), "q": _floats(5, 6, 7)}, "q")
    inputs = draft.manifest["signature"]["inputs"]
    inputs[0]["axes"] = ["channel"]
    inputs[1]["axes"] = ["feature"]
    control = {"control": "channels-swapped", "killedBy": "all"}
    return draft.edit(VECTORS, lambda v: v["controls"].append(control))


def _channels(bases: Bases) -> Draft:
    return channels_draft()


def control_faults() -> Iterator[Violation]:
    """Yield packages whose controls or mutants are declared wrongly, or are not killed."""
    yield from _declarations()
    for name, (weights, chosen) in CHOICES.items():
        if chosen is not None:
            draft = weighed_draft(weights, chosen, killed=False)
            forge = lambda bases, draft=draft: bases.finish(draft.copied())  # noqa: E731
            yield Violation("PKG-VEC-08", name, forge, full=True)
    yield Violation("PKG-VEC-08", "second-artifact", _second(True), full=True)
    for name, change in (
        ("one-more", lambda m: m.update(mutants=m["mutants"] + 1, killed=m["killed"] + 1)),
        ("one-less", lambda m: m.update(mutants=m["mutants"] - 1, killed=m["killed"] - 1)),
        ("sum-too-large", lambda m: m.update(killed=m["killed"] + 1)),
        ("sum-too-small", lambda m: m.update(killed=m["killed"] - 1)),
        ("four-survivors", _survive(4)),
        ("survivor-twice", _survive(0, "weights-zeroed:1", "weights-zeroed:1")),
        ("survivor-twice-and-one-gone", _twice),
        ("weight-of-no-number", _survive(0, "weights-zeroed:16")),
        ("weight-of-zeros", _survive(0, "weights-zeroed:17")),
        ("no-such-kind", _survive(0, "weights-doubled:1")),
        ("no-such-input", _survive(0, "channels-swapped:model/xw01")),
        ("no-such-stage", _survive(0, "channels-swapped:raw/xw01")),
        ("no-such-step", _survive(0, "step-omitted:/processing/pre/0")),
        ("second-is-unknown", _survive(0, "weights-zeroed:1", "weights-zeroed:x")),
    ):
        yield Violation("PKG-VEC-11", name, _counted(_many, change))
    yield Violation("PKG-VEC-11", "no-score", vectors(lambda v: v.pop("mutation", None), _unscored))
    yield Violation("PKG-VEC-11", "two-scores", _two_scores)


def _unscored(bases: Bases) -> Draft:
    draft = many_draft()
    draft.sealed()
    draft.score = None
    return draft


def _two_scores(bases: Bases) -> Forged:
    draft = two_documents_draft()
    draft.sealed()
    none = {"mutants": 0, "killed": 0, "survivors": []}
    return bases.finish(draft.edit("vectors/more.json", lambda v: v.update(mutation=none)))


def _three_survive() -> Forged:
    """Return the package with as many survivors as a tenth of its mutants, rounded down."""
    return _counted(_many, _survive(3))(Bases())


def _given_twice() -> Forged:
    """Return the package with each control declared twice, by different vectors."""
    more: Sequence[dict[str, Any]] = (
        {"control": "weights-reversed", "killedBy": "planes-2"},
        {"control": "step-omitted", "step": 1, "killedBy": "image-3"},
        {"control": "constant-answer", "killedBy": "image-2"},
        {"control": "channels-swapped", "killedBy": "image-1"},
    )
    return vectors(lambda v: v["controls"].extend(more), Bases.vision)(Bases())


def _as_numbers() -> Forged:
    """Return a package whose weight of FP16 stands as numbers, one a field, beside another field."""
    draft = weighed_draft({"p": _floats(1, 2, kind="<f2"), "q": _floats(1, 2, -4)}, "q")
    built = ModelProto.FromString(draft.member(MODEL).data)
    half = built.graph.initializer[0]
    numbers = np.frombuffer(half.raw_data, "<u2")
    half.ClearField("raw_data")
    more = b"".join(field(5, 0, int(number)) for number in numbers) + field(4, 2, bytes(8))
    tensors = [half.SerializeToString() + more, built.graph.initializer[1].SerializeToString()]
    built.graph.ClearField("initializer")
    graph = built.graph.SerializeToString() + b"".join(field(5, 2, tensor) for tensor in tensors)
    built.ClearField("graph")
    return draft.put(MODEL, built.SerializeToString() + field(7, 2, graph)).directory()


def sound_controls() -> Iterator[ValidPackage]:
    """Yield packages whose controls just apply and are killed."""
    for name, (weights, chosen) in CHOICES.items():
        if name not in _SKIPPED:
            draft = weighed_draft(weights, chosen)
            yield ValidPackage(f"chosen-{name}", lambda draft=draft: draft.copied().directory())  # type: ignore[misc]
    yield ValidPackage("second-artifact", lambda: _second(False)(Bases()))
    yield ValidPackage("many-weights", lambda: many_draft().archive())
    yield ValidPackage("three-survivors", _three_survive)
    yield ValidPackage("two-channels", lambda: channels_draft().directory())
    yield ValidPackage("controls-twice", _given_twice)
    yield ValidPackage("weights-as-numbers", _as_numbers)
