"""A Triton ensemble as a package: its largest model is the artifact, the others are `graph` steps around it.

Owns the order of the models and the names and sizes at their joints; leaves each configuration to
`triton_entry`. A model before the artifact that is needed behind it, and one that is no ONNX graph, are
refused with the reason. Serves PKG-PRO.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lepton.convert.folder import licenses_in
from lepton.convert.sources.triton_entry import (
    EnsembleStep,
    TritonEntry,
    TritonTensor,
    model_file,
    read_entry,
    shared_facts,
    tensor_facts,
)
from lepton.errors import RecipeError
from lepton.pack.onnx_source import GraphTensor, OnnxSource, read_onnx
from lepton.pack.origin import Origin, onnx_origin
from lepton.package.write import Member

__all__ = ["chain_origin"]

Shape = list[int | str]


@dataclass(slots=True)
class _Chain:
    """What is known while the models are joined: each ensemble tensor's shape, and the symbols in them."""

    entry: TritonEntry
    shapes: dict[str, Shape] = field(default_factory=dict)
    datatypes: dict[str, str] = field(default_factory=dict)
    symbols: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """One model of the ensemble with what it is made of."""

    step: EnsembleStep
    entry: TritonEntry
    source: OnnxSource
    path: Path
    size: int


def chain_origin(entry: TritonEntry) -> Origin:
    """Read an ensemble. Raises: RecipeError when it is no chain of ONNX models through one of them."""
    parts, lost = _parts(entry)
    ordered = _ordered(entry, parts)
    # What `lepton convert` wrote says which model it was; of others' ensembles the largest one is taken.
    said = entry.parameters.get("lepton.artifact")
    main = max(ordered, key=lambda part: (part.step.model == said, part.size))
    before, behind = _sides(entry, ordered, main)
    origin = onnx_origin(main.source)
    facts, more = shared_facts(entry)
    chain = _Chain(entry)
    for one in entry.inputs:
        chain.shapes[one.name] = _configured(entry, one, parts, chain.symbols)
        chain.datatypes[one.name] = one.datatype
    names = {ensemble: inner for inner, ensemble in main.step.inputs.items() if ensemble not in chain.shapes}
    pre = [_graph_step(chain, part, names) for part in before]
    language = facts.get("language", "en")
    signature = _signature(chain, main, language, lost)
    outer = {tensor: name for name, tensor in main.step.outputs.items()}
    post = [_graph_step(chain, part, outer) for part in behind]
    facts["signature"] = signature
    facts["interface"] = {
        "inputs": [
            {
                "name": one.name,
                "datatype": one.datatype,
                "shape": chain.shapes[one.name],
                **_axes(entry, chain, one),
            }
            for one in entry.inputs
        ],
        "outputs": [_answered(chain, one, language, lost) for one in entry.outputs],
    }
    facts["processing"] = {"pre": pre, "post": post}
    known = facts.get("symbols", {})
    facts["symbols"] = {name: known.get(name, bounds) for name, bounds in chain.symbols.items()}
    graphs = tuple(
        Member(_path(part), _whole(part), "application/vnd.onnx", "graph") for part in (*before, *behind)
    )
    files = (*origin.files, *graphs, *licenses_in(entry.folder))
    return replace(origin, facts=facts, files=files, lost=(*origin.lost, *lost, *more))


def _parts(entry: TritonEntry) -> tuple[list[_Part], list[str]]:
    place = entry.folder / "config.pbtxt"
    parts, lost = [], []
    for step in entry.steps:
        folder = entry.folder.resolve().parent / step.model
        if folder.parent != entry.folder.resolve().parent or not (folder / "config.pbtxt").is_file():
            raise RecipeError(
                f"{place}: found no model {step.model!r} beside it, expected each of the ensemble"
            )
        part = read_entry(folder)
        path, older = model_file(part)
        source = read_onnx(path)
        size = path.stat().st_size + sum(file.stat().st_size for file in source.external.values())
        parts.append(_Part(step, part, source, path, size))
        lost += older
    if not parts:
        raise RecipeError(f"{place}: found no step in ensemble_scheduling, expected one or more")
    return parts, lost


