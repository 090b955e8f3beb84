"""A described package as a tree for the terminal: one line a fact, deeper ones indented.

Owns the lines; leaves what is shown to `inspection`. Serves COR-ESC-01.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lepton.report.assured import assurance_facts
from lepton.report.escape import for_terminal
from lepton.report.inspection import measure_of, said, size_of, statement, tensor_facts
from lepton.report.tasked import task_facts

__all__ = ["render"]

#: Entries of a list, and labels of a tensor, that are shown.
SHOWN, SHOWN_LABELS = 20, 5

Described = Mapping[str, Any]


def render(described: Described) -> str:
    """Return the tree. Every text of a package is escaped."""
    return "".join(for_terminal(line) + "\n" for line in _lines(described))


def _lines(described: Described) -> Iterator[str]:
    manifest = described["manifest"]
    language = manifest["language"]
    yield f"{manifest['id']} {manifest['version']}: {said(manifest['title'], language)}"
    yield f"  {described['identity']}"
    supplier = f", by {manifest['supplier']['name']}" if "supplier" in manifest else ""
    yield f"  {described['container']}, Lepton {manifest['lepton']}, licence {manifest['license']}{supplier}"
    if "description" in manifest:
        yield f"  {said(manifest['description'], language)}"
    yield "files"
    for one in described["files"][:SHOWN]:
        broken = "" if one["verified"] else "  NOT AS LISTED"
        yield f"  {one['size']:>12,}  {one['role']:<13} {one['path']}{broken}"
    yield from _rest(described["files"])
    for artifact in manifest["artifacts"]:
        opsets = ", ".join(f"{name} {number}" for name, number in artifact.get("opsets", {}).items())
        runs = ", executable" if artifact["executable"] else ""
        yield f"artifact {artifact['id']}: {artifact['format']} ({artifact['formatVersion']}{runs})"
        yield f"  {artifact['entry']}, {artifact['precision']}{', ' + opsets if opsets else ''}"
    yield from _stages(manifest, language)
    for document in described["vectors"]:
        yield from _vectors(document)
    yield from _mutation(described)
    yield from _card(described["card"], language)
    if described["application"] is not None:
        yield "tasks"
        for heading, text in task_facts(described["application"], language):
            yield f"  {heading}: {text}"
    if described["assurance"] is not None:
        yield "assurance"
        for heading, text in assurance_facts(described["assurance"], described["card"], language):
            yield f"  {heading[0].lower()}{heading[1:]}: {text}"
    for folder in ("signatures", "attestations"):
        if described[folder]:
            yield f"{folder} (not judged here; see lepton verify)"
            yield from (f"  {path}" for path in described[folder][:SHOWN])
            yield from _rest(described[folder])


def _stages(manifest: Described, language: str) -> Iterator[str]:
    """Show what a user sees, the steps, and what the model sees, in the order in which data flows."""
    if "interface" in manifest:
        yield from _tensors("interface", manifest["interface"], language)
    yield from _processing(manifest)
    yield from _tensors("signature", manifest["signature"], language)
    if manifest["symbols"]:
        yield "symbols"
    for name, symbol in manifest["symbols"].items():
        yield f"  {name} = {size_of(symbol)}"


def _tensors(stage: str, signature: Described, language: str) -> Iterator[str]:
    yield stage
    for side in ("inputs", "outputs"):
        for tensor in signature[side]:
            yield f"  {side.removesuffix('s'):<6} {_tensor(tensor, language)}"


def _tensor(tensor: Described, language: str) -> str:
    form, axes = tensor_facts(tensor)
    parts = [f"{tensor['name']}: {form}"]
    if axes:
        parts.append(f"({axes})")
    if "content" in tensor:
        parts.append(tensor["content"]["kind"])
    if tensor.get("optional"):
        parts.append(f"default {json.dumps(tensor['default'])}")
    if "labels" in tensor:
        names = tensor["labels"]["names"]
        known = names.get(language) or next(iter(names.values()))
        more = ", ..." if len(known) > SHOWN_LABELS else ""
        parts.append(f"{len(known)} labels: {', '.join(known[:SHOWN_LABELS])}{more}")
    return " ".join(parts)


def _processing(manifest: Described) -> Iterator[str]:
    if "processing" not in manifest:
        yield "processing: unknown"
        return
    if not any(manifest["processing"].values()):
        yield "processing: none"
        return
    yield "processing"
    for chain in ("pre", "post"):
        for number, step in enumerate(manifest["processing"][chain]):
            others = {key: value for key, value in step.items() if key not in ("op", "version", "in", "out")}
            settings = f" {json.dumps(others)}" if others else ""
            read, written = (_names(step[member]) for member in ("in", "out"))
            yield f"  {f'{chain} {number}':<7} {read} -> {written}: {step['op']}{settings}"


def _names(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _vectors(document: Described) -> Iterator[str]:
    stages: dict[str, int] = {}
    for vector in document["vectors"]:
        stages[vector["stage"]] = stages.get(vector["stage"], 0) + 1
    counts = ", ".join(f"{count} {stage}" for stage, count in stages.items())
    oracle = document["provenance"]["oracle"]
    yield f"vectors {document['path']}: {counts}; oracle {oracle['name']} {oracle['version']}"
    for control in document["controls"]:
        step = f" of step {control['step']}" if "step" in control else ""
        yield f"  {control['control']}{step} is killed by {control['killedBy']}"


def _mutation(described: Described) -> Iterator[str]:
    """Show the mutation score that the package states, and beside it the one that was measured."""
    stated, measured = described["mutation"], described.get("measured")
    if stated is not None:
        yield f"mutation score, as stated: {measure_of(stated)}"
        yield from _survivors(stated)
    if measured is not None:
        yield f"mutation score, as measured: {measure_of(measured)}"
        yield from _table(measured.get("table", ()))
    if stated is None and measured is None:
        yield "mutation score: not stated"


def _table(rows: Sequence[Described]) -> Iterator[str]:
    """Show each mutant and what became of it, as wide as the longest name."""
    width = max((len(one["mutant"]) for one in rows), default=0)
    for one in rows:
        by = f" by {one['vector']}" if one["vector"] else ""
        became = f"killed{by}: {one['message']}" if one["killed"] else "SURVIVES"
        yield f"  {one['mutant']:<{width}}  {became}"


def _survivors(mutation: Described) -> Iterator[str]:
    for one in mutation["survivors"][:SHOWN]:
        reason = f": {one['reason']}" if "reason" in one else ""
        yield f"  survives {one['mutant']}{reason}"
    yield from _rest(mutation["survivors"])


def _card(card: Described | None, language: str) -> Iterator[str]:
    if card is None:
        yield "card: not readable"
        return
    yield "card"
    for name in ("intendedUse", "outOfScopeUse", "limitations"):
        yield f"  {name}: {statement(card[name], language)}"
    yield f"  personalData: {card['personalData']['status']}"
    for one in card.get("trainedOn", [])[:SHOWN]:
        yield f"  trainedOn: {one['name']}"
    for one in card.get("evaluations", [])[:SHOWN]:
        group = f"{one['group']}, " if "group" in one else ""
        yield f"  {one['metric']} {one['value']} ({group}n = {one['n']}, {one['direction']} is better)"
    yield from _rest(card.get("evaluations", []))


def _rest(entries: Sequence[Any]) -> Iterator[str]:
    if len(entries) > SHOWN:
        yield f"  ... and {len(entries) - SHOWN} more (--format json lists all)"
