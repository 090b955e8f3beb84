"""A model's folder as hubs have it: README.md with front matter, config.json, an ONNX file, a tokenizer.

Owns which files mean what; leaves the card to `lepton.convert.modelcard`, the tokenizer to `wordpiece`, the
model to the source of ONNX. `folder_facts` serves those who read the weights of such a folder otherwise.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lepton.convert.folder import inside, json_in, text_in
from lepton.convert.modelcard import card_facts
from lepton.convert.request import Request
from lepton.convert.sources.wordpiece import tokenize_facts
from lepton.errors import RecipeError
from lepton.pack.onnx_source import GraphTensor, read_onnx
from lepton.pack.origin import Origin, onnx_origin
from lepton.package.write import Member

__all__ = ["NAME", "SAYS", "folder_facts", "read", "recognises"]

NAME, SAYS = (
    "huggingface",
    "a model's folder with README.md or config.json, and onnx/model.onnx or model.onnx",
)

#: Where the ONNX file stands, the first that is there.
_ONNX = ("onnx/model.onnx", "model.onnx")
_EXTENSION = "co.huggingface"
#: Weights that are no ONNX file: the remedy differs.
_SAFETENSORS, _PICKLES = "model.safetensors", ("pytorch_model.bin", "tf_model.h5", "model.ckpt")
_LICENSE_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md")
_NOT_REF = re.compile(r"[^A-Za-z0-9.-]+")


def recognises(path: Path) -> bool:
    """Say whether the folder has a card or a configuration beside a model in one of the known places."""
    if not path.is_dir() or not any((path / name).is_file() for name in ("README.md", "config.json")):
        return False
    return any((path / name).is_file() for name in (*_ONNX, _SAFETENSORS, *_PICKLES))


def read(request: Request) -> Origin:
    """Read the ONNX file, with what the folder says of it. Raises: RecipeError."""
    folder = request.path
    place = next((name for name in _ONNX if (folder / name).is_file()), None)
    if place is None:
        raise RecipeError(_without_onnx(folder))
    origin = onnx_origin(read_onnx(inside(folder, place)))
    facts, files, lost = folder_facts(folder, origin.inputs, origin.outputs)
    others = sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*.onnx") if path != folder / place
    )
    lost += [f"{name}: one ONNX file is carried, {place}" for name in others]
    return replace(origin, facts=facts, files=(*origin.files, *files), lost=(*origin.lost, *lost))


def _without_onnx(folder: Path) -> str:
    if (folder / _SAFETENSORS).is_file():
        return (
            f"{folder}: found weights in {_SAFETENSORS} and no graph, expected onnx/model.onnx; name code "
            f"that builds the module: lepton pack FILE.py:NAME --weights {folder / _SAFETENSORS}"
        )
    found = next((name for name in _PICKLES if (folder / name).is_file()), "no model")
    return f"{folder}: found {found}, expected onnx/model.onnx or {_SAFETENSORS}, formats that hold data only"


def folder_facts(
    folder: Path, inputs: tuple[GraphTensor, ...], outputs: tuple[GraphTensor, ...]
) -> tuple[dict[str, Any], list[Member], list[str]]:
    """Return what a model's folder says, as a part of a recipe, the files to carry, and what has no place.

    `inputs` and `outputs` are those of the model that its weights make. Raises: RecipeError.
    """
    facts: dict[str, Any] = {}
    files: list[Member] = []
    lost: list[str] = []
    other = None
    if (folder / "README.md").is_file():
        card = card_facts(text_in(folder, "README.md").encode(), str(folder / "README.md"))
        facts, lost, other = card.recipe, card.lost, card.other_license
        files.append(Member("README.md", folder / "README.md", "text/markdown", "documentation"))
    _carry_license(folder, other, facts, files, lost)
    config = json_in(folder, "config.json") if (folder / "config.json").is_file() else {}
    if not isinstance(config, dict):
        raise RecipeError(f"{folder / 'config.json'}: found no object, expected one")
    language = facts.get("language", "en")
    labels = _labels(config, outputs, language, lost)
    kept = {key: config[key] for key in ("architectures", "model_type") if key in config}
    if kept:
        facts.setdefault("extensions", {}).setdefault(_EXTENSION, {}).update(kept)
    tokens, vocabulary = tokenize_facts(folder, inputs, outputs, lost)
    facts |= tokens
    if labels:
        signature = facts.setdefault("signature", {})
        known = {entry["name"]: entry for entry in signature.get("outputs", [])}
        signature["outputs"] = [
            {"name": one.name, **known.get(one.name, {}), **labels.get(one.name, {})} for one in outputs
        ]
        for entry in facts.get("interface", {}).get("outputs", []):
            entry |= labels.get(entry["name"], {})
    return facts, files + vocabulary, lost


def _carry_license(
    folder: Path, other: str | None, facts: dict[str, Any], files: list[Member], lost: list[str]
) -> None:
    """Carry the text of a licence; one that SPDX does not know gets a LicenseRef, which needs its text."""
    name = next((one for one in _LICENSE_FILES if (folder / one).is_file()), None)
    if name is None:
        if other is not None:
            lost.append(
                f"README.md: the licence {other!r} is none of SPDX and has no file; state it in the recipe"
            )
        return
    place = name
    if other is not None:
        facts["license"] = f"LicenseRef-{_NOT_REF.sub('-', other).strip('-.') or 'other'}"
        place = f"{facts['license']}.txt"
    files.append(Member(f"LICENSES/{place}", inside(folder, name), "text/plain", "license"))


def _labels(
    config: Mapping[str, Any], outputs: tuple[GraphTensor, ...], language: str, lost: list[str]
) -> dict[str, dict[str, Any]]:
    """Turn `id2label` into labels of the one output that has as many places on its last axis."""
    mapping = config.get("id2label")
    if not isinstance(mapping, dict) or not mapping:
        return {}
    try:
        names = [str(mapping[str(place)]) for place in range(len(mapping))]
    except KeyError:
        lost.append("config.json: id2label does not count from 0, so that it labels no axis")
        return {}
    fitting = [one for one in outputs if one.shape and one.shape[-1] == len(names)]
    if len(fitting) != 1 or not all(names):
        found = f"{len(names)} labels, and {len(fitting)} outputs have such an axis"
        lost.append(f"config.json: id2label has {found}")
        return {}
    axis = len(fitting[0].shape) - 1
    return {fitting[0].name: {"labels": {"axis": axis, "names": {language: names}}}}
