"""Signatures across tools: `model_signing` of OpenSSF verifies ours, `lepton verify` theirs, and where we are
stricter.

Owns the topic `signing`. Serves the topic PKG-SGN.
"""

import datetime
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from field.packages import example
from field.packages.golden import manifest_of
from field.packages.line import Line
from field.packages.tool import ToolFault, lepton, program, version

__all__ = ["run"]

_CURVES: tuple[ec.EllipticCurve, ...] = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())


def run(folder: Path) -> list[Line]:
    """Sign and verify in both directions, with keys and with certificates."""
    tool = f"model_signing {version('model-signing')}"
    lines: list[Line] = []

    def line(shown: str, show: Callable[[], object]) -> None:
        try:
            show()
            lines.append(Line(tool, "", shown, True))
        except ToolFault as fault:
            lines.append(Line(tool, "", shown, False, str(fault)))

    for curve in _CURVES:
        key = ec.generate_private_key(curve)
        private = _private(folder / f"{curve.name}.pem", key)
        public = _public(folder / f"{curve.name}.pub.pem", key)
        ours = _unpacked(folder / "ours" / curve.name)
        lepton("sign", ours, "--key", private)
        line(
            f"verifies a package that lepton signed with a key on {curve.name}",
            lambda ours=ours, public=public: _verify_key(ours, public),  # type: ignore[misc]
        )
        theirs = _unpacked(folder / "theirs" / curve.name)
        _sign_key(theirs, private)
        line(
            f"signs with a key on {curve.name} what lepton verifies and validates",
            lambda theirs=theirs, public=public: (  # type: ignore[misc]
                lepton("verify", theirs, "--key", public),
                lepton("validate", theirs, "--level", "quick"),
            ),
        )
    lines += _certificates(folder, tool)
    lines += _gaps(folder, folder / "secp256r1.pem", folder / "secp256r1.pub.pem")
    lines.append(_keyless(folder, folder / "ours" / "secp256r1"))
    return lines


def _keyless(folder: Path, ours: Path) -> Line:
    """Show offline, with the public roots that sigstore brings, that no key passes for an identity."""
    import sigstore

    (store,) = (Path(sigstore.__file__).parent / "_store").glob("*sigstore.dev")
    config = folder / "trust.json"
    config.write_text(
        json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
                "trustedRoot": json.loads((store / "trusted_root.json").read_bytes()),
                "signingConfig": json.loads((store / "signing_config.v0.2.json").read_bytes()),
            }
        )
    )
    found = ""
    try:
        lepton(
            *("verify", next(ours.iterdir()), "--sigstore-trust-config", config),
            *("--sigstore-identity", "me@example.org", "--sigstore-issuer", "https://example.org"),
            status=1,
        )
    except ToolFault as fault:
        found = str(fault)
    shown = "gives lepton roots of trust offline, and a key is no identity"
    return Line("sigstore", version("sigstore"), shown, not found, found)


def _certificates(folder: Path, tool: str) -> list[Line]:
    leaf, middle, root, key = _chain(folder)
    both = folder / "chain.pem"
    both.write_bytes(leaf.read_bytes() + middle.read_bytes())
    ours = _unpacked(folder / "ours" / "certificate")
    lepton("sign", ours, "--key", key, "--certificate-chain", both)
    theirs = _unpacked(folder / "theirs" / "certificate")
    bundle = theirs / "signatures" / "theirs.sigstore.json"
    bundle.parent.mkdir()
    lines = []
    shows: tuple[tuple[str, Callable[[], object]], ...] = (
        (
            "verifies a package that lepton signed with a certificate chain",
            lambda: program(
                *("model_signing", "verify", "certificate", "--certificate_chain", root),
                *("--signature", _bundle(ours), ours),
            ),
        ),
        (
            "signs with a certificate chain what lepton verifies",
            lambda: (
                program(
                    *("model_signing", "sign", "certificate", "--private_key", key),
                    *("--signing_certificate", leaf, "--certificate_chain", middle),
                    *("--signature", bundle, theirs),
                ),
                lepton("verify", theirs, "--certificate-roots", root),
            ),
        ),
    )
    for shown, show in shows:
        try:
            show()
            lines.append(Line(tool, "", shown, True))
        except ToolFault as fault:
            lines.append(Line(tool, "", shown, False, str(fault)))
    return lines


def _gaps(folder: Path, key: Path, public: Path) -> list[Line]:
    """Show what their tool lets pass and `lepton verify` does not, on a package that lepton signed."""
    lines = []
    for name, shown in (
        (".github/workflow.yml", "a file added under .github"),
        (".gitattributes", "an added .gitattributes"),
    ):
        package = _unpacked(folder / "gaps" / name.strip("."))
        lepton("sign", package, "--key", key)
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_text("added\n")
        found = ""
        try:
            lepton("verify", package, "--key", public, status=1)
        except ToolFault as fault:
            found = str(fault)
        lines.append(Line("lepton", version("lepton-standard"), f"refuses {shown}", not found, found))
    return lines


def _unpacked(folder: Path) -> Path:
    """Unpack the digits package into a directory of the model's name, which their tool signs as subject."""
    package = example.digits()
    target = folder / str(manifest_of(package)["id"])
    shutil.rmtree(folder, ignore_errors=True)
    target.mkdir(parents=True)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(target)
    return target


def _bundle(package: Path) -> Path:
    return next((package / "signatures").iterdir())


def _verify_key(package: Path, public: Path) -> None:
    program(
        "model_signing", "verify", "key", "--public_key", public, "--signature", _bundle(package), package
    )


def _sign_key(package: Path, private: Path) -> None:
    bundle = package / "signatures" / "theirs.sigstore.json"
    bundle.parent.mkdir()
    program("model_signing", "sign", "key", "--private_key", private, "--signature", bundle, package)


def _private(path: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return path


def _public(path: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    path.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return path


def _chain(folder: Path) -> tuple[Path, Path, Path, Path]:
    """Make a root, an authority between and a signer; return signer, authority, root and the signer's key."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("root", "middle", "signer")
    ]
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    paths = []
    for at, (name, key) in enumerate(zip(names, keys, strict=True)):
        authority = at < 2
        issuer = max(at - 1, 0)
        flags = dict.fromkeys(
            (
                *("content_commitment", "key_encipherment", "data_encipherment"),
                *("key_agreement", "encipher_only", "decipher_only"),
            ),
            False,
        )
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[issuer])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **flags
                ),
                critical=True,
            )
            .sign(keys[issuer], hashes.SHA256())
        )
        path = folder / f"certificate-{at}.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        paths.append(path)
    root, middle, leaf = paths
    return leaf, middle, root, _private(folder / "signer.pem", keys[2])
