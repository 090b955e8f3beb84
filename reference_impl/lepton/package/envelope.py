"""DSSE envelopes, in-toto statements and Sigstore bundles of strangers, read strictly.

Owns their form; leaves what they are about to `lepton.signing.statement`, and the mathematics to
`lepton.signing.verify`. Serves PKG-SGN-01 and PKG-SGN-06.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, NamedTuple

from lepton.package.jsontext import Kind, read_json
from lepton.package.limits import MAX_DOCUMENT_BYTES

__all__ = [
    "BUNDLE_TYPE",
    "MODEL_SIGNATURE",
    "PAYLOAD_TYPE",
    "STATEMENT_TYPE",
    "Bundle",
    "Envelope",
    "Malformed",
    "Statement",
    "Subject",
    "read_bundle",
    "read_envelope",
]

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
MODEL_SIGNATURE = "https://model_signing/signature/v1.0"

Take = Callable[[int], str]

_MATERIALS = ("publicKey", "x509CertificateChain", "certificate")
#: Certificates in a chain that are looked at.
MAX_CERTIFICATES = 16


class Malformed(Exception):
    """The document is not of the form; `pointer` is a JSON pointer into it, or `byte N`.

    `limit` is set when that is not known, because the document is beyond a limit of this implementation.
    """

    def __init__(self, pointer: str, message: str, *, limit: bool = False) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.limit = limit


class Subject(NamedTuple):
    """What a statement is about: a name and the SHA-256 in hex, empty when it names none."""

    name: str
    sha256: str


class Statement(NamedTuple):
    """An in-toto Statement v1."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Any


class Envelope(NamedTuple):
    """A DSSE envelope whose payload is a statement; `signatures` are raw bytes, nothing is verified."""

    payload: bytes
    signatures: tuple[bytes, ...]
    statement: Statement


class Bundle(NamedTuple):
    """A Sigstore bundle: what kind of material it brings, `hint` of a key, DER `certificates`, leaf first.

    `data` is the text it was read from.
    """

    data: bytes
    material: str
    hint: str
    certificates: tuple[bytes, ...]
    envelope: Envelope


def read_bundle(data: bytes, take: Take | None = None) -> Bundle:
    """Read a bundle v0.3 with a DSSE envelope; `take` as of `read_json`. Raises: Malformed."""
    document = _document(data, take)
    kind = document.get("mediaType")
    if kind != BUNDLE_TYPE:
        raise Malformed("/mediaType", f"found {_shown(kind)}, expected {BUNDLE_TYPE!r}")
    place = "/verificationMaterial"
    material = _object(document, "verificationMaterial", "")
    given = [name for name in _MATERIALS if name in material]
    if len(given) != 1:
        raise Malformed(place, f"found {', '.join(given) or 'none'}, expected one of {', '.join(_MATERIALS)}")
    entries = material.get("tlogEntries", [])
    if not isinstance(entries, list):
        raise Malformed(f"{place}/tlogEntries", f"found {_shown(entries)}, expected a list")
    value = _object(material, given[0], place)
    hint, certificates = _material(given[0], value, f"{place}/{given[0]}")
    envelope = _envelope(_object(document, "dsseEnvelope", ""), "/dsseEnvelope", take)
    if len(envelope.signatures) != 1:
        found = len(envelope.signatures)
        raise Malformed("/dsseEnvelope/signatures", f"found {found} signatures, expected one")
    return Bundle(data, given[0], hint, certificates, envelope)


def read_envelope(data: bytes, take: Take | None = None) -> Envelope:
    """Read a DSSE envelope that holds an in-toto Statement v1; `take` as of `read_json`.

    Raises: Malformed.
    """
    return _envelope(_document(data, take), "", take)


