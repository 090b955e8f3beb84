"""Checks of the golden vectors that need no engine: enough of them, sound, fitting, and exercising sizes.

Owns the judgement of vectors against signature and interface; leaves the bytes of tensors to
`lepton.checks.tensorbytes`, controls to `lepton.checks.controls`. Serves PKG-VEC, COR-TYP-02 and COR-LIM-01.
"""

from collections.abc import Iterator
from typing import Any

import lepton_spec
from lepton.checks.attribution import VECTORS, requirement_of
from lepton.checks.documents import documents, text_findings
from lepton.checks.registry import Check, NotChecked, check
from lepton.checks.signature import smallest_size
from lepton.checks.tensorbytes import bytes_fault
from lepton.finding import Finding
from lepton.package.paths import MANIFEST
from lepton.package.read import Package
from lepton.vectors.chain import stage_tensors

__all__ = ["CHECKS"]

#: What makes shapes and steps unjudgeable.
UNBOUND = ("PKG-SIG-02", "PKG-SIG-03", "PKG-PRO-02")


@check("PKG-VEC-02", "COR-TYP-01")
def schema(package: Package) -> Iterator[Finding | NotChecked]:
    """Every document is I-JSON and valid."""
    for path, fact in _facts(package, "PKG-VEC-02"):
        if isinstance(fact, NotChecked):
            yield fact
            continue
        yield from text_findings(path, fact, "PKG-VEC-02")
        for fault in fact.faults:
            yield Finding(requirement_of(fault, VECTORS), path, fault.pointer, fault.message, "")


def _facts(package: Package, requirement: str) -> Iterator[tuple[str, Any]]:
    assert package.manifest is not None
    for path in package.manifest["vectors"]:
        fact = package.files.get(path)
        if fact is None:
            yield path, NotChecked(requirement, "blocked by PKG-MAN-06")
        elif fact.broken or fact.document is None or fact.document.kind != VECTORS:
            yield path, NotChecked(requirement, f"blocked by {fact.broken or 'PKG-MAN-06'}")
        else:
            yield path, fact.document


@check("COR-TYP-02")
def tensor_bytes(package: Package) -> Iterator[Finding | NotChecked]:
    """Every tensor has exactly the bytes of its shape and datatype."""
    for path, value in documents(package, "COR-TYP-02"):
        if isinstance(value, NotChecked):
            yield value
            continue
        for at, vector in enumerate(value["vectors"]):
            for side in ("inputs", "expected"):
                for place, tensor in enumerate(vector[side]):
                    problem = bytes_fault(tensor)
                    if problem is not None:
                        pointer = f"/vectors/{at}/{side}/{place}/data"
                        yield Finding("COR-TYP-02", path, pointer, problem, "")


@check("PKG-VEC-01")
def enough_vectors(package: Package) -> Iterator[Finding | NotChecked]:
    """Two of each stage that there is."""
    assert package.manifest is not None
    counts = dict.fromkeys(("raw", "pre", "model", "post", "step"), 0)
    for _, value in documents(package, "PKG-VEC-01"):
        if isinstance(value, NotChecked):
            yield value
            return
        for vector in value["vectors"]:
            counts[vector["stage"]] += 1
    steps = package.manifest.get("processing", {"pre": [], "post": []})
    for stage, needed in (("model", True), ("raw", bool(steps["pre"] or steps["post"]))):
        if needed and counts[stage] < 2:
            message = f"found {counts[stage]} vectors of the stage {stage!r}, expected 2 or more"
            yield Finding("PKG-VEC-01", MANIFEST, "/vectors", message, "")


@check("PKG-VEC-06", needs=("PKG-MAN-05",), after=("PKG-ART-03", "PKG-PRO-02"))
def exact_comparisons(package: Package) -> Iterator[Finding | NotChecked]:
    """Outputs with exact datatypes are compared exactly."""
    manifest = package.manifest
    assert manifest is not None
    for path, value in documents(package, "PKG-VEC-06"):
        if isinstance(value, NotChecked):
            yield value
            continue
        for at, vector in enumerate(value["vectors"]):
            yield from _exactness(manifest, vector, path, f"/vectors/{at}")


