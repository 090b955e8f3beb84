"""The findings report as one JSON value, from which the machine-readable forms are made.

Serves CNF-REP-04 (`findings.schema.json`).
"""

from typing import Any

import lepton_spec
from lepton.finding import PackageReport, Report, severity

__all__ = ["document", "tool_version"]


def tool_version() -> str:
    """Return the version of this distribution."""
    from importlib.metadata import version

    return version("lepton-standard")


def document(report: Report) -> dict[str, Any]:
    """Return the report as JSON values, valid against `findings.schema.json`."""
    return {
        "packages": [_package(one) for one in report.packages],
        "suite": {
            "name": "lepton",
            "version": tool_version(),
            "spec": lepton_spec.SPEC_VERSION,
            "level": report.level,
            "profile": report.profile,
        },
    }


def _package(report: PackageReport) -> dict[str, Any]:
    return {
        "path": _text(report.path),
        "identity": report.identity,
        "verdict": str(report.verdict),
        "findings": [
            {
                "requirement": one.requirement,
                "severity": severity(one.requirement),
                "file": _text(one.file),
                "pointer": _text(one.pointer),
                "message": _text(one.message),
                "hint": one.hint,
            }
            for one in report.findings
        ],
        "checked": list(report.checked),
        "notChecked": [
            {"requirement": name, "reason": _text(reason)} for name, reason in report.not_checked.items()
        ],
    }


def _text(text: str) -> str:
    """Return valid Unicode: bytes of a file name that are not UTF-8 become escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
