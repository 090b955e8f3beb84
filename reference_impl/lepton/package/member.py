"""The files that a package is written of: where their bytes come from, and copying them in one pass.

Owns reading a source once while it is digested and written, and noticing that it changed meanwhile; leaves
where the bytes go to `lepton.package.write`. Serves PKG-DIG and PKG-ZIP-10.
"""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lepton.errors import SourceError
from lepton.package.aside import Aside
from lepton.package.container import CHUNK_BYTES
from lepton.package.paths import displayed

__all__ = ["Measured", "Member", "copy", "expected", "write_at"]


@dataclass(frozen=True, slots=True)
class Member:
    """One file to write: its path in the package, where its bytes come from, how the manifest lists it.

    A source that is called yields the bytes anew each time.
    """

    path: str
    source: Path | bytes | Callable[[], Iterable[bytes | memoryview]]
    media_type: str
    role: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A member with its size and, once it is written, its digest, and its CRC-32 if one was asked for."""

    member: Member
    size: int
    sha256: str
    crc: int = 0


def expected(member: Member) -> Measured:
    """Return the member with its size; its digest is told once it is written."""
    if isinstance(member.source, bytes):
        size = len(member.source)
    elif isinstance(member.source, Path):
        try:
            size = member.source.stat().st_size
        except OSError as error:
            raise _unreadable(member.source, error) from error
    else:
        size = sum(len(piece) for piece in member.source())
    return Measured(member, size, "0" * 64)


def copy(one: Measured, out: int, at: int, *, with_crc: bool) -> Measured:
    """Read a member through once: digest it, and write it to the descriptor `out` from byte `at` on.

    A second thread digests what this one writes. Raises: SourceError when the source cannot be read, or
    changed after it was measured.
    """
    state = hashlib.sha256()
    digesting = Aside(state.update, one.size)
    size = crc = 0
    try:
        for piece in _pieces(one):
            if size + len(piece) > one.size:
                raise _changed(one)
            digesting.give(piece)
            write_at(out, piece, at + size)
            if with_crc:
                crc = zlib.crc32(piece, crc)
            size += len(piece)
            digesting.settle()
    finally:
        digesting.close()
    if size != one.size:
        raise _changed(one)
    return replace(one, sha256=state.hexdigest(), crc=crc)


def write_at(out: int, data: bytes | memoryview, at: int) -> None:
    """Write all of `data` from byte `at` on."""
    left = memoryview(data)
    while left:
        written = os.pwrite(out, left, at)
        left, at = left[written:], at + written


def _pieces(one: Measured) -> Iterator[bytes | memoryview]:
    source = one.member.source
    if isinstance(source, bytes):
        yield source
        return
    if callable(source):
        yield from source()
        return
    buffer = memoryview(bytearray(min(CHUNK_BYTES, one.size + 1)))
    try:
        with source.open("rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            while count := file.readinto(buffer):
                yield buffer[:count]
            after = os.fstat(file.fileno())
    except OSError as error:
        raise _unreadable(source, error) from error
    # Its links may change meanwhile, and with them its ctime: another `lepton pack` links to it.
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise _changed(one)


def _unreadable(source: Path, error: OSError) -> SourceError:
    return SourceError(f"cannot read {displayed(str(source))!r}: {error.strerror}")


def _changed(one: Measured) -> SourceError:
    return SourceError(f"{displayed(one.member.path)!r} was changed while it was packed")
