"""Chains of steps as forged packages have them: shapes as declared, steps applied, steps changed.

Owns what a step reads and writes by name, and the rows of the table of mutants of steps; leaves the
arithmetic to `oracle.steps`. Serves `package` (processing, mutation score).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.steps import Sizes, Steps

__all__ = ["Graph", "Shapes", "Tools", "altered", "is_omissible", "names", "run", "shapes_of", "sizes_of"]

#: Declared datatype and shape by name, as they stand in the environment of a chain.
Shapes = dict[str, tuple[str, list[Any]]]
#: What an ONNX graph of a step computes.
Graph = Callable[[Sequence[Array]], Sequence[Array]]
FACTOR = 1.0625
#: A dimension that a change cannot be seen along.
_FLAT = (0, 1)


def names(step: Mapping[str, Any], member: str) -> list[str]:
    """Return the names that a step reads (`in`) or writes (`out`)."""
    found = step[member]
    return [found] if isinstance(found, str) else list(found)


@dataclass(frozen=True, slots=True)
class Tools:
    """What steps need beside tensors: files by path, what graphs compute by path, and the symbols' bounds.

    `sizes` are what symbols have in the vector at hand.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    graphs: Mapping[str, Graph] = field(default_factory=dict)
    symbols: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)


def run(step: Mapping[str, Any], arrays: dict[str, Array], tools: Tools, *, omitted: bool = False) -> None:
    """Apply a step to the environment; an omitted one writes what it reads. Raises: Refused."""
    read = [arrays[name] for name in names(step, "in")]
    if omitted:
        written: Sequence[Array] = read[:1]
    elif step["op"] == "graph":
        written = tools.graphs[step["file"]](read)
    else:
        written = Steps(tools.files, Sizes(tools.symbols, dict(tools.sizes))).run(step, read)
    arrays.update(zip(names(step, "out"), written, strict=True))


def sizes_of(shapes: Shapes, arrays: Mapping[str, Array]) -> dict[str, int]:
    """Return the sizes that arrays give to the symbols of their declared shapes."""
    pairs = [(shapes[name][1], array.shape) for name, array in arrays.items() if name in shapes]
    return {
        dim: size
        for shape, sizes in pairs
        for dim, size in zip(shape, sizes, strict=True)
        if isinstance(dim, str)
    }


def shapes_of(manifest: Mapping[str, Any], which: str) -> Shapes:
    """Return every tensor of a chain's environment as declared."""
    start = manifest["interface"]["inputs"] if which == "pre" else manifest["signature"]["outputs"]
    found: Shapes = {tensor["name"]: (tensor["datatype"], list(tensor["shape"])) for tensor in start}
    for step in manifest["processing"][which]:
        _write(step, found)
    return found


def _write(step: Mapping[str, Any], found: Shapes) -> None:
    datatype, shape = found[names(step, "in")[0]]
    out = names(step, "out")
    op = step["op"]
    axis = step["axis"] % len(shape) if "axis" in step and shape else 0
    if op == "graph":
        found.update(
            {n: (o["datatype"], list(o["shape"])) for n, o in zip(out, step["outputs"], strict=True)}
        )
    elif op == "tokenize":
        found.update({name: ("INT64", list(step["shape"])) for name in out})
    elif op == "topk":
        several = [*shape[:axis], step["k"], *shape[axis + 1 :]]
        found.update({out[0]: ("FP32", several), out[1]: ("INT64", several)})
    elif op == "ctc_greedy":
        found.update({out[0]: ("INT64", shape[:2]), out[1]: ("INT64", shape[:1])})
    else:
        found[out[0]] = _written(step, datatype, shape, axis)