def _ordered(entry: TritonEntry, parts: Sequence[_Part]) -> list[_Part]:
    """Return the models so that each reads what is there before it."""
    known = {one.name for one in entry.inputs}
    waiting, ordered = list(parts), []
    while waiting:
        part = next((one for one in waiting if set(one.step.inputs.values()) <= known), None)
        if part is None:
            names = ", ".join(one.step.model for one in waiting)
            raise RecipeError(f"{entry.folder}: found models that wait for each other or for nobody: {names}")
        waiting.remove(part)
        ordered.append(part)
        known |= set(part.step.outputs.values())
    return ordered


def _sides(entry: TritonEntry, ordered: Sequence[_Part], main: _Part) -> tuple[list[_Part], list[_Part]]:
    """Return what comes before the main model and what follows from it alone."""
    at = ordered.index(main)
    after = set(main.step.outputs.values())
    before, behind = [], []
    for number, part in enumerate(ordered):
        reads = set(part.step.inputs.values())
        if part is main:
            continue
        if number < at or not reads & after:
            before.append(part)
        elif reads <= after:
            behind.append(part)
            after |= set(part.step.outputs.values())
        else:
            raise RecipeError(
                f"{entry.folder}: found the model {part.step.model}, which needs both what comes before "
                f"{main.step.model} and what comes behind it; steps of a package behind the model see only "
                "the latter"
            )
    asked = {one.name for one in entry.outputs}
    for inner, tensor in main.step.outputs.items():
        if tensor in asked and tensor != inner:
            raise RecipeError(
                f"{entry.folder}: found the output {tensor!r} for {inner!r} of {main.step.model}, "
                "expected one name for both"
            )
    early = [one.name for one in entry.outputs if one.name not in after]
    if early:
        raise RecipeError(
            f"{entry.folder}: found the output {early[0]!r} made before {main.step.model}, expected every "
            "output to come from that model"
        )
    return before, behind


def _graph_step(chain: _Chain, part: _Part, names: Mapping[str, str]) -> dict[str, Any]:
    """Make a model a step; `names` are those that ensemble tensors have in the package."""
    inputs, outputs = part.source.inputs, part.source.outputs
    missing = [one.name for one in inputs if one.name not in part.step.inputs]
    if missing:
        raise RecipeError(
            f"{part.entry.folder}: found no tensor for its input {missing[0]!r} in the ensemble"
        )
    bound: dict[str, int | str] = {}
    for one in inputs:
        _bind(chain, part, one, part.step.inputs[one.name], bound)
    written, described = [], []
    for one in outputs:
        tensor = part.step.outputs.get(one.name, f"{part.step.model}.{one.name}")
        shape = [_dim(chain, part, one, axis, bound) for axis in range(len(one.shape))]
        chain.shapes[tensor], chain.datatypes[tensor] = shape, one.datatype
        written.append(names.get(tensor, tensor))
        described.append({"datatype": one.datatype, "shape": shape})
    return {
        "op": "graph",
        "version": 1,
        "in": [names.get(part.step.inputs[one.name], part.step.inputs[one.name]) for one in inputs],
        "out": written,
        "file": _path(part),
        "outputs": described,
    }


def _bind(chain: _Chain, part: _Part, one: GraphTensor, tensor: str, bound: dict[str, int | str]) -> None:
    """Learn what the named sizes of a model are from the tensor that it reads."""
    shape = chain.shapes[tensor]
    if chain.datatypes[tensor] != one.datatype or len(shape) != len(one.shape):
        raise RecipeError(
            f"{part.entry.folder}: found {one.datatype} of rank {len(one.shape)} for {one.name!r}, expected "
            f"{chain.datatypes[tensor]} {shape} as in the ensemble"
        )
    for dim, size in zip(one.shape, shape, strict=True):
        if isinstance(dim, str):
            bound.setdefault(dim, size)


