"""Canonical JSON (RFC 8785): write it, and say whether given bytes are it.

Owns the two directions; leaves the algorithm to `rfc8785`, except where Python's own encoder provably writes
the same bytes (then it costs no import). Serves PKG-MAN-03.
"""

import json
from typing import Any

from lepton.errors import LeptonError
from lepton.package.jsontext import JsonText

__all__ = ["canonical", "canonical_fault"]


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 form of a JSON value.

    Raises: LeptonError for what JSON cannot say (NaN, an integer beyond 2^53 - 1, a lone surrogate).
    """
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise LeptonError(f"found a value that canonical JSON cannot hold: {error}") from error


def canonical_fault(data: bytes, text: JsonText) -> tuple[int, str] | None:
    """Say where and how `data` leaves the canonical form of its own parse; None when it never does."""
    if text.plain and _as_python_writes(text.value) == data:
        return None
    try:
        expected = canonical(text.value)
    except LeptonError as error:
        return 0, str(error)
    if expected == data:
        return None
    shared = min(len(data), len(expected))
    place = next((at for at in range(shared) if data[at] != expected[at]), shared)
    return place, f"found {_excerpt(data, place)}, expected {_excerpt(expected, place)}"


def _as_python_writes(value: Any) -> bytes | None:
    """Return Python's own encoding when it equals RFC 8785's for a value whose numbers are plain.

    The two then differ only in the order of names: Python sorts by code point, RFC 8785 by UTF-16 unit, which
    is the same unless a name holds a character beyond U+FFFF; those are recognised by their UTF-8 lead byte.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if text.isascii():
        return text.encode()
    if max(text) > "\ud7ff":
        return None
    return text.encode()


def _excerpt(data: bytes, place: int) -> str:
    if place >= len(data):
        return "the end"
    return repr(data[place : place + 24].decode("utf-8", "replace"))
