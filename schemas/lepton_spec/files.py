"""Read the standard's machine-readable files.

Owns where they lie (beside this package in a wheel, one folder up in a checkout); leaves their meaning to
the readers.
"""

import functools
import json
from pathlib import Path
from typing import Any

__all__ = [
    "ROOT",
    "SPEC_VERSION",
    "datatypes",
    "editions",
    "path",
    "requirements",
    "schema",
    "schemas",
    "traceability",
]

_HERE = Path(__file__).resolve().parent
SPEC_VERSION = "1.0"
#: The folder that holds `1.0/`.
ROOT = _HERE if (_HERE / SPEC_VERSION).is_dir() else _HERE.parent


def path(name: str) -> Path:
    """Return the path of a published file, for example `manifest.schema.json`."""
    return ROOT / SPEC_VERSION / name


@functools.cache
def _load(name: str) -> Any:
    return json.loads(path(name).read_bytes())


def schema(name: str) -> dict[str, Any]:
    """Return the schema `NAME.schema.json`, parsed."""
    loaded: dict[str, Any] = _load(f"{name}.schema.json")
    return loaded


def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema by its `$id`."""
    found = {}
    for file in sorted((ROOT / SPEC_VERSION).glob("*.schema.json")):
        parsed = _load(file.name)
        found[parsed["$id"]] = parsed
    return found


def datatypes() -> dict[str, dict[str, Any]]:
    """Return the registered datatypes by name (Spec: COR-TYP-01)."""
    return {entry["name"]: entry for entry in _load("datatypes.json")["datatypes"]}


def requirements() -> dict[str, dict[str, Any]]:
    """Return every requirement of the standard by ID."""
    return {entry["id"]: entry for entry in _load("requirements.json")["requirements"]}


def traceability() -> dict[str, dict[str, list[str]]]:
    """Return, by requirement ID, the checks, tests and mutants that exercise it."""
    loaded: dict[str, dict[str, list[str]]] = _load("traceability.json")["requirements"]
    return loaded


def editions() -> list[Path]:
    """Return the folders of the published editions, in the order in which they were published."""
    folder = ROOT / "editions"
    listed = json.loads((folder / "index.json").read_bytes())["editions"]
    return [folder / entry["edition"] for entry in listed]
