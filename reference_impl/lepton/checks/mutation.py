"""Check that every stage has a vector and that the mutation score is declared as the package has it.

Owns the judgement of the member `mutation`; leaves the list of mutants to `lepton.vectors.mutants` and
running them to `lepton.vectors`. Serves PKG-VEC-10 and PKG-VEC-11.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lepton.checks.documents import documents
from lepton.checks.registry import Check, NotChecked, check
from lepton.checks.vectors import UNBOUND
from lepton.finding import Finding
from lepton.formats.lines import split_lines
from lepton.formats.weights import WeightFact
from lepton.package.paths import MANIFEST
from lepton.package.read import Package
from lepton.vectors.mutants import equal_planes, mutants, score_fault, subject

__all__ = ["CHECKS"]

#: What makes the mutants of a package uncountable, besides what hides its documents and its subject.
UNCOUNTABLE = (
    *UNBOUND,
    "PKG-PRO-05",
    "PKG-MAN-05",
    "COR-TYP-02",
    "PKG-VEC-03",
    "PKG-ART-01",
    "PKG-ART-04",
    "PKG-ART-05",
    "PKG-ART-06",
    "PKG-ART-13",
)


@check("PKG-VEC-10")
def staged_vectors(package: Package) -> Iterator[Finding | NotChecked]:
    """The stages `pre` and `post`, and every step that is a graph, have a vector where they exist."""
    manifest = package.manifest
    assert manifest is not None
    seen: set[tuple[str, str]] = set()
    for _, value in documents(package, "PKG-VEC-10"):
        if isinstance(value, NotChecked):
            yield value
            return
        seen |= {(one["stage"], one.get("step", "")) for one in value["vectors"]}
    for part, steps in manifest.get("processing", {}).items():
        pointer = f"/processing/{part}"
        if steps and (part, "") not in seen:
            message = f"found no vector of the stage {part!r}, expected one: the package has such steps"
            yield Finding("PKG-VEC-10", MANIFEST, pointer, message, "")
        for at, step in enumerate(steps):
            if step["op"] == "graph" and ("step", f"{pointer}/{at}") not in seen:
                message = "found no vector of the stage 'step' for this graph, expected one"
                yield Finding("PKG-VEC-10", MANIFEST, f"{pointer}/{at}", message, "")


@check("PKG-VEC-11", needs=UNCOUNTABLE, after=("PKG-ART-03",))
def declared_score(package: Package) -> Iterator[Finding | NotChecked]:
    """One document has the member `mutation`; its numbers and names are those of this package."""
    manifest = package.manifest
    assert manifest is not None
    stated: list[tuple[str, Mapping[str, Any]]] = []
    vectors: list[Any] = []
    for path, value in documents(package, "PKG-VEC-11"):
        if isinstance(value, NotChecked):
            yield value
            return
        vectors += value["vectors"]
        if "mutation" in value:
            stated.append((path, value["mutation"]))
    if not stated:
        message = "found no member 'mutation' in any vectors document, expected it in one"
        yield Finding("PKG-VEC-11", manifest["vectors"][0], "", message, "")
        return
    if len(stated) > 1:
        message = f"found the member 'mutation' in {stated[0][0]!r} as well, expected it in one document"
        yield Finding("PKG-VEC-11", stated[1][0], "/mutation", message, "")
        return
    names = _names(package, manifest, vectors)
    if isinstance(names, NotChecked):
        yield names
        return
    path, member = stated[0]
    problem = _fault(member, names)
    if problem is not None:
        yield Finding("PKG-VEC-11", path, f"/mutation{problem[0]}", problem[1], "")


def _fault(member: Mapping[str, Any], names: frozenset[str]) -> tuple[str, str] | None:
    """Return the pointer within the member and the message of the first fault."""
    if member["mutants"] != len(names):
        return "/mutants", f"found {member['mutants']}, expected {len(names)}: this package has so many"
    seen: set[str] = set()
    for at, survivor in enumerate(member["survivors"]):
        name = survivor["mutant"]
        if name not in names:
            return f"/survivors/{at}/mutant", f"found {name[:200]!r}, expected a mutant of this package"
        if name in seen:
            return f"/survivors/{at}/mutant", f"found {name[:200]!r} again, expected it once"
        seen.add(name)
    if member["killed"] + len(seen) != member["mutants"]:
        return (
            "/killed",
            f"found {member['killed']}, expected {member['mutants'] - len(seen)}: the others survive",
        )
    low = score_fault(member["mutants"], member["killed"])
    return None if low is None else ("/killed", low)


def _names(package: Package, manifest: Mapping[str, Any], vectors: list[Any]) -> frozenset[str] | NotChecked:
    weights: tuple[WeightFact, ...] = ()
    artifact = subject(manifest)
    if artifact["format"] == "onnx":
        known = package.weights.get(artifact["entry"])
        if known is None or any(one.perturbs is None or one.zeroes is None for one in known):
            return NotChecked("PKG-VEC-11", _why_unread(package, artifact["entry"]))
        weights = known
    shapes = [
        (one["stage"], {tensor["name"]: tensor["shape"] for tensor in one["inputs"]}) for one in vectors
    ]
    found = mutants(manifest, weights, equal_planes(manifest, shapes), lambda path: _lines(package, path))
    return frozenset(one.name for one in found)


def _lines(package: Package, path: str) -> int:
    contents = package.files[path].contents
    assert contents is not None
    assert contents.lines is not None
    return len(split_lines(contents.lines))


def _why_unread(package: Package, entry: str) -> str:
    """Say why the weights of an ONNX artifact are not known."""
    fact = package.files.get(entry)
    if fact is None:
        return "blocked by PKG-MAN-06"
    if fact.broken:
        return f"blocked by {fact.broken}"
    if fact.contents is not None and fact.contents.onnx is not None:
        return "weights of the artifact could not be read where they are"
    limit = fact.unread or (fact.contents.limit if fact.contents else "")
    return f"{entry}: {limit}" if limit else "blocked by PKG-ART-01"


CHECKS: tuple[Check, ...] = (staged_vectors, declared_score)
