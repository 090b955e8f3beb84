"""One figure: what was measured, the aim, and whether it is reached.

Owns the record and the table; leaves measuring to its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Figure", "table"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `met` is None where nothing was measured or there is no aim; `detail` says on what."""

    name: str
    value: str
    aim: str
    met: bool | None
    detail: str = ""


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines for people."""
    rows = [("figure", "measured", "aim", "")]
    rows += [
        (each.name, each.value, each.aim, {True: "reached", False: "MISSED", None: ""}[each.met])
        for each in figures
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    lines = []
    for row, detail in zip(rows, ["", *(each.detail for each in figures)], strict=True):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        lines += [f"    {line}" for line in detail.splitlines()]
    return "\n".join(lines)
