"""An MLflow model directory of the flavours onnx and python_function, steps joined into the graph.

Owns MLmodel, its signature, the requirements and the metadata, in which a package's own facts are kept whole;
leaves what can be offered to `offer`. No time and no version of an installed program is written, so that the
same package gives the same bytes. Serves the role producer of the chapter `package`.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from lepton.convert.modelcard import card_text
from lepton.convert.targets.chainmodel import joined_model
from lepton.convert.targets.offer import Entry, Offer, offer, refuse_shared_names
from lepton.convert.targets.place import copy_artifact, copy_licenses, uncarried
from lepton.package.loaded import LoadedPackage
from lepton.tensor import datatype

__all__ = ["METADATA", "NAME", "SAYS", "write"]

NAME, SAYS = "mlflow", "an MLflow model: MLmodel with signature, flavours onnx and python_function, README.md"

#: The member of MLflow's metadata that holds a package's own facts.
METADATA = "lepton"
_DATA = "model.onnx"
_REQUIREMENTS = ("mlflow>=2.14", "numpy>=1.26", "onnx>={onnx}", "onnxruntime>=1.20")
#: The oldest release of onnx that is asked for, whatever the model needs.
_OLDEST_ONNX = (1, 17, 0)
_PYTHON = "3.11"


def write(package: LoadedPackage, folder: Path, artifact: str | None) -> tuple[str, ...]:
    """Write the directory into `folder`, which is empty; return what could not be carried.

    Raises: UnsupportedError when MLflow cannot have the package at all.
    """
    offered = offer(package, artifact, joined=True)
    lost = [*offered.lost]
    copy_artifact(package, offered.artifact, folder / _DATA)
    if offered.pre is not None or offered.post is not None:
        refuse_shared_names(offered)
        lost += _join(folder / _DATA, offered)
    signature = _signature(offered, lost)
    requirements = [line.format(onnx=_onnx_release(folder / _DATA)) for line in _REQUIREMENTS]
    (folder / "MLmodel").write_text(_yaml(_mlmodel(package, offered, signature)), encoding="utf-8")
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in requirements), encoding="ascii")
    (folder / "python_env.yaml").write_text(
        _yaml({"python": _PYTHON, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}),
        encoding="ascii",
    )
    conda: list[Any] = [f"python={_PYTHON}", "pip", {"pip": requirements}]
    (folder / "conda.yaml").write_text(
        _yaml({"name": "mlflow-env", "channels": ["conda-forge"], "dependencies": conda}), encoding="ascii"
    )
    (folder / "README.md").write_text(card_text(package), encoding="utf-8")
    copy_licenses(package, folder)
    for entry in offered.inputs:
        if entry.get("optional"):
            lost.append(f"{entry['name']}: the default is not filled in; it has to be given always")
    lost.append("bounds of sizes: they stand in the metadata, and MLflow does not check them")
    return (*lost, *uncarried(package))


def _join(path: Path, offered: Offer) -> tuple[str, ...]:
    """Replace the artifact by itself between the steps of the offer; external data stays where it is."""
    import onnx

    model, lost = joined_model(onnx.load(path, load_external_data=False), offered)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return lost


def _signature(offered: Offer, lost: list[str]) -> dict[str, str] | None:
    """Return MLflow's signature, None when numpy has no type for one of the tensors."""
    without = [
        entry["name"]
        for entry in (*offered.inputs, *offered.outputs)
        if entry["datatype"] != "BYTES" and datatype(entry["datatype"]).numpy is None
    ]
    if without:
        lost.append(f"signature: numpy has no datatype for {', '.join(without)}, so that MLflow gets none")
        return None
    return {"inputs": _schema(offered.inputs), "outputs": _schema(offered.outputs)}


def _schema(entries: Iterable[Entry]) -> str:
    return json.dumps(
        [
            {
                "name": entry["name"],
                "type": "tensor",
                "tensor-spec": {
                    "dtype": "object" if entry["datatype"] == "BYTES" else datatype(entry["datatype"]).numpy,
                    "shape": [-1 if isinstance(dim, str) else dim for dim in entry["shape"]],
                },
            }
            for entry in entries
        ],
        ensure_ascii=False,
    )


def _mlmodel(package: LoadedPackage, offered: Offer, signature: Mapping[str, str] | None) -> dict[str, Any]:
    document = package.document
    facts = (
        "id",
        "version",
        "language",
        "title",
        "description",
        "license",
        "supplier",
        "symbols",
        "extensions",
    )
    ours: dict[str, Any] = {key: document[key] for key in facts if key in document}
    ours |= {
        "identity": package.identity,
        "artifact": offered.artifact["id"],
        "inputs": [dict(entry) for entry in offered.inputs],
        "outputs": [dict(entry) for entry in offered.outputs],
        "card": package.json(document["card"]),
    }
    model: dict[str, Any] = {
        "flavors": {
            "onnx": {"code": None, "data": _DATA, "providers": ["CPUExecutionProvider"]},
            "python_function": {
                "data": _DATA,
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "loader_module": "mlflow.onnx",
                "python_version": _PYTHON,
            },
        },
        "metadata": {METADATA: ours},
        "model_uuid": package.identity.removeprefix("sha256:")[:32],
    }
    if signature is not None:
        model["signature"] = dict(signature)
    return model


def _onnx_release(path: Path) -> str:
    """Return the oldest release of onnx that knows the model's format and operator sets."""
    import onnx
    from onnx.helper import VERSION_TABLE

    model = onnx.load(path, load_external_data=False)
    sets = {one.domain or "ai.onnx": one.version for one in model.opset_import}
    for release, ir_version, opset, ml_opset, *_ in VERSION_TABLE:
        number = tuple(int(part) for part in release.split("."))
        known = ir_version >= model.ir_version and opset >= sets.get("ai.onnx", 0)
        if number >= _OLDEST_ONNX and known and ml_opset >= sets.get("ai.onnx.ml", 0):
            return release
    return ".".join(map(str, _OLDEST_ONNX))


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=True, allow_unicode=True, default_flow_style=False)
