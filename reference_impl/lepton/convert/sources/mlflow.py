"""An MLflow model directory: the model of its best flavour, its signature, metadata and README.

Owns MLmodel; leaves the model itself to the source of its format. Flavours that are data are preferred; those
that are pickles are read only at the author's word. Facts that `lepton convert --to mlflow` wrote into the
metadata come back.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lepton.convert.folder import inside, licenses_in, text_in
from lepton.convert.modelcard import card_facts
from lepton.convert.request import Request
from lepton.convert.sources import lightgbm, pickle, xgboost
from lepton.convert.sources.objects import origin_of
from lepton.errors import RecipeError
from lepton.pack.onnx_source import read_onnx
from lepton.pack.origin import Origin, onnx_origin
from lepton.pack.yamltext import read_yaml

__all__ = ["NAME", "SAYS", "read", "recognises"]

NAME, SAYS = (
    "mlflow",
    "an MLflow model directory (flavours onnx, xgboost, lightgbm; pickles: --allow-executable)",
)

_METADATA = "lepton"
#: What is read of our own metadata: members of a recipe.
_RECIPE_MEMBERS = ("id", "version", "language", "title", "description", "license", "supplier", "symbols")
#: What MLmodel has that belongs to MLflow's own books, not to the model.
_BOOKS = frozenset(
    (
        *("artifact_path", "flavors", "is_signature_from_type_hint", "metadata", "mlflow_version"),
        *("model_id", "model_size_bytes", "model_uuid", "prompts", "signature", "type_hint_from_example"),
        "utc_time_created",
    )
)


def recognises(path: Path) -> bool:
    """Say whether the path is a folder with a file MLmodel."""
    return path.is_dir() and (path / "MLmodel").is_file()


def read(request: Request) -> Origin:
    """Read the model of the first flavour that can be, and what MLmodel says of it. Raises: RecipeError."""
    folder = request.path
    model = read_yaml(text_in(folder, "MLmodel").encode(), str(folder / "MLmodel"))
    if not isinstance(model, dict) or not isinstance(model.get("flavors"), dict):
        raise RecipeError(f"{folder / 'MLmodel'}: found no `flavors`, expected a map of them")
    origin = _origin(request, model["flavors"])
    facts, lost = _facts(folder, model)
    names = [tensor.name for tensor in (*origin.inputs, *origin.outputs)]
    lost += _contradictions(model.get("signature"), names)
    lost += [f"MLmodel: {key} has no place in a package" for key in model if key not in _BOOKS and model[key]]
    for name in ("requirements.txt", "conda.yaml", "code", "code_paths"):
        if (folder / name).exists() and _METADATA not in (model.get("metadata") or {}):
            lost.append(f"{name}: a package names no environment; what runs it is an engine for its format")
    files = (*origin.files, *licenses_in(folder))
    return replace(origin, facts={**origin.facts, **facts}, files=files, lost=(*origin.lost, *lost))


def _origin(request: Request, flavors: Mapping[str, Any]) -> Origin:
    for name, reader in _FLAVORS.items():
        flavor = flavors.get(name)
        if isinstance(flavor, dict):
            origin = reader(request, flavor)
            others = sorted(set(flavors) - {name, "python_function"})
            lost = tuple(f"flavour {other}: one flavour is carried, {name}" for other in others)
            return replace(origin, lost=(*origin.lost, *lost))
    found = ", ".join(sorted(map(str, flavors)))
    raise RecipeError(
        f"{request.path / 'MLmodel'}: found the flavours {found}, expected one "
        f"of {', '.join(_FLAVORS)}; save the model as one of these, best as onnx"
    )


def _data(request: Request, flavor: Mapping[str, Any], *members: str) -> Path:
    for member in members:
        if isinstance(flavor.get(member), str):
            return inside(request.path, flavor[member])
    raise RecipeError(
        f"{request.path / 'MLmodel'}: found no {members[0]!r} in the flavour, expected a file's name"
    )


def _onnx(request: Request, flavor: Mapping[str, Any]) -> Origin:
    path = _data(request, flavor, "data")
    return onnx_origin(read_onnx(path / "model.onnx" if path.is_dir() else path))


def _xgboost(request: Request, flavor: Mapping[str, Any]) -> Origin:
    return xgboost.read(replace(request, source=str(_data(request, flavor, "data"))))


def _lightgbm(request: Request, flavor: Mapping[str, Any]) -> Origin:
    return lightgbm.read(replace(request, source=str(_data(request, flavor, "data"))))


def _sklearn(request: Request, flavor: Mapping[str, Any]) -> Origin:
    if flavor.get("serialization_format") == "skops":
        raise RecipeError(f"{request.source}: found a skops file, expected a pickle or the flavour onnx")
    return pickle.read(replace(request, source=str(_data(request, flavor, "pickled_model"))))


def _pytorch(request: Request, flavor: Mapping[str, Any]) -> Origin:
    request.refuse_executable("a pickled torch module", "save the flavour onnx with it")
    path = _data(request, flavor, "model_data", "data")
    path = path / "model.pth" if path.is_dir() else path
    import torch

    try:
        module = torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # unpickling runs any code
        lines = str(error).strip().splitlines() or ["no reason"]
        raise RecipeError(f"{path}: cannot be read ({type(error).__name__}: {lines[0][:300]})") from error
    return origin_of(module, request)


#: Flavours that can be read, the best first: data before code.
_FLAVORS = {
    "onnx": _onnx,
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "sklearn": _sklearn,
    "pytorch": _pytorch,
}


def _facts(folder: Path, model: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what the README and our own metadata say, as a part of a recipe."""
    facts: dict[str, Any] = {}
    lost: list[str] = []
    if (folder / "README.md").is_file():
        card = card_facts(text_in(folder, "README.md").encode(), str(folder / "README.md"))
        facts, lost = card.recipe, card.lost
    metadata = model.get("metadata")
    if not isinstance(metadata, dict):
        return facts, lost
    ours = metadata.get(_METADATA)
    lost += [f"metadata: {key} has no place in a package" for key in metadata if key != _METADATA]
    if not isinstance(ours, dict):
        return facts, lost
    facts |= {key: ours[key] for key in _RECIPE_MEMBERS if key in ours}
    if isinstance(ours.get("card"), dict):
        facts["card"] = {key: value for key, value in ours["card"].items() if key != "lepton"}
    if isinstance(ours.get("extensions"), dict):
        facts["extensions"] = ours["extensions"]
    sides = {side: ours[side] for side in ("inputs", "outputs") if isinstance(ours.get(side), list)}
    facts["signature"] = {
        side: [_tensor(entry, lost) for entry in entries if isinstance(entry, dict)]
        for side, entries in sides.items()
    }
    _keep_used_symbols(facts)
    return facts, lost


def _tensor(entry: Mapping[str, Any], lost: list[str]) -> dict[str, Any]:
    if "default" in entry:
        lost.append(f"{entry.get('name')}: the default; the model itself demands this input")
    return {key: value for key, value in entry.items() if key not in ("optional", "default")}


def _keep_used_symbols(facts: dict[str, Any]) -> None:
    used = {
        dim
        for entries in facts["signature"].values()
        for entry in entries
        for dim in (entry["shape"] if isinstance(entry.get("shape"), list) else [])
        if isinstance(dim, str)
    }
    if isinstance(facts.get("symbols"), dict):
        facts["symbols"] = {name: bounds for name, bounds in facts["symbols"].items() if name in used}


def _contradictions(signature: Any, names: list[str]) -> list[str]:
    """Say where MLflow's signature names other tensors than the model has: the model counts."""
    if not isinstance(signature, dict):
        return []
    text = " ".join(str(signature.get(side) or "") for side in ("inputs", "outputs"))
    missing = [name for name in names if f'"{name}"' not in text]
    if not text.strip() or not missing:
        return []
    return [f"signature: it does not name {', '.join(missing)}; the model's own names and types are kept"]
