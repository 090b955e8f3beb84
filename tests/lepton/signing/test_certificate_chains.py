"""Signatures by certificate: which chains lead to the roots that are trusted, and which do not."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lepton.cli import main
from lepton.errors import LeptonError
from lepton.package.whole import open_whole
from lepton.signing.attach import attach
from lepton.signing.keys import leaf_key
from lepton.signing.sign import package_bundle, signature_path
from lepton.signing.verify import Outcome, by_roots, verify

BEGIN = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
ROOT_KEY, MIDDLE_KEY, LEAF_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
    path_length: int | None = None,
    usage: str = "sign",
    begin: datetime.datetime = BEGIN,
    days: int = 400,
) -> x509.Certificate:
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + days * DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
    )
    if usage == "code":
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    elif usage == "server":
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    elif usage:
        flags = dict.fromkeys(
            [
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ],
            False,
        )
        made = made.add_extension(
            x509.KeyUsage(
                digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **flags
            ),
            critical=True,
        )
    return made.sign(issuer_key, hashes.SHA256())


ROOT = certificate("root", ROOT_KEY, "root", ROOT_KEY, authority=True)
MIDDLE = certificate("middle", MIDDLE_KEY, "root", ROOT_KEY, authority=True, path_length=0)
LEAF = certificate("signer", LEAF_KEY, "middle", MIDDLE_KEY, authority=False)


def der(*certificates: x509.Certificate) -> list[bytes]:
    return [one.public_bytes(serialization.Encoding.DER) for one in certificates]


def pem(path: Path, certificates: Sequence[x509.Certificate]) -> str:
    path.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates))
    return str(path)


def test_a_chain_that_leads_to_the_root_verifies_and_names_the_signer(
    folder_package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_whole(folder_package) as package:
        chain = [LEAF, MIDDLE]
        attach(package, {signature_path(LEAF_KEY, chain): package_bundle(package, LEAF_KEY, chain)})
    roots = pem(tmp_path / "roots.pem", [ROOT])
    assert main(["verify", str(folder_package), "--certificate-roots", roots]) == 0
    assert "certificate of CN=signer" in capsys.readouterr().out
    stranger = certificate("root", MIDDLE_KEY, "root", MIDDLE_KEY, authority=True)
    others = pem(tmp_path / "others.pem", [stranger])
    assert main(["verify", str(folder_package), "--certificate-roots", others]) == 1
    assert "does not lead to the roots given" in capsys.readouterr().out


@pytest.mark.requirement("PKG-SGN-04")
def test_the_root_in_the_bundle_is_not_trusted_for_being_there(folder_package: Path) -> None:
    chain = [LEAF, MIDDLE, ROOT]
    with open_whole(folder_package) as package:
        attach(package, {signature_path(LEAF_KEY, chain): package_bundle(package, LEAF_KEY, chain)})
    stranger = certificate("root", MIDDLE_KEY, "root", MIDDLE_KEY, authority=True)
    with open_whole(folder_package) as package:
        assert verify(package, by_roots([stranger]))[0] is False
        assert verify(package, by_roots([ROOT]))[0] is True


def test_a_chain_of_another_key_than_the_one_that_signed_is_invalid(folder_package: Path) -> None:
    chain = [LEAF, MIDDLE]
    with open_whole(folder_package) as package:
        with pytest.raises(LeptonError, match="of another key"):
            package_bundle(package, MIDDLE_KEY, chain)
        name = signature_path(LEAF_KEY, chain)
        attach(package, {name: package_bundle(package, LEAF_KEY, chain)})
    bundle = folder_package / name
    twin = certificate("signer", ROOT_KEY, "middle", MIDDLE_KEY, authority=False)
    import base64

    ours, theirs = (base64.b64encode(der(one)[0]) for one in (LEAF, twin))
    bundle.write_bytes(bundle.read_bytes().replace(ours, theirs))
    with open_whole(folder_package) as package:
        _, judged = verify(package, by_roots([ROOT]))
    assert [one.outcome for one in judged] == [Outcome.INVALID]


def test_an_expired_signer_is_judged_at_the_first_day_of_the_certificate() -> None:
    old = BEGIN - 3000 * DAY
    root = certificate("root", ROOT_KEY, "root", ROOT_KEY, authority=True, begin=old, days=9000)
    leaf = certificate("signer", LEAF_KEY, "root", ROOT_KEY, authority=False, begin=old, days=10)
    assert not isinstance(leaf_key(der(leaf), [root]), str)
    early = certificate("signer", LEAF_KEY, "root", ROOT_KEY, authority=False, begin=old - 10 * DAY)
    assert isinstance(leaf_key(der(early), [root]), str)


def test_a_signer_of_code_needs_no_other_usage() -> None:
    code = certificate("signer", LEAF_KEY, "root", ROOT_KEY, authority=False, usage="code")
    assert not isinstance(leaf_key(der(code), [ROOT]), str)


@pytest.mark.parametrize(
    ("chain", "match"),
    [
        ([certificate("x", LEAF_KEY, "root", ROOT_KEY, authority=False, usage="server")], "not for signing"),
        ([certificate("x", LEAF_KEY, "root", ROOT_KEY, authority=False, usage="")], "not for signing"),
        ([LEAF], "does not lead"),
        ([certificate("x", ROOT_KEY, "signer", LEAF_KEY, authority=False), LEAF, MIDDLE], "does not lead"),
        ([certificate("x", LEAF_KEY, "root", MIDDLE_KEY, authority=False)], "does not lead"),
        (
            [
                certificate("x", LEAF_KEY, "deep", ROOT_KEY, authority=False),
                certificate("deep", ROOT_KEY, "middle", MIDDLE_KEY, authority=True),
                MIDDLE,
            ],
            "does not lead",
        ),
    ],
    ids=["server", "no-usage", "gap", "issued-by-no-authority", "wrong-signature", "path-too-long"],
)
@pytest.mark.requirement("PKG-SGN-04")
def test_a_chain_that_does_not_lead_to_the_root_is_refused(chain: list[x509.Certificate], match: str) -> None:
    found = leaf_key(der(*chain), [ROOT])
    assert isinstance(found, str)
    assert match in found


def test_bytes_that_are_no_certificate_are_refused() -> None:
    found = leaf_key([b"\x30\x03abc"], [ROOT])
    assert isinstance(found, str)
    assert "cannot be read" in found
