"""What an author asks of a source: where it is, what the recipe says, and what may run.

Owns the vocabulary between `lepton pack` and the kinds of sources; leaves reading to `sources`.
"""

from dataclasses import dataclass
from pathlib import Path

from lepton.errors import RecipeError
from lepton.pack.origin import file_digest
from lepton.pack.recipe import Recipe

__all__ = ["Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """One source as the author named it.

    `source` is a path, or `MODULE:NAME` or `FILE.py:NAME` for a factory or builder in the author's own code.
    `weights` is what a builder's module is filled with. `allow_executable` says that the author trusts the
    maker of the source to run code on this machine: reading a pickle does.
    """

    source: str
    recipe: Recipe
    weights: Path | None = None
    allow_executable: bool = False

    @property
    def path(self) -> Path:
        """The source as a path."""
        return Path(self.source)

    def derived(self, tool: str, within: str = "") -> dict[str, str] | None:
        """Return the `derivedFrom` of an artifact that `tool` made of this source; None if it is no file.

        Of a builder and its weights, the weights are the file; of a folder, the one `within` it.
        """
        file = self.path / within if self.weights is None else self.weights
        return {"sha256": file_digest(file), "tool": tool} if file.is_file() else None

    def refuse_executable(self, what: str, remedy: str) -> None:
        """Refuse a source that runs code when it is read, unless the author allowed it."""
        if not self.allow_executable:
            raise RecipeError(
                f"{self.source}: found {what}, and reading it runs whatever code its maker put in; {remedy}, "
                "or allow it with --allow-executable if you trust where it comes from"
            )
