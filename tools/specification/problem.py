"""What the specification tool says when something is wrong: one place, one cause, one remedy."""

from dataclasses import dataclass

__all__ = ["Problem"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault at one line. `file` is relative to the repository; `line` counts from 1.

    A `warning` is printed but fails only a release check.
    """

    file: str
    line: int
    found: str
    expected: str
    remedy: str
    warning: bool = False

    def __str__(self) -> str:
        """Return the one-line form `file:line: found, expected; remedy`."""
        kind = "warning: " if self.warning else ""
        return f"{self.file}:{self.line}: {kind}found {self.found}, expected {self.expected}; {self.remedy}"
