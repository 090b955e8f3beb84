"""Validators that are wrong at one edge of a rule: they overlook some violations, or see one where none is.

Owns the table of edges; leaves passing on to `validator`. What is at an edge is told by paths, headers and
documents of the package, and by the place of a finding. Serves `package` and `core`.
"""

import functools
import hashlib
import json
import os
import re
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from lepton_conformance.mutants.validator import Proxy, Report, finding

__all__ = ["ALL"]

Found = dict[str, Any]


@dataclass(frozen=True)
class Header:
    """A central header, and the local header that it leads to; `local` is empty where there is none."""

    name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    extra: bytes
    local: tuple[Any, ...]
    local_extra: bytes


@dataclass(frozen=True)
class Seen:
    """What a validator sees of a package at a path."""

    path: Path

    @functools.cached_property
    def paths(self) -> list[str]:
        """The paths of files."""
        if self.path.is_file():
            return [header.name.decode("utf-8", "replace") for header in self.headers]
        found = []
        for folder, _, names in os.walk(self.path):
            found += [os.path.relpath(Path(folder) / name, self.path) for name in names]
        return found

    @functools.cached_property
    def archive(self) -> bytes:
        """The bytes of a container."""
        return self.path.read_bytes() if self.path.is_file() else b""

    @functools.cached_property
    def headers(self) -> list[Header]:
        """The headers of a container, as far as they can be followed."""
        data, found = self.archive, []
        if len(data) < 22 or data[-22:-18] != b"PK\5\6":
            return []
        at = struct.unpack("<I", data[-6:-2])[0]
        while data[at : at + 4] == b"PK\1\2":
            fields = struct.unpack("<4s6H3I5H2I", data[at : at + 46])
            name = data[at + 46 : at + 46 + fields[10]]
            extra = data[at + 46 + fields[10] :][: fields[11]]
            start = fields[16]
            local: tuple[Any, ...] = ()
            more = b""
            if data[start : start + 4] == b"PK\3\4":
                local = struct.unpack("<4s5H3I2H", data[start : start + 30])
                more = data[start + 30 + local[9] :][: local[10]]
            numbers = (fields[3], fields[4], fields[7], fields[8], fields[9])
            found.append(Header(name, *numbers, extra, local, more))
            at += 46 + fields[10] + fields[11] + fields[12]
        return found

    def data(self, path: str) -> bytes:
        """Return the bytes of a file of a directory, or nothing."""
        try:
            return (self.path / path).read_bytes() if self.path.is_dir() else b""
        except (OSError, ValueError):
            return b""

    def document(self, path: str) -> Any:
        """Return a JSON document of a directory; an empty one where it cannot be read."""
        try:
            found = json.loads(self.data(path))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @functools.cached_property
    def manifest(self) -> Any:
        """The manifest of a directory."""
        return self.document("lepton.json")


class _Edge(Proxy):
    """Overlooks findings of the requirement that are at an edge."""

    at_edge: ClassVar[Callable[[Found, Seen], Any]]

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        seen, rule = Seen(Path(request["path"])), type(self).at_edge
        kept = [one for one in report["findings"] if one["requirement"] != self.breaks or not rule(one, seen)]
        return self.concluded({**report, "findings": kept}, request["level"])


class _Strict(Proxy):
    """Sees the requirement violated by packages that are within an edge."""

    within: ClassVar[Callable[[Seen], Any]]

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        if not type(self).within(Seen(Path(request["path"]))):
            return report
        return self.concluded(
            {**report, "findings": [*report["findings"], finding(self.breaks)]}, request["level"]
        )


def _overlooks(key: str, word: str, says: str, rule: Callable[[Found, Seen], Any]) -> type[Proxy]:
    members = {"id": f"{key.lower()}-edge-{word}", "breaks": key, "at_edge": staticmethod(rule)}
    return type(f"Edge{key}{word}", (_Edge,), {**members, "__doc__": f"Overlooks {says}."})


def _strict(key: str, word: str, says: str, rule: Callable[[Seen], Any]) -> type[Proxy]:
    members = {"id": f"{key.lower()}-strict-{word}", "breaks": key, "within": staticmethod(rule)}
    return type(f"Strict{key}{word}", (_Strict,), {**members, "__doc__": f"Refuses {says}."})


