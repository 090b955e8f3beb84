"""Write the conformance models for an operator to load into the server under test.

Owns the layouts and the index `models.json`; leaves graphs to `models.graphs` and packages to `forge`. Serves
`conformance`.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lepton_spec
from lepton_conformance.models.catalog import BF16, EXPORTED, SCALAR, VERSION, WIDE, ConformanceModel, Tensor
from lepton_conformance.models.graphs import IR_VERSION, OPSET, model_bytes

__all__ = ["LAYOUTS", "ExportFault", "export", "index"]

INDEX = "models.json"
#: Names of datatypes in Triton's config.pbtxt where they differ from the protocol's.
_TRITON_NAMES = {"BYTES": "STRING"}
#: Rare models, and the layouts that carry them: other servers end for a model that they cannot load.
_RARE = (BF16, SCALAR, WIDE)
_RARE_LAYOUTS = ("plain", "lepton")


class ExportFault(Exception):
    """The models cannot be written as asked (exit code 2)."""


def index(paths: Mapping[str, str]) -> dict[str, Any]:
    """Return `models.json`: each model's name, versions, tensors, file and digest."""
    return {
        "lepton": lepton_spec.SPEC_VERSION,
        "format": "onnx",
        "opset": OPSET,
        "irVersion": IR_VERSION,
        "models": [
            {
                "name": model.name,
                "versions": [VERSION],
                "inputs": [_tensor(tensor) for tensor in model.inputs],
                "outputs": [_tensor(tensor) for tensor in model.outputs],
                "path": paths[model.name],
                "sha256": hashlib.sha256(model_bytes(model)).hexdigest(),
            }
            for model in EXPORTED
            if model.name in paths
        ],
    }


def export(target: Path, layout: str) -> tuple[str, ...]:
    """Write all conformance models below `target`, which is new or empty; return their paths.

    Raises: ExportFault.
    """
    writer = _WRITERS.get(layout)
    if writer is None:
        known = ", ".join(LAYOUTS)
        raise ExportFault(f"cannot write the layout {layout!r}: this version writes {known}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ExportFault(f"found {str(target)!r} in use, expected a new or an empty directory")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        paths = {model.name: writer(model, beside) for model in _written(layout)}
        text = json.dumps(index(paths), indent=1) + "\n"
        if layout != "triton":  # Triton takes every entry of a repository for a model.
            (beside / INDEX).write_text(text, encoding="utf-8")
        if layout == "openvino":
            (beside / "config.json").write_text(_openvino_config(), encoding="utf-8")
        beside.chmod(0o777 & ~_umask())
        if target.exists():
            target.rmdir()
        beside.replace(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return tuple(paths.values())


def _written(layout: str) -> list[ConformanceModel]:
    return [model for model in EXPORTED if model not in _RARE or layout in _RARE_LAYOUTS]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.metadata_shape()}


def _plain(model: ConformanceModel, target: Path) -> str:
    """Write DIR/MODEL/VERSION/model.onnx."""
    folder = target / model.name / VERSION
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model_bytes(model))
    return f"{model.name}/{VERSION}/model.onnx"


def _triton(model: ConformanceModel, target: Path) -> str:
    """Write the plain layout and a config.pbtxt for Triton's ONNX Runtime backend, without batching."""
    path = _plain(model, target)
    lines = [f'name: "{model.name}"', 'backend: "onnxruntime"', "max_batch_size: 0"]
    for member, tensors in (("input", model.inputs), ("output", model.outputs)):
        for tensor in tensors:
            datatype = _TRITON_NAMES.get(tensor.datatype, tensor.datatype)
            dims = ", ".join(str(size) for size in tensor.metadata_shape())
            lines.append(f'{member} {{ name: "{tensor.name}" data_type: TYPE_{datatype} dims: [ {dims} ] }}')
    (target / model.name / "config.pbtxt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _kserve(model: ConformanceModel, target: Path) -> str:
    """Write DIR/MODEL/model.onnx: the folder of a KServe ModelRepository, mounted at /mnt/models."""
    folder = target / model.name
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model_bytes(model))
    return f"{model.name}/model.onnx"


def _mlserver(model: ConformanceModel, target: Path) -> str:
    """Write DIR/MODEL/model.onnx and its model-settings.json.

    MLServer brings no runtime for ONNX: the one at hand is named by the environment variable
    MLSERVER_MODEL_IMPLEMENTATION, which MLServer reads where the file names none.
    """
    path = _kserve(model, target)
    settings = {
        "name": model.name,
        "platform": "onnx_onnxv1",
        "versions": [VERSION],
        "inputs": [_tensor(tensor) for tensor in model.inputs],
        "outputs": [_tensor(tensor) for tensor in model.outputs],
        "parameters": {"uri": "./model.onnx", "version": VERSION},
    }
    text = json.dumps(settings, indent=1) + "\n"
    (target / model.name / "model-settings.json").write_text(text, encoding="utf-8")
    return path


def _openvino_config() -> str:
    """Return OpenVINO Model Server's config.json; its paths start at the file itself."""
    models = [{"config": {"name": model.name, "base_path": model.name}} for model in _written("openvino")]
    return json.dumps({"model_config_list": models}, indent=1) + "\n"


def _lepton(model: ConformanceModel, target: Path) -> str:
    """Write one package a model: DIR/MODEL.lepton."""
    from lepton_conformance.forge.conformance_package import wrap_model

    return wrap_model(model).archive().write(target, model.name).name


_WRITERS: dict[str, Callable[[ConformanceModel, Path], str]] = {
    "plain": _plain,
    "lepton": _lepton,
    "triton": _triton,
    "mlserver": _mlserver,
    "kserve": _kserve,
    "openvino": _plain,
}
LAYOUTS = tuple(_WRITERS)
