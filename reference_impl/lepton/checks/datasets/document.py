"""Checks of the document of a data set: its text, its shape, its context, its nodes.

Serves DAT-DOC, DAT-CTX and DAT-REF.
"""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import lepton_spec
from lepton.checks.datasets.attribution import requirement_of
from lepton.checks.datasets.registry import DatasetCheck, Stage, check
from lepton.checks.registry import NotChecked
from lepton.data.dataset import DOCUMENT, Dataset
from lepton.data.nodes import FIELD, FILE, FILES, RECORDS, Nodes, as_list, references
from lepton.finding import Finding
from lepton.package.jsontext import Kind, escape_pointer

__all__ = ["CHECKS", "TEXT"]

#: Members whose content is no part of the graph that the context describes.
_OPAQUE = frozenset(["@context", "lepton", "data", "examples", "value"])
_BY_LANGUAGE = frozenset(["name", "description"])


def _finding(requirement: str, pointer: str, message: str) -> Finding:
    return Finding(requirement, DOCUMENT, pointer, message, "")


@check("DAT-DOC-01", "DAT-DOC-02", stage=Stage.BYTES)
def text(dataset: Dataset) -> Iterator[Finding | NotChecked]:
    """The document is within its limits, and I-JSON."""
    assert dataset.text is not None
    fault = dataset.text.fault
    if fault is None:
        return
    if fault.kind in (Kind.SIZE, Kind.DEPTH):
        yield _finding("DAT-DOC-01", fault.pointer, fault.message)
        yield NotChecked("DAT-DOC-02", "blocked by DAT-DOC-01")
    elif fault.kind is Kind.LIMIT:
        yield NotChecked("DAT-DOC-02", fault.message)
    else:
        yield _finding("DAT-DOC-02", fault.pointer, fault.message)


#: What the schema of the document shows.
_SHOWN = (
    "DAT-DOC-03",
    "DAT-DOC-04",
    "DAT-DOC-05",
    "DAT-CTX-01",
    "DAT-DST-02",
    "DAT-SPL-01",
    "DAT-PRV-01",
    "DAT-DES-05",
)


@check(*_SHOWN, stage=Stage.VALUE)
def shape(dataset: Dataset) -> Iterator[Finding | NotChecked]:
    """The document is valid against its schema, each failure under the requirement that names it."""
    faults = list(dataset.schema_faults)
    edition = [one for one in faults if requirement_of(one) == "DAT-DOC-04"]
    if edition:
        # The rules of another edition are not known: whatever else is wrong would be a guess.
        faults = edition
        for requirement in _SHOWN:
            yield NotChecked(requirement, "blocked by DAT-DOC-04")
    for fault in faults:
        yield _finding(requirement_of(fault), fault.pointer, fault.message)
    if faults:
        # That two members are equal is nothing that the schema shows.
        yield NotChecked("DAT-CTX-01", f"blocked by {requirement_of(faults[0])}")
        return
    context = dataset.value["@context"]
    if context["sc"] != context["@vocab"]:
        yield _finding("DAT-CTX-01", "/@context/sc", "found another address than that of @vocab")


@functools.cache
def _terms() -> frozenset[str]:
    schema = json.loads(lepton_spec.path("dataset.schema.json").read_bytes())
    names = schema["$defs"]["context"]["properties"]
    return frozenset(name for name in names if not name.startswith("@"))


def _members(value: Any, pointer: str) -> Iterator[tuple[str, Any, str]]:
    """Yield name, value and pointer of each member that the context describes."""
    waiting = [(value, pointer)]
    while waiting:
        one, at = waiting.pop()
        if isinstance(one, list):
            waiting += [(child, f"{at}/{index}") for index, child in enumerate(one)]
        elif isinstance(one, dict):
            for name, child in one.items():
                place = f"{at}/{escape_pointer(name)}"
                yield name, child, place
                if name not in _OPAQUE and not (name in _BY_LANGUAGE and isinstance(child, dict)):
                    waiting.append((child, place))


def _prefix(text: str) -> str:
    match = re.match(r"([^:/]+):(?!//)", text)
    return match[1] if match else ""


@check("DAT-CTX-02")
def defined_terms(dataset: Dataset) -> Iterator[Finding]:
    """Terms and prefixes that are used are in the context; the two texts by language exactly when used."""
    context = dataset.value["@context"]
    told = set()
    by_language = set()
    for name, value, pointer in _members(dataset.value, ""):
        if name in _BY_LANGUAGE and isinstance(value, dict):
            by_language.add(name)
        used = [_prefix(name)]
        if name in _terms() and name not in _BY_LANGUAGE:
            used.append(name)
        if name in ("@type", "dataType"):
            used += [_prefix(one) for one in as_list(value) if isinstance(one, str)]
        for one in used:
            if one and one not in context and one not in told:
                told.add(one)
                yield _finding(
                    "DAT-CTX-02", pointer, f"found {one[:60]!r}, which the context does not define"
                )
    for name in sorted(_BY_LANGUAGE):
        if (name in context) != (name in by_language):
            found = "no text by language" if name in context else "a text by language"
            message = f"found {found} in a {name!r}, and the context says otherwise"
            yield _finding("DAT-CTX-02", f"/@context/{name}" if name in context else "/@context", message)


@check("DAT-CTX-03")
def keywords(dataset: Dataset) -> Iterator[Finding]:
    """There are no keywords of JSON-LD but `@id`, `@type` and one context."""
    for name, _, pointer in _members(dataset.value, ""):
        if name.startswith("@") and name not in ("@id", "@type") and pointer != "/@context":
            yield _finding("DAT-CTX-03", pointer, f"found the keyword {name[:60]!r}, expected @id or @type")


