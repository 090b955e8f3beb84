"""Read JSON text of a stranger: bounded before it is parsed, and only as I-JSON (RFC 7493).

Owns size, depth and the text rules (UTF-8, no duplicate names, no lone surrogates, finite numbers); leaves
the shape of documents to `lepton.package.schema`. Serves PKG-MAN-01, PKG-MAN-02 and COR-LIM-01.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from lepton.package.limits import MAX_DEPTH, MAX_VALUES

__all__ = ["JsonFault", "JsonText", "Kind", "escape_pointer", "is_plain", "read_json", "walk"]

#: Integers beyond this one are not the same number for every reader (RFC 7493, section 2.2).
MAX_EXACT_INTEGER = 2**53 - 1

_STRING = re.compile(rb'"[^"]*"?')
_BRACKETS = re.compile(rb"[\[{]+|[\]}]+")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{},'))
_SURROGATE_ESCAPE = rb"\\u[dD][89a-fA-F]"
_SURROGATE = "[\ud800-\udfff]"


class Kind(StrEnum):
    """Which rule a JSON text breaks."""

    SIZE = "size"
    DEPTH = "depth"
    TEXT = "text"
    LIMIT = "limit"


class JsonFault(NamedTuple):
    """Why a text was not parsed, or not accepted. `pointer` is a JSON pointer or `byte N`."""

    kind: Kind
    pointer: str
    message: str


class JsonText(NamedTuple):
    """A JSON text: `value` when `fault` is None.

    `plain` says that every number is written as Python would write it, which makes canonical form cheap to
    check (`lepton.package.canonical`).
    """

    value: Any
    fault: JsonFault | None
    plain: bool = True


class _Duplicates:
    """Collects objects with a duplicate name, and whether all numbers were plain."""

    __slots__ = ("found", "plain")

    def __init__(self) -> None:
        self.found: list[tuple[dict[str, Any], str]] = []
        self.plain = True

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            seen: set[str] = set()
            for name, _ in pairs:
                if name in seen:
                    self.found.append((value, name))
                    break
                seen.add(name)
        return value

    def real(self, text: str) -> float | int:
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise ValueError(f"the number {text[:40]} is beyond a double")
        if self.plain and not is_plain(text, value):
            self.plain = False
        if value.is_integer() and abs(value) <= MAX_EXACT_INTEGER:
            # 64.0 and 64 are the same number in JSON, and only one of them is the same everywhere in Python.
            return int(value)
        return value

    def integer(self, text: str) -> int | float:
        if len(text) > 17:
            self.plain = False
            if len(text) > 310:
                raise ValueError(f"the number {text[:40]}... is beyond a double")
        value = int(text)
        if not -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER:
            # Beyond that, JSON has only what a double holds, however it is written.
            self.plain = False
            return float(value)
        if text == "-0":
            self.plain = False
        return value


def is_plain(text: str, value: float) -> bool:
    """Say whether a fraction is written as both Python and RFC 8785 write it."""
    return repr(value) == text and "e" not in text and not text.endswith(".0")


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def read_json(data: bytes, *, max_bytes: int, take: Callable[[int], str] | None = None) -> JsonText:
    """Parse `data` as I-JSON within the limits. Never raises for any content.

    `take` is told how many values there are at most, and says which further limit that passes, or nothing.
    """
    if len(data) > max_bytes:
        return _fault(Kind.SIZE, "", f"found {len(data)} bytes, expected at most {max_bytes}")
    depth, values = _measure(data)
    if depth > MAX_DEPTH:
        return _fault(Kind.DEPTH, "", f"found nesting {depth} deep or more, expected at most {MAX_DEPTH}")
    if values > MAX_VALUES:
        return _fault(Kind.LIMIT, "", f"more than {MAX_VALUES} values, the limit of this validator")
    passed = take(values) if take is not None else ""
    if passed:
        return _fault(Kind.LIMIT, "", passed)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return _fault(Kind.TEXT, f"byte {error.start}", f"found bytes that are not UTF-8 ({error.reason})")
    if text.startswith("\ufeff"):
        return _fault(Kind.TEXT, "byte 0", "found a byte order mark, expected none")
    marks = _Duplicates()
    try:
        value = json.loads(
            text,
            object_pairs_hook=marks.pairs,
            parse_float=marks.real,
            parse_int=marks.integer,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode())
        return _fault(Kind.TEXT, f"byte {offset}", f"found no JSON: {error.msg}")
    except (ValueError, OverflowError, RecursionError) as error:
        return _fault(Kind.TEXT, "", f"found no I-JSON: {error}")
    if marks.found:
        where, name = marks.found[0]
        found = next((pointer for pointer, one in walk(value) if one is where), "")
        return _fault(Kind.TEXT, f"{found}/{escape_pointer(name)}", f"found the name {name!r} twice")
    if b"\\u" in data and re.search(_SURROGATE_ESCAPE, data):
        for pointer, one in walk(value):
            names = one if isinstance(one, dict) else [one] if isinstance(one, str) else []
            if any(re.search(_SURROGATE, name) for name in names):
                place = pointer.encode("utf-8", "backslashreplace").decode()
                return _fault(Kind.TEXT, place, "found a lone surrogate in a string, expected Unicode")
    return JsonText(value, None, marks.plain)


def _fault(kind: Kind, pointer: str, message: str) -> JsonText:
    return JsonText(None, JsonFault(kind, pointer, message))


def _measure(data: bytes) -> tuple[int, int]:
    """Return depth and an upper bound of the count of values, counted on the bytes outside strings.

    Works on whole copies of `data` as far as it can, and stops early once a limit is passed.
    """
    bare = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NOT_STRUCTURE)
    # What stays between quotes is no structure; without neighbouring quotes, inside and outside stay apart.
    outside = _STRING.sub(b"", bare.replace(b'""', b""))
    values = outside.count(b",") + outside.count(b"[") + outside.count(b"{")
    depth = deepest = 0
    for match in itertools.islice(_BRACKETS.finditer(outside), 2 * MAX_VALUES):
        if match[0][:1] in b"[{":
            depth += len(match[0])
            if depth > deepest:
                deepest = depth
                if deepest > MAX_DEPTH:
                    break
        else:
            depth -= len(match[0])
    return deepest, values


def escape_pointer(name: str) -> str:
    """Return a member's name as one token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def walk(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value inside `value` with its JSON pointer, parents first."""
    waiting: list[Iterator[tuple[str, Any]]] = [iter([(pointer, value)])]
    while waiting:
        step = next(waiting[-1], None)
        if step is None:
            waiting.pop()
            continue
        yield step
        place, one = step
        if isinstance(one, dict):
            waiting.append(_members(place, one))
        elif isinstance(one, list):
            waiting.append(_elements(place, one))


def _members(place: str, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, child in value.items():
        yield f"{place}/{escape_pointer(name)}", child


def _elements(place: str, value: list[Any]) -> Iterator[tuple[str, Any]]:
    for index, child in enumerate(value):
        yield f"{place}/{index}", child
