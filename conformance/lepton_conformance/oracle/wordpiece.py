"""WordPiece, by the eight rules of the section on text, one character at a time.

Owns cleaning, words, pieces and rows; leaves files and symbols to `steps`. Serves PKG-PRO-04 and PKG-PRO-06.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.refusal import Refused

__all__ = ["pieces", "rows", "tables", "words"]

LONGEST_WORD = 100
KEPT = "\t\n\r"
IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)
ASCII_PUNCTUATION = (*range(0x21, 0x30), *range(0x3A, 0x41), *range(0x5B, 0x61), *range(0x7B, 0x7F))


def cleaned(text: str) -> Iterator[str]:
    """Rules 1 to 3: yield the characters that stay, spaces for separators and around ideographs."""
    for character in text:
        category = unicodedata.category(character)
        if character in KEPT or category in ("Zs", "Zl", "Zp"):
            yield " "
        elif character in "\0\ufffd" or category in ("Cc", "Cf", "Co", "Cn"):
            continue
        elif any(low <= ord(character) <= high for low, high in IDEOGRAPHS):
            yield f" {character} "
        else:
            yield character


def lowered(text: str) -> str:
    """Rule 4: take marks away and lower each character by itself."""
    bare = [c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn"]
    return "".join(c.lower() for c in bare)


def words(text: str, lowercase: bool) -> list[str]:
    """Rules 1 to 5: return the words of a text."""
    plain = "".join(cleaned(text))
    if lowercase:
        plain = lowered(plain)
    found: list[str] = [""]
    for character in plain:
        if character == " ":
            found.append("")
        elif ord(character) in ASCII_PUNCTUATION or unicodedata.category(character)[0] == "P":
            found += [character, ""]
        else:
            found[-1] += character
    return [word for word in found if word]


def pieces(word: str, lines: Mapping[str, int], step: Mapping[str, Any]) -> list[str]:
    """Rule 6: return the pieces of a word, the longest first ones first."""
    if len(word) > LONGEST_WORD:
        return [step["unknown"]]
    found: list[str] = []
    rest = word
    while rest:
        prefix = step["prefix"] if found else ""
        fitting = [n for n in range(len(rest), 0, -1) if prefix + rest[:n] in lines]
        if not fitting:
            return [step["unknown"]]
        found.append(prefix + rest[: fitting[0]])
        rest = rest[fitting[0] :]
    return found


def rows(texts: Sequence[bytes], lines: Mapping[str, int], step: Mapping[str, Any]) -> list[list[int]]:
    """Rule 7: return the identifiers of each text, not filled up. Raises: Refused."""
    found = []
    first = [step["first"]] if "first" in step else []
    last = [step["last"]] if "last" in step else []
    room = step["maxLength"] - len(first) - len(last)
    for data in texts:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused(f"found bytes that are not UTF-8: {error}") from error
        parts = [part for word in words(text, step["lowercase"]) for part in pieces(word, lines, step)]
        found.append([lines[part] for part in [*first, *parts[:room], *last]])
    return found


def tables(
    texts: Sequence[bytes], lines: Mapping[str, int], step: Mapping[str, Any], length: Callable[[int], int]
) -> tuple[Array, ...]:
    """Rule 8: return identifiers, mask and types, as many as `out` names. Raises: Refused."""
    found = rows(texts, lines, step)
    width = length(max((len(row) for row in found), default=0))
    padding = lines[step["padding"]]
    shape = (len(found), width)
    identifiers = np.full(shape, padding, dtype="<i8")
    mask = np.zeros(shape, dtype="<i8")
    for number, row in enumerate(found):
        identifiers[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return (identifiers, mask, np.zeros(shape, dtype="<i8"))[: len(step["out"])]
