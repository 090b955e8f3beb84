"""What was found on which version and when: `results/<server>-<version>.json`.

Owns the form of a result, its schema, and its comparison with the recorded one; leaves running to `run`.
Serves `conformance`.
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from field.catalogue import Server
from field.certification import Certified
from field.place import RESULTS

__all__ = ["SCHEMA", "build", "differences", "latest", "write"]

_PROFILE: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["profile", "judged", "exitCode", "verdict", "seconds", "counts", "requirements"],
    "properties": {
        "profile": {"type": "string"},
        "judged": {"type": "boolean"},
        "exitCode": {"enum": [0, 1, 3]},
        "verdict": {"enum": ["pass", "fail", "inconclusive"]},
        "seconds": {"type": "number", "minimum": 0},
        "counts": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
        "requirements": {
            "type": "object",
            "additionalProperties": {"enum": ["pass", "fail", "blocked", "not-tested", "not-applicable"]},
        },
    },
}
#: The JSON Schema of a result. `judged`: held against a list of verified deviations; else for information.
SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["server", "title", "package", "version", "date", "suite", "profiles"],
    "properties": {
        "server": {"type": "string"},
        "title": {"type": "string"},
        "package": {"type": "string"},
        "version": {"type": "string"},
        "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "suite": {"type": "object"},
        "profiles": {"type": "array", "items": _PROFILE, "minItems": 1},
    },
}


def build(server: Server, version: str, runs: Sequence[tuple[Certified, bool]]) -> dict[str, Any]:
    """Return the result of a server; each run says whether it was judged by a list."""
    return {
        "server": server.name,
        "title": server.title,
        "package": server.package,
        "version": version,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "suite": dict(runs[0][0].report["suite"]) if runs else {},
        "profiles": [
            {
                "profile": run.profile,
                "judged": judged,
                "exitCode": run.exit_code,
                "verdict": run.report["profiles"][0]["verdict"],
                "seconds": run.report["seconds"],
                "counts": run.counts(),
                "requirements": {e["id"]: e["verdict"] for e in run.report["requirements"]},
            }
            for run, judged in runs
        ],
    }


def write(result: Mapping[str, Any]) -> Path:
    """Record a result in the repository and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{result['server']}-{result['version']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def latest(server: str) -> dict[str, Any] | None:
    """Return the latest recorded result of a server, if there is one."""
    found = [json.loads(path.read_bytes()) for path in RESULTS.glob(f"{server}-*.json")]
    return max(found, key=lambda result: str(result["date"]), default=None)


def differences(recorded: Mapping[str, Any] | None, found: Mapping[str, Any]) -> list[str]:
    """Say what fails now and did not, and what no longer fails, profile by profile."""
    if recorded is None:
        return ["no recorded result to compare with"]
    lines = []
    if recorded["version"] != found["version"]:
        lines.append(f"version {found['version']}, recorded was {recorded['version']}")
    before = {profile["profile"]: profile for profile in recorded["profiles"]}
    for profile in found["profiles"]:
        name = profile["profile"]
        if name not in before:
            lines.append(f"{name}: not recorded yet")
            continue
        was, now = _failing(before[name]), _failing(profile)
        lines += [f"{name}: new failure {each}" for each in sorted(now - was)]
        lines += [f"{name}: no longer fails {each}" for each in sorted(was - now)]
    return lines


def _failing(profile: Mapping[str, Any]) -> set[str]:
    return {key for key, verdict in profile["requirements"].items() if verdict == "fail"}
