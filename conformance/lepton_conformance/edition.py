"""What the installed suite is: its version, its digest, its tests, and the digest of its requirement set.

Owns the figures that a report's `suite` member carries and that a certificate binds; they are computed from
the installed files, never stored. Leaves what the tests do to `suite`. Serves the chapter `conformance`,
topic CNF-CRT.
"""

import ast
import functools
import hashlib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import rfc8785

import lepton_spec

__all__ = [
    "PACKAGE_DIR",
    "SUITE_NAME",
    "describe",
    "requirement_set_digest",
    "requirements",
    "sources_of_tests",
    "suite_digest",
    "suite_version",
    "tests",
]

SUITE_NAME = "lepton-conformance"
PACKAGE_DIR = Path(__file__).resolve().parent
_DISTRIBUTION = "lepton-standard"


def suite_version() -> str:
    """Return the version of the distribution that carries the suite."""
    return metadata.version(_DISTRIBUTION)


@functools.cache
def suite_digest() -> str:
    """Return `sha256:` and the digest of the suite's source files.

    The digest is over the RFC 8785 form of the list of `[path, sha256]`, sorted by path, of every Python file
    of `lepton_conformance`; paths are relative to the package and separated by `/`.
    """
    files = [
        [file.relative_to(PACKAGE_DIR).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest()]
        for file in sorted(PACKAGE_DIR.rglob("*.py"))
    ]
    return _digest(sorted(files))


def requirements() -> dict[str, dict[str, Any]]:
    """Return the installed requirement set by ID."""
    return lepton_spec.requirements()


def requirement_set_digest(requirements: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """Return `sha256:` and the digest of what the requirements demand, translations and remedies apart.

    The digest is over the RFC 8785 form of the list of `{id, rev, level, role, profiles, verify, text}`,
    sorted by ID.
    """
    entries = lepton_spec.requirements() if requirements is None else requirements
    members = ("id", "rev", "level", "role", "profiles", "verify", "text")
    return _digest([{name: entries[key][name] for name in members} for key in sorted(entries)])


def _digest(document: Any) -> str:
    return "sha256:" + hashlib.sha256(rfc8785.dumps(document)).hexdigest()


@functools.cache
def tests() -> Mapping[str, frozenset[str]]:
    """Return, by requirement ID, the names of the suite's test functions that judge it.

    Read from the source, so that a certificate can be verified without running anything.
    """
    return {
        key: frozenset(name.partition("::")[2] for name in sources)
        for key, sources in sources_of_tests(PACKAGE_DIR / "suite").items()
    }


def sources_of_tests(folder: Path) -> dict[str, dict[str, str]]:
    """Return, by requirement ID, `file::function` of each test in `folder` with the SHA-256 of its source.

    A test is a function below `@requirement("ID")`; its source runs from there to its last line.
    """
    found: dict[str, dict[str, str]] = {}
    for file in sorted(folder.glob("*.py")):
        text = file.read_bytes()
        lines = text.splitlines()
        for key, line, node in _marked(ast.parse(text, filename=file.name)):
            source = b"\n".join(lines[line - 1 : node.end_lineno])
            found.setdefault(key, {})[f"{file.name}::{node.name}"] = hashlib.sha256(source).hexdigest()
    return {key: dict(sorted(found[key].items())) for key in sorted(found)}


def _marked(tree: ast.Module) -> Iterator[tuple[str, int, ast.FunctionDef]]:
    """Yield each test with the requirement that it judges and the line of its mark."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call) or not decorator.args:
                continue
            function, first = decorator.func, decorator.args[0]
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            if name == "requirement" and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, decorator.lineno, node


def describe(*, seed: int, max_examples: int) -> dict[str, Any]:
    """Return the member `suite` of a report."""
    return {
        "name": SUITE_NAME,
        "version": suite_version(),
        "spec": lepton_spec.SPEC_VERSION,
        "seed": seed,
        "maxExamples": max_examples,
        "digest": suite_digest(),
        "requirementsDigest": requirement_set_digest(),
    }
