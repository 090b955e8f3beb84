"""Check that the steps lead from the interface to the signature and back, by datatypes and shapes alone.

Owns chains: what is there, what is written, and where it has to lead; leaves each operator to
`lepton.checks.steps`. Serves PKG-PRO-02.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lepton.checks.manifest import repeats_tensor
from lepton.checks.registry import Check, NotChecked, check
from lepton.checks.steps import RULES, Type, UnsoundError
from lepton.finding import Finding
from lepton.package.paths import MANIFEST
from lepton.package.read import Package

__all__ = ["CHECKS", "environment", "names"]


def names(value: str | list[str]) -> list[str]:
    """Return the tensors that a member `in` or `out` names."""
    return [value] if isinstance(value, str) else value


def environment(manifest: Mapping[str, Any], chain: str) -> dict[str, Type]:
    """Return every tensor of a sound chain, those that it starts with first."""
    start = manifest["interface"]["inputs"] if chain == "pre" else manifest["signature"]["outputs"]
    known = {one["name"]: Type(one["datatype"], tuple(one["shape"])) for one in start}
    sizes = _sizes(manifest)
    for step in manifest["processing"][chain]:
        written = RULES[step["op"]](step, [known[name] for name in names(step["in"])], sizes)
        known.update(zip(names(step["out"]), written, strict=True))
    return known


def _sizes(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Return the smallest size of each symbol."""
    symbols: Mapping[str, Any] = manifest["symbols"]
    steps = {name: symbol.get("multipleOf", 1) for name, symbol in symbols.items()}
    return {name: -(-symbol["min"] // steps[name]) * steps[name] for name, symbol in symbols.items()}


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
    for name, start, goal, required in (
        ("pre", interface["inputs"], signature["inputs"], "input of the signature"),
        ("post", signature["outputs"], interface["outputs"], "output of the interface"),
    ):
        fault = _chain_fault(manifest["processing"][name], start, goal, required, _sizes(manifest))
        if fault is not None:
            yield Finding("PKG-PRO-02", MANIFEST, f"/processing/{name}{fault[0]}", fault[1], "")


def _chain_fault(
    steps: list[Any], start: list[Any], goal: list[Any], required: str, sizes: Mapping[str, int]
) -> tuple[str, str] | None:
    known = {one["name"]: Type(one["datatype"], tuple(one["shape"])) for one in start}
    for at, step in enumerate(steps):
        fault = _names_fault(step, known)
        if fault is not None:
            return f"/{at}/{fault[0]}", fault[1]
        try:
            written = RULES[step["op"]](step, [known[name] for name in names(step["in"])], sizes)
        except UnsoundError as unsound:
            member = f"/{unsound.member}" if unsound.member else ""
            return f"/{at}{member}", f"{step['op']}: {unsound}"
        known.update(zip(names(step["out"]), written, strict=True))
    for one in goal:
        found = known.get(one["name"])
        wanted = Type(one["datatype"], tuple(one["shape"]))
        if found is None and not one.get("optional"):
            return "", f"found no tensor {one['name']!r} at the end, expected the {required}"
        if found is not None and found != wanted:
            writer = [at for at, step in enumerate(steps) if one["name"] in names(step["out"])]
            message = f"found {found} for {one['name']!r}, expected {wanted}, the {required}"
            return f"/{writer[0]}" if writer else "", message
    return None


def _names_fault(step: Any, known: Mapping[str, Type]) -> tuple[str, str] | None:
    """Return where a step reads what is not there, or writes what is there already, and how."""
    for member in ("in", "out"):
        for at, name in enumerate(names(step[member])):
            place = member if isinstance(step[member], str) else f"{member}/{at}"
            if member == "in" and name not in known:
                there = ", ".join(repr(one) for one in known)
                return place, f"found {name!r}, expected a tensor that is there: {there}"
            if member == "out" and name in known:
                return place, f"found {name!r}, which is there already, expected a new name"
    return None


CHECKS: tuple[Check, ...] = (sound_chains,)
