"""The forged packages as files, for whoever writes a validator in another language.

Owns the folder's layout and its index `corpus.json`; leaves the packages to `valid` and `violations`. Serves
`package`.
"""

import json
from pathlib import Path
from typing import Any

from lepton_conformance.forge.valid import VALID
from lepton_conformance.forge.violations import VIOLATIONS

__all__ = ["INDEX", "write_corpus"]

INDEX = "corpus.json"


def write_corpus(folder: Path) -> Path:
    """Write every forged package below `folder`, which is new, and return the index.

    An entry of the index says the package's path, whether it is valid, and if not, which requirement it
    violates, how many findings that makes, and whether only replaying the vectors shows it (`full`).
    Raises: FileExistsError when the folder is there.
    """
    folder.mkdir(parents=True)
    entries: list[dict[str, Any]] = []
    for package in VALID:
        path = package.forge().write(folder / _made(folder, "valid"), package.name)
        entries.append({"path": path.relative_to(folder).as_posix(), "valid": True})
    for violation in VIOLATIONS:
        name = f"{violation.requirement}-{violation.name}"
        path = violation.forge().write(folder / _made(folder, "violating"), name)
        entries.append(
            {
                "path": path.relative_to(folder).as_posix(),
                "valid": False,
                "requirement": violation.requirement,
                "findings": violation.findings,
                "level": "full" if violation.full else "quick",
            }
        )
    index = folder / INDEX
    index.write_text(json.dumps({"lepton": "1.0", "packages": entries}, indent=1) + "\n", encoding="utf-8")
    return index


def _made(folder: Path, name: str) -> str:
    (folder / name).mkdir(exist_ok=True)
    return name
