"""Check the files that steps read: graphs, token files, vocabularies.

Owns what each operator asks of its file; leaves reading files to `lepton.package.read` and the types of
tensors to `processing`. Serves PKG-PRO-05.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import lepton_spec
from lepton.checks.manifest import never_listed, repeats_tensor
from lepton.checks.processing import environment, names
from lepton.checks.registry import Check, NotChecked, check
from lepton.checks.steps import Type
from lepton.checks.tensors import tensor_fault
from lepton.finding import Finding
from lepton.formats import Contents
from lepton.formats.calls import first_circle
from lepton.formats.lines import MAX_LINES_BYTES, each_line, first_repeat
from lepton.formats.onnx import OnnxModel, OnnxValue
from lepton.package.paths import MANIFEST
from lepton.package.read import Package

__all__ = ["CHECKS", "tokens_fault"]

ROLES = {"graph": "graph", "tokenize": "tokenizer", "lookup": "vocabulary"}
DOMAINS = frozenset(["ai.onnx", "ai.onnx.ml"])
SPECIAL = ("unknown", "padding", "first", "last")


@check("PKG-PRO-05", needs=("PKG-SIG-02", "PKG-PRO-02"), after=("PKG-ART-03",))
def step_files(package: Package) -> Iterator[Finding | NotChecked]:
    """The file of a step is listed, has its role, and is of use to it; the first fault of each is told."""
    manifest = package.manifest
    assert manifest is not None
    if repeats_tensor(manifest, "signature", "interface"):
        yield NotChecked("PKG-PRO-05", "blocked by PKG-MAN-05")
        return
    for chain in ("pre", "post"):
        for at, step in enumerate(manifest.get("processing", {}).get(chain, [])):
            if step["op"] not in ROLES:
                continue
            found = _step_fault(package, step, chain)
            if isinstance(found, NotChecked):
                yield found
            elif found:
                pointer = f"/processing/{chain}/{at}/file"
                yield Finding("PKG-PRO-05", MANIFEST, pointer, f"{step['file']!r}: {found}", "")


def _step_fault(package: Package, step: Any, chain: str) -> str | NotChecked | None:
    assert package.manifest is not None
    listed = {one["path"]: one for one in package.manifest["files"]}
    path, role = step["file"], ROLES[step["op"]]
    if path not in listed:
        if path in package.container.entries and not never_listed(path):
            return NotChecked("PKG-PRO-05", "blocked by PKG-LAY-06")
        return f"found no such path in files, expected one with the role {role!r}"
    if listed[path]["role"] != role:
        return f"found the role {listed[path]['role']!r}, expected {role!r}"
    fact = package.files[path]
    if fact.broken:
        return NotChecked("PKG-PRO-05", f"blocked by {fact.broken}")
    if role != "graph" and fact.size is not None and fact.size > MAX_LINES_BYTES:
        return f"found {fact.size} bytes, expected at most {MAX_LINES_BYTES}"
    contents = fact.contents
    if contents is None or contents.limit:
        return NotChecked("PKG-PRO-05", f"{path}: {fact.unread if contents is None else contents.limit}")
    if contents.fault:
        return contents.fault if contents.place is None else f"at byte {contents.place}, {contents.fault}"
    return _content_fault(package.manifest, step, chain, contents)


def _content_fault(manifest: Mapping[str, Any], step: Any, chain: str, contents: Contents) -> str | None:
    if contents.onnx is not None:
        known = environment(manifest, chain)
        bound = [[known[name] for name in names(step[member])] for member in ("in", "out")]
        return _graph_fault(contents.onnx) or _binding_fault(contents.onnx, *bound)
    assert contents.lines is not None
    return tokens_fault(step, contents.lines) if step["op"] == "tokenize" else None


def _graph_fault(model: OnnxModel) -> str | None:
    """Say what is wrong with a graph by itself."""
    for tensor in model.tensors:
        problem = (
            "found external data, expected none" if tensor.external is not None else tensor_fault(tensor)
        )
        if problem is not None:
            return f"at byte {tensor.place}, tensor {tensor.name[:60]!r}: {problem}"
    circle = first_circle(model.functions)
    if circle:
        return f"at byte {circle[0].place}, found functions that call each other in a circle, expected none"
    others = sorted({domain for domain, _ in model.opsets} - DOMAINS)
    if others:
        shown = ", ".join(repr(one[:60]) for one in others[:5])
        return f"found the operator domains {shown}, expected ai.onnx and ai.onnx.ml alone"
    return None


def _binding_fault(model: OnnxModel, read: Sequence[Type], written: Sequence[Type]) -> str | None:
    """Say how inputs and outputs differ from the tensors that the step binds to them."""
    sides = (("input", model.inputs, read), ("output", model.outputs, written))
    for side, values, bound in sides:
        if len(values) != len(bound):
            return f"found {len(values)} {side}s of the graph, expected {len(bound)} as in the step"
    for side, values, bound in sides:
        for at, (value, given) in enumerate(zip(values, bound, strict=True)):
            problem = _value_fault(value, given)
            if problem is not None:
                return f"{side} {at} of the graph: {problem}"
    return None


def _value_fault(value: OnnxValue, given: Type) -> str | None:
    number = lepton_spec.datatypes()[given.datatype]["onnx"]
    if value.elem_type != number:
        found = "no tensor" if value.elem_type is None else f"the ONNX type {value.elem_type}"
        return f"found {found}, expected {given.datatype}, the ONNX type {number}"
    if value.shape is None:
        return None
    if len(value.shape) != len(given.shape):
        return f"found the rank {len(value.shape)}, expected {len(given.shape)} as of {given}"
    for axis, (dim, declared) in enumerate(zip(value.shape, given.shape, strict=True)):
        if isinstance(dim, int) and dim != declared:
            return f"found the fixed size {dim} on axis {axis}, expected {declared!r} as of {given}"
    return None


def tokens_fault(step: Any, data: bytes) -> str | None:
    """Say what is wrong with a token file that is one of lines."""
    special = {step[name].encode(): name for name in reversed(SPECIAL) if name in step}
    for at, line in enumerate(each_line(data)):
        if not line:
            return f"found the empty line {at}, expected a token on every line"
        special.pop(line, None)
    repeat = first_repeat(data)
    if repeat is not None:
        return f"found the line {repeat[0]} equal to the line {repeat[1]}, expected different tokens"
    for token, name in special.items():
        return f"found no line {token.decode()!r}, expected the {name} token on one"
    return None


CHECKS: tuple[Check, ...] = (step_files,)
