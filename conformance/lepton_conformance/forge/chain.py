"""Chains of steps as forged packages have them: shapes as declared, steps applied, steps changed.

Owns what a step reads and writes by name, and the rows of the table of mutants of steps; leaves the
arithmetic to `oracle.steps`. Serves `package` (processing, mutation score).
"""

from collections.abc import Mapping
from typing import Any

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.steps import Steps

__all__ = ["Shapes", "altered", "is_omissible", "names", "run", "shapes_of"]

#: Declared datatype and shape by name, as they stand in the environment of a chain.
Shapes = dict[str, tuple[str, list[Any]]]
_SAME_SHAPE = ("rescale", "normalize", "softmax", "sigmoid", "reverse")
FACTOR = 1.0625
#: A dimension that a change cannot be seen along.
_FLAT = (0, 1)


def names(step: Mapping[str, Any], member: str) -> list[str]:
    """Return the names that a step reads (`in`) or writes (`out`)."""
    found = step[member]
    return [found] if isinstance(found, str) else list(found)


def run(
    step: Mapping[str, Any], arrays: dict[str, Array], files: Mapping[str, bytes], *, omitted: bool
) -> None:
    """Apply a step to the environment; an omitted one writes what it reads. Raises: Refused."""
    read = [arrays[name] for name in names(step, "in")]
    written = read[:1] if omitted else _applied(step, read, files)
    arrays.update(zip(names(step, "out"), written, strict=True))


def _applied(step: Mapping[str, Any], read: list[Array], files: Mapping[str, bytes]) -> list[Array]:
    return list(Steps(files).run(step, read))


def shapes_of(manifest: Mapping[str, Any], which: str) -> Shapes:
    """Return every tensor of a chain's environment as declared."""
    start = manifest["interface"]["inputs"] if which == "pre" else manifest["signature"]["outputs"]
    found: Shapes = {tensor["name"]: (tensor["datatype"], list(tensor["shape"])) for tensor in start}
    for step in manifest["processing"][which]:
        _write(step, found)
    return found


def _write(step: Mapping[str, Any], found: Shapes) -> None:
    datatype, shape = found[names(step, "in")[0]]
    op = step["op"]
    if op == "cast":
        datatype = step["datatype"]
    elif op == "transpose":
        shape = [shape[axis] for axis in step["perm"]]
    elif op in ("reshape", "decode_image", "resize"):
        shape = list(step.get("shape", shape))
    elif op == "argmax":
        datatype = "INT64"
        at = step["axis"] % len(shape)
        shape = shape[:at] + shape[at + 1 :]
    found[names(step, "out")[0]] = (datatype, list(shape))


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


def altered(step: Mapping[str, Any], shapes: Shapes, files: Mapping[str, bytes]) -> dict[str, Any] | None:
    """Return the step with its member changed as the table says, None where it has no such mutant."""
    op = step["op"]
    shape = shapes[names(step, "in")[0]][1]
    if op == "rescale":
        return {**step, "scale": step["scale"] * FACTOR} if step["scale"] else None
    if op == "normalize":
        mean = list(reversed(step["mean"]))
        if mean != list(step["mean"]):
            return {**step, "mean": mean}
        return {**step, "std": [each * FACTOR for each in step["std"]]}
    if op == "transpose":
        *first, a, b = step["perm"] if len(shape) >= 2 else (0, 0, 0)
        return {**step, "perm": [*first, b, a]} if len(shape) >= 2 and _alike(shape, a, b) else None
    if op in ("softmax", "reverse", "argmax"):
        return _next_axis(step, shape)
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
    return {**step, "axis": following} if there[step["op"]] else None
