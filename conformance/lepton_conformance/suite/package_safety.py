"""Tests that a package cannot make its validator do what it should not (Spec: PKG-VAL, PKG-ZIP, COR)."""

import io
import pickle
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

from lepton_conformance.forge import VIOLATIONS
from lepton_conformance.forge.archive import DEFLATED, Entry, write_archive
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.valid import linear_draft
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.subject.validator import ValidatorReport, ValidatorSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.judging import said_of
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.visits import listener

#: What may not reach a terminal: control characters, bidirectional controls, line and paragraph separators.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
EVIL = "\x1b]0;owned\x07\u202e\x9b31m\u2028"


class _Touch:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


@requirement("PKG-VAL-02")
def test_nothing_of_a_package_is_executed(validator: ValidatorSubject, budget: Budget) -> None:
    def check(what: str) -> None:
        for level in validator.levels():
            trace = validator.folder / f"trace-{level}-{what.replace(' ', '-')}"
            validator.validate(_TEMPTING[what](trace), level)
            if trace.exists():
                trace.unlink()
                raise SubjectFault(
                    f"sent a package with {what} at the level {level}; found that it ran, expected that "
                    "nothing of a package is executed"
                )

    each(budget, _TEMPTING, check)


def _script(trace: Path) -> bytes:
    return f"open({str(trace)!r}, 'w').close()\n".encode()


def _with_scripts(trace: Path) -> Forged:
    draft = linear_draft()
    for path in ("setup.py", "conftest.py", "__init__.py", "model/__init__.py", "sitecustomize.py"):
        draft.add(path, _script(trace), "text/x-python", "other")
    return draft.directory()


def _with_pickles(trace: Path) -> Forged:
    data = pickle.dumps(_Touch(trace), protocol=2)
    draft = linear_draft()
    for path in ("model/model.pkl", "data.pt", "notes.txt"):
        draft.add(path, data, "application/octet-stream", "other")
    return draft.directory()


def _with_printable_pickle(trace: Path) -> Forged:
    data = pickle.dumps(_Touch(trace), protocol=0)
    return linear_draft().add("model/weights.pkl", data, "application/octet-stream", "other").directory()


