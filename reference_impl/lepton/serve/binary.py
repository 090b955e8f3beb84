"""Tensors in binary form after the JSON: raw little-endian bytes both ways.

Owns the extension `binary_tensor_data` at the level of one tensor: views without a copy where alignment
allows, the check of sizes before anything is allocated, BYTES with their 4-byte lengths. Leaves the sum of
the sizes and the order of the tensors to `lepton.serve.inference`. Serves `inference` (INF-BIN).
"""

import struct
import sys
from collections.abc import Sequence

import numpy as np

from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.serve.dimensions import shaped
from lepton.serve.reply import invalid
from lepton.tensor import datatype, element_count

__all__ = ["pack_tensor", "unpack_tensor"]

_LENGTH = struct.Struct("<I")


def unpack_tensor(octets: memoryview, datatype_name: str, shape: Sequence[int]) -> Array:
    """Read the bytes of one tensor; the answer is a read-only view of them where that is possible.

    Raises: RequestError when their number contradicts the shape or they hold what the datatype has not.
    Spec: INF-BIN-06, INF-BIN-07, INF-BIN-08, INF-BIN-09.
    """
    count = element_count(shape)
    item_size = datatype(datatype_name).item_size
    if item_size is None:
        return shaped(_unpack_strings(octets, count, shape), shape)
    if len(octets) != count * item_size:
        raise invalid(
            f"found {len(octets)} bytes, expected {count * item_size}: {datatype_name} of shape {list(shape)}"
        )
    flat = np.frombuffer(octets, dtype=numpy_dtype(datatype_name))
    if sys.byteorder == "big":
        flat = flat.byteswap()
    if datatype_name == "BOOL" and count and (worst := int(flat.view(np.uint8).max())) > 1:
        raise invalid(f"found byte {worst} in a BOOL tensor, expected 0 or 1")
    # Engines read elements where they stand; at an address that is not a multiple of their size they may not.
    return shaped(np.require(flat, requirements="A"), shape)


def pack_tensor(array: Array, datatype_name: str) -> memoryview | bytes:
    """Return the bytes of one tensor, row-major and little-endian. Spec: INF-BIN-06, INF-BIN-08."""
    if datatype_name == "BYTES":
        return b"".join(_LENGTH.pack(len(element)) + element for element in array.flat)
    if sys.byteorder == "big":
        array = array.byteswap()
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _unpack_strings(octets: memoryview, count: int, shape: Sequence[int]) -> Array:
    if len(octets) < count * _LENGTH.size:
        raise invalid(
            f"found {len(octets)} bytes, expected at least {4 * count}: BYTES of shape {list(shape)}"
        )
    flat = np.empty(count, dtype=object)
    at = 0
    for index in range(count):
        if at + _LENGTH.size > len(octets):
            raise invalid(f"found {index} BYTES elements, expected {count} as shape {list(shape)} says")
        (length,) = _LENGTH.unpack_from(octets, at)
        start, at = at + _LENGTH.size, at + _LENGTH.size + length
        if at > len(octets):
            raise invalid(
                f"found length {length} of BYTES element {index}, expected at most the {len(octets) - start} "
                "bytes that are left"
            )
        flat[index] = bytes(octets[start:at])
    if at != len(octets):
        raise invalid(f"found {len(octets) - at} bytes after {count} BYTES elements, expected none")
    return flat