def _any(pattern: str) -> Callable[[Seen], Any]:
    """Say whether a path of the package has a pattern."""
    return lambda seen: any(re.search(pattern, path) for path in seen.paths)


def _at(pattern: str) -> Callable[[Found, Seen], Any]:
    """Say whether the file of a finding has a pattern."""
    return lambda found, seen: re.search(pattern, found["file"])


def _pointer(pattern: str) -> Callable[[Found, Seen], Any]:
    return lambda found, seen: re.fullmatch(pattern, found["pointer"])


def _spelt(pattern: bytes) -> Callable[[Found, Seen], Any]:
    """Say whether the bytes of the manifest have a pattern."""
    return lambda found, seen: re.search(pattern, seen.data("lepton.json"))


def _headers(rule: Callable[[Header], Any]) -> Callable[[Found, Seen], Any]:
    return lambda found, seen: any(rule(one) for one in seen.headers)


def _differs(number: int, member: str) -> Callable[[Header], bool]:
    """Say whether a field of the local header is another one than in the central header."""
    return lambda one: bool(one.local) and one.local[number] != getattr(one, member)


def _needless_basis(seen: Seen) -> bool:
    said = seen.document("card.json").get("personalData")
    return isinstance(said, dict) and said.get("status") == "none" and "basis" in said


