"""What a source, of whatever kind, gives to a package: artifacts, tensors, oracle, facts; and what is lost.

Owns the vocabulary between the sources of `lepton.convert` and `build`; leaves reading to them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lepton.pack.onnx_source import GraphTensor, OnnxSource
from lepton.pack.oracle import OnnxOracle, Oracle
from lepton.package.write import Member

__all__ = ["ArtifactDraft", "Origin", "file_digest", "onnx_draft", "onnx_origin"]


@dataclass(frozen=True, slots=True)
class ArtifactDraft:
    """An artifact's entry in the manifest, and its files: path in the package -> file or bytes."""

    entry: Mapping[str, Any]
    files: Mapping[str, Path | bytes]


@dataclass(frozen=True, slots=True)
class Origin:
    """A model ready to be described: the tensors of its graph, its artifacts, and who knows its answers.

    `facts` is what the source itself says, as a part of a recipe (its licence, labels, symbols, card): it
    completes the author's recipe, which wins where both speak. `files` go into the package beside the
    artifacts. `lost` says in plain sentences what the source has and the package cannot carry.
    """

    inputs: tuple[GraphTensor, ...]
    outputs: tuple[GraphTensor, ...]
    artifacts: tuple[ArtifactDraft, ...]
    oracle: Oracle
    facts: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Member, ...] = ()
    lost: tuple[str, ...] = ()


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
