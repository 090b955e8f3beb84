"""Checks of the artifacts: what the files say about themselves against what the manifest says of them.

Serves PKG-ART-01 to PKG-ART-04, PKG-ART-07, PKG-ART-10, PKG-ART-12 and PKG-ART-13. Tensors are in
`lepton.checks.tensors`.
"""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

import lepton_spec
from lepton.checks.manifest import repeats_tensor
from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.formats import Contents
from lepton.formats.calls import first_circle
from lepton.formats.onnx import OnnxDim, OnnxModel, OnnxTensor, OnnxValue
from lepton.formats.safetensors import is_safetensors
from lepton.package.paths import MANIFEST, syntax_fault
from lepton.package.read import Package

__all__ = ["CHECKS", "external_path", "models"]

STANDARD_DOMAINS = frozenset(["ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training"])


def _contents(package: Package, requirement: str) -> Iterator[tuple[int, Any, Contents] | NotChecked]:
    """Yield index, artifact and contents of each artifact that can be judged, or why it cannot."""
    assert package.manifest is not None
    for at, artifact in enumerate(package.manifest["artifacts"]):
        fact = package.files.get(artifact["entry"])
        if fact is None:
            yield NotChecked(requirement, "blocked by PKG-MAN-06")
        elif fact.broken:
            yield NotChecked(requirement, f"blocked by {fact.broken}")
        elif fact.contents is None and not fact.unread:
            yield NotChecked(requirement, "blocked by PKG-MAN-06")
        elif fact.contents is None:
            yield NotChecked(requirement, f"{artifact['entry']}: {fact.unread}")
        elif fact.contents.limit:
            yield NotChecked(requirement, f"{artifact['entry']}: {fact.contents.limit}")
        elif fact.contents.fault and requirement != "PKG-ART-01":
            yield NotChecked(requirement, "blocked by PKG-ART-01")
        else:
            yield at, artifact, fact.contents


def models(package: Package, requirement: str) -> Iterator[tuple[int, Any, OnnxModel] | NotChecked]:
    """Yield each readable ONNX artifact, or why one cannot be judged."""
    for one in _contents(package, requirement):
        if isinstance(one, NotChecked):
            yield one
        elif one[2].onnx is not None:
            yield one[0], one[1], one[2].onnx


@check("PKG-ART-01")
def declared_format(package: Package) -> Iterator[Finding | NotChecked]:
    """The entry file is of its format."""
    for one in _contents(package, "PKG-ART-01"):
        if isinstance(one, NotChecked):
            yield one
            continue
        _, artifact, contents = one
        if contents.fault:
            pointer = "" if contents.place is None else f"byte {contents.place}"
            message = f"{contents.fault}; declared is the format {artifact['format']!r}"
            yield Finding("PKG-ART-01", artifact["entry"], pointer, message, "")


@check("PKG-ART-02")
def declared_versions(package: Package) -> Iterator[Finding | NotChecked]:
    """Format version and operator sets are those in the file."""
    for one in _contents(package, "PKG-ART-02"):
        if isinstance(one, NotChecked):
            yield one
            continue
        at, artifact, contents = one
        found = contents.pt2_version or ""
        if contents.onnx is not None:
            found = f"IR {contents.onnx.ir_version}"
        if found != artifact["formatVersion"]:
            message = f"found {artifact['formatVersion']!r}, expected {found!r} as in {artifact['entry']!r}"
            yield Finding("PKG-ART-02", MANIFEST, f"/artifacts/{at}/formatVersion", message, "")
        yield from _opsets(at, artifact, contents.onnx)


def _opsets(at: int, artifact: Any, model: OnnxModel | None) -> Iterator[Finding]:
    pointer = f"/artifacts/{at}/opsets"
    declared = artifact.get("opsets")
    if model is None:
        if declared is not None:
            message = f"found opsets for the format {artifact['format']!r}, expected none"
            yield Finding("PKG-ART-02", MANIFEST, pointer, message, "")
        return
    inside: dict[str, int] = {}
    for domain, version in model.opsets:
        if inside.setdefault(domain, version) != version:
            message = f"found the versions {inside[domain]} and {version} of {domain!r}, expected one"
            yield Finding("PKG-ART-02", artifact["entry"], "", message, "")
            return
    if declared != inside:
        message = f"found {declared or 'no opsets'}, expected {inside} as in {artifact['entry']!r}"
        yield Finding("PKG-ART-02", MANIFEST, pointer if declared else f"/artifacts/{at}", message, "")


