"""The recipe: what an author says about a model, read from YAML and judged by its schema.

Owns reading recipes and the files that they name; leaves what is made of them to the other modules of this
package. Serves the role producer of the chapter `package`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lepton.errors import RecipeError
from lepton.pack.yamltext import MAX_RECIPE_BYTES, read_yaml
from lepton.package.schema import schema_faults

__all__ = ["Recipe", "read_recipe"]

#: Bytes of a JSON file that a recipe reads labels or evaluations from.
MAX_SIDE_FILE_BYTES = 64 * 1024 * 1024

#: What a recipe must have, in the smallest form: with it, a recipe is judged on what it does say.
_COMPLETE: Mapping[str, Any] = {
    "lepton": "1.0",
    "id": "x",
    "version": "0.0.0",
    "language": "en",
    "title": {"en": "x"},
    "license": "MIT",
    "card": {
        "intendedUse": {"en": "x"},
        "outOfScopeUse": {"en": "x"},
        "limitations": {"en": "x"},
        "personalData": {"status": "none"},
    },
}
#: Maps that are joined member by member when facts of a source complete a recipe; all others are taken whole.
_JOINED = frozenset(("card", "signature", "symbols", "vectors", "ranges", "comparisons"))


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe valid against recipe.schema.json. Files that it names are relative to `folder`."""

    name: str
    folder: Path
    document: Mapping[str, Any]

    def file(self, relative: str) -> Path:
        """Return the path of a file that the recipe names. Raises: RecipeError when it is not there."""
        path = self.folder / relative
        if not path.is_file():
            raise RecipeError(f"{self.name}: found no file {path}, expected one; see --files")
        return path

    def json_file(self, relative: str) -> Any:
        """Return the value of a JSON file that the recipe names."""
        path = self.file(relative)
        if path.stat().st_size > MAX_SIDE_FILE_BYTES:
            raise RecipeError(
                f"{path}: found more than {MAX_SIDE_FILE_BYTES} bytes, expected a small JSON file"
            )
        try:
            return json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise RecipeError(f"{path}: found no JSON ({error})") from error

    def labels(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return the labels of a tensor in the manifest's form, read from a file where the recipe says so."""
        if "file" not in entry:
            return dict(entry)
        value = self.json_file(entry["file"])
        for token in entry["pointer"].split("/")[1:]:
            token = token.replace("~1", "/").replace("~0", "~")
            if not isinstance(value, dict) or token not in value:
                raise RecipeError(
                    f"{entry['file']}: found nothing at {entry['pointer']}, expected a list of labels"
                )
            value = value[token]
        if not isinstance(value, list) or not all(isinstance(label, str) and label for label in value):
            raise RecipeError(
                f"{entry['file']}: found no list of strings at {entry['pointer']}, expected one"
            )
        return {"axis": entry["axis"], "names": {entry["language"]: value}}

    def completed(self, facts: Mapping[str, Any]) -> "Recipe":
        """Return the recipe with what it lacks taken from `facts`, a part of one; the author's word wins.

        The card, the signature, its tensors by name, symbols and vectors are joined member by member;
        everything else is taken whole from one side. Raises: RecipeError when something is missing still.
        """
        document = _joined(self.document, facts)
        _judge(document, self.name)
        return Recipe(self.name, self.folder, document)

    def tensor_facts(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return what the recipe says about the model's `inputs` or `outputs`, by name."""
        entries = self.document.get("signature", {}).get(kind, [])
        facts = {entry["name"]: entry for entry in entries}
        if len(facts) != len(entries):
            raise RecipeError(f"{self.name}: found a name twice in signature.{kind}, expected each once")
        return facts


def read_recipe(path: Path, folder: Path | None = None) -> Recipe:
    """Read and judge a recipe; `folder` replaces its own folder as the place of the files it names.

    What is missing may come from the source still, so that `Recipe.completed` judges it.

    Raises: RecipeError naming the place, found, expected and remedy.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_RECIPE_BYTES + 1)
    except OSError as error:
        raise RecipeError(f"{path}: cannot read the recipe ({error.strerror})") from error
    document = read_yaml(data, str(path))
    _judge(_joined(document, _COMPLETE) if isinstance(document, dict) else document, str(path))
    if folder is not None and not folder.is_dir():
        raise RecipeError(f"--files {folder}: found no folder, expected the one with the recipe's files")
    return Recipe(str(path), folder if folder is not None else path.resolve().parent, document)


def _judge(document: Any, name: str) -> None:
    faults = schema_faults(document, "recipe.schema.json")
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise RecipeError(f"{name}, at {faults[0].pointer or 'the top'}: {faults[0].message}{more}")


def _joined(document: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**facts, **document}
    for key in document.keys() & facts.keys():
        said, known = document[key], facts[key]
        if key in _JOINED and isinstance(said, Mapping):
            joined[key] = _joined(said, known)
        elif key in ("inputs", "outputs") and isinstance(said, list):
            joined[key] = _joined_tensors(said, known)
    return joined


def _joined_tensors(said: list[Any], known: list[Any]) -> list[Any]:
    by_name = {entry["name"]: entry for entry in known}
    names = [entry.get("name") if isinstance(entry, Mapping) else None for entry in said]
    return [
        {**by_name.get(str(name), {}), **entry} if isinstance(entry, Mapping) else entry
        for name, entry in zip(names, said, strict=True)
    ] + [entry for name, entry in by_name.items() if name not in names]
