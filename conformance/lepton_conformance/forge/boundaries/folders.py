"""Files at the boundary: manifests elsewhere, links and devices, files that nothing lists, as many as may be.

Owns what is in a container beside its listed content; leaves paths to `paths`, content to `contents`. Serves
PKG-LAY-01, PKG-LAY-05, PKG-LAY-06 and PKG-LAY-07.
"""

import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lepton_conformance.forge.archive import Entry, write_archive
from lepton_conformance.forge.boundaries.sealed import broken, manifest_of, sealed, sound, zipped
from lepton_conformance.forge.draft import MANIFEST, Forged, Member
from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.valid import ValidPackage, linear_draft, two_artifacts_draft
from lepton_conformance.forge.violation import Violation

__all__ = ["folder_faults", "near_misses", "sound_folders"]

_LAY_01, _LAY_05, _LAY_06, _LAY_07 = "PKG-LAY-01", "PKG-LAY-05", "PKG-LAY-06", "PKG-LAY-07"
MAX_FILES = 65_535

_OTHER_NAMES = (
    *("LEPTON.JSON", "Lepton.json", "lepton.jsn", "lepton.json5", "lepton.json.json", ".lepton.json"),
    *("manifest.json", "package/lepton.json", "signatures/lepton.json", "lepton.json/lepton.json"),
    *("lepton", "ｌepton.json", "lepton_json", "xlepton.json", "model/lepton.json"),
)
#: Files that nothing lists: what systems leave behind, and what looks like the two free folders.
_UNLISTED = (
    *(".DS_Store", "Thumbs.db", "desktop.ini", ".git/config", "__MACOSX/._x", "model/.model.onnx.swp"),
    *("README.md", "lepton.json.bak", "lepton.json.sig", "in/lepton.json", "a", "model/more", "zz/zz/zz"),
    *("signatures", "attestations", "Signatures/a", "SIGNATURES/a", "ATTESTATIONS/a", "Attestations/b/c"),
    *("signatures.d/a", "signatures-old/a", "signatures0", "attestations.json", "attestations2/a.dsse.json"),
    *("signature/a", "attestation/a", "xsignatures/a", "model/signatures/a.sig", "in/attestations/a", "sig"),
    *("ſignatures/a", "signaturesx/a.sigstore.json", "_signatures/a", " signatures/a", "vectors/golden.jso"),
)
_FREE = (
    *("signatures/x", "attestations/x", "signatures/deep/er/x", "signatures/.hidden", "attestations/empty"),
    *("signatures/lepton.json", "attestations/lepton.json", "signatures/signatures/y", "signatures/a.json"),
    *("attestations/x.sigstore.json", "signatures/x.dsse.json", "signatures/X.SIGSTORE.JSON"),
    *("attestations/x.dsse.json.bak", "signatures/x.sigstore.json.old", "signatures/sigstore.json"),
    *("attestations/dsse.json", "signatures/é", "attestations/文/件"),
)
_TYPES = {
    "pipe": 0o010000,
    "character-device": 0o020000,
    "three": 0o030000,
    "folder": 0o040000,
    "five": 0o050000,
    "block-device": 0o060000,
    "seven": 0o070000,
    "nine": 0o110000,
    "link": 0o120000,
    "eleven": 0o130000,
    "socket": 0o140000,
    "thirteen": 0o150000,
    "whiteout": 0o160000,
    "all-bits": 0o170000,
}


