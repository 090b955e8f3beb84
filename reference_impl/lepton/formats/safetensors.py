"""The header of a safetensors file, read so strictly that only one reading is possible.

Owns where the header lies and what its value has to say about the bytes behind it; leaves JSON text to the
caller, because its rules are those of every JSON text of a package. No tensor is read. Serves PKG-ART-12.
"""

from collections.abc import Iterator
from typing import Any

from lepton.formats.source import Source

__all__ = ["MAX_HEADER_BYTES", "SafetensorsError", "header_bytes", "header_fault", "is_safetensors"]

MEDIA_TYPE = "application/vnd.safetensors"
SUFFIX = ".safetensors"
#: Bytes of a header; the limit of the format's own library.
MAX_HEADER_BYTES = 100_000_000
#: Bytes before the header: its length, least significant byte first.
LENGTH_BYTES = 8
#: Elements of a tensor, as of every tensor of a package.
MAX_ELEMENTS = 2**63 - 1
METADATA = "__metadata__"

#: Bits of one element by dtype.
BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8,
    "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


class SafetensorsError(Exception):
    """The file has no header where one should be; the message says found and expected."""


def is_safetensors(path: str, media_type: str) -> bool:
    """Say whether a listed file is judged as safetensors."""
    return media_type == MEDIA_TYPE or path.endswith(SUFFIX)


def header_bytes(source: Source) -> bytes:
    """Return the header. Raises: SafetensorsError when the file has none of a sound length."""
    length = int.from_bytes(source.read_at(0, LENGTH_BYTES), "little")
    if source.size < LENGTH_BYTES:
        raise SafetensorsError(f"found {source.size} bytes, expected at least {LENGTH_BYTES}")
    if length > MAX_HEADER_BYTES:
        raise SafetensorsError(f"found a header of {length} bytes, expected at most {MAX_HEADER_BYTES}")
    if length > source.size - LENGTH_BYTES:
        raise SafetensorsError(f"found a header of {length} bytes, expected it to lie within the file")
    data = source.read_at(LENGTH_BYTES, length)
    if data[:1] != b"{":
        raise SafetensorsError(f"found a header that begins with {data[:8]!r}, expected '{{'")
    return data


def header_fault(value: Any, header_length: int, file_size: int) -> str:
    """Say how a header's JSON value contradicts itself or the file, or return an empty text."""
    if not isinstance(value, dict):
        return "found a header that is no JSON object"
    return next(_faults(value, file_size - LENGTH_BYTES - header_length), "")


def _faults(header: dict[str, Any], room: int) -> Iterator[str]:
    metadata = header.get(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(one, str) for one in metadata.values()):
        yield f"found a {METADATA} that is no object of texts"
    ranges = []
    for name, entry in header.items():
        if name == METADATA:
            continue
        problem = _entry_fault(entry)
        if problem:
            yield f"tensor {name[:60]!r}: {problem}"
            return
        ranges.append((*entry["data_offsets"], name))
    at = 0
    for start, end, name in sorted(ranges):
        if start != at:
            yield f"tensor {name[:60]!r}: found its bytes at {start}, expected {at}, without gap or overlap"
            return
        at = end
    if at != room:
        yield f"found {room} bytes behind the header, expected {at}, as the tensors take"


def _entry_fault(entry: Any) -> str:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        return "found an entry with other members than dtype, shape and data_offsets"
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        return f"found the dtype {str(dtype)[:40]!r}, expected one that the format has"
    if not isinstance(shape, list) or not all(_is_size(one) for one in shape):
        return "found a shape that is no list of sizes"
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_is_size(one) for one in offsets):
        return "found data_offsets that are not two places"
    start, end = offsets
    elements = 1
    for size in sorted(shape):
        # Sizes of zero come first: a product that is zero never grows on the way.
        elements *= size
        if elements > MAX_ELEMENTS:
            return "found 2^63 elements or more, expected fewer"
    bits = elements * BITS[dtype]
    if bits % 8 or end - start != bits // 8:
        return f"found {end - start} bytes, expected {bits / 8:.15g} for {dtype} of that shape"
    return ""


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