@check("DAT-REF-01")
def unique_identifiers(dataset: Dataset) -> Iterator[Finding]:
    """No two nodes have one `@id`, no two splits one name."""
    for identifier, pointer in dataset.nodes.twice:
        yield _finding("DAT-REF-01", pointer, f"found the @id {identifier[:60]!r} twice")
    seen = set()
    for at, split in enumerate(dataset.nodes.profile["splits"]):
        if split["name"] in seen:
            message = f"found the split {split['name'][:60]!r} twice"
            yield _finding("DAT-REF-01", f"/lepton/splits/{at}/name", message)
        seen.add(split["name"])


def _demands(nodes: Nodes) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Yield each reference: the `@id`, its pointer, the kinds that fit, and the record set that holds it."""
    for kind in (FILE, FILES):
        for _, entry, pointer in nodes.of_kind(kind):
            for one, at in references(entry.get("containedIn")):
                yield one, f"{pointer}/containedIn{at}", (FILE, FILES), ""
    for identifier, entry, pointer in nodes.of_kind(RECORDS):
        for one, at in references(entry.get("key")):
            yield one, f"{pointer}/key{at}", (FIELD,), identifier
    for field in nodes.fields.values():
        source = field.entry.get("source", {})
        place = f"{field.pointer}/source"
        if "@id" in source:
            yield source["@id"], f"{place}/@id", (FILE, FILES, FIELD), ""
        kinds = {"fileObject": FILE, "fileSet": FILES, "recordSet": RECORDS, "field": FIELD}
        for name, wanted in kinds.items():
            if name in source:
                yield source[name]["@id"], f"{place}/{name}/@id", (wanted,), ""
        for link, at in _links(field.entry):
            yield link, f"{field.pointer}/references{at}", (FIELD,), ""
    for number, split in enumerate(nodes.profile["splits"]):
        pointer = f"/lepton/splits/{number}"
        yield split["recordSet"], f"{pointer}/recordSet", (RECORDS,), ""
        if "where" in split:
            yield split["where"]["field"], f"{pointer}/where/field", (FIELD,), split["recordSet"]


def _links(entry: Any) -> Iterator[tuple[str, str]]:
    value = entry.get("references")
    for number, one in enumerate(as_list(value)):
        at = f"/{number}" if isinstance(value, list) else ""
        if "field" in one:
            yield one["field"]["@id"], f"{at}/field/@id"
        else:
            yield one["@id"], f"{at}/@id"


@check("DAT-REF-02")
def resolved_references(dataset: Dataset) -> Iterator[Finding]:
    """Every reference is the `@id` of a fitting node."""
    nodes = dataset.nodes
    for identifier, pointer, kinds, owner in _demands(nodes):
        found = nodes.kinds.get(identifier)
        expected = " or ".join(kinds)
        if found not in kinds:
            message = (
                f"found {identifier[:80]!r}, {f'a {found}' if found else 'no node'}, expected a {expected}"
            )
            yield _finding("DAT-REF-02", pointer, message)
        elif owner and nodes.kinds.get(owner) == RECORDS and nodes.fields[identifier].record_set != owner:
            message = f"found {identifier[:80]!r}, a field of another record set than {owner[:80]!r}"
            yield _finding("DAT-REF-02", pointer, message)


@check("DAT-REF-03")
def no_circles(dataset: Dataset) -> Iterator[Finding]:
    """No chain of containers, and none of sources, leads back to where it began."""
    nodes = dataset.nodes
    edges: dict[str, list[str]] = {}
    for kind in (FILE, FILES):
        for identifier, entry, _ in nodes.of_kind(kind):
            edges[identifier] = [one for one, _ in references(entry.get("containedIn"))]
    for identifier, field in nodes.fields.items():
        source = field.entry.get("source", {})
        target = source.get("field", source).get("@id")
        edges[identifier] = [target] if nodes.kinds.get(target) == FIELD else []
    done: set[str] = set()
    for start in edges:
        found = _circle(start, edges, done)
        if found is not None:
            pointer = nodes.pointers.get(found, "")
            yield _finding("DAT-REF-03", pointer, f"found {found[:80]!r} at the end of its own chain")


def _circle(start: str, edges: dict[str, list[str]], done: set[str]) -> str | None:
    """Return a node on a circle that is reached from `start`, or None; walks without recursion."""
    if start in done:
        return None
    path = {start}
    waiting = [(start, iter(edges.get(start, [])))]
    while waiting:
        node, following = waiting[-1]
        step = next(following, None)
        if step is None:
            waiting.pop()
            path.discard(node)
            done.add(node)
        elif step in path:
            done |= path
            return step
        elif step not in done:
            path.add(step)
            waiting.append((step, iter(edges.get(step, []))))
    return None


@check("DAT-REF-04", stage=Stage.NODES)
def patterns(dataset: Dataset) -> Iterator[Finding]:
    """Every FileSet of the folder includes a file."""
    for identifier, entry, pointer in dataset.nodes.of_kind(FILES):
        if "containedIn" not in entry and not dataset.nodes.included(identifier):
            message = "found no path of lepton.files that the patterns include"
            yield _finding("DAT-REF-04", f"{pointer}/includes", message)


TEXT: tuple[DatasetCheck, ...] = (text, shape)
CHECKS: tuple[DatasetCheck, ...] = (
    defined_terms,
    keywords,
    unique_identifiers,
    resolved_references,
    no_circles,
    patterns,
)