def folder_faults() -> Iterator[Violation]:
    """Yield packages in which a file is wrong by being there, or by what it is."""
    for name in _OTHER_NAMES:
        yield broken(_LAY_01, f"only-{name}", _renamed, name)
        yield broken(_LAY_01, f"zip-only-{name}", _renamed_entry, name.encode(), 2048)
    yield broken(_LAY_01, "zip-mark-before-the-name", _renamed_entry, "\ufefflepton.json".encode(), 2048)
    yield broken(_LAY_01, "zip-of-nothing", Forged, {}, write_archive([]))
    yield broken(_LAY_01, "one-file", Forged, {CARD: b"{}"})
    yield broken(_LAY_01, "only-signatures", Forged, {"signatures/a": b"x"})
    yield broken(_LAY_01, "manifest-is-a-folder", _renamed, "lepton.json/a")
    for number, (path, target) in enumerate(
        (
            ("a", CARD),
            ("a", MODEL),
            ("a", "model"),
            ("a", "."),
            ("a", ".."),
            ("a", "a"),
            ("a", "/"),
            ("a", "/dev/null"),
            ("a", "nothing/there"),
            (".hidden", CARD),
            ("model/a", "model.onnx"),
            ("model/a", "../card.json"),
            ("model/deep/er/a", "../../.."),
            ("signatures/a", "../card.json"),
            ("attestations/a", "."),
            ("attestations/deep/a", "/etc/hostname"),
            ("signatures", "model"),
            ("zz", "lepton.json"),
        )
    ):
        yield broken(_LAY_05, f"link-{number}", _linked, path, target)
    for path in (MANIFEST, CARD, MODEL, "vectors/golden.json"):
        yield broken(_LAY_05, f"{path}-is-a-link", _replaced, path)
        yield broken(_LAY_05, f"{path}-is-a-pipe", _replaced_by_pipe, path)
    for path in ("zz", "model/a", "signatures/a", "attestations/b/c", ".a"):
        yield broken(_LAY_05, f"pipe-{path}", _piped, path)
    for number, (word, kind) in enumerate(_TYPES.items()):
        paths = (MANIFEST, CARD, MODEL, "zz", "signatures/a")
        for turn in range(2):
            path = paths[(number + 2 * turn) % len(paths)]
            yield broken(_LAY_05, f"zip-{word}-{turn}", _typed, path, kind | 0o644, 0x031E + turn)
    for name in _UNLISTED:
        yield broken(_LAY_06, f"unlisted-{name}", _with_unlisted, name)
    for number, name in enumerate(_UNLISTED):
        if number % 3 == 0 or "ignatures" in name:
            yield broken(_LAY_06, f"zip-unlisted-{name}", _zip_with_unlisted, name)
    for path in (MANIFEST, "signatures/a", "attestations/b", "signatures/deep/er/a.sigstore.json"):
        yield broken(_LAY_06, f"lists-{path}", _lists, path, True)
        yield broken(_LAY_06, f"lists-{path}-that-is-not-there", _lists, path, False)
        yield broken(_LAY_06, f"lists-{path}-first", _lists_first, path)
    yield broken(_LAY_07, "zip-of-65536", _many, MAX_FILES + 1, "signatures/")
    yield broken(_LAY_07, "directory-of-65536", _many_in_a_directory, MAX_FILES + 1)


def sound_folders() -> Iterator[ValidPackage]:
    """Yield packages with unlisted files where they may be, and files of all roles that nothing names."""
    yield sound("free-folders", _with_unlisted, *_FREE)
    yield sound("free-folders-zip", _zip_with_unlisted, *_FREE)
    yield sound("unused-roles", _unused_roles)
    yield sound("unused-roles-zip", lambda: _unused().archive())
    yield sound("inner-manifests", _inner_manifests)
    yield sound("types-of-other-systems", _other_systems)
    yield sound("regular-files-of-unix", _regular)
    yield sound("zip-of-65535", _many, MAX_FILES, "signatures/")


def near_misses(identifier: str) -> Iterator[ValidPackage]:
    """Yield packages that break another rule for files than the one named."""
    if identifier == _LAY_01:
        yield sound("manifest-is-a-link", _replaced, MANIFEST)
    if identifier == _LAY_06:
        yield sound("link", _linked, "a", CARD)
        yield sound("pipe", _piped, "a")
    if identifier == "PKG-DIG-01":
        yield sound("unlisted-files", _with_unlisted, *_UNLISTED[:4])


def _renamed(name: str) -> Forged:
    files = dict(sealed(linear_draft).files)
    data = files.pop(MANIFEST)
    return Forged({**files, name: data})


def _renamed_entry(name: bytes, flags: int) -> Forged:
    fields: dict[str, int | bytes] = {"flags": flags}
    entries = sealed(linear_draft).zip_entries()
    other = replace(entries[0], name=name, local=fields, central=fields)
    return zipped([other, *entries[1:]])


def _linked(path: str, target: str) -> Forged:
    return Forged(sealed(linear_draft).files, links={path: target})


def _piped(path: str) -> Forged:
    files = sealed(linear_draft).with_members(unlisted={"signatures/x": b"", "attestations/b/x": b""}).files
    return Forged(files, pipes=(path,))


