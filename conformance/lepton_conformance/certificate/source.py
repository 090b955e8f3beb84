"""Files of certificates: read within bounds and strictly, written whole or not at all.

Owns size limits, strict JSON and validity against a schema; leaves meaning to the callers. Serves CNF-CRT-04.
"""

import os
import stat
from pathlib import Path
from typing import Any

import jsonschema_rs

import lepton_spec
from lepton_conformance.certificate.fault import CertificateError, Refusal
from lepton_conformance.subject.strict_json import NotJson, parse
from lepton_conformance.wholefile import write_whole_file

__all__ = [
    "MAX_CERTIFICATE_BYTES",
    "MAX_KEY_BYTES",
    "MAX_REPORT_BYTES",
    "parse_object",
    "read_bounded",
    "require_valid",
    "write_whole",
]

MAX_CERTIFICATE_BYTES = 1 << 20
MAX_KEY_BYTES = 1 << 16
MAX_REPORT_BYTES = 64 << 20
_MAX_MESSAGE_CHARACTERS = 300


def read_bounded(path: Path, limit: int, what: str) -> bytes:
    """Return a file's bytes.

    Raises: CertificateError when it cannot be read, Refusal when it is larger than `limit` bytes.
    """
    try:
        # Opening a FIFO would wait for a writer, perhaps for ever.
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise CertificateError(
                    f"the {what} {str(path)!r} is no regular file; copy it into one and give that"
                )
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        error = error if isinstance(error, OSError) else OSError(str(error))
        raise CertificateError(f"cannot read the {what} {str(path)!r}: {error.strerror or error}") from error
    if len(data) > limit:
        raise Refusal(f"the {what} {str(path)!r} is larger than {limit} bytes, which is the limit")
    return data


def parse_object(data: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object that `data` is. Raises: Refusal."""
    try:
        document = parse(data)
    except NotJson as error:
        raise Refusal(f"the {what} is not JSON: {str(error)[:_MAX_MESSAGE_CHARACTERS]}") from error
    if document.duplicates:
        raise Refusal(f"the {what} has the member {document.duplicates[0]!r} twice in one object")
    if not isinstance(document.value, dict):
        raise Refusal(f"the {what} is {type(document.value).__name__}, expected a JSON object")
    return document.value


def require_valid(document: Any, schema: str, what: str) -> None:
    """Raise Refusal unless `document` is valid against the schema of this name."""
    registry = jsonschema_rs.Registry(list(lepton_spec.schemas().items()))
    validator = jsonschema_rs.validator_for(lepton_spec.schema(schema), registry=registry)
    for error in validator.iter_errors(document):
        place = "".join(f"/{part}" for part in error.instance_path) or "its root"
        message = str(error.message)
        if len(message) > _MAX_MESSAGE_CHARACTERS:
            message = "..." + message[-_MAX_MESSAGE_CHARACTERS:]
        raise Refusal(f"the {what} is not valid against {schema}.schema.json at {place}: {message}")


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file beside its place and rename it. Raises: CertificateError, leaving nothing behind."""
    try:
        write_whole_file(path, data, mode=mode)
    except OSError as error:
        raise CertificateError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
