"""Tables of a stranger, record by record: CSV by one grammar, and JSON Lines.

Owns the two forms and their limits; holds one record in memory at a time. Leaves what the fields mean to
`records`. Serves DAT-REC-02 and DAT-REC-03.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lepton.data.nodes import BeyondLimit
from lepton.package.jsontext import Kind, read_json

__all__ = ["MAX_COLUMNS", "MAX_RECORD_BYTES", "TableFault", "csv_records", "json_records"]

#: Bytes of one record.
MAX_RECORD_BYTES = 16 * 1024 * 1024
#: Fields of one record.
MAX_COLUMNS = 65_536

_FIELD = re.compile(r'"((?:[^"]|"")*+)"|([^",\r\n]*+)')


class TableFault(Exception):
    """A file is no table of its format. `record` counts from 0; None is the header, or the whole file."""

    def __init__(self, record: int | None, message: str) -> None:
        super().__init__(message)
        self.record = record
        self.message = message


def _lines(chunks: Iterable[memoryview | bytes]) -> Iterator[bytes]:
    """Yield lines with their LF; a line beyond the limit comes in a piece longer than the limit, without."""
    rest = bytearray()
    for chunk in chunks:
        searched = len(rest)
        rest += chunk
        start = 0
        while True:
            end = rest.find(b"\n", max(searched, start))
            if end < 0:
                break
            yield bytes(rest[start : end + 1])
            start = end + 1
        if start:
            del rest[:start]
        if len(rest) > MAX_RECORD_BYTES:
            yield bytes(rest)
            return
    if rest:
        yield bytes(rest)


def csv_records(chunks: Iterable[memoryview | bytes]) -> Iterator[list[str]]:
    """Yield the fields of each record, those of the header first. Raises: TableFault."""
    number: int | None = None
    width = 0
    pending = bytearray()
    quotes = 0
    for line in _lines(chunks):
        if number is None and not pending and line.startswith(b"\xef\xbb\xbf"):
            raise TableFault(number, "found a byte order mark, expected none")
        pending += line
        if len(pending) > MAX_RECORD_BYTES:
            raise TableFault(number, f"found a record of more than {MAX_RECORD_BYTES} bytes")
        quotes += line.count(b'"')
        if quotes % 2:
            continue
        fields = _fields(pending, number)
        pending.clear()
        if number is None:
            width = len(fields)
            _check_header(fields)
        elif len(fields) != width:
            raise TableFault(number, f"found {len(fields)} fields, expected {width} as in the header")
        yield fields
        number = 0 if number is None else number + 1
    if pending:
        raise TableFault(number, "found a quote that is never closed")
    if number is None:
        raise TableFault(None, "found an empty file, expected a header with the names of the columns")


def _fields(line: bytearray, number: int | None) -> list[str]:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise TableFault(number, f"found bytes that are not UTF-8 ({error.reason})") from None
    if "\0" in text:
        raise TableFault(number, "found U+0000")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise TableFault(number, "found an empty line, expected a record")
    if '"' not in text:
        _check_width(text.count(",") + 1, number)
        if "\r" in text:
            raise TableFault(number, "found a carriage return that ends no line")
        fields = text.split(",")
    else:
        fields = []
        at = -1
        while at < len(text):
            match = _FIELD.match(text, at + 1)
            assert match is not None
            quoted, plain = match.groups()
            fields.append(plain if quoted is None else quoted.replace('""', '"'))
            _check_width(len(fields), number)
            at = match.end()
            if at < len(text) and text[at] != ",":
                raise TableFault(number, f"found {text[at : at + 20]!r} after a field, expected a comma")
    return fields


def _check_width(count: int, number: int | None) -> None:
    if count > MAX_COLUMNS:
        raise TableFault(number, f"found {count} fields or more, expected at most {MAX_COLUMNS}")


def _check_header(names: list[str]) -> None:
    seen = set()
    for name in names:
        if not name:
            raise TableFault(None, "found a column without a name")
        if name in seen:
            raise TableFault(None, f"found the column {name[:60]!r} twice")
        seen.add(name)


def json_records(chunks: Iterable[memoryview | bytes]) -> Iterator[dict[str, Any]]:
    """Yield the object of each line. Raises: TableFault, BeyondLimit."""
    for number, line in enumerate(_lines(chunks)):
        if len(line.removesuffix(b"\n")) > MAX_RECORD_BYTES:
            raise TableFault(number, f"found a line of more than {MAX_RECORD_BYTES} bytes")
        text = read_json(line, max_bytes=MAX_RECORD_BYTES + 1)
        if text.fault is not None and text.fault.kind is Kind.LIMIT:
            raise BeyondLimit(f"in the record {number}, {text.fault.message}")
        if text.fault is not None:
            raise TableFault(number, text.fault.message)
        if not isinstance(text.value, dict):
            raise TableFault(number, "found no object, expected one object a line")
        yield text.value
