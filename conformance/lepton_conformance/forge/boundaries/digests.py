"""Files that are gone, of another size or of other bytes, for each role, place and container.

Owns the files and what is other. Serves PKG-DIG-01 to PKG-DIG-03.
"""

import copy
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from lepton_conformance.forge.boundaries.sealed import Change, broken, manifest_of, sealed, sound
from lepton_conformance.forge.draft import Draft, Forged, Member
from lepton_conformance.forge.package import CARD, MODEL, VECTORS
from lepton_conformance.forge.valid import WEIGHTS, ValidPackage, external_draft, linear_draft
from lepton_conformance.forge.violation import Violation

__all__ = ["digest_faults", "near_misses", "sound_digests"]

_ROLES = ("artifact", "weights", "graph", "tokenizer", "vocabulary", "vectors", "card", "license")
_ALL_ROLES = (*_ROLES, "documentation", "other")
_BIG = "zz/big.bin"


def digest_faults() -> Iterator[Violation]:
    """Yield packages with a file that is not the one that is listed."""
    files = sealed(_with_files).files
    paths = [CARD, MODEL, VECTORS, WEIGHTS, *(f"zz/{role}" for role in _ALL_ROLES), "zz/empty", "zz/one"]
    for number, path in enumerate(paths):
        data = files[path]
        yield broken("PKG-DIG-01", f"gone-{path}", _without_file, _with_files, path)
        yield broken("PKG-DIG-02", f"longer-{path}", _file_as, _with_files, path, data + b"\0")
        if data:
            yield broken("PKG-DIG-02", f"shorter-{path}", _file_as, _with_files, path, data[:-1])
            yield broken("PKG-DIG-02", f"empty-{path}", _file_as, _with_files, path, b"")
            for at in {0, len(data) // 2, len(data) - 1}:
                yield broken("PKG-DIG-03", f"bit-{path}-{at}", _flipped, _with_files, path, at)
        for more in (-1, 1, 1 << 32, 1 << 40):
            if len(data) + more >= 0:
                change = _sized(path, len(data) + more)
                yield broken("PKG-DIG-02", f"size-{path}-{more}", manifest_of, _with_files, change)
        for at in (0, 1, 8, 16, 31, 32, 40, 63):
            if (number + at) % 3 == 0:
                yield broken("PKG-DIG-03", f"digit-{path}-{at}", manifest_of, _with_files, _digit(path, at))
        if number % 2:
            yield broken("PKG-DIG-01", f"zip-gone-{path}", _zip_of, path, None)
            yield broken("PKG-DIG-02", f"zip-longer-{path}", _zip_of, path, data + b"\0")
            yield broken("PKG-DIG-02", f"zip-shorter-{path}", _zip_of, path, data[:-1] or b"??")
            yield broken(
                "PKG-DIG-03", f"zip-bit-{path}", _zip_of, path, data[:-1] + b"\x7f" if data else None
            )
    for at in (0, 4095, 65_535, 65_536, 1 << 20, (1 << 20) + 1, len(files[_BIG]) - 1):
        yield broken("PKG-DIG-03", f"bit-of-a-big-file-{at}", _flipped, _with_files, _BIG, at)
    yield broken("PKG-DIG-02", "big-longer", _file_as, _with_files, _BIG, files[_BIG] + b"\0")
    yield broken("PKG-DIG-02", "big-shorter", _file_as, _with_files, _BIG, files[_BIG][:-1])
    yield broken("PKG-DIG-03", "empty-digest", manifest_of, _with_files, _sha("zz/one", b""))
    yield broken("PKG-DIG-03", "digest-of-another", manifest_of, _with_files, _sha(MODEL, files[CARD]))
    yield broken("PKG-DIG-03", "digest-of-sha1", manifest_of, _with_files, _sha1(CARD, files[CARD]))
    yield broken(
        "PKG-DIG-03", "digest-of-a-line-more", manifest_of, _with_files, _sha(CARD, files[CARD] + b"\n")
    )
    yield broken("PKG-DIG-03", "two-files-exchanged", _exchanged)
    yield broken("PKG-DIG-01", "folder-in-its-place", _folder_for_file)
    yield broken("PKG-DIG-01", "another-case", _other_case)


def sound_digests() -> Iterator[ValidPackage]:
    """Yield packages with a file of each role, and a big one."""
    yield sound("big-files", lambda: sealed(_with_files).draft().directory())
    yield sound("big-files-zip", lambda: sealed(_with_files).draft().archive(deflated=("zz/other",)))


def near_misses(identifier: str) -> Iterator[ValidPackage]:
    """Yield packages that break another rule than the one named."""
    if identifier == "PKG-DIG-03":
        for path in (CARD, MODEL):
            data = sealed(linear_draft).files[path]
            yield sound(f"longer-{path}", _file_as, linear_draft, path, data + b"\n")
            yield sound(f"shorter-{path}", _file_as, linear_draft, path, data[:-1])
        yield sound("gone", _without_file, linear_draft, CARD)
    if identifier == "PKG-DIG-02":
        yield sound("another-bit", _flipped, linear_draft, MODEL, 0)
        yield sound("gone", _without_file, linear_draft, CARD)
    if identifier == "PKG-MAN-06":
        yield sound("gone", _without_file, linear_draft, CARD)


def _with_files() -> Draft:
    """Return the external package with a file of each role, and one of more than a mebibyte."""
    roles = [Member(f"zz/{role}", b"%s: text" % role.encode(), "text/plain", role) for role in _ALL_ROLES]
    big = Member(_BIG, bytes(range(256)) * 4200, "application/octet-stream", "other")
    empty = [Member("zz/empty", b"", "text/plain", "other"), Member("zz/one", b"x", "text/plain", "other")]
    return sealed(external_draft).draft(*roles, big, *empty)


def _entry_of(manifest: Any, path: str) -> Any:
    return next(one for one in manifest["files"] if one["path"] == path)


def _sized(path: str, size: int) -> Change:
    return lambda manifest: _entry_of(manifest, path).update(size=size)


def _digit(path: str, at: int) -> Change:
    """Change one digit of a digest."""

    def change(manifest: Any) -> None:
        entry = _entry_of(manifest, path)
        text = entry["sha256"]
        entry["sha256"] = text[:at] + ("0" if text[at] != "0" else "f") + text[at + 1 :]

    return change


def _sha(path: str, data: bytes) -> Change:
    return lambda manifest: _entry_of(manifest, path).update(sha256=hashlib.sha256(data).hexdigest())


def _sha1(path: str, data: bytes) -> Change:
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest().ljust(64, "0")
    return lambda manifest: _entry_of(manifest, path).update(sha256=digest)


def _without_file(make: Callable[[], Draft], path: str) -> Forged:
    files = dict(sealed(make).files)
    del files[path]
    return Forged(files)


def _file_as(make: Callable[[], Draft], path: str, data: bytes) -> Forged:
    return Forged({**sealed(make).files, path: data})


def _flipped(make: Callable[[], Draft], path: str, at: int) -> Forged:
    data = sealed(make).files[path]
    return _file_as(make, path, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def _zip_of(path: str, data: bytes | None) -> Forged:
    """Return the container with another file, whose headers are right, or without it."""
    base = sealed(_with_files)
    draft = base.draft()
    draft.manifest["files"] = copy.deepcopy(base.manifest["files"])
    draft.members = [one for one in draft.members if one.path != path or data is not None]
    if data is not None:
        draft.put(path, data)
    plain = path if path not in (MODEL, WEIGHTS, "zz/artifact", "zz/weights") else ""
    return draft.archive(deflated=(plain,) if len(data or b"") % 2 else ())


def _exchanged() -> Forged:
    """Return a package of which two files of one length have each other's bytes."""
    more = (Member("zz/a", b"one", "text/plain", "other"), Member("zz/b", b"two", "text/plain", "other"))
    files = sealed(linear_draft).with_members(*more).files
    return Forged({**files, "zz/a": b"two", "zz/b": b"one"})


def _folder_for_file() -> Forged:
    files = dict(sealed(linear_draft).with_members(Member("zz", b"x", "text/plain", "other")).files)
    del files["zz"]
    return Forged({**files, "zz/signature": b""})


def _other_case() -> Forged:
    files = dict(sealed(linear_draft).files)
    data = files.pop(CARD)
    return Forged({**files, "CARD.JSON": data})
