"""Make ONNX and pt2 artifacts of a torch module or an exported program.

Owns exporting with the sizes that the recipe declares; leaves getting at the module to the other sources and
describing the ONNX result to `onnx_source`. Runs the author's code, and so only at the author's word.
"""

import contextlib
import io
import logging
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.onnx_source import GraphTensor, OnnxSource, onnx_source_of
from lepton.pack.oracle import TorchOracle
from lepton.pack.origin import ArtifactDraft, Origin, onnx_draft
from lepton.pack.recipe import Recipe
from lepton.tensor import datatype

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["DEFAULT_OPSET", "imported_torch", "origin_of", "program_origin"]

#: The default ONNX operator set of exported artifacts: the oldest that the exporter writes natively.
DEFAULT_OPSET = 18


def origin_of(made: Any, request: Request) -> Origin:
    """Export a torch.nn.Module or take an ExportedProgram as it is. Raises: RecipeError."""
    torch = imported_torch()
    if isinstance(made, torch.export.ExportedProgram):
        return program_origin(made, request, None)
    if not isinstance(made, torch.nn.Module):
        raise RecipeError(f"{request.source}: found {type(made).__name__}, expected a torch.nn.Module")
    module = made.eval()
    return _origin(module, _exported(module, request.recipe), request, None)


def program_origin(program: Any, request: Request, archive: Path | None) -> Origin:
    """Make an origin of an ExportedProgram, which came from `archive` or from memory."""
    return _origin(program.module(), program, request, archive)


def imported_torch() -> Any:
    """Return the module torch. Raises: RecipeError naming the extra."""
    try:
        import torch
    except ImportError as error:
        raise RecipeError(
            "a torch source needs PyTorch, which is not installed: pip install 'lepton-standard[torch]'"
        ) from error
    return torch


def _origin(module: Any, program: Any, request: Request, archive: Path | None) -> Origin:
    import torch

    recipe = request.recipe
    inputs = _declared_inputs(recipe)
    outputs = [entry["name"] for entry in recipe.document.get("signature", {}).get("outputs", [])]
    found = len(program.graph_signature.user_outputs)
    if len(outputs) != found:
        raise RecipeError(
            f"{recipe.name}: found {len(outputs)} names in signature.outputs, expected {found}: one for each "
            "output of the module, in order"
        )
    export = recipe.document.get("export", {})
    formats = export.get("formats", ["onnx"])
    proto = _to_onnx(program, [tensor.name for tensor in inputs], outputs, export.get("opset", DEFAULT_OPSET))
    _name_single_sizes(proto, recipe)
    onnx_source = _stable(proto, inputs)
    derived = request.derived(f"torch.onnx {torch.__version__}")
    drafts = {
        "onnx": lambda: onnx_draft(onnx_source, derived),
        "pt2": lambda: _pt2_draft(program, archive, onnx_source.precision),
    }
    return Origin(
        onnx_source.inputs,
        onnx_source.outputs,
        tuple(drafts[name]() for name in formats),
        TorchOracle(module, [tensor.name for tensor in inputs], outputs),
        lost=("The graph is the module in evaluation mode; what it does in training is not in it.",),
    )


def _name_single_sizes(proto: "ModelProto", recipe: Recipe) -> None:
    """Give the dimensions that torch took for constants the names of the symbols that admit nothing else."""
    signature, symbols = recipe.document["signature"], recipe.document.get("symbols", {})
    shapes = {one["name"]: one["shape"] for kind in signature.values() for one in kind if "shape" in one}
    for value in (*proto.graph.input, *proto.graph.output):
        for dim, wanted in zip(value.type.tensor_type.shape.dim, shapes.get(value.name, ()), strict=False):
            single = isinstance(wanted, str) and wanted in symbols and _has_one_size(symbols[wanted])
            if single and dim.dim_value == _example_size(symbols[wanted]):
                dim.dim_param = wanted


def _declared_inputs(recipe: Recipe) -> list[GraphTensor]:
    entries = recipe.document.get("signature", {}).get("inputs", [])
    for entry in entries:
        if "datatype" not in entry or "shape" not in entry:
            raise RecipeError(
                f"{recipe.name}: the input {entry['name']!r} has no datatype or shape; a torch module "
                "does not say them, so write both in signature.inputs"
            )
    if not entries:
        raise RecipeError(
            f"{recipe.name}: found no signature.inputs, expected name, datatype and shape of each argument"
        )
    return [GraphTensor(entry["name"], entry["datatype"], tuple(entry["shape"])) for entry in entries]


def _exported(module: Any, recipe: Recipe) -> Any:
    """Trace a module with the dynamic dimensions that the recipe's symbols declare."""
    import torch

    symbols = recipe.document.get("symbols", {})
    dims: dict[str, Any] = {}
    arguments, dynamic = [], []
    for tensor in _declared_inputs(recipe):
        shape, places = [], {}
        for axis, dim in enumerate(tensor.shape):
            if isinstance(dim, int):
                shape.append(dim)
                continue
            assert isinstance(dim, str)
            if dim not in symbols:
                raise RecipeError(
                    f"{recipe.name}: the symbol {dim!r} of {tensor.name!r} has no bounds; add it to `symbols`"
                )
            if not _has_one_size(symbols[dim]):  # torch has no name for what cannot vary
                places[axis] = dims.setdefault(dim, _dimension(dim, symbols[dim]))
            shape.append(_example_size(symbols[dim]))
        arguments.append(_example(tensor.datatype, shape, torch))
        dynamic.append(places)
    try:
        with _quiet():
            return torch.export.export(module, tuple(arguments), dynamic_shapes=tuple(dynamic), strict=False)
    except Exception as error:  # tracing runs the author's code
        raise RecipeError(f"torch.export cannot export the module ({_reason(error)})") from error


