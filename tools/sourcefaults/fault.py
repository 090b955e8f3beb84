"""What a planted fault is: other text for some modules, and the requirement that it is about.

Owns `Fault` and `Edit`; leaves where they come from to `rules` and `patches`. Serves `package`.
"""

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ROOT", "SOURCES", "Edit", "Fault", "NotApplicableError", "module_name"]

ROOT = Path(__file__).resolve().parents[2]
#: Where the packages of our validator lie.
SOURCES = ROOT / "reference_impl"


class NotApplicableError(Exception):
    """A patch whose old text is not in the module."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one module: `start` to `end` of its text, or the text `old` wherever it stands."""

    module: str
    new: str
    old: str = ""
    start: int = -1
    end: int = -1

    def applied(self, text: str) -> str:
        """Return the changed text. Raises: NotApplicableError."""
        if self.start >= 0:
            return text[: self.start] + self.new + text[self.end :]
        if self.old not in text:
            raise NotApplicableError(f"{self.module}: found no {self.old!r:.80}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `requirement` is empty where nobody said which one it breaks.

    `line` is where it lies in its module, 0 where that is not known; `validator` is the text of a class `W`
    that stands before the validator in its place. `equivalent` says why no package can show it.
    """

    id: str
    edits: tuple[Edit, ...]
    requirement: str = ""
    line: int = 0
    validator: str = ""
    equivalent: str = ""
    rule: str = field(default="patch")

    def texts(self) -> dict[str, str]:
        """Return the new text of each changed module, by its dotted name. Raises: NotApplicableError."""
        found: dict[str, str] = {}
        for edit in self.edits:
            text = found.get(edit.module)
            if text is None:
                text = source(edit.module).read_text(encoding="utf-8")
            found[edit.module] = edit.applied(text)
        return found


def source(module: str) -> Path:
    """Return the file of a module of our validator."""
    place = SOURCES.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def module_name(path: Path) -> str:
    """Return the dotted name of a module of our validator."""
    parts = path.relative_to(SOURCES).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
