"""Valid packages from a model and cases: the manifest, the card, the vectors document.

Owns how the parts of a package are put together; leaves bytes and containers to `draft`, and the models to
their makers. Serves the chapter `package`.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rfc8785

from lepton_conformance.forge.draft import Draft
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import to_binary

__all__ = [
    "CARD",
    "MODEL",
    "VECTORS",
    "Case",
    "build_package",
    "comparison",
    "tensor_json",
    "vectors_document",
]

MODEL = "model/model.onnx"
VECTORS = "vectors/golden.json"
CARD = "card.json"

#: What a tolerance is when a case does not say otherwise: a few roundings of FP32.
DEFAULT_TOLERANCE = (1e-6, 1e-6)
_FLOATS = ("FP16", "BF16", "FP32", "FP64")


@dataclass(frozen=True, slots=True)
class Case:
    """One golden vector: arrays by tensor name. `tolerance` is (atol, rtol), or None for exact."""

    id: str
    inputs: Mapping[str, Array]
    expected: Mapping[str, Array]
    stage: str = "model"
    tolerance: tuple[float, float] | None = DEFAULT_TOLERANCE


def tensor_json(name: str, datatype: str, array: Array) -> dict[str, Any]:
    """Return a tensor of a vectors document (Spec: COR-TYP-02)."""
    return {
        "name": name,
        "datatype": datatype,
        "shape": list(array.shape),
        "data": base64.b64encode(to_binary(np.asarray(array))).decode("ascii"),
    }


def comparison(output: str, datatype: str, tolerance: tuple[float, float] | None) -> dict[str, Any]:
    """Return how an output is compared: exactly unless it is a float with a tolerance (Spec: PKG-VEC-06)."""
    if tolerance is None or datatype not in _FLOATS:
        return {"output": output, "comparator": "exact"}
    atol, rtol = tolerance
    return {"output": output, "comparator": "allclose", "atol": atol, "rtol": rtol, "nan": "forbidden"}


def vectors_document(
    cases: Sequence[Case], stages: Mapping[str, Mapping[str, Any]], controls: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a vectors document; `stages` maps a stage to the signature that its cases follow."""
    return {
        "lepton": "1.0",
        "vectors": [_vector(case, stages[case.stage]) for case in cases],
        "controls": [dict(control) for control in controls],
        "provenance": {
            "oracle": {"name": "numpy", "version": "2", "precision": "FP64"},
            "seed": 0,
            "tolerance": "A few roundings of FP32 at the size of the values.",
        },
    }


def _vector(case: Case, signature: Mapping[str, Any]) -> dict[str, Any]:
    datatypes = {t["name"]: t["datatype"] for t in (*signature["inputs"], *signature["outputs"])}
    return {
        "id": case.id,
        "stage": case.stage,
        "inputs": [tensor_json(name, datatypes[name], array) for name, array in case.inputs.items()],
        "expected": [tensor_json(name, datatypes[name], array) for name, array in case.expected.items()],
        "comparisons": [comparison(name, datatypes[name], case.tolerance) for name in case.expected],
    }


def card_document() -> dict[str, Any]:
    """Return a card that says of every matter what the suite's own models can say."""
    return {
        "lepton": "1.0",
        "intendedUse": {"en": "Testing programs that read packages."},
        "outOfScopeUse": {"en": "Everything else."},
        "limitations": {"notProvided": {"en": "The model has no meaning."}},
        "personalData": {"status": "none"},
    }


def build_package(
    *,
    name: str,
    model: bytes | Path,
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    symbols: Mapping[str, Mapping[str, Any]],
    cases: Sequence[Case],
    controls: Sequence[Mapping[str, Any]],
    interface: Mapping[str, Any] | None = None,
    processing: Mapping[str, Any] | None = None,
    external: Mapping[str, bytes] | None = None,
    version: str = "1.0.0",
    title: str | None = None,
) -> Draft:
    """Return a package around an ONNX model, ready to be sealed as a directory or a ZIP container.

    `inputs` and `outputs` are tensors of the manifest (name, datatype, shape, ...), `symbols` its symbols;
    `controls` name the cases that kill them. `external` are files of external data, by path.
    """
    data = model if isinstance(model, bytes) else model.read_bytes()
    external = external or {}
    signature = {
        "inputs": [dict(tensor) for tensor in inputs],
        "outputs": [dict(tensor) for tensor in outputs],
    }
    manifest: dict[str, Any] = {
        "lepton": "1.0",
        "id": name,
        "version": version,
        "language": "en",
        "title": {"en": title or name},
        "description": {"en": f"The model {title or name} of the Lepton conformance suite."},
        "license": "Apache-2.0",
        "symbols": {symbol: dict(bounds) for symbol, bounds in symbols.items()},
        "signature": signature,
        "artifacts": [onnx_artifact(data, external=sorted(external))],
        "vectors": [VECTORS],
        "card": CARD,
    }
    if interface is not None:
        manifest["interface"] = dict(interface)
    if processing is not None:
        manifest["processing"] = dict(processing)
    stages = {"model": signature, "raw": manifest.get("interface", signature)}
    draft = Draft(manifest, [])
    draft.add(CARD, rfc8785.dumps(card_document()), "application/json", "card")
    draft.add(MODEL, data, "application/vnd.onnx", "artifact")
    for path, content in external.items():
        draft.add(path, content, "application/octet-stream", "weights")
    document = vectors_document(cases, stages, controls)
    return draft.add(VECTORS, rfc8785.dumps(document), "application/json", "vectors")


def onnx_artifact(data: bytes, *, external: Sequence[str] = ()) -> dict[str, Any]:
    """Return the manifest's artifact of an ONNX model: versions as they stand in its file."""
    import onnx

    model = onnx.ModelProto.FromString(data)
    artifact: dict[str, Any] = {
        "id": "onnx",
        "format": "onnx",
        "formatVersion": f"IR {model.ir_version}",
        "entry": MODEL,
        "opsets": {entry.domain or "ai.onnx": entry.version for entry in model.opset_import},
        "precision": "FP32",
        "executable": False,
    }
    if external:
        artifact["external"] = list(external)
    return artifact
