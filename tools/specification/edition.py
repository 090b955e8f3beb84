"""The editions that were published: what each one froze, and whether it is still what it was.

Owns `schemas/editions`: one folder an edition, never changed once it is written, and the index that holds the
digest of each. Leaves making an edition to `freezing` and what changed between two to `changes`.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specification.problem import Problem
from specification.published import PublishedFiles

__all__ = [
    "EDITIONS",
    "INDEX",
    "NAME",
    "Edition",
    "check_editions",
    "check_gate",
    "digest",
    "encode",
    "read_editions",
]

EDITIONS = "schemas/editions"
INDEX = f"{EDITIONS}/index.json"
#: `1.0` is released; `1.0-draft.2` was published to be read and tried, and promises nothing.
NAME = re.compile(r"^(?P<spec>[0-9]+\.(?:0|[1-9][0-9]*))(?:-draft\.(?P<draft>[1-9][0-9]*))?$")


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition, as it was frozen.

    `requirements` are those of `requirements.json` by ID; `tests` is, by requirement ID, the digest of the
    source of each of the suite's test functions; `instances` are `[schema reference, document]`.
    """

    name: str
    spec: str
    date: str
    suite_version: str
    requirement_set: str
    requirements: Mapping[str, Mapping[str, Any]]
    tests: Mapping[str, Mapping[str, str]]
    instances: Sequence[tuple[str, Any]]

    @property
    def released(self) -> bool:
        """Say whether the edition binds; a draft does not."""
        return "-" not in self.name

    @property
    def order(self) -> tuple[int, int, float]:
        """Return the key that sorts editions by age: the drafts of an edition come before it."""
        found = NAME.match(self.name)
        assert found is not None
        major, minor = found["spec"].split(".")
        return int(major), int(minor), float(found["draft"] or "inf")


def encode(document: Any) -> bytes:
    """Return a generated JSON file's bytes."""
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def digest(content: bytes) -> str:
    """Return the lowercase hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def read_editions(root: Path) -> list[Edition]:
    """Return every edition, the oldest first. Raises: OSError, ValueError, KeyError for a broken one."""
    folders = [path.parent for path in (root / EDITIONS).glob("*/edition.json")]
    return sorted((_read(folder) for folder in folders), key=lambda each: each.order)


def _read(folder: Path) -> Edition:
    manifest = json.loads((folder / "edition.json").read_bytes())
    requirements = json.loads((folder / "requirements.json").read_bytes())["requirements"]
    return Edition(
        name=manifest["edition"],
        spec=manifest["spec"],
        date=manifest["date"],
        suite_version=manifest["suite"]["version"],
        requirement_set=manifest["requirementSet"],
        requirements={each["id"]: each for each in requirements},
        tests=json.loads((folder / "tests.json").read_bytes()),
        instances=[
            (each["schema"], each["document"])
            for each in json.loads((folder / "instances.json").read_bytes())["instances"]
        ],
    )


def check_editions(root: Path, problems: list[Problem]) -> None:
    """Note every byte of an edition that is not what it was when it was published."""
    if not (root / EDITIONS).is_dir():
        return
    remedy = "restore it (git checkout); what has to change is changed in the next edition"
    try:
        listed = {
            each["edition"]: each["sha256"] for each in json.loads((root / INDEX).read_bytes())["editions"]
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        problems.append(Problem(INDEX, 1, f"no index ({error})", "a list of editions", remedy))
        return
    for name in sorted({path.name for path in (root / EDITIONS).iterdir() if path.is_dir()} - listed.keys()):
        problems.append(
            Problem(
                INDEX,
                1,
                f"the folder {EDITIONS}/{name}, which the index does not list",
                "editions made by `python tools/spec.py freeze`",
                "remove the folder, and freeze the edition anew",
            )
        )
    for name, expected in listed.items():
        file = f"{EDITIONS}/{name}/edition.json"
        content = _content(root / file)
        if content is None or digest(content) != expected:
            found = (
                "no manifest of a published edition"
                if content is None
                else "a published manifest that was changed"
            )
            problems.append(Problem(file, 1, found, f"the bytes with sha256 {expected[:12]}", remedy))
            continue
        _check_files(root, json.loads(content), remedy, problems)


def _check_files(root: Path, manifest: Mapping[str, Any], remedy: str, problems: list[Problem]) -> None:
    """Note the frozen copies that changed and, once the edition is released, its schemas."""
    kept = [f"{EDITIONS}/{manifest['edition']}/"]
    if "-" not in manifest["edition"]:
        kept.append(f"schemas/{manifest['spec']}/")
    for entry in manifest["files"]:
        if not entry["path"].startswith(tuple(kept)):
            continue
        content = _content(root / entry["path"])
        if content is None or digest(content) != entry["sha256"]:
            word = "is gone" if content is None else "was changed"
            problems.append(
                Problem(
                    entry["path"],
                    1,
                    f"a file of the published edition {manifest['edition']} that {word}",
                    f"the bytes with sha256 {entry['sha256'][:12]}",
                    remedy,
                )
            )


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def check_gate(
    editions: Sequence[Edition], spec: str, published: PublishedFiles, problems: list[Problem]
) -> None:
    """Note each document of a released edition 1.N that later schemas refuse (Spec: core, Versions)."""
    major = spec.partition(".")[0]
    for edition in editions:
        if not edition.released or edition.spec.partition(".")[0] != major:
            continue
        for number, (reference, document) in enumerate(edition.instances):
            try:
                published.resolve(reference)
                why = published.errors(reference, document)
            except LookupError as error:
                why = str(error)
            if why is not None:
                file = reference.partition("#")[0]
                problems.append(
                    Problem(
                        f"schemas/{spec}/{file}",
                        1,
                        f"a schema that refuses instance {number} of edition {edition.name} "
                        f"({reference}: {why})",
                        f"every document that is valid under {edition.name} stays valid",
                        "loosen the schema, or begin the next major edition",
                    )
                )
