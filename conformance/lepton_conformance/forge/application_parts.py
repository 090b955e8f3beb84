"""What packages with tasks are made of: small models, tensors, and members of application documents.

Owns the short forms that `application_pictures`, `application_texts` and `application_tables` are written in;
leaves what they say to those. Serves `application`.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import rfc8785

from lepton_conformance.forge import models
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.package import VECTORS, Case, build_package
from lepton_conformance.oracle.answers import Array

__all__ = [
    "APPLICATION",
    "Tensor",
    "example_of",
    "floats",
    "image_value",
    "integers",
    "labels_of",
    "node",
    "number",
    "plain_package",
    "refusal_of",
    "scored",
    "task_of",
    "text_values",
    "whole_numbers",
    "with_application",
]

APPLICATION = "application.json"
_SIZES = {"min": 1, "max": 64}
_CODES = {"FP32": 1, "UINT8": 2, "INT16": 5, "INT64": 7, "BYTES": 8}
Tensor = Mapping[str, Any]


def with_application(draft: Draft, *tasks: Mapping[str, Any]) -> Draft:
    """Add an application document with these tasks."""
    document: dict[str, Any] = {"lepton": "1.0", "tasks": [dict(task) for task in tasks]}
    return draft.add(APPLICATION, rfc8785.dumps(document), "application/json", "application")


def plain_package(
    name: str,
    nodes: Sequence[Any],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    cases: Sequence[Case],
    killed_by: str,
    constants: Sequence[Any] = (),
) -> Draft:
    """Return a package without processing and without weights; each symbol is a size from 1 to 64."""
    from onnx import helper

    def info(tensor: Tensor) -> Any:
        return helper.make_tensor_value_info(tensor["name"], _CODES[tensor["datatype"]], tensor["shape"])

    dims = {dim for tensor in (*inputs, *outputs) for dim in tensor["shape"] if isinstance(dim, str)}
    return build_package(
        name=name,
        model=models.model(nodes, [*map(info, inputs)], [*map(info, outputs)], constants),
        inputs=inputs,
        outputs=outputs,
        symbols=dict.fromkeys(sorted(dims), _SIZES),
        cases=cases,
        controls=[{"control": "constant-answer", "killedBy": killed_by}],
    )


def node(operator: str, reads: str, writes: str, **attributes: Any) -> Any:
    """Return a node; names of inputs and outputs are separated by spaces."""
    from onnx import helper

    return helper.make_node(operator, reads.split(), writes.split(), **attributes)


def integers(name: str, *values: int) -> Any:
    """Return an INT64 constant."""
    from onnx import helper

    return helper.make_tensor(name, _CODES["INT64"], [len(values)], values)


def number(name: str, value: float) -> Any:
    """Return an FP32 scalar constant."""
    from onnx import helper

    return helper.make_tensor(name, _CODES["FP32"], [], [value])


def text_values(*texts: str) -> Array:
    """Return a BYTES tensor of texts."""
    array = np.empty(len(texts), dtype=object)
    array[:] = [text.encode() for text in texts]
    return array


def floats(values: Any) -> Array:
    """Return an FP32 tensor."""
    return np.array(values, dtype="<f4")


def whole_numbers(values: Any) -> Array:
    """Return an INT64 tensor."""
    return np.array(values, dtype="<i8")


def image_value(*rows: Sequence[int]) -> dict[str, Any]:
    """Return the member `image` of a request: rows of pixels."""
    data = b"".join(map(bytes, rows))
    return {
        "pixels": base64.b64encode(data).decode(),
        "width": len(rows[0]),
        "height": len(rows),
        "channels": "GRAY",
    }


def task_of(task: str, **members: Any) -> dict[str, Any]:
    """Return a task of this kind, version 1."""
    return {"id": "main", "task": task, "version": 1, **members}


def example_of(
    task: str, vector: str, request: Mapping[str, Any], answer: Mapping[str, Any]
) -> dict[str, Any]:
    """Return an example that a vector answers."""
    head = {"task": task, "version": 1}
    tie = {"file": VECTORS, "id": vector}
    return {"id": vector, "vector": tie, "request": {**head, **request}, "answer": {**head, **answer}}


def refusal_of(task: str, name: str, request: Mapping[str, Any], error: str) -> dict[str, Any]:
    """Return an example that is answered with an error."""
    return {"id": name, "request": {"task": task, "version": 1, **request}, "error": error}


def labels_of(*ids: str) -> dict[str, Any]:
    """Return labels with names in two languages."""
    return {"ids": list(ids), "names": {"en": list(ids), "zh": [f"标签 {one}" for one in ids]}}


def scored(*labels: tuple[str, float]) -> list[dict[str, Any]]:
    """Return labels with scores."""
    return [{"id": one, "score": score} for one, score in labels]
