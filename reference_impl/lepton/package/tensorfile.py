"""The header of a safetensors file of a package: where it lies, its text, and what that says of the file.

Owns joining the three; leaves the bytes to `lepton.formats.safetensors` and the text to `jsontext`. Serves
PKG-ART-12.
"""

import json
import re
from typing import NamedTuple

from lepton.formats.safetensors import MAX_HEADER_BYTES, SafetensorsError, header_bytes, header_fault
from lepton.formats.source import Source
from lepton.package.jsontext import Kind, read_json

__all__ = ["HeaderFact", "read_header"]

#: Where the header begins, behind its length.
HEADER = "byte 8"


class HeaderFact(NamedTuple):
    """How the header of a safetensors file is wrong, if it is; `limit` says why it was not judged."""

    fault: str = ""
    pointer: str = ""
    limit: str = ""


#: What may be a number with a sign, a fraction or an exponent; it may be part of a text as well.
_OTHER_NUMBER = re.compile(rb"[:,\[]\s*(?:-|[0-9]+[.eE])")


def read_header(source: Source) -> HeaderFact:
    """Read the header in `source` and say what is wrong with it. Never raises for any content."""
    try:
        data = header_bytes(source)
    except SafetensorsError as error:
        return HeaderFact(str(error), "byte 0")
    text = read_json(data, max_bytes=MAX_HEADER_BYTES)
    if text.fault is not None and text.fault.kind is Kind.LIMIT:
        return HeaderFact(limit=text.fault.message)
    if text.fault is not None:
        return HeaderFact(
            f"in the header, {text.fault.message} ({text.fault.pointer or 'as a whole'})", HEADER
        )
    if _OTHER_NUMBER.search(data) and not _is_whole(data):
        return HeaderFact("found a number in the header that is not written with digits alone", HEADER)
    fault = header_fault(text.value, len(data), source.size)
    return HeaderFact(fault, HEADER) if fault else HeaderFact()


def _is_whole(data: bytes) -> bool:
    """Say whether every number of a JSON text is written with digits alone: to others, `1.0` is no size."""
    others: list[str] = []

    def number(text: str) -> None:
        if not text.isdigit():
            others.append(text)

    json.loads(data, parse_float=number, parse_int=number)
    return not others
