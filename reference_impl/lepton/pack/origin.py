"""What a source, of whatever kind, gives to a package: artifacts, graph tensors and an oracle.

Owns the vocabulary between the sources and `build`; leaves reading to `onnx_source` and `torch_source`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lepton.pack.onnx_source import GraphTensor, OnnxSource
from lepton.pack.oracle import OnnxOracle, Oracle

__all__ = ["ArtifactDraft", "Origin", "file_digest", "onnx_draft", "onnx_origin"]


@dataclass(frozen=True, slots=True)
class ArtifactDraft:
    """An artifact's entry in the manifest, and its files: path in the package -> file or bytes."""

    entry: Mapping[str, Any]
    files: Mapping[str, Path | bytes]


@dataclass(frozen=True, slots=True)
class Origin:
    """A model ready to be described: the tensors of its graph, its artifacts, and who knows its answers."""

    inputs: tuple[GraphTensor, ...]
    outputs: tuple[GraphTensor, ...]
    artifacts: tuple[ArtifactDraft, ...]
    oracle: Oracle


def onnx_draft(source: OnnxSource, derived_from: Mapping[str, Any] | None = None) -> ArtifactDraft:
    """Describe an ONNX artifact at `model/model.onnx`, its external data beside it as the graph names it."""
    entry: dict[str, Any] = {
        "id": "onnx",
        "format": "onnx",
        "formatVersion": source.format_version,
        "entry": "model/model.onnx",
        "opsets": source.opsets,
        "precision": source.precision,
        "executable": False,
    }
    files: dict[str, Path | bytes] = {"model/model.onnx": source.entry}
    if source.external:
        files |= {f"model/{location}": file for location, file in source.external.items()}
        entry["external"] = sorted(f"model/{location}" for location in source.external)
    if derived_from is not None:
        entry["derivedFrom"] = dict(derived_from)
    return ArtifactDraft(entry, files)


def onnx_origin(source: OnnxSource) -> Origin:
    """Make an origin of an ONNX file: onnx's own evaluator is its oracle."""
    return Origin(source.inputs, source.outputs, (onnx_draft(source),), OnnxOracle(source.model))


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in lowercase hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
