"""Further forms of one model as further artifacts of one package, which pass the same vectors.

Owns the member `artifacts` of a recipe: reading each source, giving its tensors the names and the order of
the first one, and its files a place of their own. The first says the signature and the expected answers.
Serves PKG-ART-03 and PKG-ART-11.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lepton.convert.graphs import renamed, reordered
from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.origin import ArtifactDraft, Origin, file_digest

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["variant", "variant_request"]


def variant_request(request: Request, entry: Mapping[str, Any]) -> Request:
    """Return what is asked of a further source; its paths are relative to the recipe's files."""
    folder = request.recipe.folder
    source = str(entry["source"])
    if (folder / source.partition(":")[0]).exists():
        source = str(folder / source)
    weights = folder / entry["weights"] if "weights" in entry else None
    return replace(request, source=source, weights=weights)


def variant(first: Origin, other: Origin, entry: Mapping[str, Any], request: Request) -> ArtifactDraft:
    """Return a further source's first artifact with the tensors of `first` and files of its own.

    Raises: RecipeError when its tensors do not match those of the first, by the names that `entry` gives.
    """
    draft = other.artifacts[0]
    names: Mapping[str, str] = entry.get("names", {})
    ours = [[tensor.name for tensor in tensors] for tensors in (first.inputs, first.outputs)]
    theirs = [[tensor.name for tensor in tensors] for tensors in (other.inputs, other.outputs)]
    called = [[names.get(name, name) for name in group] for group in theirs]
    for found, wanted in zip(called, ours, strict=True):
        if sorted(found) != sorted(wanted):
            raise RecipeError(
                f"{request.recipe.name}: artifact {entry['id']!r}: found the tensors {found}, expected "
                f"{wanted} as in the first source; give `names: {{name there: name here}}`"
            )
    identifier, place = str(entry["id"]), draft.entry["entry"]
    stated: dict[str, Any] = {**draft.entry, "id": identifier, "entry": _moved(place, identifier)}
    files = {_moved(path, identifier): content for path, content in draft.files.items()}
    if "external" in stated:
        stated["external"] = sorted(_moved(path, identifier) for path in stated["external"])
    if "precision" in entry:
        stated["precision"] = entry["precision"]
    if theirs != ours:
        files[stated["entry"]] = _adapted(draft.files[place], names, ours, request, stated)
    return ArtifactDraft(stated, files)


def _moved(path: str, identifier: str) -> str:
    return f"model/{identifier}/{path.removeprefix('model/')}"


def _adapted(
    content: Path | bytes,
    names: Mapping[str, str],
    order: list[list[str]],
    request: Request,
    stated: dict[str, Any],
) -> bytes:
    """Return the graph with other names and another order, and say in the entry what it was made of."""
    from importlib.metadata import version

    import onnx

    if stated["format"] != "onnx":
        raise RecipeError(
            f"{request.recipe.name}: artifact {stated['id']!r}: found a {stated['format']} whose tensors are "
            "called or ordered otherwise than in the first source, expected the same; only ONNX is adapted"
        )
    data = content if isinstance(content, bytes) else content.read_bytes()
    model: ModelProto = onnx.load_from_string(data)
    renamed(model, names)
    reordered(model, *order)
    if "derivedFrom" not in stated and isinstance(content, Path):
        tool = f"lepton {version('lepton-standard')}"
        stated["derivedFrom"] = {"sha256": file_digest(content), "tool": tool}
    adapted: bytes = model.SerializeToString(deterministic=True)
    return adapted
