"""Write a package: a directory or a zip, byte-stable and all or nothing.

Owns the canonical container (PKG-ZIP-10) and the rule that a package appears whole or not at all; leaves what
goes into the manifest to `lepton.pack`. Serves PKG-MAN-03, PKG-ZIP-10 and PKG-DIG.
"""

import contextlib
import hashlib
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lepton.errors import LeptonError, SourceError
from lepton.formats.source import FileSource, Stamp
from lepton.package.canonical import canonical
from lepton.package.digests import spread
from lepton.package.limits import MAX_FILES, MAX_MANIFEST_BYTES
from lepton.package.member import Measured, Member, copy, expected, write_at
from lepton.package.paths import (
    MANIFEST,
    collision_key,
    displayed,
    is_unlisted_area,
    reserved_fault,
    syntax_fault,
)
from lepton.package.written import Written

__all__ = ["Member", "refuse_bad_paths", "write_digested", "write_package", "write_verbatim"]

ALIGNMENT = 64
ALIGNED_ROLES = frozenset(["artifact", "weights"])

_ALIGNMENT_EXTRA = 0xD935
_ZIP64_EXTRA = 0x0001
_DATE_1980 = 0x0021
_UTF8_FLAG = 1 << 11
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF


_ManifestOf = Callable[[Sequence[Measured]], bytes]


def write_package(members: Sequence[Member], manifest: dict[str, Any], out: Path) -> str:
    """Write `members` and the manifest, completed by `files`, to `out`; return the package's identity.

    `out` ending in `.lepton` becomes a zip and replaces one that is there; any other name becomes a new
    directory. The same members and manifest give the same bytes. Raises: LeptonError when the members do not
    make a package or `out` cannot be written; nothing is then left behind.
    """
    return write_digested(members, manifest, out).identity


def write_digested(members: Sequence[Member], manifest: dict[str, Any], out: Path) -> Written:
    """Write a package as `write_package` does; return its identity and the digests of what was written."""
    manifest_of: _ManifestOf = lambda files: _manifest_bytes(manifest, files)  # noqa: E731
    return _write(members, out, manifest_of, manifest_of)


def write_verbatim(
    members: Sequence[Member], manifest: bytes, listed: Mapping[str, tuple[int, str]], out: Path
) -> str:
    """Write a package whose manifest exists already, byte for byte; return its identity.

    `listed` are size and SHA-256 by path, as the manifest says; members in signatures/ and attestations/ are
    not in it. Raises: LeptonError as `write_package` does, and when a member is not what is listed.
    """

    def unchanged(files: Sequence[Measured]) -> bytes:
        for one in files:
            path = one.member.path
            if not is_unlisted_area(path) and listed.get(path) != (one.size, one.sha256):
                raise SourceError(f"{displayed(path)!r} is not what the manifest lists; nothing was written")
        return manifest

    return _write(members, out, unchanged, lambda files: manifest).identity


def _write(members: Sequence[Member], out: Path, manifest: _ManifestOf, draft: _ManifestOf) -> Written:
    """Write a package; `draft` returns a manifest as long as `manifest` does, before digests are known."""
    refuse_bad_paths([one.path for one in members])
    if out.suffix == ".lepton":
        return _write_zip(members, manifest, draft, out)
    return _write_directory(members, manifest, out)


def refuse_bad_paths(paths: Sequence[str]) -> None:
    """Refuse what could not lie beside a manifest on every system. Raises: LeptonError. Spec: PKG-LAY-02."""
    if len(paths) + 1 > MAX_FILES:
        raise LeptonError(f"found {len(paths)} files, expected at most {MAX_FILES - 1} and the manifest")
    taken: dict[str, str] = {collision_key(MANIFEST): MANIFEST}
    for path in paths:
        fault = syntax_fault(path) or reserved_fault(path)
        if fault is not None:
            raise LeptonError(f"cannot write {displayed(path)!r}: {fault}")
        key = collision_key(path)
        if key in taken:
            raise LeptonError(f"cannot write {path!r} beside {taken[key]!r}: some systems confuse them")
        taken[key] = path
    for key, path in taken.items():
        parts = key.split("/")
        for length in range(1, len(parts)):
            other = taken.get("/".join(parts[:length]))
            if other is not None:
                raise LeptonError(f"cannot write {path!r} beside {other!r}: one is a directory of the other")


def _manifest_bytes(manifest: dict[str, Any], files: Sequence[Measured]) -> bytes:
    listed = [
        {
            "path": one.member.path,
            "size": one.size,
            "sha256": one.sha256,
            "mediaType": one.member.media_type,
            "role": one.member.role,
        }
        for one in files
    ]
    data = canonical({**manifest, "files": listed})
    if len(data) > MAX_MANIFEST_BYTES:
        raise LeptonError(f"found a manifest of {len(data)} bytes, expected at most {MAX_MANIFEST_BYTES}")
    return data


