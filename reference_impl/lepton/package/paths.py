"""The rules for paths inside a package: pure functions of a string.

Owns syntax, reserved names and the key under which two paths collide; leaves files to the containers.
Serves PKG-LAY-02, PKG-LAY-03, PKG-LAY-04.
"""

import re

from lepton.package.limits import MAX_PATH_BYTES, MAX_SEGMENT_BYTES

__all__ = ["MANIFEST", "collision_key", "displayed", "is_unlisted_area", "reserved_fault", "syntax_fault"]

MANIFEST = "lepton.json"
#: Top-level folders whose files are never listed in the manifest.
UNLISTED_AREAS = ("signatures/", "attestations/")

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.+-]*)*")
_FORBIDDEN = frozenset('\\:*?"<>|')
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
#: Capitals for ASCII letters alone: the dotless i is no letter of CONIN$.
_CAPITALS = str.maketrans(_LETTERS, _LETTERS.upper())
_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789\u00b9\u00b2\u00b3"]
)


def syntax_fault(path: str) -> str | None:
    """Say what is wrong with the syntax of `path`, or None. Spec: PKG-LAY-02."""
    if _PLAIN.fullmatch(path) and len(path) <= MAX_SEGMENT_BYTES:
        return None
    import unicodedata

    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if path.startswith("/"):
        return "it starts with '/'"
    if len(encoded) > MAX_PATH_BYTES:
        return f"it has {len(encoded)} bytes, expected at most {MAX_PATH_BYTES}"
    for mark in path:
        if mark in _FORBIDDEN:
            return f"it contains {mark!r}"
        if mark in _BIDI_CONTROLS:
            return f"it contains the bidirectional control U+{ord(mark):04X}"
        if unicodedata.category(mark) in ("Cc", "Zl", "Zp"):
            return f"it contains the control or separator character U+{ord(mark):04X}"
    for segment in path.split("/"):
        if segment in ("", ".", ".."):
            return f"it has the segment {segment!r}"
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            return f"a segment has {len(segment.encode())} bytes, expected at most {MAX_SEGMENT_BYTES}"
    if not unicodedata.is_normalized("NFC", path):
        return "it is not in Unicode normalization form C"
    return None


def reserved_fault(path: str) -> str | None:
    """Say which segment of `path` some operating system cannot store, or None. Spec: PKG-LAY-04."""
    for segment in path.split("/"):
        if segment.endswith((".", " ")) and segment not in (".", ".."):
            return f"the segment {segment!r} ends in a dot or a space"
        if segment.split(".", 1)[0].rstrip(" ").translate(_CAPITALS) in _RESERVED:
            return f"the segment {segment!r} is a device name on Windows"
    return None


def collision_key(path: str) -> str:
    """Return what two paths share when a file system may take them for one. Spec: PKG-LAY-03."""
    if path.isascii():
        return path.lower()
    import unicodedata

    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def is_unlisted_area(path: str) -> bool:
    """Say whether `path` lies where signatures and attestations lie. Spec: PKG-LAY-06."""
    return path.startswith(UNLISTED_AREAS)


def displayed(path: str) -> str:
    """Return `path` as valid Unicode, with undecodable bytes escaped."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
