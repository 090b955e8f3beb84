"""`lepton inspect`: show what a package holds and says of itself.

Owns the readable tree; leaves judging to `lepton validate`. Serves COR-ESC-01.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lepton.cli.output import write_output
from lepton.errors import SourceError
from lepton.package import Package, open_package
from lepton.report.escape import for_terminal

HELP = "show the files, signature, vectors and card of a package"
EXAMPLE = "lepton inspect build/demo/digits.lepton"

#: Entries of a list that the text form shows.
SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("path", type=Path, metavar="PATH", help="a package: directory or .lepton")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form (default: text)")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write to FILE")


def run(args: argparse.Namespace) -> int:
    """Describe the package; whether it conforms is not asked."""
    with open_package(args.path) as package:
        described = _describe(package)
    if args.format == "json":
        text = json.dumps(described, indent=2) + "\n"
    else:
        text = "".join(for_terminal(line) + "\n" for line in _lines(described))
    write_output(text, args.output)
    return 0


def _describe(package: Package) -> dict[str, Any]:
    """Return what is shown, as JSON values. Raises: SourceError when there is no valid manifest to show."""
    manifest = package.manifest
    if manifest is None:
        raise SourceError(
            f"found no valid manifest in {str(package.path)!r}, expected one; "
            f"run: lepton validate --level quick {package.path}"
        )
    files = []
    for one in manifest["files"]:
        fact = package.files[one["path"]]
        files.append({**one, "verified": not fact.broken})
    documents = {
        path: fact.document.value for path, fact in package.files.items() if fact.document is not None
    }
    vectors = {path: documents[path] for path in manifest["vectors"] if documents.get(path) is not None}
    return {
        "path": str(package.path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "container": package.container.kind,
        "identity": package.identity,
        "manifest": {name: value for name, value in manifest.items() if name != "files"},
        "files": files,
        "vectors": [_vectors(path, document) for path, document in vectors.items()],
        "card": documents.get(manifest["card"]),
    }


def _vectors(path: str, document: Any) -> dict[str, Any]:
    return {
        "path": path,
        "vectors": [{"id": one["id"], "stage": one["stage"]} for one in document["vectors"]],
        "controls": document["controls"],
        "provenance": document["provenance"],
    }


def _lines(described: dict[str, Any]) -> Iterator[str]:
    manifest = described["manifest"]
    language = manifest["language"]
    yield f"{manifest['id']} {manifest['version']}: {_said(manifest['title'], language)}"
    yield f"  {described['identity']}"
    yield f"  {described['container']}, Lepton {manifest['lepton']}, licence {manifest['license']}"
    if "description" in manifest:
        yield f"  {_said(manifest['description'], language)}"
    yield "files"
    for one in _some(described["files"]):
        broken = "" if one["verified"] else "  NOT AS LISTED"
        yield f"  {one['size']:>12,}  {one['role']:<13} {one['path']}{broken}"
    yield from _rest(described["files"])
    for artifact in manifest["artifacts"]:
        opsets = ", ".join(f"{name} {number}" for name, number in artifact.get("opsets", {}).items())
        runs = ", executable" if artifact["executable"] else ""
        yield f"artifact {artifact['id']}: {artifact['format']} ({artifact['formatVersion']}{runs})"
        yield f"  {artifact['entry']}, {artifact['precision']}{', ' + opsets if opsets else ''}"
    for stage in ("interface", "signature"):
        if stage in manifest:
            yield stage
            for side in ("inputs", "outputs"):
                for tensor in manifest[stage][side]:
                    yield f"  {side.removesuffix('s'):<6} {_tensor(tensor, language)}"
    for name, symbol in manifest["symbols"].items():
        upper = symbol.get("max", "unbounded")
        step = f", multiples of {symbol['multipleOf']}" if "multipleOf" in symbol else ""
        yield f"  {name} = {symbol['min']}..{upper}{step}"
    yield from _processing(manifest)
    for document in described["vectors"]:
        yield from _vector_lines(document)
    yield from _card(described["card"], language)


def _tensor(tensor: dict[str, Any], language: str) -> str:
    shape = ", ".join(str(dim) for dim in tensor["shape"])
    parts = [f"{tensor['name']}: {tensor['datatype']}[{shape}]"]
    if "axes" in tensor:
        parts.append(f"({', '.join(tensor['axes'])})")
    if "content" in tensor:
        parts.append(tensor["content"]["kind"])
    if tensor.get("optional"):
        parts.append(f"default {json.dumps(tensor['default'])}")
    if "labels" in tensor:
        names = tensor["labels"]["names"]
        known = names.get(language) or next(iter(names.values()))
        more = ", ..." if len(known) > 5 else ""
        parts.append(f"{len(known)} labels: {', '.join(known[:5])}{more}")
    return " ".join(parts)


def _processing(manifest: dict[str, Any]) -> Iterator[str]:
    if "processing" not in manifest:
        yield "processing: unknown"
        return
    for chain in ("pre", "post"):
        for step in manifest["processing"][chain]:
            others = {key: value for key, value in step.items() if key not in ("op", "version", "in", "out")}
            settings = f" {json.dumps(others)}" if others else ""
            read, written = (_names(step[member]) for member in ("in", "out"))
            yield f"  {chain:<4} {read} -> {written}: {step['op']}{settings}"


def _names(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _vector_lines(document: dict[str, Any]) -> Iterator[str]:
    stages: dict[str, int] = {}
    for vector in document["vectors"]:
        stages[vector["stage"]] = stages.get(vector["stage"], 0) + 1
    counts = ", ".join(f"{count} {stage}" for stage, count in stages.items())
    oracle = document["provenance"]["oracle"]
    yield f"vectors {document['path']}: {counts}; oracle {oracle['name']} {oracle['version']}"
    for control in document["controls"]:
        step = f" of step {control['step']}" if "step" in control else ""
        yield f"  {control['control']}{step} is killed by {control['killedBy']}"


def _card(card: dict[str, Any] | None, language: str) -> Iterator[str]:
    if card is None:
        yield "card: not readable"
        return
    yield "card"
    for name in ("intendedUse", "outOfScopeUse", "limitations"):
        text = card[name]
        given = _said(text.get("notProvided", text), language)
        yield f"  {name}: {'not provided, because: ' if 'notProvided' in text else ''}{given}"
    yield f"  personalData: {card['personalData']['status']}"
    for one in _some(card.get("evaluations", [])):
        yield f"  {one['metric']} {one['value']} (n = {one['n']}, {one['direction']} is better)"


def _said(text: dict[str, str], language: str) -> str:
    return text.get(language) or next(iter(text.values()))


def _some(entries: list[Any]) -> list[Any]:
    return entries[:SHOWN]


def _rest(entries: list[Any]) -> Iterator[str]:
    if len(entries) > SHOWN:
        yield f"  ... and {len(entries) - SHOWN} more (--format json lists all)"
