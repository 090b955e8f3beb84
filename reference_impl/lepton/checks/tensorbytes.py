"""The byte form of a tensor in a vectors document: Base64 of exactly the elements that the shape has.

Serves COR-TYP-02.
"""

import binascii
import math
from typing import Any

import lepton_spec

__all__ = ["bytes_fault"]


def bytes_fault(tensor: Any) -> str | None:
    """Say in what `data` is not the byte form of the declared shape and datatype, or None."""
    text = tensor["data"]
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        return f"found text that is not Base64: {error}"
    if binascii.b2a_base64(data, newline=False) != text.encode():
        return "found Base64 with unused bits set or characters that do not belong"
    count = math.prod(tensor["shape"])
    entry = lepton_spec.datatypes()[tensor["datatype"]]
    size = entry["itemSize"]
    if size is None:
        return _strings_fault(data, count)
    if len(data) != count * size:
        return f"found {len(data)} bytes, expected {count * size} for {tensor['datatype']} {tensor['shape']}"
    if entry["kind"] == "boolean" and data.translate(None, b"\0\1"):
        other = data.translate(None, b"\0\1")[0]
        return f"found the byte {other:02x} in a BOOL, expected 00 or 01"
    return None


def _strings_fault(data: bytes, count: int) -> str | None:
    at = found = 0
    while at < len(data):
        if found == count:
            return f"found {len(data) - at} bytes after the last element, expected none"
        if len(data) - at < 4:
            return f"found {len(data) - at} bytes in the place of a 4-byte length"
        length = int.from_bytes(data[at : at + 4], "little")
        at += 4 + length
        if at > len(data):
            return f"found element {found} of {length} bytes, more than there are"
        found += 1
    if found != count:
        return f"found {found} elements, expected {count}"
    return None
