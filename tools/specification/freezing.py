"""Freeze an edition: copy what has to be remembered, digest the rest, and never touch it again.

Owns what an edition consists of and the conditions of a release; leaves the rules of the prose to `book`.
"""

import datetime
import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lepton_conformance.edition import requirement_set_digest, sources_of_tests
from specification.book import LOCK, REQUIREMENTS, SPEC_VERSION, Book
from specification.edition import EDITIONS, INDEX, NAME, Edition, digest, encode
from specification.lock import is_draft
from specification.published import read_examples

__all__ = ["FreezeError", "freeze", "working_edition"]

_SUITE = "conformance/lepton_conformance/suite"
_CORPUS = "tests/schemas"


class FreezeError(Exception):
    """The edition cannot be made; the message says why and what to do."""


def freeze(book: Book, name: str, day: datetime.date) -> Path:
    """Write the edition's folder and its line in the index, and return the folder.

    A released edition turns the lock from draft to released: from then on no wording changes without a
    revision. Raises: FreezeError.
    """
    match = NAME.match(name)
    if match is None or match["spec"] != SPEC_VERSION:
        raise FreezeError(
            f"found the edition {name!r}, expected {SPEC_VERSION} or {SPEC_VERSION}-draft.N; "
            "a new minor edition begins with a copy of the folder schemas/1.N"
        )
    folder = book.root / EDITIONS / name
    if folder.exists():
        raise FreezeError(f"found {EDITIONS}/{name}: an edition is frozen once; choose the next number")
    if match["draft"] is None:
        _require_changelog(book.root, name, day)
        lock = book.root / LOCK
        released = lock.read_text().replace(
            f"# Lepton {SPEC_VERSION}, draft\n", f"# Lepton {SPEC_VERSION}, released\n", 1
        )
        if is_draft(released):
            raise FreezeError(f"found no draft in the first line of {LOCK}; restore the file")
        _write(lock, released.encode())
    beside = folder.with_name(f".{name}.{os.getpid()}.tmp")
    try:
        beside.mkdir(parents=True)
        _fill(book, beside, name, day)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    entries = _index(book.root)
    entries.append(
        {"edition": name, "date": day.isoformat(), "sha256": digest((folder / "edition.json").read_bytes())}
    )
    _write(book.root / INDEX, encode({"editions": entries}))
    return folder


def _fill(book: Book, folder: Path, name: str, day: datetime.date) -> None:
    published = book.root / "schemas" / SPEC_VERSION
    requirements = (published / "requirements.json").read_bytes()
    copies = {
        "requirements.json": requirements,
        "tests.json": encode(sources_of_tests(book.root / _SUITE)),
        "instances.json": encode({"instances": list(_instances(book))}),
    }
    for file, content in copies.items():
        (folder / file).write_bytes(content)
    files = {f"{EDITIONS}/{name}/{file}": content for file, content in copies.items()}
    for path in (*published.iterdir(), *_chapters(book)):
        files[path.relative_to(book.root).as_posix()] = path.read_bytes()
    project = tomllib.loads((book.root / "pyproject.toml").read_text())["project"]
    manifest = {
        "edition": name,
        "spec": SPEC_VERSION,
        "date": day.isoformat(),
        "suite": {"version": project["version"]},
        "requirementSet": requirement_set_digest(
            {each["id"]: each for each in json.loads(requirements)["requirements"]}
        ),
        "files": [
            {"path": path, "size": len(content), "sha256": digest(content)}
            for path, content in sorted(files.items())
        ],
    }
    (folder / "edition.json").write_bytes(encode(manifest))


def working_edition(book: Book) -> Edition:
    """Return what stands in the repository now, as an edition named `working`."""
    generated = json.loads(book.outputs()[REQUIREMENTS])["requirements"]
    requirements = {each["id"]: each for each in generated}
    return Edition(
        name="working",
        spec=SPEC_VERSION,
        date="",
        suite_version="",
        requirement_set=requirement_set_digest(requirements),
        requirements=requirements,
        tests=sources_of_tests(book.root / _SUITE),
        instances=[(each["schema"], each["document"]) for each in _instances(book)],
    )


def _chapters(book: Book) -> list[Path]:
    return [book.root / file for file in sorted(book.sources)]


def _instances(book: Book) -> Iterator[dict[str, Any]]:
    """Yield every document that the edition calls valid: those of the schemas' corpus, and the examples."""
    for path in sorted((book.root / _CORPUS).glob("*/valid/*.json")):
        definition, separator, _ = path.stem.partition("--")
        pointer = f"#/$defs/{definition}" if separator else ""
        yield {
            "schema": f"{path.parent.parent.name}.schema.json{pointer}",
            "document": json.loads(path.read_bytes()),
        }
    for file, text in sorted(book.sources.items()):
        if file.startswith("spec/en/"):
            for example in read_examples(file, text, []):
                if example.valid:
                    yield {"schema": example.reference, "document": json.loads(example.source)}


def _require_changelog(root: Path, name: str, day: datetime.date) -> None:
    heading = f"## {name}, {day.isoformat()}"
    path = root / "CHANGELOG.md"
    text = path.read_text() if path.is_file() else ""
    if not re.search(rf"^{re.escape(heading)}$", text, re.MULTILINE):
        raise FreezeError(f"found no heading {heading!r} in CHANGELOG.md; say there what the edition brings")


def _index(root: Path) -> list[dict[str, str]]:
    path = root / INDEX
    entries: list[dict[str, str]] = json.loads(path.read_bytes())["editions"] if path.is_file() else []
    return entries


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    beside.write_bytes(content)
    beside.replace(path)
