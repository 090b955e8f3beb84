"""How conformance reports differ, requirement by requirement, side by side.

Owns the comparison; leaves reading files and printing to the command. Compares what the reports state: they
may come from different editions, whose tests this installation does not have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ABSENT", "Column", "column", "compare", "doubts", "rows"]

#: What stands where a report has no entry.
ABSENT = "absent"
#: What has to be equal for verdicts to be comparable, and what it means when it is not.
_CONDITIONS = {
    "name": "different suites",
    "version": "different versions of the suite",
    "digest": "different programs of the suite",
    "spec": "different versions of the standard",
    "requirementsDigest": "different sets of requirements",
    "seed": "different seeds",
    "maxExamples": "different numbers of examples",
    "budgetSeconds": "different budgets",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One report: its file, and who was judged."""

    path: str
    locator: str
    name: str
    version: str
    started: str

    @property
    def title(self) -> str:
        """Return name and version of the subject, its address when it gives no name."""
        return " ".join(part for part in (self.name, self.version) if part) or self.locator


def column(path: str, report: Mapping[str, Any]) -> Column:
    """Return the column of a report."""
    subject = report["subject"]
    return Column(path, subject["locator"], subject["name"], subject["version"], report.get("started", ""))


def compare(reports: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Return, for `suite`, `profiles` and `requirements`, the lines in which the reports differ.

    Each maps what is compared to the values in the reports, in their order.
    """
    return {
        what: {name: row for name, row in table.items() if len(set(row)) > 1}
        for what, table in rows(reports).items()
    }


def rows(reports: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Return every line of `suite`, `profiles` and `requirements`, equal or not."""
    tables = {
        "suite": [{name: str(value) for name, value in report["suite"].items()} for report in reports],
        "profiles": [
            {entry["profile"]: entry["verdict"] for entry in report["profiles"]} for report in reports
        ],
        "requirements": [
            {entry["id"]: entry["verdict"] for entry in report["requirements"]} for report in reports
        ],
    }
    return {what: _rows(columns) for what, columns in tables.items()}


def _rows(columns: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    names = sorted({name for each in columns for name in each})
    return {name: [each.get(name, ABSENT) for each in columns] for name in names}


def doubts(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return why the verdicts may differ for another reason than the subjects."""
    found = [
        f"the reports come from {meaning}: {', '.join(values)}"
        for name, meaning in _CONDITIONS.items()
        if len(values := list(dict.fromkeys(_short(report["suite"].get(name)) for report in reports))) > 1
    ]
    judged = {tuple(sorted(entry["profile"] for entry in report["profiles"])) for report in reports}
    if len(judged) > 1:
        found.append("the reports judge different profiles; what one of them does not judge is absent there")
    return found


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text[: len("sha256:") + 12] if text.startswith("sha256:") else text
