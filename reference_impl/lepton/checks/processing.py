"""Check that the steps lead from the interface to the signature and back, by datatypes and shapes alone.

Owns the table of operators as rules on types; leaves computing to `lepton.runtime.processing`, which has its
own rules on purpose. Serves PKG-PRO-02.
"""

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from lepton.checks.manifest import repeats_tensor
from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.paths import MANIFEST
from lepton.package.read import Package

__all__ = ["CHECKS"]


class _Type(NamedTuple):
    """Datatype and shape of one tensor in the chain."""

    datatype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.datatype} {list(self.shape)}"


#: What a step writes, from the step and what it reads; raises _Unsound.
_Rule = Callable[[Any, _Type], _Type]


class _Unsound(Exception):
    """A step does not fit; `member` is where."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


@check("PKG-PRO-02", needs=("PKG-SIG-02",), after=("PKG-ART-03",))
def sound_chains(package: Package) -> Iterator[Finding | NotChecked]:
    """The first violation of each chain is the finding."""
    manifest = package.manifest
    assert manifest is not None
    if repeats_tensor(manifest, "signature", "interface"):
        yield NotChecked("PKG-PRO-02", "blocked by PKG-MAN-05")
        return
    if "processing" not in manifest:
        return
    signature, interface = manifest["signature"], manifest["interface"]
    empty = frozenset(name for name, symbol in manifest["symbols"].items() if symbol["min"] == 0)
    for name, start, goal, required in (
        ("pre", interface["inputs"], signature["inputs"], "input of the signature"),
        ("post", signature["outputs"], interface["outputs"], "output of the interface"),
    ):
        fault = _chain_fault(manifest["processing"][name], start, goal, required, empty)
        if fault is not None:
            yield Finding("PKG-PRO-02", MANIFEST, f"/processing/{name}{fault[0]}", fault[1], "")


def _chain_fault(
    steps: list[Any], start: list[Any], goal: list[Any], required: str, empty: frozenset[str]
) -> tuple[str, str] | None:
    known = {one["name"]: _Type(one["datatype"], tuple(one["shape"])) for one in start}
    rules: dict[str, _Rule] = {**_RULES, "argmax": functools.partial(_argmax, empty=empty)}
    for at, step in enumerate(steps):
        if step["in"] not in known:
            names = ", ".join(repr(name) for name in known)
            return f"/{at}/in", f"found {step['in']!r}, expected a tensor that is there: {names}"
        if step["out"] in known:
            return f"/{at}/out", f"found {step['out']!r}, which is there already, expected a new name"
        try:
            known[step["out"]] = rules[step["op"]](step, known[step["in"]])
        except _Unsound as unsound:
            return f"/{at}/{unsound.member}", f"{step['op']}: {unsound}"
    for one in goal:
        found = known.get(one["name"])
        wanted = _Type(one["datatype"], tuple(one["shape"]))
        if found is None and not one.get("optional"):
            return "", f"found no tensor {one['name']!r} at the end, expected the {required}"
        if found is not None and found != wanted:
            writer = [at for at, step in enumerate(steps) if step["out"] == one["name"]]
            message = f"found {found} for {one['name']!r}, expected {wanted}, the {required}"
            return f"/{writer[0]}" if writer else "", message
    return None


def _need_float(given: _Type) -> None:
    if given.datatype != "FP32":
        raise _Unsound("in", f"found {given.datatype}, expected FP32")


def _axis(step: Any, given: _Type) -> int:
    rank = len(given.shape)
    axis: int = step["axis"]
    if not -rank <= axis < rank:
        raise _Unsound("axis", f"found the axis {axis}, expected one of a tensor of rank {rank}")
    return axis % rank


def _cast(step: Any, given: _Type) -> _Type:
    for member, name in (("in", given.datatype), ("datatype", step["datatype"])):
        if name in ("BYTES", "BF16"):
            raise _Unsound(member, f"found {name}, which cannot be cast")
    return _Type(step["datatype"], given.shape)


def _rescale(step: Any, given: _Type) -> _Type:
    _need_float(given)
    for member in ("scale", "offset"):
        if not _fits_binary32(step[member]):
            raise _Unsound(member, f"found {step[member]}, expected a number within the range of FP32")
    return given


def _normalize(step: Any, given: _Type) -> _Type:
    _need_float(given)
    axis = _axis(step, given)
    size = given.shape[axis]
    if isinstance(size, str):
        raise _Unsound("axis", f"found the open size {size!r} on the axis {axis}, expected a fixed one")
    for member in ("mean", "std"):
        if len(step[member]) != size:
            raise _Unsound(member, f"found {len(step[member])} numbers, expected {size} as on the axis")
        for value in step[member]:
            if not _fits_binary32(value):
                raise _Unsound(member, f"found {value}, expected a number within the range of FP32")
    for value in step["std"]:
        # Half of the smallest subnormal and less is rounded to zero.
        if value <= 2.0**-150:
            raise _Unsound("std", f"found {value}, expected a number that is positive in FP32")
    return given


def _transpose(step: Any, given: _Type) -> _Type:
    rank = len(given.shape)
    if sorted(step["perm"]) != list(range(rank)):
        raise _Unsound("perm", f"found {step['perm']}, expected a permutation of 0..{rank - 1}")
    return _Type(given.datatype, tuple(given.shape[at] for at in step["perm"]))


def _reshape(step: Any, given: _Type) -> _Type:
    shape = tuple(step["shape"])
    symbols = [sorted(dim for dim in one if isinstance(dim, str)) for one in (given.shape, shape)]
    counts = [math.prod(dim for dim in one if isinstance(dim, int)) for one in (given.shape, shape)]
    if symbols[0] != symbols[1] or counts[0] != counts[1]:
        message = f"found {list(shape)}, expected the elements and symbols of {list(given.shape)}"
        raise _Unsound("shape", message)
    return _Type(given.datatype, shape)


def _softmax(step: Any, given: _Type) -> _Type:
    _need_float(given)
    _axis(step, given)
    return given


def _sigmoid(step: Any, given: _Type) -> _Type:
    _need_float(given)
    return given


def _argmax(step: Any, given: _Type, *, empty: frozenset[str]) -> _Type:
    if given.datatype in ("BOOL", "BYTES", "BF16"):
        raise _Unsound("in", f"found {given.datatype}, expected a number other than BF16")
    axis = _axis(step, given)
    if given.shape[axis] == 0 or given.shape[axis] in empty:
        raise _Unsound("axis", f"found the size {given.shape[axis]!r} on the axis {axis}, which may be 0")
    return _Type("INT64", given.shape[:axis] + given.shape[axis + 1 :])


def _fits_binary32(value: float) -> bool:
    return abs(value) < 3.4028235677973366e38


_RULES: dict[str, _Rule] = {
    "cast": _cast,
    "rescale": _rescale,
    "normalize": _normalize,
    "transpose": _transpose,
    "reshape": _reshape,
    "softmax": _softmax,
    "sigmoid": _sigmoid,
}

CHECKS: tuple[Check, ...] = (sound_chains,)