def _written(step: Mapping[str, Any], datatype: str, shape: list[Any], axis: int) -> tuple[str, list[Any]]:
    """Return datatype and shape of what a step with one output writes."""
    op = step["op"]
    if op == "cast":
        return step["datatype"], shape
    if op == "transpose":
        return datatype, [shape[each] for each in step["perm"]]
    if op == "argmax":
        return "INT64", shape[:axis] + shape[axis + 1 :]
    if op == "nms":
        return "INT64", list(step["shape"])
    if op == "lookup":
        return "BYTES", shape[:-1] if step["join"] else shape
    if op == "decode_image":
        return "UINT8", list(step["shape"])
    if isinstance(step.get("size"), list):
        at = {each % len(shape): size for each, size in zip(step["axes"], step["size"], strict=True)}
        return datatype, [at.get(place, size) for place, size in enumerate(shape)]
    return datatype, list(step.get("shape", shape))


def is_omissible(step: Mapping[str, Any], shapes: Shapes) -> bool:
    """Say whether there is a mutant in which the step writes what it reads."""
    op = step["op"]
    if op in ("rescale", "normalize", "softmax", "sigmoid"):
        return True
    read, written = (shapes[names(step, member)[0]] for member in ("in", "out"))
    if op == "transpose":
        return list(step["perm"]) != sorted(step["perm"]) and read[1] == written[1]
    if op == "reverse":
        return read[1][step["axis"] % len(read[1])] not in _FLAT
    return op == "graph" and len(names(step, "in")) == len(names(step, "out")) == 1 and read == written


def altered(step: Mapping[str, Any], shapes: Shapes, tools: Tools) -> tuple[dict[str, Any], Tools] | None:
    """Return the step with its member changed as the table says, None where it has no such mutant."""
    op = step["op"]
    shape = shapes[names(step, "in")[0]][1]
    if op == "lookup":
        lines = tools.files[step["file"]].removesuffix(b"\n").split(b"\n")
        rotated = b"\n".join([*lines[1:], lines[0]]) + b"\n"
        other = replace(tools, files={**tools.files, step["file"]: rotated})
        return (dict(step), other) if len(lines) >= 2 else None
    change = _change(step, shape, shapes[names(step, "out")[0]][1])
    return None if change is None else ({**step, **change}, tools)


def _change(step: Mapping[str, Any], shape: list[Any], written: list[Any]) -> dict[str, Any] | None:
    """Return the members that change, None where there is no such mutant."""
    op = step["op"]
    if op == "rescale":
        return {"scale": step["scale"] * FACTOR} if step["scale"] else None
    if op == "normalize":
        mean = list(reversed(step["mean"]))
        other = mean != list(step["mean"])
        return {"mean": mean} if other else {"std": [each * FACTOR for each in step["std"]]}
    if op == "transpose" and len(shape) >= 2:
        *first, a, b = step["perm"]
        return {"perm": [*first, b, a]} if _alike(shape, a, b) else None
    if op in ("softmax", "reverse", "argmax"):
        return _next_axis(step, shape)
    if op == "resize" and written != shape:
        return {"filter": "nearest" if step["filter"] == "linear" else "linear", "antialias": False}
    if op in ("crop", "pad"):
        pairs = zip((shape[axis] for axis in step["axes"]), step["size"], strict=True)
        seen = any(isinstance(size, str) or abs(size - to) >= 2 for size, to in pairs)
        return {"anchor": "start" if step["anchor"] == "center" else "center"} if seen else None
    if op == "tokenize":
        return {"lowercase": not step["lowercase"]}
    if op == "nms":
        return {"iou": step["iou"] / 2} if step["iou"] else None
    if op == "ctc_greedy" and shape[2] >= 2:
        return {"blank": shape[2] - 1 if step["blank"] == 0 else 0}
    return None


def _alike(shape: list[Any], a: int, b: int) -> bool:
    return bool(shape[a] == shape[b] and shape[a] not in _FLAT)


def _next_axis(step: Mapping[str, Any], shape: list[Any]) -> dict[str, Any] | None:
    if len(shape) < 2:
        return None
    axis = step["axis"] % len(shape)
    following = (axis + 1) % len(shape)
    there = {
        "softmax": not (shape[axis] == 1 and shape[following] == 1),
        "reverse": shape[following] not in _FLAT,
        "argmax": _alike(shape, axis, following),
    }
    return {"axis": following} if there[step["op"]] else None
