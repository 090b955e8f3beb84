"""JSON documents that are almost right: a document with a few values replaced by odd ones.

Owns what is odd about a value; leaves the documents and what is asked of them to the tests. Serves `core`.
"""

import copy
from typing import Any

from hypothesis import strategies as st

__all__ = ["ODD", "mutated", "places"]

#: Values that programs read differently: numbers at the edges, other types, odd strings.
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 1.5, -0.0, 2**53 - 1, 2**53, 2**63, 2**64, 10**30, 1e300),
    *("", " ", "\n", "1.0\n", "a\u0000", "é", "e\u0301", "𝟙", "a" * 300, "1.0", "en", "FP32", "../x"),
    *([], {}, [[]], [1, 1], {"": 0}),
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=6)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a document, the document included."""
    found = [path]
    if isinstance(value, dict):
        found += [place for key, each in value.items() for place in places(each, (*path, key))]
    elif isinstance(value, list):
        found += [place for key, each in enumerate(value) for place in places(each, (*path, key))]
    return found


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value = copy.deepcopy(value)
    at = value
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = new
    return value


def _changed(draw: st.DrawFn, old: Any) -> Any:
    """Draw a value to stand in the place of `old`: something odd, or `old` with a small fault."""
    choices: list[st.SearchStrategy[Any]] = [st.sampled_from(ODD), WORDS, st.integers(-5, 100)]
    if isinstance(old, str):
        cut = draw(st.integers(0, len(old)))
        choices.append(WORDS.map(lambda text: old[:cut] + text + old[cut:]))
    if isinstance(old, list):
        choices += [st.sampled_from([[*old, *old], old[:-1]]), st.sampled_from(ODD).map(lambda x: [*old, x])]
    if isinstance(old, dict):
        choices.append(WORDS.map(lambda key: {**old, key: 1}))
        less = [{key: each for key, each in old.items() if key != gone} for gone in sorted(old)]
        if less:
            choices.append(st.sampled_from(less))
    return draw(st.one_of(choices))


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """Draw a document changed in one to three places."""
    value = document
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(value)))
        old = value
        for part in path:
            old = old[part]
        value = _replaced(value, path, _changed(draw, old))
    return value