def _has_one_size(symbol: Mapping[str, Any]) -> bool:
    multiple, most = symbol.get("multipleOf", 1), symbol.get("max")
    return most is not None and -(-symbol["min"] // multiple) == most // multiple


def _dimension(name: str, symbol: Mapping[str, Any]) -> Any:
    import torch

    multiple = symbol.get("multipleOf", 1)
    least, most = symbol["min"], symbol.get("max")
    if multiple == 1:
        return torch.export.Dim(name, min=least, max=most)
    units = torch.export.Dim(
        f"_{name}", min=-(-least // multiple), max=None if most is None else most // multiple
    )
    return multiple * units


def _example_size(symbol: Mapping[str, Any]) -> int:
    """Return a size that torch does not take for a constant: two multiples above the least, if there are."""
    multiple = symbol.get("multipleOf", 1)
    size: int = (max(-(-symbol["min"] // multiple), 0) + 2) * multiple
    most = symbol.get("max")
    return size if most is None else min(size, most // multiple * multiple)


def _example(type_name: str, shape: Sequence[int], torch: Any) -> Any:
    kind = datatype(type_name).kind
    if kind == "bytes":
        raise RecipeError("found a BYTES input, expected numbers: torch has no strings")
    names = {"FP16": "float16", "BF16": "bfloat16", "FP32": "float32", "FP64": "float64"}
    name = names.get(type_name) or datatype(type_name).numpy
    return torch.ones(shape, dtype=getattr(torch, str(name)))


def _to_onnx(program: Any, inputs: Sequence[str], outputs: Sequence[str], opset: int) -> "ModelProto":
    import torch

    try:
        with _quiet():
            exported = torch.onnx.export(
                program,
                dynamo=True,
                input_names=list(inputs),
                output_names=list(outputs),
                opset_version=opset,
                verbose=False,
            )
        assert exported is not None
        proto: ModelProto = exported.model_proto
    except Exception as error:  # the exporter raises its own and others' errors
        raise RecipeError(f"torch.onnx cannot export the module ({_reason(error)})") from error
    return proto


def _stable(proto: "ModelProto", inputs: Sequence[GraphTensor]) -> OnnxSource:
    """Drop what differs between machines (stack traces, paths), and name dimensions as the recipe does."""
    renamed: dict[str, str] = {}
    for value, tensor in zip(proto.graph.input, inputs, strict=True):
        for dim, wanted in zip(value.type.tensor_type.shape.dim, tensor.shape, strict=False):
            if dim.dim_param and isinstance(wanted, str):
                renamed[dim.dim_param] = wanted
    graphs = [proto.graph]
    for holder in (proto, proto.graph, *proto.functions):
        del holder.metadata_props[:]
        holder.doc_string = ""
    for graph in graphs:
        del graph.value_info[:]
        for thing in (*graph.node, *graph.input, *graph.output, *graph.initializer):
            del thing.metadata_props[:]
            thing.doc_string = ""
        for value in (*graph.input, *graph.output):
            for dim in value.type.tensor_type.shape.dim:
                if dim.dim_param in renamed:
                    dim.dim_param = renamed[dim.dim_param]
        graphs += [
            attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField("g")
        ]
    for function in proto.functions:
        for node in function.node:
            del node.metadata_props[:]
            node.doc_string = ""
    return onnx_source_of(proto, proto.SerializeToString(deterministic=True), {})


def _pt2_draft(program: Any, archive: Path | None, precision: str) -> ArtifactDraft:
    import torch

    content: Path | bytes
    if archive is None:
        buffer = io.BytesIO()
        program.example_inputs = None
        for graph_module in program.graph_module.modules():
            for node in getattr(getattr(graph_module, "graph", None), "nodes", ()):
                # Paths of the author's machine do not belong into a package.
                node.meta.pop("stack_trace", None)
        with _quiet():
            torch.export.save(program, buffer)
        content = buffer.getvalue()
        opened: Any = io.BytesIO(content)
    else:
        content = opened = archive
    with zipfile.ZipFile(opened) as zipped:
        version = next(name for name in zipped.namelist() if name.endswith("/archive_version"))
        format_version = zipped.read(version).decode().strip()
    entry = {
        "id": "pt2",
        "format": "pt2",
        "formatVersion": format_version,
        "entry": "model/model.pt2",
        "precision": precision,
        "executable": True,
    }
    return ArtifactDraft(entry, {"model/model.pt2": content})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch's chatter about optional packages off the terminal."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _reason(error: BaseException) -> str:
    """Return the first line of an error; torch says in the second which constraint was violated, and why."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Constraints violated"):
        return (
            f"{lines[1][:300]} Say in the recipe as a number what the module fixes, and bounds as torch says"
        )
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