@check("PKG-ART-03")
def declared_signature(package: Package) -> Iterator[Finding | NotChecked]:
    """The signature is that of the graph; the first difference of each artifact is the finding."""
    assert package.manifest is not None
    if repeats_tensor(package.manifest, "signature"):
        yield NotChecked("PKG-ART-03", "blocked by PKG-MAN-05")
        return
    for one in models(package, "PKG-ART-03"):
        if isinstance(one, NotChecked):
            yield one
            continue
        _, artifact, model = one
        names: dict[str, str] = {}
        for side, values in (("inputs", model.inputs), ("outputs", model.outputs)):
            declared = package.manifest["signature"][side]
            difference = _side(declared, values, names, package.manifest["symbols"])
            if difference is not None:
                pointer, message = difference
                message = f"{message} (artifact {artifact['id']!r})"
                yield Finding("PKG-ART-03", MANIFEST, f"/signature/{side}{pointer}", message, "")
                break


def _side(
    declared: list[Any], values: tuple[OnnxValue, ...], names: dict[str, str], symbols: Mapping[str, Any]
) -> tuple[str, str] | None:
    ours, theirs = [one["name"] for one in declared], [one.name for one in values]
    if ours != theirs:
        return "", f"found the names {ours}, expected {theirs} as in the graph"
    numbers = {name: entry["onnx"] for name, entry in lepton_spec.datatypes().items()}
    for at, (tensor, value) in enumerate(zip(declared, values, strict=True)):
        if numbers[tensor["datatype"]] != value.elem_type:
            known = {number: name for name, number in numbers.items()}
            what = "no tensor" if value.elem_type is None else f"the ONNX type {value.elem_type}"
            expected = known.get(value.elem_type or 0, what)
            return f"/{at}/datatype", f"found {tensor['datatype']}, expected {expected} as in the graph"
        if value.shape is None:
            continue
        if len(tensor["shape"]) != len(value.shape):
            message = f"found the rank {len(tensor['shape'])}, expected {len(value.shape)} as in the graph"
            return f"/{at}/shape", message
        for axis, (ours_dim, dim) in enumerate(zip(tensor["shape"], value.shape, strict=True)):
            problem = _dim(ours_dim, dim, names, symbols)
            if problem is not None:
                return f"/{at}/shape/{axis}", problem
    return None


def _dim(declared: int | str, dim: OnnxDim, names: dict[str, str], symbols: Mapping[str, Any]) -> str | None:
    if isinstance(dim, int):
        return None if declared == dim else f"found {declared!r}, expected the fixed size {dim} of the graph"
    if isinstance(declared, int):
        named = f" named {dim!r}" if dim else ""
        return f"found the fixed size {declared}, expected a symbol for the graph's open dimension{named}"
    if declared not in symbols:
        # A symbol that nobody declared is PKG-SIG-02's matter.
        return None
    if dim and names.setdefault(dim, declared) != declared:
        return f"found {declared!r}, expected {names[dim]!r} as for the other dimension {dim!r} of the graph"
    return None


@check("PKG-ART-04")
def external_files(package: Package) -> Iterator[Finding | NotChecked]:
    """The files of external data are those that the artifact declares."""
    for one in models(package, "PKG-ART-04"):
        if isinstance(one, NotChecked):
            yield one
            continue
        at, artifact, model = one
        used: dict[str, None] = {}
        faulty = False
        for tensor in model.tensors:
            if tensor.external is None:
                continue
            path, problem = external_path(artifact["entry"], tensor)
            if path is None:
                faulty = True
                yield Finding("PKG-ART-04", artifact["entry"], f"byte {tensor.place}", problem, "")
            else:
                used[path] = None
        declared = set(artifact.get("external", ()))
        if not declared <= package.files.keys():
            yield NotChecked("PKG-ART-04", "blocked by PKG-MAN-06")
            continue
        if faulty or declared == set(used):
            continue
        missing = sorted(set(used) - declared)
        word = "not declared" if missing else "declared but not used"
        names = missing or sorted(declared - set(used))
        message = f"found external data {word}: {', '.join(repr(name) for name in names[:5])}"
        yield Finding("PKG-ART-04", MANIFEST, f"/artifacts/{at}", message, "")