@check("PKG-VEC-03", needs=(*UNBOUND, "PKG-MAN-05"), after=("PKG-ART-03", "COR-TYP-02"))
def fitting_vectors(package: Package) -> Iterator[Finding | NotChecked]:
    """Names, datatypes, shapes and comparisons fit the tensors of the stage; one finding a vector."""
    manifest = package.manifest
    assert manifest is not None
    for path, value in documents(package, "PKG-VEC-03"):
        if isinstance(value, NotChecked):
            yield value
            continue
        for at, vector in enumerate(value["vectors"]):
            found = _fit(manifest, vector)
            if found is not None:
                yield Finding("PKG-VEC-03", path, f"/vectors/{at}{found[0]}", found[1], "")


def _declared(manifest: dict[str, Any], vector: Any) -> dict[str, Any] | None:
    return stage_tensors(manifest, vector["stage"], vector.get("step", ""))


def _exactness(manifest: dict[str, Any], vector: Any, path: str, pointer: str) -> Iterator[Finding]:
    declared = _declared(manifest, vector)
    datatypes = {one["name"]: one["datatype"] for one in declared["outputs"]} if declared else {}
    for place, comparison in enumerate(vector["comparisons"]):
        name = datatypes.get(comparison["output"])
        if name is None or comparison["comparator"] == "exact":
            continue
        if lepton_spec.datatypes()[name]["kind"] != "float":
            message = f"found {comparison['comparator']!r} for the datatype {name}, expected 'exact'"
            yield Finding("PKG-VEC-06", path, f"{pointer}/comparisons/{place}/comparator", message, "")


def _fit(manifest: dict[str, Any], vector: Any) -> tuple[str, str] | None:
    declared = _declared(manifest, vector)
    if declared is None and "interface" not in manifest:
        return (
            "/stage",
            f"found the stage {vector['stage']!r} in a package without interface, expected 'model'",
        )
    if declared is None:
        return "/step", f"found {vector['step']!r}, expected the pointer of a step of `processing`"
    sizes: dict[str, int] = {}
    for side, list_of in (("inputs", declared["inputs"]), ("expected", declared["outputs"])):
        problem = _side(side, vector[side], list_of, manifest["symbols"], sizes)
        if problem is not None:
            return problem
    outputs = [one["name"] for one in declared["outputs"]]
    compared: dict[str, None] = {}
    for place, comparison in enumerate(vector["comparisons"]):
        output = comparison["output"]
        if output not in outputs:
            return f"/comparisons/{place}/output", f"found {output!r}, expected one of {outputs}"
        if output in compared:
            return f"/comparisons/{place}/output", f"found a second comparison of {output!r}, expected one"
        compared[output] = None
    missing = [name for name in outputs if name not in compared]
    if missing:
        return "/comparisons", f"found no comparison of {missing[0]!r}, expected one"
    return None


def _side(
    side: str, given: list[Any], declared: list[Any], symbols: dict[str, Any], sizes: dict[str, int]
) -> tuple[str, str] | None:
    known = {one["name"]: one for one in declared}
    seen: dict[str, None] = {}
    for place, tensor in enumerate(given):
        pointer = f"/{side}/{place}"
        spec = known.get(tensor["name"])
        if spec is None:
            return f"{pointer}/name", f"found {tensor['name']!r}, expected one of {list(known)}"
        if tensor["name"] in seen:
            return f"{pointer}/name", f"found {tensor['name']!r} again, expected it once"
        seen[tensor["name"]] = None
        if tensor["datatype"] != spec["datatype"]:
            return f"{pointer}/datatype", f"found {tensor['datatype']}, expected {spec['datatype']}"
        if len(tensor["shape"]) != len(spec["shape"]):
            return f"{pointer}/shape", f"found the shape {tensor['shape']}, expected {spec['shape']}"
        for axis, (size, dim) in enumerate(zip(tensor["shape"], spec["shape"], strict=True)):
            problem = _size_fault(size, dim, symbols, sizes)
            if problem is not None:
                return f"{pointer}/shape/{axis}", problem
    missing = [one["name"] for one in declared if one["name"] not in seen and not one.get("optional")]
    if missing:
        return f"/{side}", f"found no tensor {missing[0]!r}, expected it"
    return None


