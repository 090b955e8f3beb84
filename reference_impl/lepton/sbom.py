"""The bill of materials of a package: CycloneDX 1.6 with a model card, from manifest, card and assurance.

Owns the mapping; adds nothing that the package does not say, so the same package gives the same bytes: no
time, no tool, a serial number made of the identity. Serves PKG-SGN-07.
"""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from lepton.checks.licence import licence_fault
from lepton.package.canonical import canonical
from lepton.package.loaded import LoadedPackage
from lepton.package.paths import MANIFEST

__all__ = ["PREDICATE_TYPE", "bill_of_materials", "document_of"]

#: The type of an in-toto predicate that is such a document.
PREDICATE_TYPE = "https://cyclonedx.org/bom"

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_STATEMENTS = ("outOfScopeUse", "limitations", "intendedUse")


def bill_of_materials(package: LoadedPackage) -> bytes:
    """Return the document as canonical JSON."""
    manifest = package.document
    paths = [one["path"] for one in manifest["files"] if one["role"] == "assurance"]
    assurance = package.json(paths[0]) if paths else None
    return canonical(document_of(manifest, package.json(manifest["card"]), package.identity, assurance))


def document_of(
    manifest: Mapping[str, Any],
    card: Mapping[str, Any],
    identity: str,
    assurance: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the document of a valid manifest, card and assurance document."""
    datasets = _datasets(card)
    return {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, identity)}",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "post-build"}],
            "component": _model(manifest, card, identity, datasets, assurance),
        },
        "components": [*_files(manifest, identity), *datasets],
        "dependencies": [
            {
                "ref": identity,
                "dependsOn": [_file_ref(one["path"]) for one in manifest["files"]]
                + [one["bom-ref"] for one in datasets],
            }
        ],
    }


def _model(
    manifest: Mapping[str, Any],
    card: Mapping[str, Any],
    identity: str,
    datasets: list[dict[str, Any]],
    assurance: Mapping[str, Any] | None,
) -> dict[str, Any]:
    language = manifest["language"]
    model = {
        "type": "machine-learning-model",
        "bom-ref": identity,
        "name": manifest["id"],
        "version": manifest["version"],
        "licenses": _licenses(manifest["license"]),
        "hashes": [{"alg": "SHA-256", "content": identity.removeprefix("sha256:")}],
        "modelCard": _card(manifest, card, language, datasets, assurance),
        "properties": [
            {"name": "lepton:identity", "value": identity},
            {"name": "lepton:title", "value": manifest["title"][language]},
            *(
                {
                    "name": f"lepton:artifact:{one['id']}",
                    "value": f"{one['format']} {one['formatVersion']} {one['precision']} {one['entry']}",
                }
                for one in manifest["artifacts"]
            ),
        ],
    }
    if "description" in manifest:
        model["description"] = manifest["description"][language]
    if "supplier" in manifest:
        supplier = manifest["supplier"]
        urls = {"url": [supplier["url"]]} if "url" in supplier else {}
        model["supplier"] = {"name": supplier["name"], **urls}
    return model


def _card(
    manifest: Mapping[str, Any],
    card: Mapping[str, Any],
    language: str,
    datasets: list[dict[str, Any]],
    assurance: Mapping[str, Any] | None,
) -> dict[str, Any]:
    served = manifest.get("interface", manifest["signature"])
    properties = []
    said = {}
    for name in _STATEMENTS:
        if "notProvided" in card[name]:
            value = card[name]["notProvided"][language]
            properties.append({"name": f"lepton:{name}:notProvided", "value": value})
        else:
            said[name] = card[name][language]
    if "outOfScopeUse" in said:
        properties.append({"name": "lepton:outOfScopeUse", "value": said["outOfScopeUse"]})
    personal = card["personalData"]
    properties.append({"name": "lepton:personalData", "value": personal["status"]})
    if "basis" in personal:
        properties.append({"name": "lepton:personalData:basis", "value": personal["basis"][language]})
    considerations: dict[str, Any] = {}
    if "intendedUse" in said:
        considerations["useCases"] = [said["intendedUse"]]
    if "limitations" in said:
        considerations["technicalLimitations"] = [said["limitations"]]
    if assurance is not None:
        considerations |= _assured(assurance, card, language)
    trained = {_dataset_ref(one) for one in card.get("trainedOn", ())}
    document: dict[str, Any] = {
        "modelParameters": {
            "datasets": [{"ref": one["bom-ref"]} for one in datasets if one["bom-ref"] in trained],
            "inputs": [{"format": _tensor(one)} for one in served["inputs"]],
            "outputs": [{"format": _tensor(one)} for one in served["outputs"]],
        },
        "properties": properties,
    }
    if card.get("evaluations"):
        document["quantitativeAnalysis"] = {
            "performanceMetrics": [_metric(one) for one in card["evaluations"]]
        }
    if considerations:
        document["considerations"] = considerations
    return document


def _assured(
    assurance: Mapping[str, Any], card: Mapping[str, Any], language: str
) -> Iterator[tuple[str, Any]]:
    """Yield what an assurance document gives: users, misuse, the worst group of each comparison."""
    users, misuse = assurance["use"]["users"], assurance["use"]["misuse"]
    if "notProvided" not in users:
        yield "users", [users[language]]
    if isinstance(misuse, list):
        yield (
            "ethicalConsiderations",
            [{"name": one["use"][language], "mitigationStrategy": one["answer"][language]} for one in misuse],
        )
    comparisons = assurance["bias"]["comparisons"]
    if isinstance(comparisons, list):
        measures = assurance["bias"]["measures"]
        said = {} if "notProvided" in measures else {"mitigationStrategy": measures[language]}
        yield "fairnessAssessments", [{**_worst(one, card, language), **said} for one in comparisons]


def _worst(comparison: Mapping[str, Any], card: Mapping[str, Any], language: str) -> dict[str, str]:
    places = [int(one["evaluation"].rpartition("/")[2]) for one in comparison["groups"]]
    groups = [card["evaluations"][place] for place in places]
    choose = min if groups[0]["direction"] == "higher" else max
    worst = choose(groups, key=lambda one: float(one["value"]))
    disparity = comparison["disparity"]
    value, apart = canonical(worst["value"]).decode(), canonical(disparity["value"]).decode()
    return {
        "groupAtRisk": f"{comparison['attribute'][language]} {worst['group']}",
        "harms": f"{worst['metric']} {value}, n = {worst['n']}; {disparity['measure']} {apart}",
    }


def _tensor(one: Mapping[str, Any]) -> str:
    return f"{one['name']}: {one['datatype']} [{', '.join(str(size) for size in one['shape'])}]"


def _metric(one: Mapping[str, Any]) -> dict[str, str]:
    group = f"{one['group']}, " if "group" in one else ""
    return {
        "type": one["metric"],
        "value": canonical(one["value"]).decode(),
        "slice": f"{group}{one['dataset']['name']}, n = {one['n']}, {one['direction']} is better",
    }


def _files(manifest: Mapping[str, Any], identity: str) -> Iterator[dict[str, Any]]:
    hashed = identity.removeprefix("sha256:")
    yield _file(MANIFEST, hashed, "application/vnd.lepton.manifest+json", "manifest")
    for one in sorted(manifest["files"], key=lambda one: one["path"].encode()):
        yield _file(one["path"], one["sha256"], one["mediaType"], one["role"])


def _file(path: str, sha256: str, media_type: str, role: str) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": _file_ref(path),
        "name": path,
        "mime-type": media_type,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
        "properties": [{"name": "lepton:role", "value": role}],
    }


def _file_ref(path: str) -> str:
    return f"file:{path}"


def _dataset_ref(one: Mapping[str, Any]) -> str:
    return f"data:{one.get('sha256', '')}:{one['name']}"


def _datasets(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the data sets that the card names, each once; the first one of a name and digest counts."""
    found: dict[str, dict[str, Any]] = {}
    named = [*card.get("trainedOn", ()), *(one["dataset"] for one in card.get("evaluations", ()))]
    for one in named:
        ref = _dataset_ref(one)
        if ref in found:
            continue
        contents = {"contents": {"url": one["url"]}} if "url" in one else {}
        component = {
            "type": "data",
            "bom-ref": ref,
            "name": one["name"],
            "data": [{"type": "dataset", "name": one["name"], **contents}],
        }
        if "sha256" in one:
            component["hashes"] = [{"alg": "SHA-256", "content": one["sha256"]}]
        if "license" in one:
            component["licenses"] = _licenses(one["license"])
        found[ref] = component
    return list(found.values())


def _licenses(text: str) -> list[dict[str, Any]]:
    fault, _ = licence_fault(text)
    return [{"expression": text}] if fault is None else [{"license": {"name": text}}]
