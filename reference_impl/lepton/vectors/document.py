"""Golden vectors as values, read from and written to their JSON document.

Owns the encoding of tensors (base64 of little-endian row-major bytes; BYTES with a 4-byte length before each
element); leaves comparing to `compare` and computing to `replay`. Serves COR-TYP-02 and PKG-VEC.
"""

import base64
import binascii
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lepton.errors import SourceError
from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.tensor import datatype, element_count

__all__ = [
    "Comparison",
    "Control",
    "Mutation",
    "Provenance",
    "Survivor",
    "Tensor",
    "Vector",
    "VectorDocument",
    "decode_tensor",
    "encode_tensor",
]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named array together with its registered datatype."""

    name: str
    datatype: str
    array: Array


@dataclass(frozen=True, slots=True)
class Comparison:
    """How close an output must come. `atol`, `rtol` and `nan` matter to `allclose` only.

    `precisions` are (atol, rtol) for artifacts of other precisions than the vectors were made for.
    """

    output: str
    comparator: str
    atol: float = 0.0
    rtol: float = 0.0
    nan: str = "forbidden"
    precisions: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def at(self, precision: str) -> "Comparison":
        """Return the comparison for an artifact of `precision`."""
        if precision not in self.precisions:
            return self
        atol, rtol = self.precisions[precision]
        return replace(self, atol=atol, rtol=rtol)


@dataclass(frozen=True, slots=True)
class Vector:
    """Inputs and the outputs expected of them at one stage: `raw`, `pre`, `model`, `post` or `step`.

    `step` is the pointer of the step that a vector of the stage `step` feeds, else empty.
    """

    id: str
    stage: str
    inputs: tuple[Tensor, ...]
    expected: tuple[Tensor, ...]
    comparisons: tuple[Comparison, ...]
    step: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A wrong model that the vector `killed_by` must expose; `step` is None except for `step-omitted`."""

    control: str
    step: int | None
    killed_by: str


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no vector kills; `reason` is the author's, or empty."""

    mutant: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mutation:
    """How many of the package's mutants the vectors kill, and which they do not."""

    mutants: int
    killed: int
    survivors: tuple[Survivor, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the expected outputs come from, and how the tolerances were derived."""

    oracle: str
    oracle_version: str
    precision: str
    seed: int
    tolerance: str


@dataclass(frozen=True, slots=True)
class VectorDocument:
    """One document of vectors with the controls and the mutants that prove them discriminating."""

    vectors: tuple[Vector, ...]
    controls: tuple[Control, ...]
    provenance: Provenance
    mutation: Mutation | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "VectorDocument":
        """Read a document that is valid against vectors.schema.json.

        Raises: SourceError when a tensor's bytes contradict its datatype or shape. Spec: COR-TYP-02.
        """
        oracle = document["provenance"]["oracle"]
        return cls(
            tuple(_vector(entry) for entry in document["vectors"]),
            tuple(
                Control(entry["control"], entry.get("step"), entry["killedBy"])
                for entry in document["controls"]
            ),
            Provenance(
                oracle["name"],
                oracle["version"],
                oracle["precision"],
                document["provenance"]["seed"],
                document["provenance"]["tolerance"],
            ),
            _mutation(document.get("mutation")),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        provenance = self.provenance
        return {
            "lepton": "1.0",
            "vectors": [_vector_json(vector) for vector in self.vectors],
            "controls": [
                {"control": control.control, "killedBy": control.killed_by}
                | ({} if control.step is None else {"step": control.step})
                for control in self.controls
            ],
            "provenance": {
                "oracle": {
                    "name": provenance.oracle,
                    "version": provenance.oracle_version,
                    "precision": provenance.precision,
                },
                "seed": provenance.seed,
                "tolerance": provenance.tolerance,
            },
        } | ({} if self.mutation is None else {"mutation": _mutation_json(self.mutation)})


def encode_tensor(tensor: Tensor) -> dict[str, Any]:
    """Return a tensor as its JSON entry. Spec: COR-TYP-02."""
    array = tensor.array
    if tensor.datatype == "BYTES":
        raw = b"".join(struct.pack("<I", len(element)) + element for element in array.flat)
    else:
        raw = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(array.shape),
        "data": base64.b64encode(raw).decode("ascii"),
    }


def decode_tensor(entry: Mapping[str, Any]) -> Tensor:
    """Read a tensor entry; nothing is allocated beyond the bytes that are there.

    Raises: SourceError when the bytes contradict datatype or shape. Spec: COR-TYP-02.
    """
    name, type_name, shape = entry["name"], entry["datatype"], tuple(entry["shape"])
    try:
        raw = base64.b64decode(entry["data"], validate=True)
    except binascii.Error as error:
        raise SourceError(f"tensor {name!r}: found data that is not padded base64 ({error})") from error
    count, item_size = element_count(shape), datatype(type_name).item_size
    if item_size is None:
        array = _decode_bytes(name, raw, count)
    else:
        if len(raw) != count * item_size:
            raise SourceError(
                f"tensor {name!r}: found {len(raw)} bytes of data, expected {count * item_size} for "
                f"{type_name} {list(shape)}"
            )
        if type_name == "BOOL" and raw.strip(b"\0\1"):
            raise SourceError(f"tensor {name!r}: found a byte other than 0 and 1, expected BOOL")
        dtype = numpy_dtype(type_name)
        array = np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype)
    return Tensor(name, type_name, array.reshape(shape))


def _decode_bytes(name: str, raw: bytes, count: int) -> Array:
    elements: list[bytes] = []
    place = 0
    while place < len(raw):
        end = place + 4
        if end > len(raw) or (end := end + int.from_bytes(raw[place:end], "little")) > len(raw):
            raise SourceError(
                f"tensor {name!r}: element {len(elements)} overruns the {len(raw)} bytes of data"
            )
        elements.append(raw[place + 4 : end])
        place = end
    if len(elements) != count:
        raise SourceError(f"tensor {name!r}: found {len(elements)} BYTES elements, expected {count}")
    array: Array = np.empty(count, dtype=object)
    array[:] = elements
    return array


def _vector(entry: Mapping[str, Any]) -> Vector:
    return Vector(
        entry["id"],
        entry["stage"],
        tuple(decode_tensor(tensor) for tensor in entry["inputs"]),
        tuple(decode_tensor(tensor) for tensor in entry["expected"]),
        tuple(
            Comparison(
                comparison["output"],
                comparison["comparator"],
                comparison.get("atol", 0.0),
                comparison.get("rtol", 0.0),
                comparison.get("nan", "forbidden"),
                {
                    name: (bounds["atol"], bounds["rtol"])
                    for name, bounds in comparison.get("precisions", {}).items()
                },
            )
            for comparison in entry["comparisons"]
        ),
        entry.get("step", ""),
    )


def _mutation(entry: Mapping[str, Any] | None) -> Mutation | None:
    if entry is None:
        return None
    survivors = (Survivor(one["mutant"], one.get("reason", "")) for one in entry["survivors"])
    return Mutation(entry["mutants"], entry["killed"], tuple(survivors))


def _mutation_json(mutation: Mutation) -> dict[str, Any]:
    return {
        "mutants": mutation.mutants,
        "killed": mutation.killed,
        "survivors": [
            {"mutant": one.mutant} | ({"reason": one.reason} if one.reason else {})
            for one in mutation.survivors
        ],
    }


def _vector_json(vector: Vector) -> dict[str, Any]:
    return {
        "id": vector.id,
        "stage": vector.stage,
        "inputs": [encode_tensor(tensor) for tensor in vector.inputs],
        "expected": [encode_tensor(tensor) for tensor in vector.expected],
        "comparisons": [_comparison_json(comparison) for comparison in vector.comparisons],
    } | ({"step": vector.step} if vector.step else {})


def _comparison_json(comparison: Comparison) -> dict[str, Any]:
    if comparison.comparator == "exact":
        return {"output": comparison.output, "comparator": "exact"}
    return {
        "output": comparison.output,
        "comparator": "allclose",
        "atol": comparison.atol,
        "rtol": comparison.rtol,
        "nan": comparison.nan,
    } | (
        {
            "precisions": {
                name: {"atol": atol, "rtol": rtol}
                for name, (atol, rtol) in sorted(comparison.precisions.items())
            }
        }
        if comparison.precisions
        else {}
    )
