"""The forged packages as files, for whoever writes a validator in another language.

Owns the two forms of the corpus: laid out (`write_corpus`), and as it is kept in a repository
(`corpus_files`), where the path of a package names the requirement that it is about. Leaves the packages to
`valid` and `violations`. Serves `package`.
"""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import lepton_spec
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.places import PLACES
from lepton_conformance.forge.valid import VALID, ValidPackage
from lepton_conformance.forge.violations import VIOLATIONS, Violation

__all__ = ["INDEX", "corpus_files", "write_corpus", "write_kept"]

INDEX = "corpus.json"
#: The valid package that stands beside the violating ones, by the beginning of the requirement's ID.
EXAMPLES = {
    "PKG-ZIP": "linear-zip",
    "PKG-ART-04": "external-directory",
    "PKG-ART-05": "external-directory",
    "PKG-ART-12": "safetensors-and-functions",
    "PKG-ART-13": "safetensors-and-functions",
    "PKG-SIG-05": "vision-directory",
    "PKG-SIG-06": "vision-directory",
    "PKG-SIG-07": "vision-directory",
    "PKG-SIG-09": "threshold",
    "PKG-PRO": "vision-directory",
    "PKG-PRO-02": "pictures",
    "PKG-PRO-05": "text",
    "PKG-VEC-04": "pictures",
    "PKG-VEC-06": "threshold",
    "PKG-VEC-10": "vision-directory",
    "PKG-SGN": "signed-directory",
    "PKG-DOC-01": "decorated-directory",
    "PKG-DOC-04": "decorated-directory",
    "PKG-DOC-06": "decorated-directory",
    "PKG-LAY-06": "decorated-directory",
    "COR-EXT-01": "decorated-directory",
}
#: Archives above this size are kept compressed.
MAX_PLAIN_BYTES = 1 << 20


def write_corpus(
    folder: Path, valid: Sequence[ValidPackage] = VALID, violations: Sequence[Violation] = VIOLATIONS
) -> Path:
    """Write forged packages below `folder`, which is new, and return the index.

    An entry of the index says the package's path, whether it is valid, and if not, which requirement it
    violates, how many findings that makes, and whether only replaying the vectors shows it (`full`).
    Raises: FileExistsError when the folder is there.
    """
    folder.mkdir(parents=True)
    entries: list[dict[str, Any]] = []
    for package in valid:
        path = package.forge().write(folder / _made(folder, "valid"), package.name)
        entries.append({"path": path.relative_to(folder).as_posix(), "valid": True})
    for violation in violations:
        name = f"{violation.requirement}-{violation.name}"
        path = violation.forge().write(folder / _made(folder, "violating"), name)
        entries.append({"path": path.relative_to(folder).as_posix(), **_said(violation)})
    index = folder / INDEX
    index.write_text(_index(entries), encoding="utf-8")
    return index


def corpus_files() -> Mapping[str, bytes]:
    """Return the files of the corpus as it is kept, by path: each package in one file, and the index."""
    found: dict[str, bytes] = {}
    entries: list[dict[str, Any]] = []
    for path, package, said in _kept():
        name, data = _one_file(package)
        found[path + name] = data
        entries.append({"path": path + name, **said})
    return {**found, INDEX: _index(entries).encode()}


def write_kept(folder: Path) -> Path:
    """Write the corpus as it is kept into a folder, over what is there, and return the index."""
    for path, data in corpus_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder / INDEX


def _kept() -> Iterator[tuple[str, Forged, dict[str, Any]]]:
    """Yield each package that is kept: its path without ending, itself, and what the index says of it."""
    by_name = {package.name: package for package in VALID}
    every = {violation.requirement: 0 for violation in VIOLATIONS}
    for identifier in sorted(every):
        prefixes = (identifier, identifier[:7])
        example = next((EXAMPLES[one] for one in prefixes if one in EXAMPLES), "linear-directory")
        said = {"requirement": identifier, "valid": True}
        yield f"{identifier}/valid-{example.partition('-')[0]}", by_name[example].forge(), said
        for violation in VIOLATIONS:
            only_big = violation.requirement == "PKG-LAY-07"
            if violation.requirement == identifier and (violation.varies or only_big):
                yield f"{identifier}/violating-{violation.name}", violation.forge(), _said(violation)


def _said(violation: Violation) -> dict[str, Any]:
    absolute = lepton_spec.requirements()[violation.requirement]["level"].startswith("MUST")
    said: dict[str, Any] = {
        "requirement": violation.requirement,
        "valid": False,
        "verdict": "fail" if absolute else "pass",
        "findings": violation.findings,
        "level": "full" if violation.full else "quick",
    }
    places = PLACES.get(f"{violation.requirement}/{violation.name}")
    return said if places is None else {**said, "places": [list(place) for place in places]}


def _one_file(package: Forged) -> tuple[str, bytes]:
    """Return the ending and the bytes of the file that a package is kept in."""
    if package.archive is not None:
        if len(package.archive) <= MAX_PLAIN_BYTES:
            return ".lepton", package.archive
        return ".lepton.gz", gzip.compress(package.archive, 9, mtime=0)
    tree = {
        "files": {path: _content(data) for path, data in package.files.items()},
        "links": dict(package.links),
        "pipes": list(package.pipes),
    }
    return ".tree.json", (json.dumps(tree, indent=1) + "\n").encode()


def _content(data: bytes) -> dict[str, str]:
    """Return the content of a file: as text where it is one, else in Base64."""
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _index(entries: list[dict[str, Any]]) -> str:
    lines = ",\n".join(f"  {json.dumps(entry)}" for entry in entries)
    return f'{{"lepton": "1.0", "packages": [\n{lines}\n]}}\n'


def _made(folder: Path, name: str) -> str:
    (folder / name).mkdir(exist_ok=True)
    return name