_PATHS = (
    _overlooks("PKG-LAY-02", "bar", "a `|` in a path", _at(r"^[^\\:*?\"<>]*\|[^\\:*?\"<>]*$")),
    _overlooks("PKG-LAY-02", "c1", "controls beyond ASCII", _at("[\x80-\x84\x86-\x9f]")),
    _overlooks(
        "PKG-LAY-02", "isolates", "the isolates among the controls of direction", _at("[\u2066-\u2069]")
    ),
    _overlooks("PKG-LAY-02", "arabic-mark", "the Arabic letter mark", _at("\u061c")),
    _overlooks("PKG-LAY-02", "folder", "marks in a folder's name", _at(r'[\\:*?"<>|][^/]*/')),
    _overlooks("PKG-LAY-02", "reference", "paths that `vectors` names", _pointer(r"/vectors/\d+")),
    _overlooks(
        "PKG-LAY-02", "second-entry", "the entry of a second artifact", _pointer(r"/artifacts/[1-9]/entry")
    ),
    _overlooks("PKG-LAY-02", "external", "paths of external data", _pointer(r"/artifacts/\d+/external/\d+")),
    _overlooks("PKG-LAY-02", "jamo", "Hangul that is not composed", _at("[\u1100-\u11ff]")),
    _overlooks(
        "PKG-LAY-02", "long", "paths of 1,025 bytes", lambda one, seen: len(one["file"].encode()) == 1025
    ),
    _overlooks("PKG-LAY-02", "dot-segment", "segments of one dot in a container", _at(r"(^|/)\.(/|$)")),
    _strict("PKG-LAY-02", "soft-hyphen", "soft hyphens", _any("\xad")),
    _strict("PKG-LAY-02", "joiner", "zero-width joiners", _any("\u200d")),
    _strict("PKG-LAY-02", "compatibility", "paths that are not in NFKC", _any("[①㎏ﬁ]")),
    _strict("PKG-LAY-02", "nonspacing", "private characters", _any("\ue000")),
    _overlooks("PKG-LAY-03", "sharp-s", "a sharp s beside two", _at("(?i)ß|ss")),
    _overlooks("PKG-LAY-03", "ligature", "ligatures beside letters", _at("(?i)ﬁ|ﬃ|fi")),
    _overlooks("PKG-LAY-03", "final-sigma", "a final sigma", _at("(?i)ς|σ")),
    _overlooks(
        "PKG-LAY-03",
        "deseret",
        "case beyond the basic plane",
        _at("[\U00010400-\U0001044f\U0001e900-\U0001e95f]"),
    ),
    _overlooks("PKG-LAY-03", "folder", "a file beside a folder two levels down", _at("/.*/.*/")),
    _strict(
        "PKG-LAY-03", "apart", "names alike in two folders", lambda seen: {"A/x", "a/y"} <= set(seen.paths)
    ),
    _strict("PKG-LAY-03", "dotless", "a dotless i beside an i", lambda seen: {"ı", "i"} <= set(seen.paths)),
    _overlooks("PKG-LAY-04", "superscript", "ports with a superscript", _at("[¹²³]")),
    _overlooks("PKG-LAY-04", "printer-nine", "LPT9", _at("(?i)lpt9")),
    _overlooks("PKG-LAY-04", "output", "CONOUT$", _at(r"(?i)conout\$")),
    _overlooks("PKG-LAY-04", "folder-ends", "folders that end in a space", _at(" /")),
    _overlooks("PKG-LAY-04", "space", "spaces before the extension", _at(r"(?i)(con|nul|prn|aux|\d) +\.")),
    _strict("PKG-LAY-04", "com0", "COM0", _any(r"(?i)(^|/)com0(\.|$)")),
    _strict("PKG-LAY-04", "lpt10", "LPT10", _any(r"(?i)(^|/)lpt10(\.|$)")),
    _strict("PKG-LAY-04", "clock", "CLOCK$", _any(r"(?i)clock\$")),
)
_FILES = (
    _overlooks("PKG-LAY-01", "case", "a manifest in capitals", lambda one, seen: "LEPTON.JSON" in seen.paths),
    _overlooks("PKG-LAY-01", "suffix", "a manifest json5", lambda one, seen: "lepton.json5" in seen.paths),
    _overlooks("PKG-LAY-05", "signatures", "links among signatures", _at("^signatures/.")),
    _overlooks("PKG-LAY-05", "hidden", "hidden links", _at(r"^\.")),
    _overlooks("PKG-LAY-06", "git", "files of version control", _at(r"^\.git/")),
    _overlooks("PKG-LAY-06", "finder", "files of the Finder", _at(r"\.DS_Store$|__MACOSX")),
    _overlooks("PKG-LAY-06", "capitals", "folders in capitals", _at("^SIGNATURES/|^ATTESTATIONS/")),
    _strict("PKG-LAY-06", "deep", "files deep among signatures", _any("^signatures/deep/er/")),
    _overlooks("PKG-DIG-01", "licence", "licences that are gone", _at("^zz/license$")),
    _overlooks("PKG-DIG-02", "one-more", "files of one byte more", lambda one, seen: _is_longer(one, seen)),
    _overlooks(
        "PKG-DIG-02", "empty", "files that are empty", lambda one, seen: seen.data(one["file"]) == b""
    ),
    _overlooks("PKG-DIG-03", "documentation", "documentation", _at("documentation")),
    _overlooks(
        "PKG-DIG-03",
        "big",
        "files of more than a mebibyte",
        lambda one, seen: len(seen.data(one["file"])) > 1 << 20,
    ),
    _overlooks("PKG-DIG-03", "end", "digests that agree for 8 digits", lambda one, seen: _agrees(one, seen)),
)
_ARCHIVES = (
    _overlooks(
        "PKG-ZIP-01", "enhanced", "the flag of enhanced deflating", _headers(lambda one: one.flags & 16)
    ),
    _overlooks("PKG-ZIP-01", "deflate64", "the method deflate64", _headers(lambda one: one.method == 9)),
    _overlooks("PKG-ZIP-01", "zstandard", "the method zstandard", _headers(lambda one: one.method == 93)),
    _strict(
        "PKG-ZIP-01",
        "bit-one",
        "a flag that deflating sets",
        lambda seen: any(one.flags & 2 for one in seen.headers),
    ),
    _overlooks(
        "PKG-ZIP-03",
        "crc",
        "a local CRC-32 of zero",
        _headers(lambda one: bool(one.local) and one.local[6] == 0 and one.crc),
    ),
    _overlooks("PKG-ZIP-03", "flags", "flags that differ", _headers(_differs(2, "flags"))),
    _overlooks("PKG-ZIP-03", "method", "methods that differ", _headers(_differs(3, "method"))),
    _overlooks("PKG-ZIP-03", "size", "sizes that differ", _headers(_differs(8, "size"))),
    _overlooks(
        "PKG-ZIP-04", "zeros", "zero bytes at the end", lambda one, seen: seen.archive.endswith(b"\0\0\0\0")
    ),
    _overlooks(
        "PKG-ZIP-04",
        "shebang",
        "an ELF header before the first entry",
        lambda one, seen: seen.archive[:4] == b"\x7fELF",
    ),
    _overlooks(
        "PKG-ZIP-05",
        "inner",
        "an inner manifest that comes first",
        lambda one, seen: seen.headers and seen.headers[0].name.endswith(b"/lepton.json"),
    ),
    _overlooks("PKG-ZIP-06", "weights", "weights", _at("weights")),
    _overlooks(
        "PKG-ZIP-06",
        "half",
        "multiples of 32",
        lambda one, seen: re.fullmatch(r"byte \d+", one["pointer"]) and int(one["pointer"][5:]) % 32 == 0,
    ),
    _overlooks("PKG-ZIP-07", "unlisted", "content that nothing lists", _at("^signatures/")),
    _overlooks(
        "PKG-ZIP-07",
        "stored",
        "stored entries of two sizes",
        _headers(lambda one: one.method == 0 and one.size != one.compressed),
    ),
    _overlooks(
        "PKG-ZIP-09",
        "unix",
        "times of Unix",
        _headers(lambda one: b"\x55\x54" in (one.local_extra[:2], one.extra[:2])),
    ),
    _overlooks("PKG-ZIP-09", "central", "records in the central header", _headers(lambda one: one.extra)),
    _strict(
        "PKG-ZIP-09",
        "long",
        "long alignment records",
        lambda seen: any(len(one.local_extra) > 4000 for one in seen.headers),
    ),
    _strict(
        "PKG-ZIP-04",
        "level",
        "streams of many blocks",
        lambda seen: any(one.method == 8 and one.compressed > one.size + 40 for one in seen.headers),
    ),
)
_TEXTS = (
    _overlooks("PKG-MAN-02", "deep", "names that stand twice deep down", _spelt(rb'"z":\{"a":null,"a"')),
    _overlooks("PKG-MAN-02", "low", "a low surrogate alone", _spelt(rb'"\\udc00"')),
    _overlooks("PKG-MAN-02", "tab", "a tab in a text", _spelt(b"a\tb")),
    _overlooks("PKG-MAN-02", "comma", "a comma behind the last element", _spelt(rb"\[1,\]")),
    _overlooks("PKG-MAN-02", "overflow", "numbers just beyond binary64", _spelt(b"1.7976931348623159e308")),
    _overlooks(
        "PKG-MAN-03", "units", "names in the order of code points", _spelt("\ue000.*\U0001f600".encode())
    ),
    _overlooks("PKG-MAN-03", "exponent", "exponents of two digits", _spelt(b"1e-07")),
    _overlooks("PKG-MAN-03", "slash", "slashes that are escaped", _spelt(rb'"\\/"')),
    _overlooks("PKG-MAN-03", "minus", "minus zero", _spelt(rb":-0\}")),
    _strict(
        "PKG-MAN-01",
        "limit",
        "manifests of exactly 16 MiB",
        lambda seen: len(seen.data("lepton.json")) == 1 << 24,
    ),
    _overlooks(
        "PKG-MAN-01",
        "one-more",
        "one byte more than 16 MiB",
        lambda one, seen: len(seen.data("lepton.json")) == (1 << 24) + 1,
    ),
    _strict(
        "COR-LIM-01", "limit", "cards of exactly 64 MiB", lambda seen: len(seen.data("card.json")) == 1 << 26
    ),
    _overlooks("COR-LIM-01", "second", "the second vectors document", _at("more")),
)
_DOCUMENTS = (
    _overlooks("PKG-MAN-04", "role", "roles in capitals", _pointer(r"/files/\d+/role")),
    _overlooks("PKG-MAN-04", "labels", "labels", _pointer(r".*/labels(/.*)?")),
    _overlooks(
        "PKG-MAN-04",
        "digits",
        "versions with leading zeros",
        lambda one, seen: re.match(r"0\d", str(seen.manifest.get("version"))),
    ),
    _overlooks("PKG-MAN-05", "output", "outputs of the interface", _pointer(r"/interface/outputs/\d+.*")),
    _overlooks(
        "PKG-MAN-05", "apart", "files that do not follow each other", _pointer(r"/files/[1-9]\d*/path")
    ),
    _overlooks(
        "PKG-MAN-06", "role", "external data of another role", _pointer(r"/artifacts/\d/external/\d+")
    ),
    _overlooks("PKG-MAN-06", "second", "a second vectors document", _pointer("/vectors/1")),
    _overlooks(
        "COR-VER-01",
        "zero",
        "leading zeros in the edition",
        lambda one, seen: seen.manifest.get("lepton") == "1.01",
    ),
    _strict("COR-VER-01", "ten", "the edition 1.10", lambda seen: seen.manifest.get("lepton") == "1.10"),
    _overlooks("COR-TYP-01", "interface", "datatypes of the interface", _pointer("/interface/.*")),
    _overlooks("COR-TYP-02", "expected", "expected tensors", _pointer(".*/expected/.*")),
    _overlooks("COR-TYP-02", "last", "the last vector", _pointer("/vectors/2/.*")),
    _overlooks("COR-TXT-01", "basis", "the basis of personal data", _pointer("/personalData/basis")),
    _overlooks("COR-TXT-01", "labels", "labels of the signature", _pointer(r"/signature/.*/labels/names")),
    _overlooks("COR-TXT-02", "domain", "names of domains", _pointer(r"/artifacts/.*")),
    _strict(
        "COR-TXT-02",
        "values",
        "texts that are not composed",
        lambda seen: any(
            not unicodedata.is_normalized("NFC", str(text))
            for text in dict(seen.manifest.get("title") or {}).values()
        ),
    ),
    _overlooks("COR-EXT-01", "symbol", "members of files", _pointer(r"/files/.*")),
    _overlooks(
        "PKG-DOC-01",
        "and",
        "operators in mixed case",
        lambda one, seen: " And " in str(seen.manifest.get("license")),
    ),
    _strict("PKG-DOC-01", "plus", "a plus behind MIT", lambda seen: seen.manifest.get("license") == "MIT+"),
    _strict(
        "PKG-DOC-01",
        "spaces",
        "spaces inside parentheses",
        lambda seen: seen.manifest.get("license") == "( MIT )",
    ),
    _overlooks("PKG-DOC-02", "trained", "data sets of the training", _pointer("/trainedOn/.*")),
    _overlooks("PKG-DOC-03", "second", "limitations", _pointer("/limitations.*")),
    _overlooks("PKG-DOC-04", "number", "numbers of samples", _pointer(r"/evaluations/\d/n")),
    _overlooks("PKG-DOC-06", "last", "the last evaluation", _pointer("/evaluations/2/dataset")),
    _strict("PKG-PRV-01", "basis", "a basis that is not asked for", lambda seen: _needless_basis(seen)),
)
_BUNDLES = (
    _overlooks("PKG-SGN-01", "deep", "bundles in folders", _at("^signatures/.+/")),
    _overlooks("PKG-SGN-01", "second", "a second bundle", _at("second")),
    _strict(
        "PKG-SGN-01",
        "chain",
        "chains of certificates",
        lambda seen: b"x509CertificateChain" in seen.data("signatures/release.sigstore.json"),
    ),
    _overlooks("PKG-SGN-02", "second", "a second bundle", _at("second")),
    _overlooks("PKG-SGN-03", "second", "a second bundle", _at("second")),
    _overlooks("PKG-SGN-06", "second", "a second attestation", _at("second")),
    _overlooks("PKG-SGN-06", "deep", "attestations in folders", _at("^attestations/.+/")),
    _strict(
        "PKG-SGN-06",
        "keys",
        "two signatures",
        lambda seen: seen.data("attestations/build.dsse.json").count(b'"sig"') == 2,
    ),
)


def _listed(one: Found, seen: Seen) -> Any:
    entries = seen.manifest.get("files", [])
    return next((entry for entry in entries if entry["path"] == one["file"]), {"size": 0, "sha256": ""})


def _is_longer(one: Found, seen: Seen) -> bool:
    return bool(len(seen.data(one["file"])) == _listed(one, seen)["size"] + 1)


def _agrees(one: Found, seen: Seen) -> bool:
    found = hashlib.sha256(seen.data(one["file"])).hexdigest()
    return bool(found[:8] == _listed(one, seen)["sha256"][:8])


ALL: tuple[type[Proxy], ...] = (*_PATHS, *_FILES, *_ARCHIVES, *_TEXTS, *_DOCUMENTS, *_BUNDLES)
