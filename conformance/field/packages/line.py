"""One line of the table: a tool, what was shown with it, and whether it held.

Owns the line and how lines are printed; leaves showing to the topics. Serves `package`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Line", "table"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing shown with one tool. `found` says what was seen, for when it did not hold."""

    tool: str
    version: str
    shown: str
    held: bool
    found: str = ""


def table(lines: Sequence[Line]) -> list[str]:
    """Return the lines as text in columns, what was found below those that did not hold."""
    tools = [f"{line.tool} {line.version}".strip() for line in lines]
    width = max(map(len, tools), default=0)
    shown = max((len(line.shown) for line in lines), default=0)
    rows = []
    for tool, line in zip(tools, lines, strict=True):
        verdict = "held" if line.held else "NOT HELD"
        rows.append(f"{tool:<{width}} | {line.shown:<{shown}} | {verdict}")
        if not line.held:
            rows += [f"  {said}" for said in (line.found or "nothing was said").splitlines()]
    return rows
