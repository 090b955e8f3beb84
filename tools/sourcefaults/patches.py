"""Faults written by hand, kept as data in `patches.toml`.

Owns reading them, and finding any fault again by its name. Serves `package`.
"""

import functools
import tomllib
from pathlib import Path

from sourcefaults.fault import SOURCES, Edit, Fault, source
from sourcefaults.rules import by_rule

__all__ = ["by_hand", "found", "modules"]

#: The rooms of `lepton` that a validation runs through, and the modules of them that it does not.
ROOMS = ("checks", "checks/steps", "formats", "package", "vectors", "runtime", "runtime/steps")
MODULES = ("lepton.validate", "lepton.tensor", "lepton.report.document", "lepton.signing.statement")
ELSEWHERE = frozenset(
    (
        "lepton.package.write",
        "lepton.package.loaded",
        "lepton.package.partial",
        "lepton.package.reopened",
        "lepton.package.whole",
        "lepton.runtime.torch",
        "lepton.runtime.protocol",
        "lepton.vectors.measure",
        "lepton.vectors.apart",
        "lepton.vectors.beside",
        "lepton.vectors.workshop",
    )
)


def modules() -> tuple[str, ...]:
    """Return the modules of our validator that faults are planted in."""
    found = []
    for room in ROOMS:
        folder = SOURCES / "lepton" / room
        for path in sorted(folder.glob("*.py")):
            name = "lepton." + (room.replace("/", ".") + ("" if path.stem == "__init__" else f".{path.stem}"))
            if name not in ELSEWHERE and path.stem != "__init__":
                found.append(name)
    return (*found, *MODULES)


@functools.cache
def by_hand() -> tuple[Fault, ...]:
    """Return every fault of `patches.toml`."""
    read = tomllib.loads(Path(__file__).with_name("patches.toml").read_text(encoding="utf-8"))
    return tuple(
        Fault(
            one["id"],
            tuple(Edit(edit["module"], edit["new"], old=edit["old"]) for edit in one.get("edit", ())),
            one["requirement"],
            validator=one.get("validator", ""),
            equivalent=one.get("equivalent", ""),
        )
        for one in read["fault"]
    )


def found(name: str) -> Fault:
    """Return a fault by its name. Raises: KeyError."""
    for one in by_hand():
        if one.id == name:
            return one
    module = f"lepton.{name.split(':')[0]}"
    if not source(module).is_file():
        raise KeyError(name)
    return {one.id: one for one in by_rule(module)}[name]