def _replaced(path: str) -> Forged:
    """Return the package with a file moved away and a link to it in its place."""
    files = dict(sealed(linear_draft).files)
    data = files.pop(path)
    folder = "../" * path.count("/")
    return Forged({**files, "signatures/moved": data}, links={path: f"{folder}signatures/moved"})


def _replaced_by_pipe(path: str) -> Forged:
    files = dict(sealed(linear_draft).files)
    del files[path]
    return Forged({**files, "model/keep": b"", "vectors/keep": b""}, pipes=(path,))


def _typed(path: str, mode: int, made_by: int) -> Forged:
    """Return a container in which an entry has a Unix file type."""
    more = (Member("zz", b"text", "text/plain", "other"),)
    entries = sealed(linear_draft).draft(*more, unlisted={"signatures/a": b"x"}).zip_entries()
    fields: dict[str, int | bytes] = {"external": mode << 16, "made_by": made_by}
    return zipped([replace(one, central=fields) if one.name == path.encode() else one for one in entries])


def _with_unlisted(*paths: str) -> Forged:
    return sealed(linear_draft).with_members(unlisted={path: b"" if "e" in path else b"x" for path in paths})


def _zip_with_unlisted(*paths: str) -> Forged:
    files = {path: b"x" if "e" in path else b"" for path in paths}
    return sealed(linear_draft).draft(unlisted=files).archive()


def _entry(path: str) -> dict[str, Any]:
    return {"path": path, "size": 1, "sha256": "0" * 64, "mediaType": "text/plain", "role": "other"}


def _lists(path: str, there: bool) -> Forged:
    base = sealed(linear_draft)
    files = {path: b"x"} if there and path != MANIFEST else {}
    changed = base.with_manifest(lambda manifest: manifest["files"].append(_entry(path)))
    return Forged({**changed.files, **files})


def _lists_first(path: str) -> Forged:
    return manifest_of(linear_draft, lambda manifest: manifest["files"].insert(0, _entry(path)))


def _unused() -> Any:
    roles = ("artifact", "weights", "graph", "tokenizer", "vocabulary", "vectors", "card", "license")
    files = [Member(f"unused/{role}", b"?", "text/plain", role) for role in (*roles, "documentation")]
    return sealed(linear_draft).draft(*files)


def _unused_roles() -> Forged:
    return Forged(_unused().files())


def _inner_manifests() -> Forged:
    broken_ones = {"in/lepton.json": b"{", "model/lepton.json": b"", "in/in/lepton.json": b'{"lepton":"2.0"}'}
    files = [Member(path, data, "application/json", "other") for path, data in broken_ones.items()]
    return sealed(linear_draft).with_members(*files)


def _other_systems() -> Forged:
    """Return a container whose entries look like links to who does not ask for the system."""
    entries = sealed(two_artifacts_draft).zip_entries()
    systems = (0x0014, 0x0A14, 0x1314, 0x0214, 0x0414, 0x0014, 0x0B00)
    types = (0o120777, 0o020666, 0o040755, 0o140777, 0o010644, 0o060600, 0o170000)
    return zipped(
        [
            replace(one, central={"made_by": systems[at % 7], "external": types[at % 7] << 16 | 0x10})
            for at, one in enumerate(entries)
        ]
    )


def _regular() -> Forged:
    """Return a container whose entries are regular files of Unix, or of no type, with rare bits besides."""
    modes = (0o100644, 0o100777, 0o104755, 0o102755, 0o101777, 0o000777, 0o100000)
    entries = sealed(two_artifacts_draft).zip_entries()
    return zipped(
        [
            replace(one, central={"made_by": 0x0314 + at, "external": modes[at % 7] << 16 | 0x31})
            for at, one in enumerate(entries)
        ]
    )


@functools.lru_cache(maxsize=2)
def _many(count: int, folder: str) -> Forged:
    entries = sealed(linear_draft).zip_entries()
    left = count - len(entries)
    return zipped([*entries, *(Entry(b"%s%05d" % (folder.encode(), at), b"") for at in range(left))])


def _many_in_a_directory(count: int) -> Forged:
    files = sealed(linear_draft).files
    left = count - len(files)
    return Forged({**files, **{f"signatures/{at // 256}/{at:05d}": b"" for at in range(left)}})
