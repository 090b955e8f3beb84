"""The signature of a package: what the graph says, what the recipe adds, and no guess in between.

Owns the joining of both and the naming of dynamic dimensions; leaves reading graphs to the sources. Serves
PKG-SIG and PKG-ART-03.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lepton.errors import RecipeError
from lepton.pack.onnx_source import GraphTensor
from lepton.pack.recipe import Recipe

__all__ = ["interface_entries", "signature_entries"]


def signature_entries(recipe: Recipe, kind: str, tensors: Sequence[GraphTensor]) -> list[dict[str, Any]]:
    """Return the manifest's entries of the graph's `inputs` or `outputs`, in the graph's order.

    Raises: RecipeError when recipe and graph contradict each other, or a dimension has no name or bounds.
    """
    facts = recipe.tensor_facts(kind)
    known = {tensor.name for tensor in tensors}
    for name in facts:
        if name not in known:
            raise RecipeError(
                f"{recipe.name}: found {name!r} in signature.{kind}, expected the names of the graph: "
                f"{sorted(known)}"
            )
    return [_entry(recipe, kind, tensor, facts.get(tensor.name, {})) for tensor in tensors]


def interface_entries(recipe: Recipe, kind: str) -> list[dict[str, Any]]:
    """Return the manifest's entries of the interface, labels read."""
    return [_described(recipe, dict(entry)) for entry in recipe.document["interface"][kind]]


def _entry(recipe: Recipe, kind: str, tensor: GraphTensor, facts: Mapping[str, Any]) -> dict[str, Any]:
    if "datatype" in facts and facts["datatype"] != tensor.datatype:
        raise RecipeError(
            f"{recipe.name}: found {facts['datatype']} for {tensor.name!r}, expected {tensor.datatype} as in "
            "the graph"
        )
    wanted = facts.get("shape")
    if wanted is not None and len(wanted) != len(tensor.shape):
        raise RecipeError(
            f"{recipe.name}: found the shape {wanted} for {tensor.name!r}, expected rank {len(tensor.shape)}"
        )
    shape = [
        _dim(recipe, kind, tensor, axis, wanted[axis] if wanted is not None else None)
        for axis in range(len(tensor.shape))
    ]
    return _described(recipe, {**facts, "name": tensor.name, "datatype": tensor.datatype, "shape": shape})


def _dim(recipe: Recipe, kind: str, tensor: GraphTensor, axis: int, wanted: int | str | None) -> int | str:
    symbols = recipe.document.get("symbols", {})
    found = tensor.shape[axis]
    if isinstance(found, int):
        if wanted not in (None, found):
            raise RecipeError(
                f"{recipe.name}: found {wanted!r} for axis {axis} of {tensor.name!r}, expected {found}: the "
                "graph fixes it"
            )
        return found
    if isinstance(wanted, int):
        raise RecipeError(
            f"{recipe.name}: found {wanted} for axis {axis} of {tensor.name!r}, expected a symbol: the graph "
            "leaves that size open"
        )
    name = wanted if wanted is not None else found
    if name in symbols:
        assert isinstance(name, str)
        return name
    example = [_suggestion(dim, place) for place, dim in enumerate(tensor.shape)]
    if wanted is not None:
        raise RecipeError(
            f"{recipe.name}: the symbol {wanted!r} of {tensor.name!r} has no bounds; add to the recipe "
            f"`symbols: {{{wanted}: {{min: 1, max: 64}}}}` with the true ones"
        )
    raise RecipeError(
        f"{recipe.name}: axis {axis} of {tensor.name!r} is dynamic and has no name; add to the recipe "
        f"`signature: {{{kind}: [{{name: {tensor.name}, shape: [{', '.join(map(str, example))}]}}]}}` and "
        f"`symbols: {{{example[axis]}: {{min: 1, max: 64}}}}` with the true bounds"
    )


def _suggestion(dim: int | str | None, axis: int) -> int | str:
    return dim if isinstance(dim, int) else "NMKLPQRS"[axis % 8]


def _described(recipe: Recipe, entry: dict[str, Any]) -> dict[str, Any]:
    if "labels" in entry:
        entry["labels"] = recipe.labels(entry["labels"])
    return entry
