"""Ed25519 keys: in PEM files, and as securesystemslib wants them.

Owns reading, making and naming keys; leaves signing to `envelope`. Serves CNF-CRT-01.
"""

import hashlib
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import CryptoSigner, SSlibKey

from lepton_conformance.certificate.fault import CertificateError, Refusal
from lepton_conformance.certificate.source import MAX_KEY_BYTES, read_bounded, write_whole

__all__ = ["key_id", "new_key", "public_path", "read_private", "read_public"]


def key_id(key: Ed25519PublicKey) -> str:
    """Return the SHA-256, in hexadecimal, of the key's DER encoding."""
    encoding = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoding).hexdigest()


def _named(key: Ed25519PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(key, keyid=key_id(key))


def public_path(path: Path) -> Path:
    """Return where the public half of the private key `path` is written: `k.pem` gives `k.pub.pem`."""
    return path.with_name(f"{path.stem}.pub{path.suffix or '.pem'}")


def new_key(path: Path) -> CryptoSigner:
    """Make a key, write its private half to `path` (readable by the owner only) and the public half beside
    it.

    Raises: CertificateError when a file is there already or cannot be written.
    """
    for target in (path, public_path(path)):
        if target.exists():
            raise CertificateError(f"{str(target)!r} is there already; choose another name for the new key")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_whole(path, private, mode=0o600)
    write_whole(public_path(path), public)
    return CryptoSigner(key, _named(key.public_key()))


def read_private(path: Path) -> CryptoSigner:
    """Return the signer of a PEM file. Raises: CertificateError."""
    data = _read(path)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except TypeError as error:
        raise CertificateError(
            f"the key {str(path)!r} is encrypted; decrypt it first (openssl pkey -in ... -out ...)"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(
            f"{str(path)!r} is not a private key in PEM; make one with --new-key PATH"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CertificateError(f"the key {str(path)!r} is {_kind(key)}, expected an Ed25519 key")
    return CryptoSigner(key, _named(key.public_key()))


def read_public(path: Path) -> SSlibKey:
    """Return the public key of a PEM file. Raises: CertificateError."""
    data = _read(path)
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        hint = "that is a private key, give the public one" if b"PRIVATE KEY" in data else "is it in PEM?"
        raise CertificateError(f"{str(path)!r} is not a public key: {hint}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise CertificateError(f"the key {str(path)!r} is {_kind(key)}, expected an Ed25519 key")
    return _named(key)


def _read(path: Path) -> bytes:
    try:
        return read_bounded(path, MAX_KEY_BYTES, "key")
    except Refusal as error:
        raise CertificateError(str(error)) from error


def _kind(key: object) -> str:
    return type(key).__name__.strip("_")
