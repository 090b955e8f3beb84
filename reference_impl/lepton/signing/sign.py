"""Sign packages and statements about them.

Owns making bundles and envelopes; leaves keys to `keys`, the statement to `statement` and putting them into a
package to `attach`. Serves PKG-SGN-01 to PKG-SGN-03 and PKG-SGN-06.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lepton.errors import LeptonError
from lepton.package.canonical import canonical
from lepton.package.envelope import BUNDLE_TYPE, PAYLOAD_TYPE, STATEMENT_TYPE
from lepton.package.read import Package
from lepton.signing.keys import PrivateKey, hint_of, signed
from lepton.signing.statement import digests_of, statement_of

__all__ = ["attestation", "authentic", "package_bundle", "package_statement", "signature_path"]

#: Hexadecimal digits of a signer in the name of a file.
_NAME_DIGITS = 16


def authentic(payload: bytes) -> bytes:
    """Return the bytes that DSSE signs for an in-toto payload (pre-authentication encoding)."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def package_statement(package: Package) -> bytes:
    """Return the statement that a signature of the package signs, as canonical JSON."""
    assert package.manifest is not None
    return canonical(statement_of(package.manifest["id"], digests_of(package)))


def package_bundle(package: Package, key: PrivateKey, chain: Sequence[x509.Certificate] = ()) -> bytes:
    """Return the bundle that signs a package that is whole. `chain` begins with the key's certificate.

    The same package, key and chain give the same bytes. Raises: LeptonError when the chain is of another key.
    """
    material: dict[str, Any] = {"publicKey": {"hint": hint_of(key.public_key())}}
    if chain:
        if chain[0].public_key() != key.public_key():
            raise LeptonError("the first certificate of the chain is of another key than the one that signs")
        encoded = [_text(one.public_bytes(serialization.Encoding.DER)) for one in chain]
        material = {"x509CertificateChain": {"certificates": [{"rawBytes": one} for one in encoded]}}
    payload = package_statement(package)
    signature = {"sig": _text(signed(key, authentic(payload))), "keyid": ""}
    return canonical(
        {
            "mediaType": BUNDLE_TYPE,
            "verificationMaterial": {**material, "tlogEntries": []},
            "dsseEnvelope": {
                "payload": _text(payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [signature],
            },
        }
    )


def signature_path(key: PrivateKey, chain: Sequence[x509.Certificate] = ()) -> str:
    """Return where the bundle of a signer goes: one signer, one file."""
    signer = hint_of(key.public_key())
    if chain:
        signer = hashlib.sha256(chain[0].public_bytes(serialization.Encoding.DER)).hexdigest()
    return f"signatures/{signer[:_NAME_DIGITS]}.sigstore.json"


def attestation(package: Package, key: PrivateKey, predicate_type: str, predicate: Any) -> bytes:
    """Return the signed envelope of a statement about the package's identity. Spec: PKG-SGN-06."""
    assert package.manifest is not None
    assert package.identity is not None
    subject = {
        "name": package.manifest["id"],
        "digest": {"sha256": package.identity.removeprefix("sha256:")},
    }
    payload = canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [subject],
            "predicateType": predicate_type,
            "predicate": predicate,
        }
    )
    signature = {"keyid": hint_of(key.public_key()), "sig": _text(signed(key, authentic(payload)))}
    return canonical({"payloadType": PAYLOAD_TYPE, "payload": _text(payload), "signatures": [signature]})


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
