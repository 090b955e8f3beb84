"""Text steps as the oracle computes them: tokenize and lookup, one character at a time.

Owns these operators; leaves the chain to `exact_steps`. Serves PKG-PRO-04 and PKG-VEC-09.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton.errors import RecipeError
from lepton.runtime.protocol import Array

__all__ = ["lookup", "tokenize"]

_CJK = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip
_LONGEST_WORD = 100


def tokenize(
    step: Mapping[str, Any], tokens: Sequence[str], texts: Array, length: int | Mapping[str, int]
) -> list[Array]:
    """Return identifiers and, where the step writes them, mask and types.

    `length` is T, or the bounds of a symbol that has no size yet.
    """
    known = {token: at for at, token in enumerate(tokens)}
    rows = [_row(step, known, text) for text in texts.tolist()]
    if not isinstance(length, int):
        longest, least, unit = max(map(len, rows), default=0), length["min"], length.get("multipleOf", 1)
        length = -(-max(longest, least) // unit) * unit
    if any(len(row) > length for row in rows):
        raise RecipeError(f"a sample has more than {length} tokens; choose other samples, or a larger symbol")
    ids = [row + [known[step["padding"]]] * (length - len(row)) for row in rows]
    mask = [[1] * len(row) + [0] * (length - len(row)) for row in rows]
    count = 1 if isinstance(step["out"], str) else len(step["out"])
    made = [np.array(one, np.int64).reshape(len(rows), length) for one in (ids, mask)]
    return [*made, np.zeros((len(rows), length), np.int64)][:count]


def lookup(step: Mapping[str, Any], lines: Sequence[bytes], indices: Array) -> Array:
    """Return the line of each index, joined along the last axis where the step says so."""
    skip = step.get("skip")
    found = []
    for index in indices.ravel().tolist():
        if index != skip and not 0 <= index < len(lines):
            raise RecipeError(f"lookup meets the index {index}, which has no line; choose other samples")
        found.append(b"" if index == skip else lines[index])
    if step["join"]:
        width = indices.shape[-1]
        found = [
            b"".join(found[at * width : (at + 1) * width])
            for at in range(indices[..., :1].size if width else 0)
        ]
        return _objects(found, indices.shape[:-1])
    return _objects(found, indices.shape)


def _objects(elements: Sequence[bytes], shape: Sequence[int]) -> Array:
    count = int(np.prod(shape))
    array: Array = np.empty(count, dtype=object)
    array[:] = list(elements) if len(elements) == count else [b""] * count
    return array.reshape(shape)


def _row(step: Mapping[str, Any], known: Mapping[str, int], text: bytes) -> list[int]:
    pieces = [
        piece
        for word in _words(text.decode(), lower=step["lowercase"])
        for piece in _pieces(step, known, word)
    ]
    first = [known[step["first"]]] if "first" in step else []
    last = [known[step["last"]]] if "last" in step else []
    return first + pieces[: step["maxLength"] - len(first) - len(last)] + last


def _words(text: str, *, lower: bool) -> list[str]:
    spaced = ""
    for character in text:
        if character in "\t\n\r" or unicodedata.category(character) in ("Zs", "Zl", "Zp"):
            spaced += " "
        elif character == "\ufffd" or unicodedata.category(character)[0] == "C":
            continue
        elif any(low <= ord(character) <= high for low, high in _CJK):
            spaced += f" {character} "
        else:
            spaced += character
    if lower:
        bare = (one for one in unicodedata.normalize("NFD", spaced) if unicodedata.category(one) != "Mn")
        spaced = "".join(one.lower() for one in bare)
    words = [""]
    for character in spaced:
        if character == " ":
            words.append("")
        elif _is_punctuation(character):
            words += [character, ""]
        else:
            words[-1] += character
    return [word for word in words if word]


def _is_punctuation(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character)[0] == "P"


def _pieces(step: Mapping[str, Any], known: Mapping[str, int], word: str) -> list[int]:
    unknown = [known[step["unknown"]]]
    if len(word) > _LONGEST_WORD:
        return unknown
    found: list[int] = []
    start = 0
    while start < len(word):
        head = "" if start == 0 else step["prefix"]
        end = next((at for at in range(len(word), start, -1) if head + word[start:at] in known), None)
        if end is None:
            return unknown
        found.append(known[head + word[start:end]])
        start = end
    return found
