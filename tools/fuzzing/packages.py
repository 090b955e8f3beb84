"""Targets: whole packages, and their documents inside a package that is otherwise sound.

Owns the changes that keep a package together (digests of what was changed, the layout of the container) and
what is asked of a verdict; leaves single readers to `texts` and `binaries`.
"""

import functools
import hashlib
import io
import json
import random
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import lepton_spec
from fuzzing.binaries import ZIP_ERRORS, on_disk
from fuzzing.changes import change_bytes, change_json, change_value, change_wire, written
from fuzzing.memory import MemoryContainer
from fuzzing.target import Target, expect
from lepton.checks import ALL, Outcome, run
from lepton.errors import SourceError
from lepton.finding import PackageReport, Report, Severity, Verdict, severity
from lepton.package.canonical import canonical
from lepton.package.read import Package
from lepton.report import FORMATS, render
from lepton.validate import validate_package
from lepton_conformance.forge import VALID
from lepton_conformance.forge.archive import DEFLATED, STORED, Entry, Layout, write_archive

__all__ = ["TARGETS", "members_of", "sealed", "zipped"]

MANIFEST = "lepton.json"
#: Bytes of a package that is a seed.
MAX_SEED_BYTES = 16384
_QUICK = tuple(one for one in ALL if not one.full)
_ODD_PATHS = (
    "../x", "/x", "a//b", "a\\b", "C:x", "nul.txt", "x.", "LEPTON.JSON", "card.json/x", "e\u0301",
    "\u202etxt", "a" * 256, "signatures/x", "attestations/", "model/MODEL.onnx", "x\0y", ".hidden",
    "w.safetensors",
)  # fmt: skip


@functools.cache
def _valid() -> tuple[dict[str, bytes], ...]:
    """Return the files of the forge's small valid packages."""
    found = []
    for package in VALID:
        forged = package.forge()
        files = dict(forged.files) if forged.archive is None else members_of(forged.archive)
        if sum(map(len, files.values())) <= MAX_SEED_BYTES:
            found.append(files)
    return tuple(found)


def members_of(data: bytes) -> dict[str, bytes]:
    """Return the files of a zip that another reader can read, without those that it cannot."""
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                found[name] = archive.read(name)
    except ZIP_ERRORS:
        pass
    return found


def sealed(files: Mapping[str, bytes], manifest: Any) -> dict[str, bytes]:
    """Return the files with a manifest that describes them as they are, as far as it lists them."""
    for path, one in _listed(manifest):
        if path in files:
            one["size"], one["sha256"] = len(files[path]), hashlib.sha256(files[path]).hexdigest()
    return {
        MANIFEST: written(manifest, random.Random(0)),
        **{p: d for p, d in files.items() if p != MANIFEST},
    }


