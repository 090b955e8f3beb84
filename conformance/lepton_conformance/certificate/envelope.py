"""DSSE envelopes: sign a statement, and open one only after its signature has been verified.

Owns the envelope's form; leaves what is inside to `statement`. Serves CNF-CRT-01 and CNF-CRT-04.
"""

import base64
import binascii
import json
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey

from lepton_conformance.certificate.fault import Refusal
from lepton_conformance.certificate.source import parse_object

__all__ = ["PAYLOAD_TYPE", "open_envelope", "seal"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def seal(payload: bytes, signer: CryptoSigner) -> bytes:
    """Return the JSON of an envelope with one signature."""
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict(), indent=2).encode() + b"\n"


def open_envelope(data: bytes, key: SSlibKey) -> bytes:
    """Return the payload of an envelope that `key` signed. Raises: Refusal."""
    document = parse_object(data, "certificate")
    _require_members(document, {"payload", "payloadType", "signatures"}, "envelope")
    if document["payloadType"] != PAYLOAD_TYPE:
        raise Refusal(f"the payload type is {_shown(document['payloadType'])}, expected {PAYLOAD_TYPE!r}")
    signatures = document["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise Refusal("the envelope's `signatures` is not a list of one signature")
    _require_members(signatures[0], {"keyid", "sig"}, "signature")
    keyid = signatures[0]["keyid"]
    if keyid != key.keyid:
        raise Refusal(f"signed by the key {_shown(keyid)}, expected {key.keyid!r}, the key given")
    payload, sig = _decode(document["payload"], "payload"), _decode(signatures[0]["sig"], "sig")
    envelope = Envelope(payload, PAYLOAD_TYPE, {keyid: Signature(keyid, sig.hex())})
    try:
        envelope.verify([key], 1)
    except VerificationError as error:
        raise Refusal("the signature is not valid for this payload and the key given") from error
    return payload


def _require_members(value: Any, names: set[str], what: str) -> None:
    if not isinstance(value, dict) or set(value) != names:
        raise Refusal(f"the {what} does not have exactly the members {', '.join(sorted(names))}")


def _decode(value: Any, what: str) -> bytes:
    """Return the bytes of a base64 text in its only canonical spelling."""
    if isinstance(value, str):
        try:
            decoded = base64.b64decode(value, validate=True)
        except (ValueError, binascii.Error):
            pass
        else:
            if base64.b64encode(decoded).decode() == value:
                return decoded
    raise Refusal(f"the envelope's `{what}` is not canonical base64")


def _shown(value: Any) -> str:
    return repr(value)[:80]