def _material(kind: str, value: dict[str, Any], place: str) -> tuple[str, tuple[bytes, ...]]:
    if kind == "publicKey":
        hint = value.get("hint", "")
        if not isinstance(hint, str):
            raise Malformed(f"{place}/hint", f"found {_shown(hint)}, expected a text")
        return hint, ()
    if kind == "certificate":
        return "", (_bytes(value, "rawBytes", place),)
    chain = value.get("certificates")
    if not isinstance(chain, list) or not chain:
        raise Malformed(f"{place}/certificates", f"found {_shown(chain)}, expected a list of certificates")
    if len(chain) > MAX_CERTIFICATES:
        message = f"found {len(chain)} certificates, this implementation looks at {MAX_CERTIFICATES} at most"
        raise Malformed(f"{place}/certificates", message, limit=True)
    found = []
    for at, one in enumerate(chain):
        where = f"{place}/certificates/{at}"
        if not isinstance(one, dict):
            raise Malformed(where, f"found {_shown(one)}, expected an object")
        found.append(_bytes(one, "rawBytes", where))
    return "", tuple(found)


def _envelope(value: dict[str, Any], place: str, take: Take | None) -> Envelope:
    kind = value.get("payloadType")
    if kind != PAYLOAD_TYPE:
        raise Malformed(f"{place}/payloadType", f"found {_shown(kind)}, expected {PAYLOAD_TYPE!r}")
    payload = _bytes(value, "payload", place)
    signatures = value.get("signatures")
    if not isinstance(signatures, list) or not signatures:
        raise Malformed(f"{place}/signatures", "found no signatures, expected a list of them")
    found = []
    for at, one in enumerate(signatures):
        where = f"{place}/signatures/{at}"
        if not isinstance(one, dict):
            raise Malformed(where, f"found {_shown(one)}, expected an object")
        found.append(_bytes(one, "sig", where))
    return Envelope(payload, tuple(found), _statement(payload, f"{place}/payload", take))


def _statement(payload: bytes, place: str, take: Take | None) -> Statement:
    text = read_json(payload, max_bytes=MAX_DOCUMENT_BYTES, take=take)
    if text.fault is not None:
        limit = text.fault.kind is Kind.LIMIT
        raise Malformed(place, f"the payload is no JSON text: {text.fault.message}", limit=limit)
    value = text.value
    if not isinstance(value, dict) or value.get("_type") != STATEMENT_TYPE:
        raise Malformed(place, f"the payload is no in-toto statement, expected _type {STATEMENT_TYPE!r}")
    subjects = value.get("subject")
    if not isinstance(subjects, list) or not subjects:
        raise Malformed(place, "the statement has no subject, expected one")
    found = []
    for one in subjects:
        name = one.get("name", "") if isinstance(one, dict) else None
        digest = one.get("digest") if isinstance(one, dict) else None
        if not isinstance(name, str) or not isinstance(digest, dict):
            raise Malformed(place, "a subject of the statement has no name or no digest")
        sha256 = digest.get("sha256", "")
        found.append(Subject(name, sha256 if isinstance(sha256, str) else ""))
    kind = value.get("predicateType")
    if not isinstance(kind, str) or not kind:
        raise Malformed(place, "the statement has no predicateType, expected one")
    return Statement(tuple(found), kind, value.get("predicate"))


def _document(data: bytes, take: Take | None) -> dict[str, Any]:
    text = read_json(data, max_bytes=MAX_DOCUMENT_BYTES, take=take)
    if text.fault is not None:
        raise Malformed(text.fault.pointer, text.fault.message, limit=text.fault.kind is Kind.LIMIT)
    if not isinstance(text.value, dict):
        raise Malformed("", f"found {_shown(text.value)}, expected an object")
    return text.value


def _object(value: dict[str, Any], name: str, place: str) -> dict[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise Malformed(f"{place}/{name}", f"found {_shown(found)}, expected an object")
    return found


def _bytes(value: dict[str, Any], name: str, place: str) -> bytes:
    found = value.get(name)
    try:
        if not isinstance(found, str) or not found:
            raise ValueError("no text")
        return base64.b64decode(found.encode("ascii"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Malformed(f"{place}/{name}", f"found {_shown(found)}, expected base64") from error


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return repr(value)[:60] if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"
