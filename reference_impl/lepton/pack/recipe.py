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

    def tensor_facts(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return what the recipe says about the model's `inputs` or `outputs`, by name."""
        entries = self.document.get("signature", {}).get(kind, [])
        facts = {entry["name"]: entry for entry in entries}
        if len(facts) != len(entries):
            raise RecipeError(f"{self.name}: found a name twice in signature.{kind}, expected each once")
        return facts


def read_recipe(path: Path, folder: Path | None = None) -> Recipe:
    """Read and judge a recipe; `folder` replaces its own folder as the place of the files it names.

    Raises: RecipeError naming the place, found, expected and remedy.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_RECIPE_BYTES + 1)
    except OSError as error:
        raise RecipeError(f"{path}: cannot read the recipe ({error.strerror})") from error
    document = read_yaml(data, str(path))
    faults = schema_faults(document, "recipe.schema.json")
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise RecipeError(f"{path}, at {faults[0].pointer or 'the top'}: {faults[0].message}{more}")
    if folder is not None and not folder.is_dir():
        raise RecipeError(f"--files {folder}: found no folder, expected the one with the recipe's files")
    return Recipe(str(path), folder if folder is not None else path.resolve().parent, document)
