"""Metrics of texts.

Serves the chapter `application` (*Text*).
"""

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lepton.application.measures.classification import mean

__all__ = ["character_error_rate", "exact_match", "perplexity", "word_error_rate"]

Given = Mapping[str, Any]
#: The characters with the property White_Space.
WHITE_SPACE = frozenset(
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_APOSTROPHES = "'\u2019"


def _normalized(text: str, normalization: str) -> str:
    if normalization == "none":
        return unicodedata.normalize("NFC", text)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(
        " " if unicodedata.category(one)[0] in "PS" else one for one in folded if one not in _APOSTROPHES
    )


def _words(text: str, normalization: str) -> list[str]:
    spaced = (" " if one in WHITE_SPACE else one for one in _normalized(text, normalization))
    return [word for word in "".join(spaced).split(" ") if word]


def _characters(text: str, normalization: str) -> str:
    return " ".join(_words(text, normalization))


def distance(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return the least number of insertions, deletions and substitutions from one to the other."""
    row = list(range(len(other) + 1))
    for at, left in enumerate(one, 1):
        diagonal, row[0] = row[0], at
        for place, right in enumerate(other, 1):
            best = min(row[place] + 1, row[place - 1] + 1, diagonal + (left != right))
            diagonal, row[place] = row[place], best
    return row[-1]


def word_error_rate(given: Given, parameters: Given) -> float | None:
    """Return the distance in words over the number of true words."""
    return _error_rate(given, parameters, _words)


def character_error_rate(given: Given, parameters: Given) -> float | None:
    """Return the distance in characters over the number of true characters."""
    return _error_rate(given, parameters, _characters)


def _error_rate(given: Given, parameters: Given, parts: Callable[[str, str], Sequence[str]]) -> float | None:
    normalization = parameters["normalization"]
    errors = length = 0
    for truth, predicted in zip(given["truth"], given["predicted"], strict=True):
        true, said = parts(truth, normalization), parts(predicted, normalization)
        errors += distance(true, said)
        length += len(true)
    return errors / length if length else None


def exact_match(given: Given, parameters: Given) -> float | None:
    """Return the share of the items whose characters are the same."""
    normalization = parameters["normalization"]
    pairs = zip(given["truth"], given["predicted"], strict=True)
    return mean(
        [float(_characters(one, normalization) == _characters(other, normalization)) for one, other in pairs]
    )


def perplexity(given: Given, parameters: Given) -> float | None:
    """Return exp of the mean negative logarithm of the probabilities, a unit."""
    if not given["logProbabilities"] or not given["units"]:
        return None
    return math.exp(-math.fsum(given["logProbabilities"]) / given["units"])