def _listed(manifest: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and entry of what looks like one in a manifest that may be anything."""
    listed = manifest.get("files") if isinstance(manifest, dict) else None
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and isinstance(one.get("path"), str):
            yield one["path"], one


def zipped(files: Mapping[str, bytes], manifest: Any) -> list[Entry]:
    """Return the entries of the canonical container."""
    roles = {path: one.get("role") for path, one in _listed(manifest)}
    order = [MANIFEST, *sorted(path for path in files if path != MANIFEST)]
    return [
        Entry(
            path.encode("utf-8", "surrogatepass"),
            files[path],
            STORED,
            roles.get(path) in ("artifact", "weights"),
        )
        for path in order
        if path in files
    ]


def _archive_seeds() -> Iterator[bytes]:
    for files in _valid():
        yield write_archive(zipped(files, json.loads(files[MANIFEST])))


def _change_archive(data: bytes, chance: random.Random) -> bytes:
    files = members_of(data)
    try:
        manifest = json.loads(files[MANIFEST])
    except (KeyError, ValueError, RecursionError):
        return change_bytes(data, chance)
    try:
        return _changed(files, manifest, chance)
    except (TypeError, AttributeError, LookupError, UnicodeError, RecursionError, ValueError):
        # The manifest is no manifest any more.
        return change_bytes(data, chance)


def _changed(files: dict[str, bytes], manifest: Any, chance: random.Random) -> bytes:
    roll = chance.random()
    if roll < 0.4:
        manifest = change_value(manifest, chance)
    elif roll < 0.75:
        path = chance.choice(sorted(files))
        change = (
            change_json if path.endswith(".json") else change_wire if path.endswith(".onnx") else change_bytes
        )
        files[path] = change(files[path], chance)
    elif roll < 0.85:
        path, new = chance.choice(sorted(files)), chance.choice(_ODD_PATHS)
        files[new] = files[path] if chance.random() < 0.5 else files.pop(path)
        for one in manifest["files"]:
            if one["path"] == path and chance.random() < 0.7:
                one["path"] = new
    if chance.random() < 0.9:
        files = sealed(files, manifest)
    entries = zipped(files, manifest)
    layout = Layout()
    if roll >= 0.85 and entries:
        at = chance.randrange(len(entries))
        entries[at] = _faulty_entry(entries[at], chance)
        if chance.random() < 0.2:
            layout = chance.choice(
                (Layout(b"PK"), Layout(gap=b"PK"), Layout(suffix=b"PK"), Layout(comment=b"PK"))
            )
    return write_archive(entries, layout)


def _faulty_entry(entry: Entry, chance: random.Random) -> Entry:
    """Return an entry with headers, or a payload, that are not what they say."""
    if chance.random() < 0.3:
        return Entry(entry.name, entry.data, DEFLATED)
    if chance.random() < 0.3:
        return Entry(
            entry.name,
            entry.data,
            chance.choice((STORED, DEFLATED)),
            payload=change_bytes(entry.data, chance),
        )
    field = chance.choice(
        ("flags", "method", "crc", "compressed", "size", "external", "offset", "extra", "name")
    )
    bits = 16 if field in ("flags", "method") else 32
    value: int | bytes = chance.choice((0, 1, 3, 8, 2048, 0xFFFF, 0xA1ED0000, 0xFFFFFFFF)) % 2**bits
    if field in ("extra", "name"):
        value = change_bytes(entry.name, chance)[:200]
    sides: dict[str, Any] = {"central": {field: value, "made_by": 0x314}}
    if field not in ("external", "offset") and chance.random() < 0.5:
        sides["local"] = {field: value}
    return replace(entry, **sides)


def _archive(data: bytes) -> None:
    with on_disk(data) as path:
        try:
            report = validate_package(path, level="quick")
        except SourceError:
            return
        # The last byte of a zip is nearly always zero: a check sum picks every eighth input.
        if report.findings and zlib.crc32(data) % 8 == 0:
            expect(report == validate_package(path, level="quick"), "the second verdict differs")
    _judged(report, rendered=zlib.crc32(data) % 3 == 0)
    if report.verdict is Verdict.PASS:
        files = members_of(data)
        _sound(files)
        again = _judge(files)
        expect(
            not any(severity(one.requirement) is Severity.ERROR for one in again.findings),
            "a folder is judged otherwise",
        )


def _judged(report: PackageReport, *, rendered: bool) -> None:
    """Ask of a report what the standard asks of it."""
    known = lepton_spec.requirements()
    for one in report.findings:
        expect(one.requirement in known, f"found the unknown requirement {one.requirement!r}")
        expect(bool(one.message) and bool(one.hint), "found a finding without message or remedy")
        expect(len(one.message) < 20_000, "found a message of a stranger's length")
    absolute = any(severity(one.requirement) is Severity.ERROR for one in report.findings)
    expect(absolute == (report.verdict is Verdict.FAIL), "the verdict does not follow from the findings")
    expect(not set(report.checked) & set(report.not_checked), "found a requirement both checked and not")
    if not rendered:
        return
    whole = Report((report._replace(path="package"),), "quick")
    for form in FORMATS:
        text = render(whole, form)
        text.encode()
        expect("\x1b" not in text and "\u202e" not in text, f"{form}: found text that controls a terminal")
        if form in ("json", "sarif"):
            json.loads(text)
        elif form == "junit":
            ElementTree.fromstring(text)


def _sound(files: Mapping[str, bytes]) -> None:
    """See for ourselves that a package that passed is what its manifest says."""
    manifest = json.loads(files[MANIFEST])
    expect(canonical(manifest) == files[MANIFEST], "passed a manifest that is not canonical")
    listed = {one["path"]: one for one in manifest["files"]}
    for path, data in files.items():
        if path != MANIFEST and not path.startswith(("signatures/", "attestations/")):
            expect(listed[path]["sha256"] == hashlib.sha256(data).hexdigest(), "passed a wrong digest")
    expect(listed.keys() <= files.keys(), "passed a package without a listed file")


def _judge(files: Mapping[str, bytes]) -> Outcome:
    with Package(MemoryContainer(files)) as package:
        return run(package, _QUICK)


def _document_seeds(member: str) -> Iterator[bytes]:
    for files in _valid():
        if member == MANIFEST:
            yield files[MANIFEST]
        else:
            manifest = json.loads(files[MANIFEST])
            yield files[manifest["card"] if member == "card" else manifest["vectors"][0]]


def _document(member: str, data: bytes) -> None:
    """Judge a document inside the package that its own identifiers fit best, the first one otherwise."""
    files = dict(_home(data))
    manifest = json.loads(files[MANIFEST])
    if member == MANIFEST:
        files[MANIFEST] = data
    else:
        files[manifest["card"] if member == "card" else manifest["vectors"][0]] = data
        files = sealed(files, manifest)
    found = _judge(files)
    if data[:1] == data[-1:]:
        expect(found == _judge(files), "the second verdict differs")
    known = lepton_spec.requirements()
    expect(
        all(one.requirement in known and one.message for one in found.findings),
        "found an unknown requirement",
    )
    expect(
        bool(found.findings) or member != MANIFEST or canonical(json.loads(data)) == data,
        "passed, not canonical",
    )


def _home(data: bytes) -> dict[str, bytes]:
    """Return the valid package that shares the most text with a document."""
    marks = {data[at : at + 24] for at in range(0, len(data), 97)}
    return max(_valid(), key=lambda files: sum(any(mark in one for one in files.values()) for mark in marks))


def _of(member: str) -> Callable[[bytes], None]:
    return functools.partial(_document, member)


TARGETS = (
    Target("package", _archive_seeds, _archive, _change_archive, 32768, share=4),
    Target(
        "manifest", functools.partial(_document_seeds, MANIFEST), _of(MANIFEST), change_json, 16384, share=2
    ),
    Target("card", functools.partial(_document_seeds, "card"), _of("card"), change_json, 8192, share=2),
    Target(
        "vectors", functools.partial(_document_seeds, "vectors"), _of("vectors"), change_json, 16384, share=2
    ),
)
