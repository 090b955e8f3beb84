"""Keys and certificates in PEM: the elliptic curves that model signing knows, and chains to trusted roots.

Owns reading and making them, and the mathematics of one signature; leaves what is signed to `statement`. No
private key is ever shown. Serves PKG-SGN-01 and PKG-SGN-04.
"""

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from lepton.errors import LeptonError
from lepton.package.paths import displayed

__all__ = [
    "PrivateKey",
    "PublicKey",
    "hint_of",
    "leaf_key",
    "new_key",
    "public_path",
    "read_certificates",
    "read_private",
    "read_public",
    "signed",
    "signs",
]

MAX_KEY_BYTES = 1024 * 1024

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
_WANTED = "expected an elliptic curve key (P-256, P-384 or P-521), which model signing verifies"


def read_private(path: Path) -> PrivateKey:
    """Read a private key. Raises: LeptonError."""
    data = _read(path)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except TypeError as error:
        raise LeptonError(
            f"the key {_shown(path)} is encrypted; decrypt it first (openssl pkey -in ... -out ...)"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise LeptonError(f"{_shown(path)} is no private key in PEM; make one with --new-key") from error
    if not isinstance(key, PrivateKey) or key.curve.name not in _HASHES:
        raise LeptonError(f"the key {_shown(path)} is {_kind(key)}, {_WANTED}")
    return key


def read_public(path: Path) -> PublicKey:
    """Read a public key. Raises: LeptonError."""
    data = _read(path)
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        hint = "that is a private key, give the public one" if b"PRIVATE KEY" in data else "is it in PEM?"
        raise LeptonError(f"{_shown(path)} is no public key: {hint}") from error
    if not isinstance(key, PublicKey) or key.curve.name not in _HASHES:
        raise LeptonError(f"the key {_shown(path)} is {_kind(key)}, {_WANTED}")
    return key


def new_key(path: Path) -> PrivateKey:
    """Make a P-256 key: private half to `path` for its owner only, public half to `public_path(path)`.

    Raises: LeptonError when one of the files is there or cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    written: list[Path] = []
    try:
        for target, data, mode in (
            (path, private, 0o600),
            (public_path(path), _pem(key.public_key()), 0o644),
        ):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(target, flags, mode), "wb") as file:
                written.append(target)
                file.write(data)
    except OSError as error:
        for one in written:
            one.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise LeptonError(
                "a file of that name is there already; choose another name for the key"
            ) from error
        raise LeptonError(f"cannot write {_shown(path)}: {error.strerror}") from error
    return key


def public_path(path: Path) -> Path:
    """Return where the public half of the private key `path` is written: `k.pem` gives `k.pub.pem`."""
    return path.with_name(f"{path.stem}.pub{path.suffix or '.pem'}")


def hint_of(key: PublicKey) -> str:
    """Return what a bundle calls a key: the SHA-256 of its PEM text, in hex."""
    return hashlib.sha256(_pem(key)).hexdigest()


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Read the certificates of a PEM file. Raises: LeptonError."""
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError as error:
        raise LeptonError(f"{_shown(path)} holds no certificates in PEM") from error


def signed(key: PrivateKey, message: bytes) -> bytes:
    """Sign bytes; the same key and bytes give the same signature (RFC 6979)."""
    return key.sign(message, ec.ECDSA(_HASHES[key.curve.name], deterministic_signing=True))


def signs(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Say whether a signature is of this key and these bytes."""
    try:
        key.verify(signature, message, ec.ECDSA(_HASHES[key.curve.name]))
    except InvalidSignature:
        return False
    return True


def leaf_key(chain: Sequence[bytes], roots: Sequence[x509.Certificate]) -> tuple[PublicKey, str] | str:
    """Return the key and subject of the first certificate of a DER chain that leads to one of `roots`.

    Return the reason as a text when it does not lead there or may not sign. Validity is judged at the leaf's
    first day: a bundle without a log has no other time. Spec: PKG-SGN-04.
    """
    try:
        leaf, *others = [x509.load_der_x509_certificate(one) for one in chain]
        key = leaf.public_key()
        if not isinstance(key, PublicKey) or key.curve.name not in _HASHES:
            return f"its certificate has {_kind(key)}, {_WANTED}"
        if not _may_sign(leaf):
            return "its certificate is not for signing (keyUsage digitalSignature or codeSigning)"
        authority = verification.ExtensionPolicy.permit_all().require_present(
            x509.BasicConstraints, verification.Criticality.AGNOSTIC, _require_authority
        )
        verifier = (
            verification.PolicyBuilder()
            .store(verification.Store(list(roots)))
            .time(leaf.not_valid_before_utc)
            .extension_policies(ca_policy=authority, ee_policy=verification.ExtensionPolicy.permit_all())
            .build_client_verifier()
        )
        verifier.verify(leaf, others)
    except verification.VerificationError as error:
        return f"its certificate does not lead to the roots given: {' '.join(str(error).split())[:200]}"
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        return f"its certificates cannot be read: {' '.join(str(error).split())[:200]}"
    return key, leaf.subject.rfc4514_string()


def _require_authority(
    _policy: verification.Policy, _certificate: x509.Certificate, found: x509.BasicConstraints
) -> None:
    if not found.ca:
        raise ValueError("a certificate that is no authority issued another")


def _may_sign(leaf: x509.Certificate) -> bool:
    for one in leaf.extensions:
        if isinstance(one.value, x509.KeyUsage) and one.value.digital_signature:
            return True
        if isinstance(one.value, x509.ExtendedKeyUsage) and ExtendedKeyUsageOID.CODE_SIGNING in one.value:
            return True
    return False


def _pem(key: PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise LeptonError(f"{_shown(path)} is no regular file")
            data = file.read(MAX_KEY_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise LeptonError(f"cannot read {_shown(path)}: {reason}") from error
    if len(data) > MAX_KEY_BYTES:
        raise LeptonError(f"{_shown(path)} has more than {MAX_KEY_BYTES} bytes, expected a PEM file")
    return data


def _shown(path: Path) -> str:
    return repr(displayed(str(path)))


def _kind(key: object) -> str:
    curve = getattr(getattr(key, "curve", None), "name", "")
    return f"on the curve {curve}" if curve else f"a {type(key).__name__.strip('_')}"