def _size_fault(size: int, dim: int | str, symbols: dict[str, Any], sizes: dict[str, int]) -> str | None:
    if isinstance(dim, int):
        return None if size == dim else f"found the size {size}, expected {dim}"
    symbol = symbols[dim]
    step = symbol.get("multipleOf", 1)
    if size < symbol["min"] or size > symbol.get("max", size) or size % step:
        upper = symbol.get("max", "unbounded")
        return f"found the size {size}, expected {dim} in {symbol['min']}..{upper}, a multiple of {step}"
    if sizes.setdefault(dim, size) != size:
        return f"found the size {size}, expected {sizes[dim]}, which {dim} has elsewhere in the vector"
    return None


@check("PKG-VEC-05", needs=(*UNBOUND, "PKG-VEC-01", "PKG-VEC-03"), after=("PKG-ART-03",))
def exercised_sizes(package: Package) -> Iterator[Finding | NotChecked]:
    """Every symbol that can be larger is larger in some vector."""
    manifest = package.manifest
    assert manifest is not None
    sizes: dict[str, set[int]] = {name: set() for name in manifest["symbols"]}
    used: set[str] = set()
    for stage in ("model", "raw"):
        declared = stage_tensors(manifest, stage)
        for tensor in [*declared["inputs"], *declared["outputs"]] if declared else []:
            used |= {dim for dim in tensor["shape"] if isinstance(dim, str)}
    for _, value in documents(package, "PKG-VEC-05"):
        if isinstance(value, NotChecked):
            yield value
            return
        for vector in value["vectors"]:
            _collect(_declared(manifest, vector), vector, sizes)
    for name, symbol in manifest["symbols"].items():
        smallest = smallest_size(symbol)
        assert smallest is not None
        largest = symbol.get("max")
        several = largest is None or smallest + symbol.get("multipleOf", 1) <= largest
        if name in used and several and not sizes[name] - {smallest}:
            message = f"found {name} only at its smallest size {smallest}, expected a larger one too"
            yield Finding("PKG-VEC-05", MANIFEST, f"/symbols/{name}", message, "")


def _collect(declared: dict[str, Any] | None, vector: Any, sizes: dict[str, set[int]]) -> None:
    if declared is None:
        return
    for side, list_of in (("inputs", declared["inputs"]), ("expected", declared["outputs"])):
        known = {one["name"]: one["shape"] for one in list_of}
        for tensor in vector[side]:
            for size, dim in zip(tensor["shape"], known.get(tensor["name"], []), strict=False):
                if isinstance(dim, str):
                    sizes[dim].add(size)


@check("PKG-VEC-09")
def independent_oracle(package: Package) -> Iterator[Finding | NotChecked]:
    """The oracle is not the engine that the package is replayed on."""
    assert package.manifest is not None
    if not any(one["format"] == "onnx" for one in package.manifest["artifacts"]):
        return
    for path, value in documents(package, "PKG-VEC-09"):
        if isinstance(value, NotChecked):
            yield value
            continue
        name = value["provenance"]["oracle"]["name"]
        if name.lower() == "onnxruntime":
            message = f"found the oracle {name!r}, the engine that onnx artifacts are replayed on"
            yield Finding("PKG-VEC-09", path, "/provenance/oracle/name", message, "")


CHECKS: tuple[Check, ...] = (
    schema,
    tensor_bytes,
    enough_vectors,
    exact_comparisons,
    fitting_vectors,
    exercised_sizes,
    independent_oracle,
)
