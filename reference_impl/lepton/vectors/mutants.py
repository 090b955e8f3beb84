"""The closed list of mutants of a package: which apply to it, by name, and how each changes a step.

Owns the list, computed from the manifest, the vectors and the facts about weights alone, without an engine;
leaves making and running the wrong models to `bench` and `mutation`. Serves PKG-VEC-11.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lepton.formats.weights import WeightFact
from lepton.vectors.chain import Step, Type, chain

__all__ = [
    "Mutant",
    "channel_axis",
    "equal_planes",
    "fits",
    "mutants",
    "only_axis",
    "score_fault",
    "step_alteration",
    "subject",
]

#: A mutant of a step multiplies by this, which binary floating point can.
FACTOR = 1.0625
#: Of all mutants, at least this part is killed.
LEAST_SCORE = 0.9

Tensor = Mapping[str, Any]


class Mutant(NamedTuple):
    """One mutant: `subject` is a place among the weights, `stage/tensor`, or the pointer of a step."""

    name: str
    fault: str
    subject: str


def mutants(
    manifest: Mapping[str, Any],
    weights: Sequence[WeightFact],
    planes: Iterable[tuple[str, str]],
    lines: Callable[[str], int],
) -> tuple[Mutant, ...]:
    """Return every mutant of a package whose manifest is sound.

    `weights` are those of the first ONNX artifact, none when there is no such artifact; `planes` are the
    stages and inputs that some vector gives the same size of y and x (`equal_planes`); `lines` counts the
    lines of a vocabulary.
    """
    found: list[Mutant] = []
    for place, weight in enumerate(weights):
        for fault, applies in (("weights-perturbed", weight.perturbs), ("weights-zeroed", weight.zeroes)):
            if applies:
                found.append(_mutant(fault, str(place)))
    square = frozenset(planes)
    for stage in _stages(manifest):
        for tensor in _inputs(manifest, stage):
            subject = f"{stage}/{tensor['name']}"
            if channel_axis(tensor) is not None:
                found.append(_mutant("channels-swapped", subject))
            if (stage, tensor["name"]) in square:
                found.append(_mutant("axes-swapped", subject))
    for part in ("pre", "post"):
        for pointer, step, read, written in chain(manifest, part):
            if _omittable(step, read, written):
                found.append(_mutant("step-omitted", pointer))
            if step["op"] == "lookup" and lines(step["file"]) < 2:
                continue
            if _altered(step, read, written) is not None:
                found.append(_mutant("step-altered", pointer))
    return tuple(found)


def subject(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the artifact that mutants are run on: the first of the format onnx, else the first."""
    artifacts: Sequence[Mapping[str, Any]] = manifest["artifacts"]
    return next((one for one in artifacts if one["format"] == "onnx"), artifacts[0])


def fits(mutant: Mutant, stage: str, step: str = "") -> bool:
    """Say whether a vector of `stage` (and of the step with the pointer `step`) can kill the mutant."""
    if mutant.fault.startswith("weights"):
        return stage in ("model", "raw")
    if mutant.fault.endswith("swapped"):
        return stage == mutant.subject.partition("/")[0]
    return stage in ("raw", mutant.subject.split("/")[2]) or (stage, step) == ("step", mutant.subject)


def equal_planes(
    manifest: Mapping[str, Any], vectors: Iterable[tuple[str, Mapping[str, Sequence[int]]]]
) -> Iterator[tuple[str, str]]:
    """Yield stage and name of the inputs that a vector gives the same size, 2 or more, of y and x.

    `vectors` are stages with the shapes of the inputs by name.
    """
    for stage, shapes in vectors:
        if stage not in ("model", "raw"):
            continue
        for tensor in _inputs(manifest, stage):
            y, x = only_axis(tensor, "y"), only_axis(tensor, "x")
            shape = shapes.get(tensor["name"])
            if y is not None and x is not None and shape is not None and shape[y] == shape[x] >= 2:
                yield stage, tensor["name"]


def score_fault(mutants_: int, killed: int) -> str | None:
    """Say why a score is too low, or return None."""
    if killed >= LEAST_SCORE * mutants_:
        return None
    return f"found {killed} of {mutants_} mutants killed, expected {LEAST_SCORE:.0%} or more"


def only_axis(tensor: Tensor, kind: str) -> int | None:
    """Return the one axis of a kind; None when there is none or more than one, or `axes` are not sound."""
    axes = list(tensor.get("axes", ()))
    sound = len(axes) == len(tensor["shape"])
    return axes.index(kind) if sound and axes.count(kind) == 1 else None


def channel_axis(tensor: Tensor) -> int | None:
    """Return the one axis `channel` if it has a fixed size of 2 or more, else None."""
    at = only_axis(tensor, "channel")
    dim = 0 if at is None else tensor["shape"][at]
    return at if isinstance(dim, int) and dim >= 2 else None


def step_alteration(manifest: Mapping[str, Any], pointer: str) -> tuple[dict[str, Any], bool]:
    """Return the step at `pointer` as its mutant has it, and whether the lines of its file are turned."""
    for at, step, read, written in chain(manifest, pointer.split("/")[2]):
        if at == pointer:
            changed = _altered(step, read, written)
            assert changed is not None, "only steps that have a mutant are asked for"
            return changed, step["op"] == "lookup"
    raise AssertionError(pointer)


