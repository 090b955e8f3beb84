"""The golden vectors of a package, read from its bytes, and whether somebody's answers pass them.

Owns a plain reading of vectors and the comparison of the standard; leaves asking to the topics. Written
without `lepton`, so that a fault there does not excuse one. Serves PKG-VEC.
"""

import base64
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Vector", "failure", "manifest_of", "vectors_of"]

Array = np.ndarray[Any, Any]

_DTYPES = {"BOOL": "?", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"} | {
    f"{sign}INT{bits}": f"<{kind}{bits // 8}"
    for sign, kind in (("", "i"), ("U", "u"))
    for bits in (8, 16, 32, 64)
}


@dataclass(frozen=True, slots=True)
class Vector:
    """One golden vector: what goes in, what comes out, and how both are compared."""

    id: str
    stage: str
    inputs: Mapping[str, Array]
    datatypes: Mapping[str, str]
    expected: Mapping[str, Array]
    comparisons: Mapping[str, Mapping[str, Any]]


def manifest_of(package: Path) -> dict[str, Any]:
    """Return the manifest of a package file."""
    with zipfile.ZipFile(package) as archive:
        found: dict[str, Any] = json.loads(archive.read("lepton.json"))
        return found


def vectors_of(package: Path, stage: str) -> list[Vector]:
    """Return the golden vectors of one stage."""
    with zipfile.ZipFile(package) as archive:
        documents = [json.loads(archive.read(path)) for path in manifest_of(package)["vectors"]]
    return [
        Vector(
            one["id"],
            one["stage"],
            {tensor["name"]: _array(tensor) for tensor in one["inputs"]},
            {tensor["name"]: tensor["datatype"] for tensor in one["inputs"]},
            {tensor["name"]: _array(tensor) for tensor in one["expected"]},
            {entry["output"]: entry for entry in one["comparisons"]},
        )
        for document in documents
        for one in document["vectors"]
        if one["stage"] == stage
    ]


def _array(tensor: Mapping[str, Any]) -> Array:
    data = base64.b64decode(tensor["data"])
    if tensor["datatype"] == "BYTES":
        return _texts(data).reshape(tensor["shape"])
    return np.frombuffer(data, _DTYPES[tensor["datatype"]]).reshape(tensor["shape"])


def _bytes(array: Array) -> object:
    return array.tolist() if array.dtype == object else array.tobytes()


def _texts(data: bytes) -> Array:
    """Return the elements of a tensor of BYTES, each with its length in four bytes before it."""
    elements = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "little")
        elements.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    found = np.empty(len(elements), object)
    found[:] = elements
    return found


def _form(array: Array) -> str:
    return f"{array.dtype}{list(array.shape)}"


def failure(vector: Vector, answer: Mapping[str, Array]) -> str:
    """Say how an answer fails a vector; nothing when it passes."""
    for name, expected in vector.expected.items():
        if name not in answer:
            return f"{vector.id}: no output {name}, found {sorted(answer)}"
        found = np.asarray(answer[name])
        if found.shape != expected.shape or found.dtype != expected.dtype:
            return f"{vector.id}: {name} is {_form(found)}, expected {_form(expected)}"
        rule = vector.comparisons[name]
        if rule["comparator"] == "exact":
            if _bytes(found) != _bytes(expected):
                return f"{vector.id}: {name} is not the same bytes"
            continue
        a, e = found.astype(np.float64), expected.astype(np.float64)
        with np.errstate(invalid="ignore"):
            close = np.abs(a - e) <= rule["atol"] + rule["rtol"] * np.abs(e)
        same = (a == e) | (np.isnan(a) & np.isnan(e) & (rule.get("nan") == "equal"))
        if not (close & np.isfinite(a) & np.isfinite(e) | same).all():
            return f"{vector.id}: {name} is up to {np.nanmax(np.abs(a - e)):g} away, atol {rule['atol']:g}"
    return ""
