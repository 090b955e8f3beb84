"""A Triton model repository: the model as it is, its steps as models beside it, an ensemble over them.

Owns config.pbtxt, labels and folders; leaves what can be offered to `offer`. What Triton has no place for
(licence, version, bounds of sizes) goes into parameters of the configuration whose names begin with
`lepton.`. Serves the role producer of the chapter `package`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lepton.convert.modelcard import card_text
from lepton.convert.pbtxt import Fields, written
from lepton.convert.targets.chainmodel import step_model
from lepton.convert.targets.offer import Chain, Offer, offer, refuse_shared_names
from lepton.convert.targets.place import copy_artifact, copy_licenses, uncarried
from lepton.errors import UnsupportedError
from lepton.package.loaded import LoadedPackage
from lepton.tensor import TensorSpec

__all__ = ["NAME", "PARAMETER", "SAYS", "VERSION", "write"]

NAME, SAYS = (
    "triton",
    "a Triton model repository: config.pbtxt, labels, version folder, an ensemble of the steps",
)

#: Triton numbers versions; a package's own version is a parameter.
VERSION = "1"
#: Before the name of a parameter in which a package's own facts are kept.
PARAMETER = "lepton."
#: Triton keeps the largest batch as an int32.
MAX_BATCH = 2**31 - 1
_DATATYPES = {"BYTES": "STRING"}
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")


def write(package: LoadedPackage, folder: Path, artifact: str | None) -> tuple[str, ...]:
    """Write the repository into `folder`, which is empty; return what could not be carried.

    Raises: UnsupportedError when Triton cannot have the package at all.
    """
    offered = offer(package, artifact)
    document = package.document
    batch = offered.batch(document["symbols"]) or 0
    batch = batch if batch <= MAX_BATCH else 0
    name = document["id"]
    lost = [*offered.lost]
    chains = {
        kind: chain for kind, chain in (("pre", offered.pre), ("post", offered.post)) if chain is not None
    }
    top = folder / name
    model = f"{name}_model" if chains else name
    if not chains:
        copy_artifact(package, offered.artifact, top / VERSION / "model.onnx")
        how: Fields = [("backend", b"onnxruntime")]
    else:
        refuse_shared_names(offered)
        copy_artifact(package, offered.artifact, folder / model / VERSION / "model.onnx")
        signature = package.manifest.signature
        _write_config(
            folder / model, [("backend", b"onnxruntime")], batch, signature.inputs, signature.outputs
        )
        for kind, chain in chains.items():
            lost += _write_steps(folder / f"{name}_{kind}", chain, batch)
        (top / VERSION).mkdir(parents=True)
        how = [("platform", b"ensemble"), ("ensemble_scheduling", _schedule(package, offered))]
    labels = _write_labels(top, offered, batch, document["language"], lost)
    inputs, outputs = (
        [TensorSpec.from_json(entry) for entry in entries] for entries in (offered.inputs, offered.outputs)
    )
    _write_config(top, how, batch, inputs, outputs, labels, _parameters(package, model))
    (top / "README.md").write_text(card_text(package), encoding="utf-8")
    copy_licenses(package, top)
    lost += _lost_of_tensors(offered, batch)
    others = sorted(set(document["title"]) - {document["language"]})
    lost += [f"texts in {', '.join(others)}: README.md is in {document['language']}"] if others else []
    return (*lost, *uncarried(package))


def _write_steps(folder: Path, chain: Chain, batch: int) -> tuple[str, ...]:
    """Write a chain of steps as a model of its own."""
    model, lost = step_model(chain, folder.name)
    (folder / VERSION).mkdir(parents=True)
    (folder / VERSION / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    _write_config(folder, [("backend", b"onnxruntime")], batch, chain.inputs, chain.outputs)
    return lost


def _write_config(
    folder: Path,
    how: Fields,
    batch: int,
    inputs: Iterable[TensorSpec],
    outputs: Iterable[TensorSpec],
    labels: Mapping[str, str] | None = None,
    further: Fields | None = None,
) -> None:
    fields: Fields = [("name", folder.name.encode()), how[0], ("max_batch_size", str(batch))]
    inner = not any(name == "ensemble_scheduling" for name, _ in how)
    fields += [("input", _tensor(spec, batch, inner)) for spec in inputs]
    for spec in outputs:
        file = (labels or {}).get(spec.name)
        label: Fields = [("label_filename", file.encode())] if file is not None else []
        fields.append(("output", _tensor(spec, batch, inner) + label))
    text = written([*fields, *how[1:], *(further or [])])
    (folder / "config.pbtxt").write_text(text, encoding="ascii")


def _tensor(spec: TensorSpec, batch: int, inner: bool) -> Fields:
    """Describe a tensor; Triton has no scalars, but can reshape one for a model that is no ensemble."""
    shape = spec.shape[1:] if batch else spec.shape
    if 0 in shape:
        raise UnsupportedError(
            f"tensor {spec.name!r}: found a size of 0 in {list(spec.shape)}, expected 1 or more: Triton has "
            "no empty dimensions"
        )
    dims = tuple("-1" if isinstance(dim, str) else str(dim) for dim in shape) or ("1",)
    fields: Fields = [
        ("name", spec.name.encode()),
        ("data_type", f"TYPE_{_DATATYPES.get(spec.datatype, spec.datatype)}"),
        ("dims", dims),
    ]
    if not shape and inner:
        fields.append(("reshape", [("shape", ())]))
    return fields


def _schedule(package: LoadedPackage, offered: Offer) -> Fields:
    """Return the steps of the ensemble; tensors between them have names of their own."""
    name = package.document["id"]
    signature = package.manifest.signature
    answered = {entry["name"] for entry in offered.outputs}
    made = {spec.name for spec in offered.pre.outputs} if offered.pre is not None else set()
    later = {spec.name for spec in offered.post.inputs} if offered.post is not None else set()
    fed = {
        spec.name: f"lepton/pre/{spec.name}" if spec.name in made else spec.name for spec in signature.inputs
    }
    given = {
        spec.name: spec.name if spec.name in answered else f"lepton/model/{spec.name}"
        for spec in signature.outputs
        if spec.name in answered | later
    }
    steps: Fields = []
    if offered.pre is not None:
        sources = {spec.name: spec.name for spec in offered.pre.inputs}
        steps.append(_step(f"{name}_pre", sources, {one: fed[one] for one in fed if one in made}))
    steps.append(_step(f"{name}_model", fed, given))
    if offered.post is not None:
        sources = {spec.name: given[spec.name] for spec in offered.post.inputs}
        steps.append(_step(f"{name}_post", sources, {spec.name: spec.name for spec in offered.post.outputs}))
    return steps


def _step(model: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> tuple[str, Fields]:
    fields: Fields = [("model_name", model.encode()), ("model_version", "-1")]
    for kind, mapped in (("input_map", inputs), ("output_map", outputs)):
        fields += [
            (kind, [("key", key.encode()), ("value", value.encode())]) for key, value in mapped.items()
        ]
    return "step", fields


def _parameters(package: LoadedPackage, offered_model: str) -> Fields:
    document = package.document
    facts = {
        "artifact": offered_model,
        "id": document["id"],
        "version": document["version"],
        "identity": package.identity,
        "license": document["license"],
        "language": document["language"],
        "symbols": json.dumps(document["symbols"], sort_keys=True, separators=(",", ":")),
    }
    return [
        ("parameters", [("key", f"{PARAMETER}{key}".encode()), ("value", [("string_value", value.encode())])])
        for key, value in facts.items()
    ]


def _write_labels(folder: Path, offered: Offer, batch: int, language: str, lost: list[str]) -> dict[str, str]:
    """Write the labels in the default language, where Triton numbers places as the package does."""
    files: dict[str, str] = {}
    for number, entry in enumerate(offered.outputs):
        if "labels" not in entry:
            continue
        labels, place = entry["labels"], entry["name"]
        names = labels["names"][language]
        others = sorted(set(labels["names"]) - {language})
        rest = [dim for axis, dim in enumerate(entry["shape"]) if axis != labels["axis"]]
        if any(dim != 1 for dim in rest[1 if batch else 0 :]):
            axis = labels["axis"]
            lost.append(f"labels of {place}: Triton numbers the places of a whole tensor, not of axis {axis}")
            continue
        if any("\n" in one or "\r" in one for one in names):
            lost.append(f"labels of {place}: found a line end in one, and a labels file has one a line")
            continue
        stem = place if _PLAIN.match(place) else f"output{number}"
        files[place] = f"{stem}_labels.txt"
        (folder / files[place]).write_text("".join(f"{one}\n" for one in names), encoding="utf-8")
        lost += [f"labels of {place}: those in {', '.join(others)}"] if others else []
    return files


def _lost_of_tensors(offered: Offer, batch: int) -> list[str]:
    """Say what a configuration cannot say of tensors."""
    lost = []
    bounded = set()
    for entry in (*offered.inputs, *offered.outputs):
        others = [key for key in ("axes", "content", "unit", "description") if key in entry]
        if others:
            lost.append(f"{entry['name']}: {', '.join(others)}")
        if entry.get("optional"):
            lost.append(
                f"{entry['name']}: the default {json.dumps(entry['default'])}; it has to be given always"
            )
        if not entry["shape"]:
            lost.append(f"{entry['name']}: a scalar, which Triton shows with the shape [1]")
        bounded |= {dim for dim in entry["shape"][1 if batch else 0 :] if isinstance(dim, str)}
    if bounded:
        lost.append(
            f"symbols {', '.join(sorted(bounded))}: their bounds, and that equal ones have equal sizes; "
            "Triton admits every size and leaves it to the model"
        )
    return lost
