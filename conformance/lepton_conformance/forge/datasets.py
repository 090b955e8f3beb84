"""Data sets for validators: valid ones, and ones that each violate one requirement of the chapter `data`.

Owns the two tables as a whole, and writing them with an index; leaves the valid data sets to `dataset_draft`.
Serves `data`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lepton_spec
from lepton_conformance.forge.dataset_draft import DataDraft, least, rich, seldom
from lepton_conformance.forge.dataset_faults import DATASET_FAULTS
from lepton_conformance.forge.record_faults import RECORD_FAULTS
from lepton_conformance.forge.violation import Violation

__all__ = ["DATASETS", "DATASET_VIOLATIONS", "write_datasets"]

#: Valid data sets, by name.
DATASETS: Mapping[str, Callable[[], DataDraft]] = {"least": least, "rich": rich, "seldom": seldom}
#: Every violating data set; the table is like that of packages.
DATASET_VIOLATIONS: tuple[Violation, ...] = (*DATASET_FAULTS, *RECORD_FAULTS)


def write_datasets(folder: Path) -> Path:
    """Write every forged data set below `folder`, which is new, and return the index `datasets.json`.

    An entry says path and whether the data set is valid; if not, which requirement it violates, how many
    findings that makes, the verdict, and whether only the level `full` shows it. Raises: FileExistsError.
    """
    folder.mkdir(parents=True)
    entries: list[dict[str, Any]] = []
    for name, make in DATASETS.items():
        make().directory().write(folder, f"valid-{name}")
        entries.append({"path": f"valid-{name}", "valid": True})
    for violation in DATASET_VIOLATIONS:
        name = f"{violation.requirement}-{violation.name}"
        violation.forge().write(folder, name)
        absolute = lepton_spec.requirements()[violation.requirement]["level"].startswith("MUST")
        entries.append(
            {
                "path": name,
                "requirement": violation.requirement,
                "valid": False,
                "verdict": "fail" if absolute else "pass",
                "findings": violation.findings,
                "level": "full" if violation.full else "quick",
            }
        )
    index = folder / "datasets.json"
    lines = ",\n".join(f"  {json.dumps(entry)}" for entry in entries)
    index.write_text(f'{{"lepton": "1.0", "datasets": [\n{lines}\n]}}\n', encoding="utf-8")
    return index