def _with_torch_archive(trace: Path) -> Forged:
    """Return a package with a pt2 artifact whose archive holds pickles and code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in (
            ("m/archive_format", b"pt2"),
            ("m/archive_version", b"0"),
            ("m/models/model.json", b"{}"),
            ("m/data/weights/model.pt", pickle.dumps(_Touch(trace), protocol=2)),
            ("m/data.pkl", pickle.dumps(_Touch(trace), protocol=2)),
            ("m/code.py", _script(trace)),
        ):
            archive.writestr(zipfile.ZipInfo(name), data)
    draft = linear_draft().add("model/model.pt2", buffer.getvalue(), "application/zip", "artifact")
    artifact = {"id": "torch", "format": "pt2", "formatVersion": "0", "entry": "model/model.pt2"}
    draft.manifest["artifacts"].append({**artifact, "precision": "FP32", "executable": True})
    return draft.directory()


_TEMPTING = {
    "Python files": _with_scripts,
    "pickles": _with_pickles,
    "a pickle of text": _with_printable_pickle,
    "a pt2 archive of pickles": _with_torch_archive,
}


@requirement("COR-NET-01")
def test_no_address_of_a_package_is_visited(validator: ValidatorSubject, budget: Budget) -> None:
    def check(level: str) -> None:
        with listener() as (port, visits):
            validator.validate(_calling(f"http://127.0.0.1:{port}"), level)
        if visits:
            raise SubjectFault(
                f"sent a package with URLs of 127.0.0.1:{port} at the level {level}; found a connection "
                "to it, expected that no network connection is opened"
            )

    each(budget, validator.levels(), check)


def _calling(url: str) -> Forged:
    draft = linear_draft()
    draft.manifest["supplier"] = {"name": "x", "url": f"{url}/supplier"}
    draft.manifest["extensions"] = {"org.example.x": {"$ref": f"{url}/x.json", "$schema": f"{url}/s.json"}}
    draft.add("links.html", f'<img src="{url}/i.png">'.encode(), "text/html", "documentation")
    dataset = {"name": "d", "url": f"{url}/d", "sha256": "0" * 64}
    return draft.edit(CARD, lambda card: card.update(trainedOn=[dataset])).directory()


@requirement("COR-ESC-01")
def test_text_of_a_package_is_escaped(validator: ValidatorSubject, budget: Budget) -> None:
    def check(what: str) -> None:
        said = validator.validate(_EVIL[what](), validator.levels()[0])
        if not isinstance(said, ValidatorReport):
            return
        steering = _STEERING.search(said.line)
        if steering is not None:
            raise SubjectFault(
                f"sent a package with control characters in {what}; found "
                f"U+{ord(steering.group()):04X} as it "
                "is in the report's bytes, expected an escape: the line is shown on terminals"
            )

    each(budget, _EVIL, check)


def _evil_version() -> Forged:
    draft = linear_draft()
    draft.manifest.update(title={"en": EVIL}, version=EVIL, license=EVIL)
    return draft.directory()


def _evil_path() -> Forged:
    draft = linear_draft()
    draft.unlisted = {f"a{EVIL.replace('/', '')}": b"x"}
    return draft.directory()


def _evil_tensor() -> Forged:
    draft = linear_draft()
    draft.manifest["signature"]["inputs"][0]["name"] = EVIL
    return draft.directory()


_EVIL = {"version and licence": _evil_version, "a path": _evil_path, "a tensor's name": _evil_tensor}


@requirement("PKG-ZIP-08")
def test_an_archive_in_a_package_stays_closed(validator: ValidatorSubject, budget: Budget) -> None:
    def check(name: str) -> None:
        draft = _NESTED[name](linear_draft())
        for level in validator.levels():
            before = validator.forget_memory()
            said = validator.validate(draft.directory(), level)
            most = validator.memory_bytes()
            if before is not None and most is not None and most - before > NESTED_BYTES:
                raise SubjectFault(
                    f"sent a valid package with {name} in it; found {most - before} bytes of memory more "
                    f"than before, expected less than {NESTED_BYTES}: an archive in a package is not unpacked"
                )
            if isinstance(said, ValidatorReport) and (said.findings or said.verdict != "pass"):
                raise SubjectFault(
                    f"sent a valid package with {name} in it; found {said_of(said)}, expected the verdict "
                    "'pass': an archive in a package is bytes"
                )

    each(budget, _NESTED, check)
    each(budget, ("an archive of 512 MiB of zeros",), lambda what: _unopened(validator, what))


#: What a validator may take for a package with an archive that it does not unpack, beside what it has.
MAX_CLOSED_BYTES = 210_000_000


def _unopened(validator: ValidatorSubject, what: str) -> None:
    """Expect that an archive is not unpacked, by the memory that it would take. Raises: SubjectFault."""
    block = zlib.compressobj(1, zlib.DEFLATED, -15)
    data = (block.compress(bytes(1 << 20)) + block.flush(zlib.Z_FULL_FLUSH)) * 512 + b"\3\0"
    fields: dict[str, int | bytes] = {"size": 1 << 29, "compressed": len(data), "crc": 0x6DB88320}
    inner = write_archive([Entry(b"zeros", b"", DEFLATED, False, data, fields, fields)])
    package = linear_draft().add("inner.zip", inner, "application/zip", "other").directory()
    before = validator.forget_memory()
    validator.validate(package, validator.levels()[0])
    most = validator.memory_bytes()
    if before is not None and most is not None and most - before > MAX_CLOSED_BYTES:
        raise SubjectFault(
            f"sent a package with {what} in it; found {most - before} bytes of memory more than before, "
            f"expected at most {MAX_CLOSED_BYTES}: an archive in a package is bytes"
        )


#: What an archive in a package comes to when it is unpacked, and what tells that somebody did.
GROWN_BYTES, NESTED_BYTES = 400 << 20, 300_000_000


def _grows(draft: Draft) -> Draft:
    """Add an archive of a few hundred kilobytes that holds hundreds of megabytes of zeros."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 20)
    # Each block ends the memory of the compressor, so that one is like the other
    piece = compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH)
    count = GROWN_BYTES // len(block)
    crc = 0
    for _ in range(count):
        crc = zlib.crc32(block, crc)
    payload = piece * count + b"\x03\x00"
    fields: dict[str, int | bytes] = {"crc": crc, "size": GROWN_BYTES}
    entry = Entry(b"zeros", b"", DEFLATED, local=fields, central=fields, payload=payload)
    return draft.add("zeros.zip", write_archive([entry]), "application/zip", "other")


def _inner(identifier: str, name: str) -> bytes:
    one = next(each for each in VIOLATIONS if (each.requirement, each.name) == (identifier, name))
    archive = one.forge().archive
    assert archive is not None
    return archive


def _with_inner(data: bytes, path: str) -> Any:
    def add(draft: Draft) -> Draft:
        return draft.add(path, data, "application/zip", "other")

    return add


_NESTED: dict[str, Any] = {
    "a package of two manifests": lambda draft: _with_inner(_inner("PKG-ZIP-02", "name-twice"), "a.lepton")(
        draft
    ),
    "an archive that grows": lambda draft: _with_inner(_inner("PKG-ZIP-07", "bomb"), "inner.zip")(draft),
    "an archive of zeros": _grows,
    "a package without manifest": lambda draft: _with_inner(
        _inner("PKG-LAY-01", "zip-without-manifest"), "b.lepton"
    )(draft),
    "a package that leads outside": lambda draft: _with_inner(_inner("PKG-LAY-02", "zip-parent"), "c.zip")(
        draft
    ),
}
