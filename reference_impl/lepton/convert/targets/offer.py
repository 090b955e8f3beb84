"""What a package can offer to those who run graphs: its model, and as many of its steps as ONNX can say.

Owns the cut: the longest end of `pre` and the longest beginning of `post` that can be graphs, the tensors at
the cuts, and sentences about the rest; leaves writing files to the kinds of targets. Serves PKG-PRO.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lepton.convert.targets.stepgraph import crosses_batch, expressible, names_of, opsets_of
from lepton.errors import UnsupportedError
from lepton.package.loaded import LoadedPackage
from lepton.runtime.plan import Plan
from lepton.runtime.processing import Operation
from lepton.tensor import TensorSpec

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["Chain", "Entry", "Offer", "offer", "refuse_shared_names"]

Entry = Mapping[str, Any]

#: Operator set of steps that no graph beside them decides: old enough for every engine in use.
STEP_OPSET = 17


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps before or after the model that become a graph. `outputs` are those it writes and others need.

    `specs` describes every tensor that a step reads or writes; `opsets` are the operator sets of its nodes,
    `graphs` the files of its `graph` steps.
    """

    steps: tuple[Entry, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    specs: Mapping[str, TensorSpec]
    opsets: Mapping[str, int]
    graphs: "Mapping[str, ModelProto]"


@dataclass(frozen=True, slots=True)
class Offer:
    """An artifact with the steps around it. `inputs` and `outputs` are entries as in a manifest.

    `pre` and `post` are None when nothing happens there, or nothing that can be said in ONNX. `lost` are
    plain sentences. `whole` says that what is offered is what a user of the package sees.
    """

    artifact: Entry
    inputs: tuple[Entry, ...]
    outputs: tuple[Entry, ...]
    pre: Chain | None
    post: Chain | None
    whole: bool
    lost: tuple[str, ...]

    def batch(self, symbols: Mapping[str, Entry]) -> int | None:
        """Return the largest number of rows when every tensor at every joint is a batch of independent rows.

        That is said by the axis `batch`, and by one symbol that is first everywhere and nowhere else, admits
        every size from 1 on and has a bound. None when it is not so.
        """
        joints = [spec.shape for chain in self._chains() for spec in (*chain.inputs, *chain.outputs)]
        shapes = [tuple(entry["shape"]) for entry in (*self.inputs, *self.outputs)] + joints
        if not all(entry.get("axes", [None])[:1] == ["batch"] for entry in (*self.inputs, *self.outputs)):
            return None
        first = {shape[0] if len(shape) > 1 else None for shape in shapes}
        (symbol,) = first if len(first) == 1 else (None,)
        if not isinstance(symbol, str) or any(symbol in shape[1:] for shape in shapes):
            return None
        if any(crosses_batch(step, chain.specs) for chain in self._chains() for step in chain.steps):
            return None
        bounds = symbols[symbol]
        if bounds["min"] > 1 or bounds.get("multipleOf", 1) != 1:
            return None
        largest: int | None = bounds.get("max")
        return largest

    def _chains(self) -> tuple[Chain, ...]:
        return tuple(chain for chain in (self.pre, self.post) if chain is not None)


def refuse_shared_names(offered: Offer) -> None:
    """Raise UnsupportedError where an input and an output share a name, which no graph can have."""
    shared = {entry["name"] for entry in offered.inputs} & {entry["name"] for entry in offered.outputs}
    if shared:
        raise UnsupportedError(
            f"found the name {min(shared)!r} for an input and for an output, expected different ones; this "
            "target joins the steps and the model in one name space"
        )


def offer(package: LoadedPackage, artifact: str | None = None, *, joined: bool = False) -> Offer:
    """Choose the artifact, the first of the format onnx unless named, and cut the processing around it.

    `joined` says that steps and artifact become one graph, so that they have the same operator sets.

    Raises: UnsupportedError when the package has no such artifact.
    """
    document = package.document
    chosen = _chosen(document["artifacts"], artifact)
    lost = [
        f"artifact {entry['id']} ({entry['format']}): one artifact is carried, {chosen['id']}"
        for entry in document["artifacts"]
        if entry["id"] != chosen["id"]
    ]
    signature = document["signature"]
    if "processing" not in document:
        lost.append("processing: the package does not say what happens around the model")
        inputs, outputs = tuple(signature["inputs"]), tuple(signature["outputs"])
        return Offer(chosen, inputs, outputs, None, None, True, tuple(lost))
    plan = Plan.from_manifest(document, package.read)
    graphs = _graphs(package)
    opsets = dict(chosen["opsets"]) if joined else {}
    pre, fed, first = _pre(
        document, _specs(plan.interface.specs, plan.pre), plan.signature.specs, opsets, graphs
    )
    post, answered, last = _post(document, _specs(plan.model_outputs, plan.post), opsets, graphs)
    lost += _unsaid("pre", document["processing"]["pre"][:first], 0, [spec.name for spec in fed])
    lost += _unsaid("post", document["processing"]["post"][last:], last, [spec.name for spec in answered])
    interface = document["interface"]
    if first == 0:
        names = {spec.name for spec in fed}
        unused = [entry["name"] for entry in interface["inputs"] if entry["name"] not in names]
        lost += [f"input {name}: neither a step nor the model uses it" for name in unused]
    whole = first == 0 and last == len(document["processing"]["post"])
    return Offer(
        chosen,
        tuple(_entry(spec, (*interface["inputs"], *signature["inputs"])) for spec in fed),
        tuple(_entry(spec, (*interface["outputs"], *signature["outputs"])) for spec in answered),
        pre,
        post,
        whole,
        tuple(lost),
    )


def _chosen(artifacts: Sequence[Entry], wanted: str | None) -> Entry:
    for entry in artifacts:
        if entry["format"] == "onnx" and wanted in (None, entry["id"]):
            return entry
    found = ", ".join(f"{entry['id']} ({entry['format']})" for entry in artifacts)
    what = (
        "an artifact of the format onnx" if wanted is None else f"the artifact {wanted!r} of the format onnx"
    )
    raise UnsupportedError(f"found {found}, expected {what}; this target runs no other format")


def _graphs(package: LoadedPackage) -> "dict[str, ModelProto]":
    """Return the graphs of the steps, by the paths of their files."""
    from onnx import load_from_string

    chains = package.document["processing"].values()
    files = {step["file"] for chain in chains for step in chain if step["op"] == "graph"}
    return {file: load_from_string(package.read(file)) for file in sorted(files)}


def _chosen_sets(
    steps: Iterable[Entry], opsets: Mapping[str, int], graphs: "Mapping[str, ModelProto]"
) -> dict[str, int]:
    """Return the operator sets of a chain: the given ones, and what the first of its graphs has besides."""
    for step in steps:
        if step["op"] == "graph":
            return {**opsets_of(graphs[step["file"]]), **opsets}
    return {"ai.onnx": STEP_OPSET, **opsets}


def _specs(start: Iterable[TensorSpec], operations: Iterable[Operation]) -> dict[str, TensorSpec]:
    made = (spec for operation in operations for spec in operation.yields)
    return {spec.name: spec for spec in (*start, *made)}


def _pre(
    document: Entry,
    specs: Mapping[str, TensorSpec],
    goal: Sequence[TensorSpec],
    opsets: Mapping[str, int],
    graphs: "Mapping[str, ModelProto]",
) -> tuple[Chain | None, list[TensorSpec], int]:
    """Return the end of `pre` that is a graph, the tensors to feed in, and the number of steps before it."""
    steps = document["processing"]["pre"]
    first = len(steps)
    sets = _chosen_sets(reversed(steps), opsets, graphs)
    while first and expressible(steps[first - 1], specs, sets, graphs):
        first -= 1
    kept = steps[first:]
    written = _written(kept)
    needed = {spec.name for spec in goal} | _read(kept)
    fed = [spec for name, spec in specs.items() if name in needed and name not in written]
    # An optional input of the model that no step writes is fed like the others: its default is lost.
    fed += [spec for spec in goal if spec.name not in specs]
    if not kept:
        return None, fed, first
    inputs = tuple(spec for spec in fed if spec.name in _read(kept))
    outputs = tuple(spec for spec in goal if spec.name in written)
    return Chain(tuple(kept), inputs, outputs, specs, sets, graphs), fed, first


def _post(
    document: Entry,
    specs: Mapping[str, TensorSpec],
    opsets: Mapping[str, int],
    graphs: "Mapping[str, ModelProto]",
) -> tuple[Chain | None, list[TensorSpec], int]:
    """Return the beginning of `post` that is a graph, the tensors that it answers, and its length."""
    steps = document["processing"]["post"]
    last = 0
    sets = _chosen_sets(steps, opsets, graphs)
    while last < len(steps) and expressible(steps[last], specs, sets, graphs):
        last += 1
    kept, rest = steps[:last], steps[last:]
    later = _written(rest)
    goal = dict.fromkeys([entry["name"] for entry in document["interface"]["outputs"]])
    goal |= dict.fromkeys(sorted(_read(rest)))
    answered = [specs[name] for name in goal if name not in later]
    if not kept:
        return None, answered, last
    written = _written(kept)
    inputs = tuple(specs[name] for name in specs if name in _read(kept) and name not in written)
    outputs = tuple(spec for spec in answered if spec.name in written)
    return Chain(tuple(kept), inputs, outputs, specs, sets, graphs), answered, last


def _read(steps: Iterable[Entry]) -> set[str]:
    return {name for step in steps for name in names_of(step, "in")}


def _written(steps: Iterable[Entry]) -> set[str]:
    return {name for step in steps for name in names_of(step, "out")}


def _unsaid(chain: str, steps: Sequence[Entry], start: int, ends: Sequence[str]) -> list[str]:
    remedy = f"do it yourself, and {'feed' if chain == 'pre' else 'take'} {', '.join(ends)}"
    return [
        f"processing.{chain}, step {start + number} ({step['op']}): {remedy}"
        for number, step in enumerate(steps)
    ]


def _entry(spec: TensorSpec, known: Iterable[Entry]) -> Entry:
    for entry in known:
        if (entry["name"], entry["datatype"], tuple(entry["shape"])) == (
            spec.name,
            spec.datatype,
            spec.shape,
        ):
            return entry
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