def _dim(
    chain: _Chain, part: _Part, one: GraphTensor, axis: int, bound: Mapping[str, int | str]
) -> int | str:
    """Return a size of what a model writes: fixed, learnt from what it read, the batch, or new."""
    dim = one.shape[axis]
    if isinstance(dim, int):
        return dim
    if dim is not None and dim in bound:
        return bound[dim]
    if chain.entry.batch > 0 and axis == 0:
        return next(iter(chain.symbols))
    name = f"{part.step.model}_{one.name}_{axis}" if dim is None else dim
    name = "".join(mark if mark.isalnum() and mark.isascii() else "_" for mark in name)
    chain.symbols.setdefault(name, {"min": 1, "unbounded": True})
    return name


def _configured(
    entry: TritonEntry, one: TritonTensor, parts: Sequence[_Part], symbols: dict[str, Any]
) -> Shape:
    """Return the shape of an input of the ensemble, open sizes named as by the first model that reads it."""
    said = (*((-1,) if entry.batch > 0 else ()), *one.dims)
    names = next(
        (
            tensor.shape
            for part in parts
            for tensor in part.source.inputs
            if part.step.inputs.get(tensor.name) == one.name and len(tensor.shape) == len(said)
        ),
        (None,) * len(said),
    )
    dims = tuple(
        dim if dim >= 0 else name if isinstance(name, str) else None
        for dim, name in zip(said, names, strict=True)
    )
    facts = tensor_facts(entry, GraphTensor(one.name, one.datatype, dims), entry.inputs, symbols, "en", [])
    shape: Shape = facts["shape"]
    return shape


def _signature(chain: _Chain, main: _Part, language: str, lost: list[str]) -> dict[str, Any]:
    """Return the signature of the main model in the symbols of the ensemble."""
    bound: dict[str, int | str] = {}
    inputs = []
    for one in main.source.inputs:
        tensor = main.step.inputs.get(one.name)
        if tensor is None:
            raise RecipeError(
                f"{main.entry.folder}: found no tensor for its input {one.name!r} in the ensemble"
            )
        if tensor in {entry.name for entry in chain.entry.inputs} and tensor != one.name:
            raise RecipeError(
                f"{chain.entry.folder}: found the input {tensor!r} given to {one.name!r} of "
                f"{main.step.model} as it is, expected one name for both"
            )
        _bind(chain, main, one, tensor, bound)
        inputs.append({"name": one.name, "shape": chain.shapes[tensor]})
    outputs = []
    for one in main.source.outputs:
        tensor = main.step.outputs.get(one.name, f"{main.step.model}.{one.name}")
        shape = [_dim(chain, main, one, axis, bound) for axis in range(len(one.shape))]
        chain.shapes[tensor], chain.datatypes[tensor] = shape, one.datatype
        outputs.append({"name": one.name, "shape": shape})
    for entry in (*inputs, *outputs):
        if chain.entry.batch > 0:
            entry["axes"] = ["batch", *["other"] * (len(entry["shape"]) - 1)]
    return {"inputs": inputs, "outputs": outputs}


def _answered(chain: _Chain, one: TritonTensor, language: str, lost: list[str]) -> dict[str, Any]:
    shape = chain.shapes[one.name]
    tensor = GraphTensor(one.name, one.datatype, tuple(shape))
    facts = tensor_facts(chain.entry, tensor, chain.entry.outputs, dict(chain.symbols), language, lost)
    return {**facts, "datatype": chain.datatypes[one.name], "shape": shape}


def _axes(entry: TritonEntry, chain: _Chain, one: TritonTensor) -> dict[str, Any]:
    rank = len(chain.shapes[one.name])
    return {"axes": ["batch", *["other"] * (rank - 1)]} if entry.batch > 0 else {}


def _path(part: _Part) -> str:
    return f"graphs/{part.step.model}.onnx"


def _whole(part: _Part) -> Path | bytes:
    """Return a graph with its weights inside: a step's file has none outside."""
    if not part.source.external:
        return part.path
    data: bytes = part.source.model.SerializeToString(deterministic=True)
    return data