def _altered(step: Step, read: Sequence[Type], written: Sequence[Type]) -> dict[str, Any] | None:
    changes = _ALTERATIONS.get(step["op"])
    change = None if changes is None else changes(step, read, written)
    return None if change is None else {**step, **change}


def _mutant(fault: str, subject: str) -> Mutant:
    return Mutant(f"{fault}:{subject}", fault, subject)


def _stages(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    steps = manifest.get("processing", {"pre": (), "post": ()})
    return ("model", "raw") if steps["pre"] or steps["post"] else ("model",)


def _inputs(manifest: Mapping[str, Any], stage: str) -> Sequence[Tensor]:
    inputs: Sequence[Tensor] = manifest["signature" if stage == "model" else "interface"]["inputs"]
    return inputs


def _omittable(step: Step, read: Sequence[Type], written: Sequence[Type]) -> bool:
    match step["op"]:
        case "rescale" | "normalize" | "softmax" | "sigmoid":
            return True
        case "reverse":
            return read[0].shape[step["axis"]] not in (0, 1)
        case "transpose":
            return list(step["perm"]) != list(range(len(step["perm"]))) and read == written
        case "graph":
            return len(read) == len(written) == 1 and read == written
    return False


Change = dict[str, Any] | None


def _rescale(step: Step, _read: Sequence[Type], _written: Sequence[Type]) -> Change:
    return {"scale": step["scale"] * FACTOR} if step["scale"] else None


def _normalize(step: Step, _read: Sequence[Type], _written: Sequence[Type]) -> Change:
    backwards = list(step["mean"])[::-1]
    if backwards != list(step["mean"]):
        return {"mean": backwards}
    return {"std": [value * FACTOR for value in step["std"]]}


def _resize(step: Step, read: Sequence[Type], written: Sequence[Type]) -> Change:
    if read[0].shape == written[0].shape:
        return None
    other = {"linear": "nearest", "nearest": "linear", "cubic": "linear"}[step["filter"]]
    return {"filter": other, "antialias": False}


def _anchor(step: Step, read: Sequence[Type], _written: Sequence[Type]) -> Change:
    dims = [read[0].shape[axis] for axis in step["axes"]]
    if not any(
        isinstance(dim, str) or abs(dim - size) >= 2 for dim, size in zip(dims, step["size"], strict=True)
    ):
        return None
    return {"anchor": "start" if step["anchor"] == "center" else "center"}


def _tokenize(step: Step, _read: Sequence[Type], _written: Sequence[Type]) -> Change:
    return {"lowercase": not step["lowercase"]}


def _next_axis(step: Step, read: Sequence[Type]) -> tuple[int, int | str, int | str] | None:
    """Return the axis after the step's own, and the dimensions of both; None for rank 1."""
    shape = read[0].shape
    if len(shape) < 2:
        return None
    axis = step["axis"] % len(shape)
    after = (axis + 1) % len(shape)
    return after, shape[axis], shape[after]


def _reverse(step: Step, read: Sequence[Type], _written: Sequence[Type]) -> Change:
    found = _next_axis(step, read)
    return None if found is None or found[2] in (0, 1) else {"axis": found[0]}


def _softmax(step: Step, read: Sequence[Type], _written: Sequence[Type]) -> Change:
    found = _next_axis(step, read)
    return None if found is None or found[1] == found[2] == 1 else {"axis": found[0]}


def _argmax(step: Step, read: Sequence[Type], _written: Sequence[Type]) -> Change:
    found = _next_axis(step, read)
    return None if found is None or found[1] != found[2] or found[2] in (0, 1) else {"axis": found[0]}


def _transpose(step: Step, read: Sequence[Type], _written: Sequence[Type]) -> Change:
    perm = list(step["perm"])
    if len(perm) < 2:
        return None
    one, other = (read[0].shape[at] for at in perm[-2:])
    return None if one != other or one in (0, 1) else {"perm": [*perm[:-2], perm[-1], perm[-2]]}


def _nms(step: Step, _read: Sequence[Type], _written: Sequence[Type]) -> Change:
    return {"iou": step["iou"] / 2} if step["iou"] > 0 else None


def _ctc_greedy(step: Step, read: Sequence[Type], _written: Sequence[Type]) -> Change:
    classes = read[0].shape[2]
    assert isinstance(classes, int)
    return None if classes < 2 else {"blank": 0 if step["blank"] else classes - 1}


def _lookup(_step: Step, _read: Sequence[Type], _written: Sequence[Type]) -> Change:
    return {}  # the file's lines are turned, not the step


_ALTERATIONS = {
    "rescale": _rescale,
    "normalize": _normalize,
    "resize": _resize,
    "crop": _anchor,
    "pad": _anchor,
    "tokenize": _tokenize,
    "reverse": _reverse,
    "softmax": _softmax,
    "argmax": _argmax,
    "transpose": _transpose,
    "nms": _nms,
    "ctc_greedy": _ctc_greedy,
    "lookup": _lookup,
}
