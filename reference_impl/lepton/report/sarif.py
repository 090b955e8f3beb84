"""The findings report as SARIF 2.1.0, for code-scanning services.

Serves PKG-VAL-03.
"""

import json
from typing import Any
from urllib.parse import quote

import lepton_spec
from lepton.finding import Finding, PackageReport, Report, severity
from lepton.report.document import tool_version

__all__ = ["render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(report: Report) -> str:
    """Return one run with a rule for each requirement found violated."""
    return json.dumps(_log(report), indent=2) + "\n"


def _log(report: Report) -> dict[str, Any]:
    names = sorted({one.requirement for package in report.packages for one in package.findings})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "lepton validate",
                        "version": tool_version(),
                        "informationUri": "https://lepton-standard.org/",
                        "rules": [_rule(name) for name in names],
                    }
                },
                "invocations": [{"executionSuccessful": True}],
                "results": [
                    _result(package, one, names) for package in report.packages for one in package.findings
                ],
                "properties": {
                    "level": report.level,
                    "spec": lepton_spec.SPEC_VERSION,
                    "packages": [_summary(package) for package in report.packages],
                },
            }
        ],
    }


def _summary(package: PackageReport) -> dict[str, Any]:
    return {
        "path": _uri(package.path),
        "identity": package.identity,
        "verdict": str(package.verdict),
        "notChecked": package.not_checked,
    }


def _rule(name: str) -> dict[str, Any]:
    entry = lepton_spec.requirements()[name]
    return {
        "id": name,
        "shortDescription": {"text": entry["title"]},
        "fullDescription": {"text": entry["text"]},
        "help": {"text": entry["remedy"]},
        "defaultConfiguration": {"level": severity(name)},
    }


def _result(package: PackageReport, one: Finding, names: list[str]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "artifactLocation": {"uri": _uri("/".join((package.path, one.file)).rstrip("/"))}
    }
    if one.pointer.startswith("byte "):
        location["region"] = {"byteOffset": int(one.pointer.removeprefix("byte "))}
    result: dict[str, Any] = {
        "ruleId": one.requirement,
        "ruleIndex": names.index(one.requirement),
        "level": severity(one.requirement),
        "message": {"text": f"{one.message}. {one.hint}"},
        "locations": [{"physicalLocation": location}],
    }
    if one.pointer.startswith("/"):
        result["locations"][0]["logicalLocations"] = [{"fullyQualifiedName": one.pointer, "kind": "member"}]
    return result


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")
