"""WordPiece as the standard defines it: a text in, pieces of the words of a token file out.

Owns cleaning, splitting and matching; leaves special tokens, cutting and padding to `texts`. Serves
PKG-PRO-04.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping

__all__ = ["WordPiece"]

#: Characters of a longer word are not matched at all.
MAX_WORD_CHARACTERS = 100
#: Characters and words whose treatment is kept for the next text.
MAX_KEPT = 65_536
CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
ASCII_PUNCTUATION = frozenset(
    (*range(0x21, 0x30), *range(0x3A, 0x41), *range(0x5B, 0x61), *range(0x7B, 0x7F))
)


class WordPiece:
    """One token file with its rules. Safe to call from several threads at once."""

    def __init__(self, tokens: Mapping[str, int], *, lowercase: bool, prefix: str, unknown: int) -> None:
        """Keep the ids of tokens; `prefix` marks the pieces that do not begin a word."""
        self._lowercase, self._unknown = lowercase, unknown
        self._begin = tokens
        cut = len(prefix)
        self._within = {token[cut:]: at for token, at in tokens.items() if token.startswith(prefix)}
        self._longest = max(map(len, tokens), default=0)
        self._words: dict[str, tuple[int, ...]] = {}
        self._cleaned = _Table(_cleaned)
        self._lowered = _Table(_lowered)
        self._split = _Table(_split)

    def ids(self, text: str) -> Iterator[int]:
        """Yield the ids of a text, without special tokens."""
        text = text.translate(self._cleaned)
        if self._lowercase:
            text = unicodedata.normalize("NFD", text).translate(self._lowered)
        # Every space is U+0020 by now, and nothing else divides words.
        for word in text.translate(self._split).split(" "):
            if word:
                yield from self._pieces(word)

    def _pieces(self, word: str) -> tuple[int, ...]:
        pieces = self._words.get(word)
        if pieces is None:
            pieces = self._matched(word)
            if len(self._words) < MAX_KEPT and len(word) <= MAX_WORD_CHARACTERS:
                self._words[word] = pieces
        return pieces

    def _matched(self, word: str) -> tuple[int, ...]:
        """Return the longest pieces from the start on, or the unknown token alone where none matches."""
        if len(word) > MAX_WORD_CHARACTERS:
            return (self._unknown,)
        pieces: list[int] = []
        start, known = 0, self._begin
        while start < len(word):
            for end in range(min(len(word), start + self._longest), start, -1):
                found = known.get(word[start:end])
                if found is not None:
                    break
            else:
                return (self._unknown,)
            pieces.append(found)
            start, known = end, self._within
        return tuple(pieces)


class _Table(dict[int, str]):
    """A table for `str.translate` that fills itself, up to a bound."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        replaced = self._rule(chr(code))
        if len(self) < MAX_KEPT:
            self[code] = replaced
        return replaced


def _cleaned(character: str) -> str:
    """Delete controls, make one space of every white space, and set CJK characters apart."""
    if character in "\t\n\r":
        return " "
    category = unicodedata.category(character)
    if character in "\0\ufffd" or category[0] == "C":
        return ""
    if category in ("Zs", "Zl", "Zp"):
        return " "
    code = ord(character)
    return f" {character} " if any(first <= code <= last for first, last in CJK) else character


def _lowered(character: str) -> str:
    """Delete marks, and map each other character on its own, whatever stands beside it."""
    return "" if unicodedata.category(character) == "Mn" else character.lower()


def _split(character: str) -> str:
    """Set punctuation apart."""
    if ord(character) in ASCII_PUNCTUATION or unicodedata.category(character)[0] == "P":
        return f" {character} "
    return character
