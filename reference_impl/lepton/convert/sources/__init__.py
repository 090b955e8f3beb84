"""The kinds of sources, one module each, and the choice among them: by content, or by the author's word.

Owns the table and its order; leaves recognising and reading to the modules. Recognising a source reads a few
bytes or names of it, never imports its framework, and never runs anything.

A kind is a module with `NAME` (what `--from` takes), `SAYS` (one line for people), `recognises(path) -> bool`
and `read(request) -> Origin`. To add one: write the module, add a line here.
"""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lepton.convert.request import Request
from lepton.convert.sources.strangers import stranger
from lepton.errors import RecipeError
from lepton.pack.origin import Origin

__all__ = ["KINDS", "kinds_said", "read_package_sources", "read_source"]

#: What `--from` takes -> the module that reads it; in the order in which they are asked to recognise one.
KINDS: Mapping[str, str] = {
    "mlflow": "lepton.convert.sources.mlflow",
    "triton": "lepton.convert.sources.triton",
    "huggingface": "lepton.convert.sources.huggingface",
    "safetensors": "lepton.convert.sources.safetensors",
    "xgboost": "lepton.convert.sources.xgboost",
    "lightgbm": "lepton.convert.sources.lightgbm",
    "tensorflow": "lepton.convert.sources.saved_model",
    "keras": "lepton.convert.sources.keras",
    "onnx": "lepton.convert.sources.onnx",
    "pt2": "lepton.convert.sources.pt2",
    "torch": "lepton.convert.sources.torch_archive",
    "pickle": "lepton.convert.sources.pickle",
    "factory": "lepton.convert.sources.factory",
}


def kinds_said() -> dict[str, str]:
    """Return one line for people about each kind."""
    return {name: str(importlib.import_module(module).SAYS) for name, module in KINDS.items()}


def read_source(request: Request, kind: str | None = None) -> Origin:
    """Read a source of the kind that the author named, or that it shows by its content.

    Raises: RecipeError when it is of no kind that can be read, with the reason and what to do.
    """
    if kind is not None:
        return _read(kind, request)
    if _names_code(request.source):
        return _read("factory", request)
    if not request.path.exists():
        raise RecipeError(
            f"{request.source}: found neither a file nor a folder nor `MODULE:NAME`, expected a model; see "
            "`lepton pack --help`"
        )
    for name, module in KINDS.items():
        if importlib.import_module(module).recognises(request.path):
            return _read(name, request)
    found = stranger(request.path)
    if found is not None:
        raise RecipeError(f"{request.source}: found {found}")
    what = "a folder" if request.path.is_dir() else "a file"
    raise RecipeError(
        f"{request.source}: found {what} of none of the kinds {', '.join(KINDS)}; if it is one of them, say "
        "which with --from"
    )


def read_package_sources(request: Request, kind: str | None = None) -> Origin:
    """Read a source and the further forms of the same model that the recipe's `artifacts` name."""
    from lepton.convert.variants import variant, variant_request

    origin = read_source(request, kind)
    drafts, lost = list(origin.artifacts), list(origin.lost)
    for entry in request.recipe.document.get("artifacts", []):
        if any(entry["id"] == draft.entry["id"] for draft in drafts):
            raise RecipeError(
                f"{request.recipe.name}: found two artifacts {entry['id']!r}, expected different ids"
            )
        asked = variant_request(request, entry)
        other = read_source(asked, entry.get("kind"))
        drafts.append(variant(origin, other, entry, asked))
        lost += [f"{entry['id']}: {sentence}" for sentence in other.lost]
    return replace(origin, artifacts=tuple(drafts), lost=tuple(lost))


def _read(kind: str, request: Request) -> Origin:
    if kind not in KINDS:
        raise RecipeError(f"found the kind {kind!r} of a source, expected one of {', '.join(KINDS)}")
    module: Any = importlib.import_module(KINDS[kind])
    origin: Origin = module.read(request)
    return origin


def _names_code(source: str) -> bool:
    """Say whether `source` is `MODULE:NAME` or `FILE.py:NAME`, and no path that happens to hold a colon."""
    from pathlib import Path

    place, _, attribute = source.rpartition(":")
    return bool(place) and attribute.isidentifier() and not Path(source).exists()