def external_path(entry: str, tensor: OnnxTensor) -> tuple[str | None, str]:
    """Return the path in the package of a tensor's external data, or None and what is wrong."""
    locations = [value for key, value in tensor.external or () if key == "location"]
    name = tensor.name[:60]
    if len(locations) != 1:
        return None, f"found {len(locations)} locations of the data of tensor {name!r}, expected one"
    fault = syntax_fault(locations[0])
    if fault is not None:
        return None, f"found the location {locations[0][:80]!r} for tensor {name!r}: {fault}"
    return posixpath.join(posixpath.dirname(entry), locations[0]), ""


@check("PKG-ART-07")
def no_code(package: Package) -> Iterator[Finding | NotChecked]:
    """No file shows the signs of code, except those of artifacts that are declared executable."""
    assert package.manifest is not None
    allowed = set()
    for artifact in package.manifest["artifacts"]:
        if artifact["executable"]:
            allowed |= {artifact["entry"], *artifact.get("external", ())}
    for path, fact in package.files.items():
        if path in allowed:
            continue
        if fact.sign is not None:
            message = f"found the signs of {fact.sign}, expected data only"
            yield Finding("PKG-ART-07", path, "byte 0", message, "")
        elif fact.unread:
            yield NotChecked("PKG-ART-07", f"{path}: {fact.unread}")
        elif fact.broken:
            yield NotChecked("PKG-ART-07", f"blocked by {fact.broken}")


@check("PKG-ART-10")
def standard_operators(package: Package) -> Iterator[Finding]:
    """Operators of other domains need a runtime that has them."""
    assert package.manifest is not None
    for at, artifact in enumerate(package.manifest["artifacts"]):
        others = sorted(set(artifact.get("opsets", {})) - STANDARD_DOMAINS)
        if others:
            message = f"found the operator domains {', '.join(others)}, expected standard ones only"
            yield Finding("PKG-ART-10", MANIFEST, f"/artifacts/{at}/opsets", message, "")


@check("PKG-ART-12")
def safetensors_headers(package: Package) -> Iterator[Finding | NotChecked]:
    """Every safetensors file has a header with one reading."""
    assert package.manifest is not None
    for listed in package.manifest["files"]:
        path = listed["path"]
        fact = package.files[path]
        if not is_safetensors(path, listed["mediaType"]):
            continue
        if fact.broken:
            yield NotChecked("PKG-ART-12", f"blocked by {fact.broken}")
        elif fact.header is None:
            yield NotChecked("PKG-ART-12", f"{path}: {fact.unread}")
        elif fact.header.limit:
            yield NotChecked("PKG-ART-12", f"{path}: {fact.header.limit}")
        elif fact.header.fault:
            yield Finding("PKG-ART-12", path, fact.header.pointer, fact.header.fault, "")


@check("PKG-ART-13")
def recursive_functions(package: Package) -> Iterator[Finding | NotChecked]:
    """No function of a model calls itself, not even through others."""
    for one in models(package, "PKG-ART-13"):
        if isinstance(one, NotChecked):
            yield one
            continue
        _, artifact, model = one
        circle = first_circle(model.functions)
        if circle:
            names = " calls ".join(repr(function.operator[1][:60]) for function in (*circle, circle[0]))
            message = f"found functions that call each other in a circle: {names}; expected none"
            yield Finding("PKG-ART-13", artifact["entry"], f"byte {circle[0].place}", message, "")


CHECKS: tuple[Check, ...] = (
    declared_format,
    declared_versions,
    declared_signature,
    external_files,
    no_code,
    standard_operators,
    safetensors_headers,
    recursive_functions,
)