def _identity(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _sorted(members: Sequence[Member]) -> list[Member]:
    return sorted(members, key=lambda one: one.path.encode())


def _write_directory(members: Sequence[Member], manifest: _ManifestOf, out: Path) -> Written:
    if out.exists() or out.is_symlink():
        raise LeptonError(f"{displayed(str(out))!r} is there already; remove it or choose another name")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise LeptonError(f"cannot write {displayed(str(out))!r}: {error.strerror}") from error
    try:
        for member in members:
            (beside / member.path).parent.mkdir(parents=True, exist_ok=True)
        stamps: dict[str, Stamp] = {}
        files = [expected(one) for one in _sorted(members)]
        measured = _spread(files, lambda one: _write_file(one, beside, stamps))
        data = manifest(measured)
        (beside / MANIFEST).write_bytes(data)
        beside.chmod(0o777 & ~_umask())
        beside.rename(out)
    except OSError as error:
        raise LeptonError(f"cannot write {displayed(str(out))!r}: {error.strerror}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Written(
        _identity(data), {one.member.path: (one.sha256, stamps[one.member.path]) for one in measured}
    )


def _write_file(one: Measured, folder: Path, stamps: dict[str, Stamp]) -> Measured:
    with (folder / one.member.path).open("wb", buffering=0) as file:
        done = copy(one, file.fileno(), 0, with_crc=False)
        stamps[one.member.path] = FileSource(file.fileno(), done.size).stamp()
        return done


def _write_zip(members: Sequence[Member], manifest: _ManifestOf, draft: _ManifestOf, out: Path) -> Written:
    beside: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.is_dir():
            raise LeptonError(f"{displayed(str(out))!r} is a directory; choose another name")
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
        beside = Path(name)
        with os.fdopen(handle, "wb", buffering=0) as file:
            files = [expected(one) for one in _sorted(members)]
            written, data = _write_entries(file.fileno(), files, manifest, draft)
            os.fchmod(file.fileno(), 0o666 & ~_umask())
            before = FileSource(file.fileno(), 0).stamp()
            beside.replace(out)
            beside = None
            # Renaming sets the ctime, so that the stamp is taken anew; all else must be as it was.
            stamp = FileSource(file.fileno(), 0).stamp()
    except OSError as error:
        raise LeptonError(f"cannot write {displayed(str(out))!r}: {error.strerror}") from error
    finally:
        if beside is not None:
            with contextlib.suppress(OSError):
                beside.unlink()
    same = stamp[:-1] == before[:-1]
    known = {one.member.path: (one.sha256, stamp) for one in written} if same else {}
    return Written(_identity(data), known)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _spread(files: Sequence[Measured], write: Callable[[Measured], Measured]) -> list[Measured]:
    """Write files on two threads, except those that come from code, which may know no second thread."""
    apart = [one for one in files if not callable(one.member.source)]
    results = spread(write, [(one.size, one) for one in apart])
    written = {one.member.path: one for one in results}
    return [written.get(one.member.path) or write(one) for one in files]


def _write_entries(
    out: int, files: Sequence[Measured], manifest: _ManifestOf, draft: _ManifestOf
) -> tuple[list[Measured], bytes]:
    """Write every entry to its place, the manifest first though it is known last; return both."""
    first = Measured(Member(MANIFEST, b"", "application/json", "manifest"), len(draft(files)), "")
    offsets, end = {}, 0
    for one in (first, *files):
        offsets[one.member.path] = end
        end += len(_local_header(one, end)) + one.size

    def write(one: Measured) -> Measured:
        offset = offsets[one.member.path]
        return copy(one, out, offset + len(_local_header(one, offset)), with_crc=True)

    written = _spread(files, write)
    data = manifest(written)
    written.insert(0, write(replace(first, member=replace(first.member, source=data))))
    for one in written:
        write_at(out, _local_header(one, offsets[one.member.path]), offsets[one.member.path])
    directory = b"".join(_central_header(one, offsets[one.member.path]) for one in written)
    write_at(out, directory + _end_records(len(written), len(directory), end), end)
    return written[1:], data


def _common(one: Measured, *, large: bool) -> tuple[bytes, int, int]:
    name = one.member.path.encode()
    return name, 0 if name.isascii() else _UTF8_FLAG, 45 if large else 20


def _local_header(one: Measured, offset: int) -> bytes:
    large = one.size >= _FULL32
    name, flags, version = _common(one, large=large)
    size = _FULL32 if large else one.size
    extra = struct.pack("<2H2Q", _ZIP64_EXTRA, 16, one.size, one.size) if large else b""
    if one.member.role in ALIGNED_ROLES:
        start = offset + 30 + len(name) + len(extra)
        if start % ALIGNMENT:
            # Identifier, length and the alignment itself take six bytes; zero bytes do the rest.
            zeros = -(start + 6) % ALIGNMENT
            extra += struct.pack("<3H", _ALIGNMENT_EXTRA, 2 + zeros, ALIGNMENT) + bytes(zeros)
    fixed = struct.pack(
        "<4s5H3L2H",
        b"PK\3\4",
        version,
        flags,
        0,
        0,
        _DATE_1980,
        one.crc,
        size,
        size,
        len(name),
        len(extra),
    )
    return fixed + name + extra


def _central_header(one: Measured, offset: int) -> bytes:
    values = [one.size, one.size] if one.size >= _FULL32 else []
    if offset >= _FULL32:
        values.append(offset)
    name, flags, version = _common(one, large=bool(values))
    extra = struct.pack(f"<2H{len(values)}Q", _ZIP64_EXTRA, 8 * len(values), *values) if values else b""
    size = min(one.size, _FULL32)
    fixed = struct.pack(
        "<4s6H3L5H2L",
        b"PK\1\2",
        version,
        version,
        flags,
        0,
        0,
        _DATE_1980,
        one.crc,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        0,
        min(offset, _FULL32),
    )
    return fixed + name + extra


def _end_records(count: int, size: int, start: int) -> bytes:
    records = b""
    if count >= _FULL16 or size >= _FULL32 or start >= _FULL32:
        end64 = start + size
        records = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
        records += struct.pack("<4sLQL", b"PK\6\7", 0, end64, 1)
    return records + struct.pack(
        "<4s4H2LH",
        b"PK\5\6",
        0,
        0,
        min(count, _FULL16),
        min(count, _FULL16),
        min(size, _FULL32),
        min(start, _FULL32),
        0,
    )
