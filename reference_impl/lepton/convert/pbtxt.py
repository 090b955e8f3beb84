"""The text format of Protocol Buffers, as far as configurations of servers use it; no schema, no code.

Owns reading strictly within stated bounds, and writing; leaves which fields mean what to `sources.triton` and
`targets.triton`. A message is a list of (name, value): a value is bytes for a string literal, a word (number,
enumeration, true, false) as text, or a message. For writing, a tuple of words is a list of them.
"""

import re
from collections.abc import Iterator
from typing import NoReturn, TypeAlias

from lepton.errors import RecipeError

__all__ = ["Fields", "Value", "read_fields", "written"]

Value: TypeAlias = "bytes | str | tuple[str, ...] | Fields"
Fields: TypeAlias = list[tuple[str, "Value"]]

#: Bytes of a text, and how deep its messages nest.
MAX_BYTES, MAX_DEPTH = 4 * 1024 * 1024, 32

_TOKEN = re.compile(
    rb"""(?P<space>(?:[ \t\r\n\f\v]|\#[^\n]*)+)
    |(?P<text>"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*')
    |(?P<word>[-+]?[A-Za-z0-9_.][A-Za-z0-9_.+-]*)
    |(?P<mark>[{}<>\[\]:,;])""",
    re.VERBOSE,
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_LETTERS = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_THEMSELVES = (b"\\", b"'", b'"', b"?")
_CLOSING = {b"{": b"}", b"<": b">"}


def read_fields(data: bytes, name: str) -> Fields:
    """Return the fields of a text; `name` stands in messages.

    Raises: RecipeError saying the byte, what was found and what was expected.
    """
    if len(data) > MAX_BYTES:
        raise RecipeError(f"{name}: found {len(data)} bytes, expected at most {MAX_BYTES}")
    return _Reader(data, name).fields(b"", 0)


class _Reader:
    """Reads one token ahead."""

    def __init__(self, data: bytes, name: str) -> None:
        self._name = name
        self._tokens = self._split(data)
        self._kind, self._token, self._at = next(self._tokens)

    def _split(self, data: bytes) -> Iterator[tuple[str, bytes, int]]:
        at = 0
        while at < len(data):
            match = _TOKEN.match(data, at)
            if match is None:
                self._at = at
                self._fail(f"found {data[at : at + 12]!r}, expected a name, a word, a string or a bracket")
            if match.lastgroup != "space":
                yield str(match.lastgroup), match.group(), at
            at = match.end()
        yield "end", b"", at

    def _fail(self, message: str) -> NoReturn:
        raise RecipeError(f"{self._name}, byte {self._at}: {message}")

    def _next(self) -> bytes:
        token = self._token
        self._kind, self._token, self._at = next(self._tokens)
        return token

    def _expect(self, token: bytes) -> None:
        if self._kind != "mark" or self._token != token:
            self._fail(f"found {self._token[:40]!r}, expected {token.decode()!r}")
        self._next()

    def fields(self, closing: bytes, depth: int) -> Fields:
        if depth > MAX_DEPTH:
            self._fail(f"found messages nested deeper than {MAX_DEPTH}")
        found: Fields = []
        while self._kind != "end" and not (self._kind == "mark" and self._token == closing):
            name = self._token.decode("ascii", "replace")
            if self._kind != "word" or not _NAME.match(name):
                self._fail(f"found {name[:40]!r}, expected the name of a field")
            self._next()
            found += [(name, value) for value in self._values(depth)]
            if self._kind == "mark" and self._token in (b",", b";"):
                self._next()
        if closing:
            self._expect(closing)
        return found

    def _values(self, depth: int) -> list[Value]:
        if self._kind == "mark" and self._token == b":":
            self._next()
        # A message, and a list of messages, need no colon.
        elif self._kind != "mark" or (self._token not in _CLOSING and self._token != b"["):
            self._fail(f"found {self._token[:40]!r}, expected ':' or a message")
        if self._kind == "mark" and self._token == b"[":
            return self._list(depth)
        return [self._value(depth)]

    def _list(self, depth: int) -> list[Value]:
        self._next()
        found: list[Value] = []
        while not (self._kind == "mark" and self._token == b"]"):
            if found:
                self._expect(b",")
            found.append(self._value(depth))
        self._next()
        return found

    def _value(self, depth: int) -> Value:
        if self._kind == "mark" and self._token in _CLOSING:
            return self.fields(_CLOSING[self._next()], depth + 1)
        if self._kind == "word":
            return self._next().decode("ascii")
        if self._kind != "text":
            self._fail(f"found {self._token[:40]!r}, expected a value")
        parts = []
        while self._kind == "text":
            parts.append(self._unescaped(self._token[1:-1]))
            self._next()
        return b"".join(parts)

    def _unescaped(self, text: bytes) -> bytes:
        return _ESCAPE.sub(self._character, text)

    def _character(self, match: re.Match[bytes]) -> bytes:
        octal, hexadecimal, short, long, letter = match.groups()
        if octal is not None:
            if int(octal, 8) > 0xFF:
                self._fail(f"found the escape {match.group()!r}, expected a byte")
            return bytes([int(octal, 8)])
        if hexadecimal is not None:
            return bytes([int(hexadecimal, 16)])
        if short is not None or long is not None:
            try:
                return chr(int(short or long, 16)).encode()
            except (ValueError, OverflowError):
                self._fail(f"found the escape {match.group()!r}, expected a character")
        if letter in _THEMSELVES:
            return letter
        if letter not in _LETTERS:
            self._fail(f"found the escape {match.group()!r}, expected one of the format")
        return _LETTERS[letter]


def written(fields: Fields, depth: int = 0) -> str:
    """Return fields as text, one a line; a message without messages in it takes one line."""
    lines = []
    for name, value in fields:
        lead = "  " * depth
        if not isinstance(value, list):
            lines.append(f"{lead}{name}: {_scalar(value)}\n")
        elif any(isinstance(inner, list) for _, inner in value):
            lines.append(f"{lead}{name} {{\n{written(value, depth + 1)}{lead}}}\n")
        else:
            inside = "".join(
                f"{key}: {_scalar(inner)} " for key, inner in value if not isinstance(inner, list)
            )
            lines.append(f"{lead}{name} {{ {inside}}}\n")
    return "".join(lines)


def _scalar(value: bytes | str | tuple[str, ...]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return f"[ {', '.join(value)} ]"
    return '"' + "".join(_escaped(byte) for byte in value) + '"'


def _escaped(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
