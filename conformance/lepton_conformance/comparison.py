"""How conformance reports differ, requirement by requirement.

Owns the comparison; leaves reading files and printing to the command. Compares what the reports state: they
may come from different editions, whose tests this installation does not have.
"""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["ABSENT", "compare"]

#: What stands where a report has no entry.
ABSENT = "absent"


def compare(reports: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Return, for `suite`, `profiles` and `requirements`, the lines in which the reports differ.

    Each maps what is compared to the values in the reports, in their order.
    """
    tables = {
        "suite": [{name: str(value) for name, value in report["suite"].items()} for report in reports],
        "profiles": [
            {entry["profile"]: entry["verdict"] for entry in report["profiles"]} for report in reports
        ],
        "requirements": [
            {entry["id"]: entry["verdict"] for entry in report["requirements"]} for report in reports
        ],
    }
    return {what: _differences(columns) for what, columns in tables.items()}


def _differences(columns: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    names = sorted({name for column in columns for name in column})
    rows = {name: [column.get(name, ABSENT) for column in columns] for name in names}
    return {name: row for name, row in rows.items() if len(set(row)) > 1}
