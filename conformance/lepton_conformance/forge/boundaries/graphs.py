"""Graphs at the edge of what a manifest says of them: versions, signatures, external files, functions.

Owns a model of two inputs and two outputs whose descriptions are what is asked for; leaves bytes to `wire`.
Serves `package` (PKG-ART-02, PKG-ART-03, PKG-ART-04, PKG-ART-10, PKG-ART-13).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, SparseTensorProto, TensorProto, helper

from lepton_conformance.forge import models
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.boundaries.wire import field, reassembled, with_model
from lepton_conformance.forge.draft import Draft, Forged, kept
from lepton_conformance.forge.package import MODEL, Case, build_package
from lepton_conformance.forge.valid import WEIGHTS, ValidPackage, linear_draft
from lepton_conformance.forge.violation import Forge, Violation, manifest

__all__ = ["graph_faults", "sound_graphs"]

Dims = Sequence[int | str | None] | None
#: Name, datatype and shape of what a graph describes.
Value = tuple[str, str, Dims]
_INPUTS: tuple[Value, Value] = (("p", "FP32", ("a", 2, "b")), ("q", "FP32", ("c", 2, "d")))
_OUTPUTS: tuple[Value, Value] = (("r", "FP32", ("a", 2, "b")), ("s", "FP32", ("c", 2, "d")))


def pair_model(
    inputs: Sequence[Value] = _INPUTS,
    outputs: Sequence[Value] = _OUTPUTS,
    change: Callable[[Any], object] = lambda graph: None,
) -> bytes:
    """Return r = -p and s = |q|; names are those of the inputs and outputs given."""
    nodes = [helper.make_node("Neg", ["p"], ["r"]), helper.make_node("Abs", ["q"], ["s"])]
    data = models.model(
        nodes, [models.value(*one) for one in inputs], [models.value(*one) for one in outputs]
    )
    built = ModelProto.FromString(data)
    change(built.graph)
    serialized: bytes = built.SerializeToString(deterministic=True)
    return serialized


@kept
def pair_draft() -> Draft:
    """Return the package of that model; its symbols are N, for two names of the graph, and M and K."""
    cases = []
    for number, (n, m, k) in enumerate(((1, 1, 1), (1, 1, 1), (2, 3, 2))):
        p = np.arange(n * 2 * m, dtype="<f4").reshape(n, 2, m) + number
        q = np.arange(n * 2 * k, dtype="<f4").reshape(n, 2, k) - number
        cases.append(Case(f"v{number}", {"p": p, "q": q}, {"r": -p, "s": np.abs(q)}))
    symbols = {name: {"min": 1, "max": 4} for name in ("N", "M", "K")}
    shapes = {"p": ["N", 2, "M"], "q": ["N", 2, "K"], "r": ["N", 2, "M"], "s": ["N", 2, "K"]}
    tensors = {name: {"name": name, "datatype": "FP32", "shape": shape} for name, shape in shapes.items()}
    return build_package(
        name="pair",
        model=pair_model(),
        inputs=[tensors["p"], tensors["q"]],
        outputs=[tensors["r"], tensors["s"]],
        symbols=symbols,
        cases=cases,
        controls=[{"control": "constant-answer", "killedBy": "v1"}],
    )


def _pair(data: bytes) -> Forge:
    return lambda bases: bases.finish(pair_draft().put(MODEL, data))


def _one(side: tuple[Value, Value], at: int, **members: Any) -> tuple[Value, Value]:
    """Return a side whose value in a place has another name, datatype or shape."""
    found = list(side)
    name, datatype, shape = found[at]
    found[at] = (members.get("name", name), members.get("datatype", datatype), members.get("shape", shape))
    return found[0], found[1]


def _sequence(graph: Any) -> None:
    kind = graph.output[1].type
    element = kind.tensor_type.elem_type
    kind.Clear()
    kind.sequence_type.elem_type.tensor_type.elem_type = element


def _typed(code: int) -> Callable[[Any], object]:
    def change(graph: Any) -> None:
        graph.input[1].type.tensor_type.elem_type = code

    return change


def _signatures() -> Iterator[Violation]:
    for name, (inputs, outputs) in {
        "inputs-in-another-order": (_INPUTS[::-1], _OUTPUTS),
        "outputs-in-another-order": (_INPUTS, _OUTPUTS[::-1]),
        "first-output-alone": (_INPUTS, _OUTPUTS[:1]),
        "second-output-alone": (_INPUTS, _OUTPUTS[1:]),
        "one-more-input": ((*_INPUTS, ("t", "FP32", (1,))), _OUTPUTS),
        "output-twice": (_INPUTS, (*_OUTPUTS, _OUTPUTS[0])),
    }.items():
        yield Violation("PKG-ART-03", name, _pair(pair_model(inputs, outputs)))
    for side, values in (("inputs", _INPUTS), ("outputs", _OUTPUTS)):
        for at in (0, 1):
            shape: Any = values[at][2]
            wrong: Mapping[str, dict[str, Any]] = {
                "name": {"name": values[at][0].upper()},
                "datatype": {"datatype": "FP64"},
                "fixed": {"shape": (shape[0], 2, 3)},
                "fixed-in-front": {"shape": (1, 2, shape[2])},
                "open": {"shape": (shape[0], "e", shape[2])},
                "nameless": {"shape": (shape[0], None, shape[2])},
                "other-size": {"shape": (shape[0], 3, shape[2])},
                "size-of-none": {"shape": (0, 2, shape[2])},
                "rank-below": {"shape": (shape[0], 2)},
                "rank-above": {"shape": (*shape, 1)},
                "scalar": {"shape": ()},
                "one-name-for-two": {"shape": (shape[0], 2, shape[0])},
            }
            for name, members in wrong.items():
                changed = _one(values, at, **members)
                data = pair_model(changed) if side == "inputs" else pair_model(outputs=changed)
                yield Violation("PKG-ART-03", f"{name}-of-{side}-{at}", _pair(data))
    across = (("r", "FP32", ("e", 2, "f")), ("s", "FP32", ("c", 2, "b")))
    yield Violation("PKG-ART-03", "name-of-an-input-for-an-output", _pair(pair_model(outputs=across)))
    within = _one(_INPUTS, 1, shape=("c", 2, "b"))
    yield Violation("PKG-ART-03", "name-of-another-input", _pair(pair_model(within)))
    yield Violation("PKG-ART-03", "sequence", _pair(pair_model(change=_sequence)))
    for code in (0, 14, 17, 27):
        yield Violation("PKG-ART-03", f"element-type-{code}", _pair(pair_model(change=_typed(code))))
    negative = _one(_INPUTS, 0, shape=("a", -2, "b"))
    yield Violation("PKG-ART-03", "negative-against-a-number", _pair(pair_model(negative)))


def _versions() -> Iterator[Violation]:
    for text in ("IR 7", "IR 08", "IR8", "ir 8", "IR 8 ", "8", "IR 80", "IR  8"):
        forge = manifest(lambda m, text=text: m["artifacts"][0].update(formatVersion=text))  # type: ignore[misc]
        yield Violation("PKG-ART-02", f"version {text}", forge)
    wrong: Mapping[str, dict[str, int]] = {
        "earlier": {"ai.onnx": 16},
        "later": {"ai.onnx": 18},
        "another-domain": {"ai.onnx": 17, "ai.onnx.ml": 3},
        "another-in-its-place": {"ai.onnx.ml": 17},
    }
    for name, opsets in wrong.items():
        forge = manifest(lambda m, opsets=opsets: m["artifacts"][0].update(opsets=opsets))  # type: ignore[misc]
        yield Violation("PKG-ART-02", name, forge)
    for name, domains, opsets in (
        ("one-not-declared", (("", 17), ("ai.onnx.ml", 3)), {"ai.onnx": 17}),
        ("first-not-declared", (("ai.onnx.ml", 3), ("", 17)), {"ai.onnx.ml": 3}),
        ("second-of-another-version", (("", 17), ("ai.onnx.ml", 3)), {"ai.onnx": 17, "ai.onnx.ml": 4}),
        ("named-and-not-earlier", (("", 17), ("ai.onnx", 16)), {"ai.onnx": 17}),
        ("named-and-not-later", (("ai.onnx", 16), ("", 17)), {"ai.onnx": 17}),
        (
            "twice-in-another-domain",
            (("", 17), ("ai.onnx.ml", 3), ("ai.onnx.ml", 2)),
            {"ai.onnx": 17, "ai.onnx.ml": 3},
        ),
    ):
        data = models.linear(domains=domains)
        yield Violation("PKG-ART-02", name, _versioned(data, opsets))


def _versioned(data: bytes, opsets: Mapping[str, int]) -> Forge:
    return lambda bases: bases.finish(with_model(data, bases.alone().linear(), opsets=dict(opsets)))


_DOMAINS = (
    "com.microsoft",
    "ai.onnx.training",
    "ai.onnx.ml.x",
    "AI.ONNX.ML",
    "ai.onnx.preview",
    "org.pytorch.aten",
)


def _far(location: str | None, *more: str, name: str = "hidden") -> Any:
    tensor = TensorProto(name=name, data_type=1, dims=[3, 2], data_location=TensorProto.EXTERNAL)
    for text in (location, *more):
        if text is not None:
            tensor.external_data.add(key="location", value=text)
    tensor.external_data.add(key="length", value="24")
    return tensor


def _hidden(place: str, tensor: Any = None) -> bytes:
    """Return the linear model with a tensor of external data in a place where nothing uses it."""
    built = ModelProto.FromString(models.linear())
    far = _far("hidden.bin") if tensor is None else tensor
    near = TensorProto(name="near", data_type=7, dims=[1], int64_data=[0])
    constant = helper.make_node("Constant", [], ["k"], value=far)
    inner = helper.make_graph([constant], "inner", [], [helper.make_tensor_value_info("k", 1, None)])
    if place == "subgraph":
        built.graph.node.insert(
            0, helper.make_node("If", ["c"], ["k0"], then_branch=inner, else_branch=inner)
        )
    elif place == "initializer-of-a-subgraph":
        empty = helper.make_graph([], "inner", [], [], [far])
        built.graph.node.insert(
            0, helper.make_node("If", ["c"], ["k0"], then_branch=empty, else_branch=empty)
        )
    elif place == "graphs":
        built.graph.node.insert(0, helper.make_node("Any", [], ["k0"], branches=[inner]))
    elif place == "tensors":
        built.graph.node.insert(0, helper.make_node("Any", [], ["k0"], values=[near, far]))
    elif place == "sparse-values":
        built.graph.sparse_initializer.append(SparseTensorProto(values=far, indices=near, dims=[9]))
    elif place == "sparse-indices":
        built.graph.sparse_initializer.append(SparseTensorProto(values=near, indices=far, dims=[9]))
    elif place == "function":
        opsets = [helper.make_opsetid("", 17)]
        built.functions.append(helper.make_function("forge", "f", [], ["k"], [constant], opsets))
    elif place == "training":
        built.training_info.add().algorithm.CopyFrom(inner)
    else:
        built.graph.initializer.append(far)
    serialized: bytes = built.SerializeToString(deterministic=True)
    return serialized


_HIDING = (
    *("initializer", "subgraph", "initializer-of-a-subgraph", "graphs", "tensors"),
    *("sparse-values", "sparse-indices", "function", "training"),
)
_LOCATIONS = {
    "empty": "",
    "parent": "../hidden.bin",
    "parent-within": "a/../hidden.bin",
    "here": "./hidden.bin",
    "here-within": "a/./hidden.bin",
    "two-slashes": "a//hidden.bin",
    "slash-behind": "hidden.bin/",
    "absolute": "/hidden.bin",
    "backslash": "a\\hidden.bin",
    "drive": "c:hidden.bin",
    "not-nfc": "e\u0301.bin",
    "control": "a\u0001.bin",
    "override": "a\u202e.bin",
    "long": "x" * 256,
    "star": "*.bin",
}


def _externals() -> Iterator[Violation]:
    for place in _HIDING:
        yield Violation("PKG-ART-04", f"in-{place}", _plain(_hidden(place)))
    for name, text in _LOCATIONS.items():
        yield Violation("PKG-ART-04", f"location-{name}", _plain(_hidden("initializer", _far(text))))
    for name, tensor in (
        ("twice", _far("weights.bin", "weights.bin")),
        ("none", _far(None)),
        ("in-capitals", _renamed("Location")),
    ):
        yield Violation("PKG-ART-04", f"location-{name}", _plain(_hidden("initializer", tensor)))
    yield Violation("PKG-ART-04", "of-the-root", _of_the_root)
    yield Violation("PKG-ART-04", "second-artifact", _second_artifact)
    yield Violation("PKG-ART-04", "declared-in-vain", _in_vain)


def _renamed(key: str) -> Any:
    tensor = _far(None)
    tensor.external_data.add(key=key, value="weights.bin")
    return tensor


def _plain(data: bytes) -> Forge:
    return lambda bases: bases.finish(bases.alone().linear().put(MODEL, data))


def _of_the_root(bases: Bases) -> Forged:
    """Return the package whose external file is found from the root, not from beside the entry."""
    draft = bases.alone().external()
    data = draft.member(WEIGHTS).data
    draft.members = [one for one in draft.members if one.path != WEIGHTS]
    draft.add("weights.bin", data, "application/octet-stream", "weights")
    draft.manifest["artifacts"][0]["external"] = ["weights.bin"]
    return bases.finish(draft)


def _second_artifact(bases: Bases) -> Forged:
    draft = bases.alone().external()
    path = "model/second.onnx"
    draft.add(path, draft.member(MODEL).data, "application/vnd.onnx", "artifact")
    second = {**draft.manifest["artifacts"][0], "id": "second", "entry": path}
    del second["external"]
    draft.manifest["artifacts"].append(second)
    return bases.finish(draft)


def _in_vain(bases: Bases) -> Forged:
    draft = bases.alone().linear().add("model/w.bin", b"w", "application/octet-stream", "weights")
    draft.manifest["artifacts"][0]["external"] = ["model/w.bin"]
    return bases.finish(draft)


Call = tuple[str, str, str]


def _functions(calls: Mapping[Call, Sequence[Call]], *, deep: bool = False) -> bytes:
    """Return the linear model with functions, by domain, name and overload, and what each calls."""
    built = ModelProto.FromString(models.linear())
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("forge", 1)]
    for (domain, name, overload), called in calls.items():
        nodes = [helper.make_node(one[1], ["x"], ["y"], domain=one[0], overload=one[2]) for one in called]
        if deep:
            inner = helper.make_graph(nodes, "inner", [], [])
            nodes = [helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)]
        made = helper.make_function(domain, name, ["x"], ["y"], nodes, opsets, overload=overload)
        built.functions.append(made)
    serialized: bytes = built.SerializeToString(deterministic=True)
    return serialized


_F, _G, _H = (("forge", name, "") for name in "fgh")
_CIRCLES: Mapping[str, Mapping[Call, Sequence[Call]]] = {
    "itself": {_F: [_F]},
    "second": {_F: [], _G: [_G]},
    "three": {_F: [_G], _G: [_H], _H: [_F]},
    "second-call": {_F: [_G, _H], _G: [], _H: [_F]},
    "behind-one-that-is-finished": {_G: [], _F: [_G, _F]},
    "of-an-overload": {("forge", "f", "a"): [("forge", "f", "a")]},
    "named-domain": {("", "Own", ""): [("ai.onnx", "Own", "")]},
    "named-domain-of-the-function": {("ai.onnx", "Own", ""): [("", "Own", "")]},
}
_NO_CIRCLES: Mapping[str, Mapping[Call, Sequence[Call]]] = {
    "chain": {_F: [_G], _G: [_H], _H: []},
    "diamond": {_F: [_G, _H], _G: [("forge", "i", "")], _H: [("forge", "i", "")], ("forge", "i", ""): []},
    "other-overload": {("forge", "f", "a"): [("forge", "f", "b")], ("forge", "f", "b"): []},
    "other-domain": {_F: [("", "f", ""), ("other", "f", "")]},
    "name-in-capitals": {_F: [("forge", "F", "")]},
}


def graph_faults() -> Iterator[Violation]:
    """Yield packages whose graphs are not what their manifests say."""
    yield from _signatures()
    yield from _versions()
    yield from _externals()
    for domain in _DOMAINS:
        data = models.linear(domains=(("", 17), (domain, 1)))
        yield Violation("PKG-ART-10", domain, _versioned(data, {"ai.onnx": 17, domain: 1}))
    for deep in (False, True):
        for name, calls in _CIRCLES.items():
            forge = _plain(_functions(calls, deep=deep))
            yield Violation("PKG-ART-13", f"{name}-deep" if deep else name, forge)


def _initializers_as_inputs(graph: Any) -> None:
    given = helper.make_tensor("w", 1, [1], [1.0])
    graph.initializer.append(given)
    graph.input.insert(0, helper.make_tensor_value_info("w", 1, [1]))
    values = helper.make_tensor("sparse", 1, [1], [1.0])
    indices = helper.make_tensor("at", 7, [1], [0])
    graph.sparse_initializer.append(SparseTensorProto(values=values, indices=indices, dims=[4]))
    graph.input.append(helper.make_tensor_value_info("sparse", 1, [4]))


def _shapeless(graph: Any) -> None:
    for one in (*graph.input, *graph.output):
        one.type.tensor_type.ClearField("shape")


def sound_graphs() -> Iterator[ValidPackage]:
    """Yield packages whose graphs are only just what their manifests say."""
    nameless = [(name, kind, (None, 2, None)) for name, kind, _ in (*_INPUTS, *_OUTPUTS)]
    negative = [(name, kind, (-1, 2, -7)) for name, kind, _ in (*_INPUTS, *_OUTPUTS)]
    empty = [(name, kind, ("", 2, "")) for name, kind, _ in (*_INPUTS, *_OUTPUTS)]
    graphs = {
        "two-names-for-one-symbol": pair_model(),
        "initializers-as-inputs": pair_model(change=_initializers_as_inputs),
        "no-shapes": pair_model(change=_shapeless),
        "no-names": pair_model(nameless[:2], nameless[2:]),
        "negative": pair_model(negative[:2], negative[2:]),
        "empty-names": pair_model(empty[:2], empty[2:]),
    }
    for name, data in graphs.items():
        yield ValidPackage(name, lambda data=data: pair_draft().put(MODEL, data).directory())  # type: ignore[misc]
    domains = (("ai.onnx", 17), ("", 17), ("ai.onnx.ml", 3), ("ai.onnx.preview.training", 1))
    linears = {
        "standard-domains": models.linear(domains=domains),
        **{f"functions-{name}": _functions(calls) for name, calls in _NO_CIRCLES.items()},
        **{f"functions-{name}-deep": _functions(calls, deep=True) for name, calls in _NO_CIRCLES.items()},
        "location-of-none": reassembled(
            (7, 5), field(13, 2, field(1, 2, b"location") + field(2, 2, b"../x"))
        ),
    }
    for name, data in linears.items():
        yield ValidPackage(name, lambda data=data: with_model(data).archive())  # type: ignore[misc]
    for place in _HIDING:
        yield ValidPackage(f"external-in-{place}", lambda place=place: _listed(place))  # type: ignore[misc]


def _listed(place: str) -> Forged:
    """Return the package with a hidden tensor whose file is listed, in a folder of its own."""
    draft = with_model(_hidden(place, _far("deep/er/hidden.bin")), linear_draft())
    draft.add("model/deep/er/hidden.bin", bytes(24), "application/octet-stream", "weights")
    draft.manifest["artifacts"][0]["external"] = ["model/deep/er/hidden.bin"]
    return draft.directory()
