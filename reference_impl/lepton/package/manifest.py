"""The manifest as typed values, built from JSON that is valid against its schema.

Owns reading `lepton.json` into frozen values for those who use a package; the checks judge the JSON itself.
Serves `package`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lepton.tensor import Symbol, TensorSpec

__all__ = ["Artifact", "FileEntry", "Manifest", "Processing", "Signature", "Step"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of the package; `sha256` is lowercase hex, `size` in bytes."""

    path: str
    size: int
    sha256: str
    media_type: str
    role: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """One form of the model; `entry` and `external` are paths inside the package."""

    id: str
    format: str
    format_version: str
    entry: str
    external: tuple[str, ...]
    opsets: dict[str, int]
    precision: str
    executable: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs and outputs of one stage."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One processing step; `settings` are its members beside op, version, in and out."""

    op: str
    version: int
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Processing:
    """The steps before and after the model."""

    pre: tuple[Step, ...]
    post: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that a package says of itself; `interface` and `processing` are None when unknown."""

    lepton: str
    id: str
    version: str
    language: str
    title: dict[str, str]
    description: dict[str, str]
    license: str
    files: tuple[FileEntry, ...]
    symbols: dict[str, Symbol]
    signature: Signature
    interface: Signature | None
    processing: Processing | None
    artifacts: tuple[Artifact, ...]
    vectors: tuple[str, ...]
    card: str

    @property
    def served(self) -> Signature:
        """Return what a user of the package sees: the interface if there is one, else the signature."""
        return self.interface if self.interface is not None else self.signature

    def artifact(self, identifier: str | None = None) -> Artifact:
        """Return the artifact with this id, or the first. Raises: KeyError."""
        if identifier is None:
            return self.artifacts[0]
        return {one.id: one for one in self.artifacts}[identifier]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Manifest":
        """Read a manifest that is valid against its schema."""
        processing = value.get("processing")
        interface = value.get("interface")
        return cls(
            lepton=value["lepton"],
            id=value["id"],
            version=value["version"],
            language=value["language"],
            title=dict(value["title"]),
            description=dict(value.get("description", {})),
            license=value["license"],
            files=tuple(_file(one) for one in value["files"]),
            symbols={
                name: Symbol(one["min"], one.get("max"), one.get("multipleOf", 1))
                for name, one in value["symbols"].items()
            },
            signature=_signature(value["signature"]),
            interface=None if interface is None else _signature(interface),
            processing=None if processing is None else _processing(processing),
            artifacts=tuple(_artifact(one) for one in value["artifacts"]),
            vectors=tuple(value["vectors"]),
            card=value["card"],
        )


def _file(value: Mapping[str, Any]) -> FileEntry:
    return FileEntry(value["path"], value["size"], value["sha256"], value["mediaType"], value["role"])


def _artifact(value: Mapping[str, Any]) -> Artifact:
    return Artifact(
        value["id"],
        value["format"],
        value["formatVersion"],
        value["entry"],
        tuple(value.get("external", ())),
        dict(value.get("opsets", {})),
        value["precision"],
        value["executable"],
    )


def _signature(value: Mapping[str, Any]) -> Signature:
    return Signature(
        tuple(TensorSpec.from_json(one) for one in value["inputs"]),
        tuple(TensorSpec.from_json(one) for one in value["outputs"]),
    )


def _processing(value: Mapping[str, Any]) -> Processing:
    return Processing(
        tuple(_step(one) for one in value["pre"]),
        tuple(_step(one) for one in value["post"]),
    )


def _step(value: Mapping[str, Any]) -> Step:
    settings = {name: one for name, one in value.items() if name not in ("op", "version", "in", "out")}
    return Step(value["op"], value["version"], _names(value["in"]), _names(value["out"]), settings)


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
