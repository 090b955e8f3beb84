"""The mutation score of a forged package, from the standard's closed list and the suite's own arithmetic.

Owns which mutants a package has and which of its vectors kill them; leaves the operators to `oracle.steps`
and the model's arithmetic to the `Model` that it is given. Serves `package` (mutation score).
"""

import base64
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lepton_conformance.forge.chain import (
    Graph,
    Shapes,
    Tools,
    altered,
    is_omissible,
    run,
    shapes_of,
    sizes_of,
)
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import from_binary, to_binary
from lepton_conformance.oracle.steps import Refused

__all__ = ["Model", "mutation"]

MAX_WEIGHTS = 16
FACTOR = 1.0625
#: Where an unlike answer of a model is of no use: it has none.
_NO_ANSWER = (Refused, ValueError, IndexError, KeyError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Model:
    """What the artifact computes: outputs from inputs and weights, both by name."""

    answer: Callable[[Mapping[str, Array], Mapping[str, Array]], Mapping[str, Array]]
    weights: Mapping[str, Array] = field(default_factory=dict)
    graphs: Mapping[str, Graph] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Package:
    """The package that is scored, and what it computes; a mutant has one of them changed."""

    manifest: Mapping[str, Any]
    model: Model
    weights: Mapping[str, Array]
    tools: Tools
    omitted: str = ""
    changed: tuple[str, Mapping[str, Any]] | None = None
    swap: tuple[str, Callable[[Array], Array]] | None = None

    def answer(self, vector: Mapping[str, Any]) -> dict[str, Array]:
        """Return what the package answers to a vector. Raises: one of `_NO_ANSWER`."""
        arrays = {tensor["name"]: _array(tensor) for tensor in vector["inputs"]}
        stage = vector["stage"]
        if self.swap is not None:
            name, exchange = self.swap
            arrays[name] = exchange(arrays[name])
        if stage == "step":
            return self._chain(arrays, [vector["step"]])
        if stage in ("raw", "pre"):
            arrays = self._filled(arrays, self.manifest["interface"]["inputs"])
            arrays = self._chain(arrays, self._pointers("pre"))
        if stage in ("raw", "model"):
            arrays = dict(
                self.model.answer(self._filled(arrays, _side(self.manifest, "inputs")), self.weights)
            )
        if stage in ("raw", "post"):
            arrays = self._chain(arrays, self._pointers("post"))
        return arrays

    def _pointers(self, which: str) -> list[str]:
        steps = self.manifest.get("processing", {}).get(which, [])
        return [f"/processing/{which}/{place}" for place in range(len(steps))]

    def _chain(self, arrays: Mapping[str, Array], pointers: Sequence[str]) -> dict[str, Array]:
        found = dict(arrays)
        tools = self.tools
        if any(_step(self.manifest, pointer)["op"] == "reshape" for pointer in pointers):
            which = pointers[0].split("/")[2]
            tools = replace(tools, sizes=sizes_of(shapes_of(self.manifest, which), arrays))
        for pointer in pointers:
            step: Mapping[str, Any] = _step(self.manifest, pointer)
            if self.changed is not None and self.changed[0] == pointer:
                step = self.changed[1]
            run(step, found, tools, omitted=self.omitted == pointer)
        return found

    def _filled(self, arrays: Mapping[str, Array], tensors: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
        defaults = {t["name"]: t["default"] for t in tensors if t.get("optional") and t["name"] not in arrays}
        with np.errstate(over="ignore"):  # one of another datatype, which no model here reads
            filled = {name: np.array(value, dtype="<f4") for name, value in defaults.items()}
        return {**arrays, **filled}


def mutation(
    manifest: Mapping[str, Any], document: Mapping[str, Any], model: Model, files: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return the member `mutation` of a vectors document; `files` are those that steps read."""
    tools = Tools(files, model.graphs, manifest.get("symbols", {}))
    plain = _Package(manifest, model, model.weights, tools)
    survivors, count = [], 0
    for name, mutant, vectors in _mutants(plain, document["vectors"]):
        count += 1
        if not any(_kills(mutant, vector) for vector in vectors):
            survivors.append({"mutant": name, "reason": "Nothing that the model answers depends on it."})
    return {"mutants": count, "killed": count - len(survivors), "survivors": survivors}


_Mutant = tuple[str, _Package, list[Mapping[str, Any]]]


def _mutants(plain: _Package, vectors: Sequence[Mapping[str, Any]]) -> Iterator[_Mutant]:
    """Yield each mutant: its name, the package with its fault, and the vectors that are fit for it."""
    whole = [vector for vector in vectors if vector["stage"] in ("model", "raw")]
    for place, name in enumerate(_ranked(plain.weights)):
        for kind, change in (("perturbed", _perturbed), ("zeroed", np.zeros_like)):
            array = plain.weights[name]
            other = change(array)
            # a zero of either sign is 0
            if array.any() if kind == "zeroed" else other.tobytes() != array.tobytes():
                weights = {**plain.weights, name: other}
                yield f"weights-{kind}:{place}", _with(plain, weights=weights), whole
    yield from _swaps(plain, vectors)
    yield from _steps(plain, vectors)


def _with(plain: _Package, **changes: Any) -> _Package:
    members = {name: getattr(plain, name) for name in ("manifest", "model", "weights", "tools")}
    return _Package(**{**members, **changes})


def _ranked(weights: Mapping[str, Array]) -> list[str]:
    several = [name for name, array in weights.items() if array.size >= 2]
    return sorted(several, key=lambda name: (-weights[name].size, name.encode()))[:MAX_WEIGHTS]


def _perturbed(array: Array) -> Array:
    flat = array.reshape(-1).copy()
    flat[1::2] = (flat[1::2].astype(np.float64) * FACTOR).astype(array.dtype)
    return flat.reshape(array.shape)


def _swaps(plain: _Package, vectors: Sequence[Mapping[str, Any]]) -> Iterator[_Mutant]:
    manifest = plain.manifest
    processing = manifest.get("processing", {})
    stages = {"model": _side(manifest, "inputs")}
    if any(processing.get(which) for which in ("pre", "post")):
        stages["raw"] = manifest["interface"]["inputs"]
    for stage, tensors in stages.items():
        of_stage = [vector for vector in vectors if vector["stage"] == stage]
        for tensor in tensors:
            name, axes = tensor["name"], tensor.get("axes", [])
            if len(axes) != len(tensor["shape"]):
                continue
            if axes.count("channel") == 1:
                at = axes.index("channel")
                size = tensor["shape"][at]
                if isinstance(size, int) and size >= 2:
                    swap = (name, functools.partial(np.flip, axis=at))
                    fit = [vector for vector in of_stage if _has(vector, name)]
                    yield f"channels-swapped:{stage}/{name}", _with(plain, swap=swap), fit
            if axes.count("y") == 1 and axes.count("x") == 1:
                y, x = axes.index("y"), axes.index("x")
                fit = [v for v in of_stage if _has(v, name) and _square(v, name, y, x)]
                if fit:
                    swap = (name, functools.partial(np.swapaxes, axis1=y, axis2=x))
                    yield f"axes-swapped:{stage}/{name}", _with(plain, swap=swap), fit


def _has(vector: Mapping[str, Any], name: str) -> bool:
    return any(tensor["name"] == name for tensor in vector["inputs"])


def _square(vector: Mapping[str, Any], name: str, y: int, x: int) -> bool:
    shape = next(tensor["shape"] for tensor in vector["inputs"] if tensor["name"] == name)
    return bool(shape[y] == shape[x] and shape[y] >= 2)


def _steps(plain: _Package, vectors: Sequence[Mapping[str, Any]]) -> Iterator[_Mutant]:
    processing = plain.manifest.get("processing", {})
    for which in ("pre", "post"):
        steps = processing.get(which, [])
        shapes: Shapes = shapes_of(plain.manifest, which) if steps else {}
        for place, step in enumerate(steps):
            pointer = f"/processing/{which}/{place}"
            fit = [v for v in vectors if v["stage"] in ("raw", which) or v.get("step") == pointer]
            if is_omissible(step, shapes):
                yield f"step-omitted:{pointer}", _with(plain, omitted=pointer), fit
            other = altered(step, shapes, plain.tools)
            if other is not None:
                changed = _with(plain, changed=(pointer, other[0]), tools=other[1])
                yield f"step-altered:{pointer}", changed, fit


def _kills(mutant: _Package, vector: Mapping[str, Any]) -> bool:
    """Say whether a vector does not pass on a mutant; an error and a refusal are kills, too."""
    try:
        found = mutant.answer(vector)
    except _NO_ANSWER:
        return True
    rules = {rule["output"]: rule for rule in vector["comparisons"]}
    for tensor in vector["expected"]:
        answer = found.get(tensor["name"])
        if answer is None or not _passes(answer, tensor, rules[tensor["name"]]):
            return True
    return False


def _passes(answer: Array, tensor: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    expected = _array(tensor)
    if answer.shape != expected.shape or answer.dtype != expected.dtype:
        return False
    if rule["comparator"] == "exact":
        return to_binary(answer) == to_binary(expected)
    a, e = answer.astype(np.float64), expected.astype(np.float64)
    with np.errstate(all="ignore"):
        near = np.abs(a - e) <= rule["atol"] + rule["rtol"] * np.abs(e)
    both = np.isnan(a) & np.isnan(e) if rule.get("nan") == "equal" else np.zeros_like(near)
    return bool((near | both | (np.isinf(a) & (a == e))).all())


def _array(tensor: Mapping[str, Any]) -> Array:
    # numpy has no BF16: its bits are moved and compared, never computed with
    datatype = "UINT16" if tensor["datatype"] == "BF16" else tensor["datatype"]
    return from_binary(datatype, tensor["shape"], base64.b64decode(tensor["data"]))


def _side(manifest: Mapping[str, Any], which: str) -> list[dict[str, Any]]:
    tensors: list[dict[str, Any]] = manifest["signature"][which]
    return tensors


def _step(manifest: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    _, _, which, place = pointer.split("/")
    step: dict[str, Any] = manifest["processing"][which][int(place)]
    return step
