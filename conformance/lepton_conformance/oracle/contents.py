"""Elements of a tensor in the typed fields of `InferTensorContents`, and back.

Owns which field a datatype has and the reading of its elements; leaves raw entries to `oracle.elements`.
Serves `inference` (INF-GRP).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import WrongData, dtype
from lepton_conformance.subject.protobuf import signed, varint

__all__ = ["FIELDS", "from_contents", "to_contents"]

#: The field of each datatype that has one; FP16 and BF16 have none.
FIELDS: Mapping[str, str] = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def to_contents(array: Array) -> list[bytes]:
    """Return the elements as they are encoded in the field of their datatype: varints, 4, 8 or any bytes."""
    flat = np.ascontiguousarray(array).reshape(-1)
    if array.dtype == object:
        return [bytes(value) for value in flat]
    if array.dtype.kind == "f":
        raw, size = flat.tobytes(), array.dtype.itemsize
        return [raw[at : at + size] for at in range(0, len(raw), size)]
    return [varint(int(value)) for value in flat.tolist()]


def from_contents(
    datatype: str, shape: Sequence[int], contents: Mapping[str, Sequence[int | bytes]]
) -> Array:
    """Read the elements of a typed output. Raises: WrongData."""
    field = FIELDS.get(datatype)
    if field is None:
        raise WrongData(f"found typed elements for {datatype}, which has no field of its own: expected raw")
    strange = [name for name in contents if name != field]
    if strange:
        raise WrongData(f"found elements of {datatype} in {', '.join(strange)}, expected {field}")
    elements = contents.get(field, ())
    count = math.prod(shape)
    if len(elements) != count:
        raise WrongData(
            f"found {len(elements)} elements in {field}, expected {count} for the shape {list(shape)}"
        )
    if datatype == "BYTES":
        array = np.empty(count, dtype=object)
        array[:] = list(elements)
        return array.reshape(shape)
    kind = dtype(datatype)
    if kind.kind == "f":
        joined = b"".join(element for element in elements if isinstance(element, bytes))
        return np.frombuffer(joined, dtype=kind).reshape(shape)
    numbers = [_number(datatype, element) for element in elements if isinstance(element, int)]
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        for value in numbers:
            if not limits.min <= value <= limits.max:
                raise WrongData(f"found the element {value} in {field}, out of the range of {datatype}")
    return np.array(numbers, dtype=kind).reshape(shape)


def _number(datatype: str, element: int) -> int:
    """Return what the field's type makes of a varint: 32 bits for int_contents and uint_contents."""
    if datatype == "BOOL":
        return int(element != 0)
    if datatype == "INT64":
        return signed(element)
    if datatype == "UINT64":
        return element
    return signed(element, 32) if datatype.startswith("INT") else element & 0xFFFFFFFF
