"""Steps between texts and numbers: tokenize by a token file, lookup in a vocabulary.

Owns special tokens, cutting, padding and joining; leaves words to `wordpiece`. Serves PKG-PRO-04 and
PKG-PRO-06.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton.errors import BindError
from lepton.runtime.protocol import Array
from lepton.runtime.steps.operation import Operation, Setting, UnfitError, require, require_room, same
from lepton.runtime.steps.wordpiece import WordPiece
from lepton.tensor import Dim, Symbol, TensorSpec

__all__ = ["lookup", "tokenize"]


def tokenize(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `tokenize`: ids, and where they are asked for the mask and the types, all (N, T) int64."""
    require(spec, "BYTES")
    rows, columns = step["shape"]
    same(list(spec.shape), [rows], f"the shape of {spec.name!r}")
    tokens = _tokens(setting, step["file"])
    first, last = (_ids(step, tokens, name) for name in ("first", "last"))
    (unknown,), (padding,) = (_ids(step, tokens, name) for name in ("unknown", "padding"))
    room = step["maxLength"] - len(first) - len(last)
    if room < 0 or (isinstance(columns, int) and columns < step["maxLength"]):
        raise UnfitError(
            f"found maxLength {step['maxLength']}, expected room for the special tokens and at most {columns}"
        )
    pieces = WordPiece(tokens, lowercase=step["lowercase"], prefix=step["prefix"], unknown=unknown)

    def apply(array: Array) -> tuple[Array, ...]:
        lines = [
            [*first, *_first_of(pieces, _text(spec, at, element), room), *last]
            for at, element in enumerate(array)
        ]
        width = _width(columns, setting.symbols, max(map(len, lines), default=0))
        require_room(step, (len(lines), width), np.dtype(np.int64).itemsize)
        ids = np.full((len(lines), width), padding, np.int64)
        mask = np.zeros_like(ids)
        for at, line in enumerate(lines):
            ids[at, : len(line)], mask[at, : len(line)] = line, 1
        return (ids, mask, np.zeros_like(ids))[: len(step["out"])]

    yields = tuple(TensorSpec(name, "INT64", (rows, columns)) for name in step["out"])
    return Operation((spec.name,), yields, apply, sized=isinstance(columns, str))


def _tokens(setting: Setting, path: str) -> dict[str, int]:
    try:
        return {line.decode(): at for at, line in enumerate(setting.files.lines(path))}
    except UnicodeDecodeError as error:
        raise UnfitError(f"{path}: found bytes that are not UTF-8 ({error.reason}), expected text") from None


def _ids(step: Mapping[str, Any], tokens: Mapping[str, int], name: str) -> tuple[int, ...]:
    """Return the id of a special token of the step, nothing where it names none."""
    if name not in step:
        return ()
    if step[name] not in tokens:
        raise UnfitError(f"found the {name} token {step[name]!r}, expected a line of {step['file']!r}")
    return (tokens[step[name]],)


def _text(spec: TensorSpec, at: int, element: bytes) -> str:
    try:
        return element.decode()
    except UnicodeDecodeError:
        raise BindError(
            f"tensor {spec.name!r}: found bytes that are not UTF-8 at element {at}, expected UTF-8"
        ) from None


def _first_of(pieces: WordPiece, text: str, room: int) -> list[int]:
    return [one for one, _ in zip(pieces.ids(text), range(room), strict=False)]


def _width(columns: Dim, symbols: Mapping[str, Symbol], longest: int) -> int:
    """Return the smallest size that the symbol admits and every row fits in; a fixed size is that size."""
    if isinstance(columns, int):
        return columns
    symbol = symbols[columns]
    return -(-max(longest, symbol.min) // symbol.multiple_of) * symbol.multiple_of


def lookup(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `lookup`: the line of each index, joined along the last axis where the step says so."""
    require(spec, "INT64")
    if step["join"] and not spec.shape:
        raise UnfitError(f"found no axis of {spec.name!r}, expected one to join along")
    lines = setting.files.lines(step["file"])
    table: Array = np.empty(len(lines) + 1, dtype=object)
    table[:] = [*lines, b""]
    skip = step.get("skip")

    def apply(array: Array) -> tuple[Array]:
        wrong = (array < 0) | (array >= len(lines))
        if skip is not None:
            skipped = array == skip
            wrong &= ~skipped
        if wrong.any():
            raise BindError(
                f"lookup of {spec.name!r}: found the index {array[wrong][0]}, expected 0..{len(lines) - 1}"
            )
        found = table[array if skip is None else np.where(skipped, len(lines), array)]
        if not step["join"]:
            return (np.asarray(found, dtype=object),)
        joined: Array = np.empty(array.shape[:-1], dtype=object)
        joined.reshape(-1)[:] = [b"".join(row) for row in found.reshape(joined.size, array.shape[-1])]
        return (joined,)

    shape = spec.shape[:-1] if step["join"] else spec.shape
    return Operation((spec.name,), (TensorSpec(step["out"], "BYTES", shape),), apply)
