"""What a report says its subject is, and the digest over it.

Owns the member `subject` of a report (chapter `conformance`, the report of a certifier). Leaves reaching the
subject to `subject`. A server is described by what it says about itself; a program or module that is a file,
by its bytes as well.
"""

import hashlib
import shlex
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import rfc8785

__all__ = ["describe_program", "describe_server", "document_digest", "program_file", "subject_digest"]

_READ_BYTES = 1 << 20
_MAX_TEXT_CHARACTERS = 4096


def document_digest(document: Any, body: bytes = b"") -> str:
    """Return the digest of a document's RFC 8785 form, or of `body` when it has no such form."""
    try:
        data = rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        data = body
    return "sha256:" + hashlib.sha256(data).hexdigest()


def subject_digest(description: Mapping[str, Any]) -> str:
    """Return the digest of a description."""
    return "sha256:" + hashlib.sha256(rfc8785.dumps(dict(description))).hexdigest()


def describe_server(
    locator: str, name: Any, version: Any, *, metadata: str, models: Mapping[str, str]
) -> dict[str, Any]:
    """Return the member `subject` for a server; its kind is the scheme of the locator, `http` or `grpc`.

    `metadata` is the digest (`document_digest`) of the server's metadata object, `models` those of the
    metadata objects of the conformance models that were found, by name.
    """
    description = {
        "kind": locator.partition(":")[0],
        "name": _text(name),
        "version": _text(version),
        "metadata": metadata,
        "models": dict(sorted(models.items())),
    }
    return _subject(locator, description)


def describe_program(locator: str, hello: Mapping[str, Any], body: bytes = b"") -> dict[str, Any]:
    """Return the member `subject` for an `exec:` or `python:` subject whose adapter said `hello`."""
    file = program_file(locator)
    description = {
        "kind": locator.partition(":")[0],
        "name": _text(hello.get("name")),
        "version": _text(hello.get("version")),
        "locator": _text(locator),
        "hello": document_digest(hello, body),
        **({"file": _file_digest(file)} if file is not None else {}),
    }
    return _subject(locator, description)


def _subject(locator: str, description: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": description["kind"],
        "locator": _text(locator),
        "name": description["name"],
        "version": description["version"],
        "digest": subject_digest(description),
        "description": description,
    }


def program_file(locator: str) -> Path | None:
    """Return the file that a locator names, the module of `python:` or the program of `exec:`, or None."""
    kind, _, rest = locator.partition(":")
    if kind == "python":
        try:
            spec = find_spec(rest.partition(":")[0])
        except (ImportError, ValueError):
            return None
        origin = None if spec is None else spec.origin
        return Path(origin) if origin and Path(origin).is_file() else None
    try:
        words = shlex.split(rest)
    except ValueError:
        return None
    found = shutil.which(words[0]) if words else None
    return Path(found) if found else None


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_READ_BYTES):
            digest.update(block)
    return "sha256:" + digest.hexdigest()


def _text(value: Any) -> str:
    """Return a text without lone surrogates and of bounded length; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode()[:_MAX_TEXT_CHARACTERS]
