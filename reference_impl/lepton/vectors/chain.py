"""What each step of a sound chain reads and writes, by datatype and shape, and the tensors of each stage.

Owns the shapes that the table of operators gives, computed without numpy; leaves whether a chain is sound to
`lepton.checks.processing`, and computing to `lepton.runtime`. Serves PKG-VEC-03 and PKG-VEC-11.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Step", "Type", "chain", "stage_tensors"]

Step = Mapping[str, Any]


class Type(NamedTuple):
    """Datatype and declared shape of a tensor in a chain."""

    datatype: str
    shape: tuple[int | str, ...]


#: A step: its pointer, itself, what it reads and what it writes.
Link = tuple[str, Step, tuple[Type, ...], tuple[Type, ...]]


def chain(manifest: Mapping[str, Any], part: str) -> Iterator[Link]:
    """Yield the steps of `pre` or `post`, a sound chain."""
    if "processing" not in manifest:
        return
    start = manifest["interface"]["inputs"] if part == "pre" else manifest["signature"]["outputs"]
    known = {one["name"]: Type(one["datatype"], tuple(one["shape"])) for one in start}
    for at, step in enumerate(manifest["processing"][part]):
        read = tuple(known[name] for name in _names(step["in"]))
        written = _written(step, read)
        known |= dict(zip(_names(step["out"]), written, strict=True))
        yield f"/processing/{part}/{at}", step, read, written


def stage_tensors(manifest: Mapping[str, Any], stage: str, step: str = "") -> dict[str, Any] | None:
    """Return `inputs` and `outputs` of a stage as entries of a manifest; None where there is no such stage.

    The stage `step` is that of the step with the pointer `step`, in a sound chain.
    """
    signature, interface = manifest["signature"], manifest.get("interface")
    if stage == "model":
        return {"inputs": signature["inputs"], "outputs": signature["outputs"]}
    if interface is None:
        return None
    if stage == "raw":
        return {"inputs": interface["inputs"], "outputs": interface["outputs"]}
    if stage == "post":
        return {"inputs": signature["outputs"], "outputs": interface["outputs"]}
    if stage == "pre":
        made = {name for one in manifest["processing"]["pre"] for name in _names(one["out"])}
        made |= {one["name"] for one in interface["inputs"]}
        return {
            "inputs": interface["inputs"],
            "outputs": [one for one in signature["inputs"] if one["name"] in made],
        }
    for part in ("pre", "post"):
        for pointer, one, read, written in chain(manifest, part):
            if pointer == step:
                return {
                    "inputs": _entries(_names(one["in"]), read),
                    "outputs": _entries(_names(one["out"]), written),
                }
    return None


def _entries(names: Sequence[str], types: Sequence[Type]) -> list[dict[str, Any]]:
    known = dict(zip(names, types, strict=True))
    return [{"name": name, "datatype": one.datatype, "shape": list(one.shape)} for name, one in known.items()]


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _written(step: Step, read: Sequence[Type]) -> tuple[Type, ...]:
    """Return what a step of a sound chain writes. Spec: PKG-PRO-02."""
    datatype, shape = read[0]
    match step["op"]:
        case "graph":
            return tuple(Type(one["datatype"], tuple(one["shape"])) for one in step["outputs"])
        case "cast":
            return (Type(step["datatype"], shape),)
        case "decode_image":
            return (Type("UINT8", tuple(step["shape"])),)
        case "reshape":
            return (Type(datatype, tuple(step["shape"])),)
        case "resize" | "crop" | "pad":
            if "shape" in step:
                return (Type(datatype, tuple(step["shape"])),)
            sizes = {axis % len(shape): size for axis, size in zip(step["axes"], step["size"], strict=True)}
            return (Type(datatype, tuple(sizes.get(at, dim) for at, dim in enumerate(shape))),)
        case "transpose":
            return (Type(datatype, tuple(shape[at] for at in step["perm"])),)
        case "argmax":
            axis = step["axis"] % len(shape)
            return (Type("INT64", shape[:axis] + shape[axis + 1 :]),)
        case "topk":
            axis = step["axis"] % len(shape)
            cut = tuple(step["k"] if at == axis else dim for at, dim in enumerate(shape))
            return Type(datatype, cut), Type("INT64", cut)
        case "tokenize":
            return (Type("INT64", tuple(step["shape"])),) * len(_names(step["out"]))
        case "nms":
            return (Type("INT64", tuple(step["shape"])),)
        case "ctc_greedy":
            return Type("INT64", shape[:2]), Type("INT64", shape[:1])
        case "lookup":
            return (Type("BYTES", shape[:-1] if step["join"] else shape),)
    return (Type(datatype, shape),)  # rescale, normalize, softmax, sigmoid, reverse
