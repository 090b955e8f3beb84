"""Check that every negative control that applies is declared, with a vector that can kill it.

Owns which controls apply; leaves running them to `lepton.vectors.replay`. Serves PKG-VEC-07.
"""

from collections.abc import Iterator
from typing import Any

from lepton.checks.documents import documents
from lepton.checks.registry import Check, NotChecked, check
from lepton.checks.vectors import UNBOUND
from lepton.finding import Finding
from lepton.package.read import Package
from lepton.vectors.chain import stage_tensors

__all__ = ["CHECKS"]

#: A control: its name, and the index of the step for `step-omitted`.
Control = tuple[str, int | None]

CONSTANT, WEIGHTS, CHANNELS, STEP = "constant-answer", "weights-reversed", "channels-swapped", "step-omitted"
OMITTABLE = frozenset(["rescale", "normalize"])


@check("PKG-VEC-07", needs=(*UNBOUND, "PKG-VEC-01", "PKG-VEC-03", "PKG-MAN-05"))
def declared_controls(package: Package) -> Iterator[Finding | NotChecked]:
    """What applies is declared, and what is declared applies and names a fitting vector."""
    manifest = package.manifest
    assert manifest is not None
    reversible = _reversible(package)
    applying = _applying(manifest, reversible)
    declared: set[Control] = set()
    for path, value in documents(package, "PKG-VEC-07"):
        if isinstance(value, NotChecked):
            yield value
            return
        seen: set[tuple[Control, str]] = set()
        for at, entry in enumerate(value["controls"]):
            control: Control = (entry["control"], entry.get("step"))
            declared.add(control)
            pointer = f"/controls/{at}"
            problem = ""
            if control not in applying and not (control[0] == WEIGHTS and reversible is None):
                problem = f"found the control {_named(control)}, which does not apply to this package"
            elif (control, entry["killedBy"]) in seen:
                problem = f"found the control {_named(control)} with the same vector twice, expected it once"
            else:
                problem = _unfitting(manifest, value["vectors"], control, entry["killedBy"])
            seen.add((control, entry["killedBy"]))
            if problem:
                yield Finding("PKG-VEC-07", path, pointer, problem, "")
    if reversible is None:
        yield NotChecked("PKG-VEC-07", _why_unknown(package))
    for control in applying:
        if control not in declared:
            message = f"found no control {_named(control)}, expected it to be declared"
            yield Finding("PKG-VEC-07", manifest["vectors"][0], "/controls", message, "")


def _reversible(package: Package) -> bool | None:
    """Say whether an artifact has weights to reverse; None when that cannot be told."""
    unknown = False
    assert package.manifest is not None
    for artifact in package.manifest["artifacts"]:
        if artifact["format"] != "onnx":
            continue
        answer = package.reversible.get(artifact["entry"])
        if answer:
            return True
        unknown = unknown or answer is None
    return None if unknown else False


def _why_unknown(package: Package) -> str:
    """Say why it cannot be told whether an artifact has weights to reverse."""
    assert package.manifest is not None
    for artifact in package.manifest["artifacts"]:
        fact = package.files.get(artifact["entry"])
        if artifact["format"] != "onnx" or (fact is not None and fact.contents and fact.contents.onnx):
            continue
        if fact is None:
            return "blocked by PKG-MAN-06"
        if fact.broken:
            return f"blocked by {fact.broken}"
        limit = fact.unread or (fact.contents.limit if fact.contents else "")
        return f"{artifact['entry']}: {limit}" if limit else "blocked by PKG-ART-01"
    return "external data of an artifact could not be read"


def _applying(manifest: dict[str, Any], reversible: bool | None) -> tuple[Control, ...]:
    controls: list[Control] = [(CONSTANT, None)]
    if reversible:
        controls.append((WEIGHTS, None))
    if any(_swappable(manifest, stage) for stage in ("model", "raw")):
        controls.append((CHANNELS, None))
    for at, step in enumerate(manifest.get("processing", {}).get("pre", [])):
        if step["op"] in OMITTABLE:
            controls.append((STEP, at))
    return tuple(controls)


def _swappable(manifest: dict[str, Any], stage: str) -> bool:
    declared = stage_tensors(manifest, stage)
    for tensor in declared["inputs"] if declared else []:
        for axis, dim in zip(tensor.get("axes", ()), tensor["shape"], strict=False):
            if axis == "channel" and isinstance(dim, int) and dim >= 2:
                return True
    return False


def _unfitting(manifest: dict[str, Any], vectors: list[Any], control: Control, killer: str) -> str:
    """Say why the vector `killer` cannot kill the control, or return an empty text."""
    by_id = {one["id"]: one for one in vectors}
    vector = by_id.get(killer)
    name = control[0]
    if vector is None:
        return f"found killedBy {killer!r}, expected a vector of the same document"
    if vector["stage"] not in ("model", "raw"):
        return f"found {killer!r} of the stage {vector['stage']!r}, expected one that an artifact answers"
    if name == CONSTANT:
        first = next(one for one in vectors if one["stage"] == vector["stage"])
        if first is vector:
            return f"found {killer!r}, the first vector of its stage, whose answer is the constant one"
        shapes = [{one["name"]: one["shape"] for one in each["expected"]} for each in (first, vector)]
        if shapes[0] != shapes[1]:
            return f"found {killer!r}, expected a vector with outputs of the shapes of {first['id']!r}"
    if name == CHANNELS and not _swappable(manifest, vector["stage"]):
        return f"found {killer!r} of the stage {vector['stage']!r}, which has no channels to swap"
    if name == STEP and vector["stage"] != "raw":
        return f"found {killer!r} of the stage {vector['stage']!r}, expected one of the stage 'raw'"
    return ""


def _named(control: Control) -> str:
    name, step = control
    return repr(name) if step is None else f"{name!r} of step {step}"


CHECKS: tuple[Check, ...] = (declared_controls,)
