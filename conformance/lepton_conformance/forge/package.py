"""Valid packages from a model and cases: the manifest, the card, the vectors document.

Owns how the parts of a package are put together; leaves bytes and containers to `draft`, and the models to
their makers. Serves the chapter `package`.
"""

import base64
import copy
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rfc8785

from lepton_conformance.forge.chain import shapes_of
from lepton_conformance.forge.draft import Draft, Member
from lepton_conformance.forge.score import Model, mutation
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import WrongData, to_binary
from lepton_conformance.oracle.steps import Refused

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
    """One golden vector: arrays by tensor name. `tolerance` is (atol, rtol), or None for exact.

    `step` is the pointer of a step, for the stage `step`.
    """

    id: str
    inputs: Mapping[str, Array]
    expected: Mapping[str, Array]
    stage: str = "model"
    tolerance: tuple[float, float] | None = DEFAULT_TOLERANCE
    step: str = ""


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
    cases: Sequence[Case], datatypes: Mapping[str, str], controls: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a vectors document; `datatypes` are those of all tensors of the package, by name."""
    return {
        "lepton": "1.0",
        "vectors": [_vector(case, datatypes) for case in cases],
        "controls": [dict(control) for control in controls],
        "provenance": {
            "oracle": {"name": "numpy", "version": "2", "precision": "FP64"},
            "seed": 0,
            "tolerance": "A few roundings of FP32 at the size of the values.",
        },
    }


def _vector(case: Case, datatypes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": case.id,
        "stage": case.stage,
        **({"step": case.step} if case.step else {}),
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
    files: Sequence[Member] = (),
    computes: Model | None = None,
    version: str = "1.0.0",
    title: str | None = None,
) -> Draft:
    """Return a package around an ONNX model, ready to be sealed as a directory or a ZIP container.

    `inputs` and `outputs` are tensors of the manifest (name, datatype, shape, ...), `symbols` its symbols;
    `controls` name the cases that kill them. `external` are files of external data, by path,
    `files` those of steps. `computes` is what the model computes: what its mutants answer follows from it.
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
    draft = Draft(manifest, list(files))
    draft.add(CARD, rfc8785.dumps(card_document()), "application/json", "card")
    draft.add(MODEL, data, "application/vnd.onnx", "artifact")
    for path, content in external.items():
        draft.add(path, content, "application/octet-stream", "weights")
    document = vectors_document(cases, datatypes_of(manifest), controls)
    draft.add(VECTORS, rfc8785.dumps(document), "application/json", "vectors")
    draft.score = functools.partial(_rescore, Model(_no_answer) if computes is None else computes)
    draft.rescore(manifest)
    return draft


def datatypes_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the datatype of every tensor of a package, those between steps included."""
    sides = [manifest["signature"], manifest.get("interface", {})]
    found = {t["name"]: t["datatype"] for side in sides for tensors in side.values() for t in tensors}
    for which in manifest.get("processing", {}):
        found |= {name: datatype for name, (datatype, _) in shapes_of(manifest, which).items()}
    return found


def _no_answer(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
    """Stand for a model without mutants: it is never asked."""
    raise Refused("the model is not computed")


def _rescore(model: Model, draft: Draft, manifest: Mapping[str, Any]) -> None:
    """Put the mutation score into the vectors, unless they are broken in a way that leaves none."""
    data = draft.member(VECTORS).data
    try:
        document = json.loads(data)
        if rfc8785.dumps(document) != data:
            return
        document["mutation"] = _score(model, draft, manifest, document)
    except (ValueError, KeyError, ArithmeticError, IndexError, TypeError, AttributeError, Refused, WrongData):
        return
    draft.put(VECTORS, rfc8785.dumps(document))


#: Scores that were counted, by what they follow from: many violations leave it as it is.
_COUNTED: dict[bytes, dict[str, Any]] = {}
_SCORED = ("signature", "interface", "processing", "symbols")


def _score(
    model: Model, draft: Draft, manifest: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, Any]:
    files = {member.path: member.data for member in draft.members if member.path != VECTORS}
    parts = [manifest["id"], *(manifest.get(name) for name in _SCORED), document["vectors"]]
    digest = hashlib.sha256(rfc8785.dumps(parts))
    for path in sorted(files):
        digest.update(f"\n{path}\n{len(files[path])}\n".encode() + files[path])
    key = digest.digest()
    if key not in _COUNTED:
        _COUNTED[key] = mutation(manifest, document, model, files)
    return copy.deepcopy(_COUNTED[key])


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
