"""Canonical bytes: the quick path agrees with RFC 8785's own implementation."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lepton.errors import LeptonError
from lepton.package.canonical import canonical, canonical_fault
from lepton.package.jsontext import read_json

KEYS = st.text(max_size=6) | st.sampled_from(["\ue000", "\U00010000", "\ufb33", "é", "\x7f", "\u2028"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.1, 1e21, 1e-7, 1e16, 123456789.125, -0.0, 5e-324])
    | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def is_canonical(data: bytes) -> bool:
    text = read_json(data, max_bytes=1 << 20)
    assert text.fault is None
    return canonical_fault(data, text) is None


@settings(max_examples=400, deadline=None)
@given(VALUES)
@example({"\ue000": 1, "\U00010000": 2})
@example([1e16, 1e-5, 1e21])
def test_what_rfc8785_writes_is_canonical(value: Any) -> None:
    try:
        data = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return
    assert is_canonical(data)
    assert canonical(value) == data


@settings(max_examples=400, deadline=None)
@given(VALUES, st.booleans(), st.booleans())
@example({"\ue000": 1, "\U00010000": 2}, True, False)
@example([1.0, 1e16, 1e-5], True, False)
def test_what_python_writes_is_canonical_exactly_when_rfc8785_writes_the_same(
    value: Any, sort: bool, ascii_only: bool
) -> None:
    text = json.dumps(value, sort_keys=sort, ensure_ascii=ascii_only, separators=(",", ":"))
    try:
        data = text.encode()
        expected = rfc8785.dumps(json.loads(text))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return
    assert is_canonical(data) == (data == expected)


def test_the_place_of_the_first_difference_is_named() -> None:
    data = b'{"a":1, "b":2}'
    text = read_json(data, max_bytes=100)
    fault = canonical_fault(data, text)
    assert fault is not None
    assert fault[0] == 7


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, "\ud800"])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(LeptonError):
        canonical([value])
