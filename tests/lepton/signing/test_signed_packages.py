"""Signing packages and verifying them with a key: what holds, and what no longer does after a change."""

import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from lepton.cli import main
from lepton.errors import LeptonError
from lepton.package.whole import open_whole
from lepton.signing import keys
from lepton.signing.attach import attach
from lepton.signing.sign import package_bundle, signature_path
from lepton.signing.verify import Outcome, by_key, verify
from lepton.validate import validate_package
from lepton_conformance.forge.valid import linear_draft

CURVES: list[ec.EllipticCurve] = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()]
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def signed(path: Path, key: ec.EllipticCurvePrivateKey = KEY) -> Path:
    """Sign a package; return the file of the bundle if it is a directory."""
    with open_whole(path) as package:
        name = signature_path(key)
        attach(package, {name: package_bundle(package, key)})
    return path / name


def outcome(path: Path, key: ec.EllipticCurvePrivateKey = KEY) -> tuple[bool, list[Outcome]]:
    with open_whole(path) as package:
        holds, judged = verify(package, by_key(key.public_key()))
    return holds, [one.outcome for one in judged]


def pem(path: Path, key: Any) -> Path:
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def public_pem(path: Path, key: Any) -> Path:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    path.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return path


@pytest.mark.parametrize("curve", CURVES, ids=lambda one: one.name)
def test_what_was_signed_verifies_on_each_curve(folder_package: Path, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    signed(folder_package, key)
    assert outcome(folder_package, key) == (True, [Outcome.VALID])
    assert validate_package(folder_package, level="quick").verdict == "pass"


def test_a_signed_zip_is_canonical_and_keeps_its_identity(zip_package: Path, tmp_path: Path) -> None:
    before = validate_package(zip_package, level="quick").identity
    signed(zip_package)
    report = validate_package(zip_package, level="quick")
    assert (report.verdict, report.identity) == ("pass", before)
    assert outcome(zip_package) == (True, [Outcome.VALID])
    draft = linear_draft()
    with open_whole(zip_package) as package:
        draft.unlisted[signature_path(KEY)] = package_bundle(package, KEY)
    assert zip_package.read_bytes() == draft.archive().archive


def test_signing_twice_gives_the_same_bytes(zip_package: Path) -> None:
    signed(zip_package)
    once = zip_package.read_bytes()
    signed(zip_package)
    assert zip_package.read_bytes() == once


def test_a_bundle_beyond_the_limit_of_values_is_not_judged_and_does_not_verify(folder_package: Path) -> None:
    signed(folder_package)
    huge = "[" + "0," * 2_000_001 + "0]"
    (folder_package / "signatures" / "x.sigstore.json").write_text(huge)
    report = validate_package(folder_package, level="quick")
    assert report.verdict == "inconclusive"
    assert "limit of this validator" in report.not_checked["PKG-SGN-01"]
    assert outcome(folder_package)[0] is False


def test_another_key_is_another_signer_and_both_may_sign(folder_package: Path) -> None:
    signed(folder_package)
    assert outcome(folder_package, OTHER) == (False, [Outcome.OTHER])
    signed(folder_package, OTHER)
    assert outcome(folder_package)[0]
    assert outcome(folder_package, OTHER)[0]


@pytest.mark.requirement("PKG-SGN-05")
def test_a_package_without_a_signature_does_not_verify(folder_package: Path) -> None:
    assert outcome(folder_package) == (False, [])


def changed(bundle: Path, change: Callable[[Any], object]) -> None:
    """Change the payload of a bundle and leave the signature."""
    document = json.loads(bundle.read_bytes())
    statement = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
    change(statement)
    document["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    bundle.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["subject"][0].update(name="other"),
        lambda one: one["predicate"]["resources"].pop(),
        lambda one: one["predicate"]["resources"][0].update(name="renamed"),
        lambda one: one["predicate"].update(more=1),
    ],
)
@pytest.mark.requirement("PKG-SGN-05")
def test_a_payload_that_was_changed_does_not_verify(
    folder_package: Path, change: Callable[[Any], object]
) -> None:
    changed(signed(folder_package), change)
    assert outcome(folder_package) == (False, [Outcome.INVALID])


def test_a_bundle_that_is_no_bundle_does_not_verify_beside_a_valid_one(folder_package: Path) -> None:
    signed(folder_package)
    (folder_package / "signatures" / "x.sigstore.json").write_text("{}")
    assert outcome(folder_package)[0] is False


def test_a_hint_of_the_trusted_key_on_a_strangers_signature_is_invalid(folder_package: Path) -> None:
    bundle = signed(folder_package, OTHER)
    document = json.loads(bundle.read_bytes())
    document["verificationMaterial"]["publicKey"]["hint"] = keys.hint_of(KEY.public_key())
    bundle.write_text(json.dumps(document))
    assert outcome(folder_package) == (False, [Outcome.INVALID])


@pytest.mark.parametrize("path", ["model/__init__.py", ".github/workflow.yml", ".gitattributes", "empty"])
@pytest.mark.requirement("PKG-SGN-05")
def test_an_added_file_is_noticed_even_where_other_tools_look_away(
    folder_package: Path, tmp_path: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    signed(folder_package)
    (folder_package / path).parent.mkdir(exist_ok=True)
    (folder_package / path).write_bytes(b"")
    public = public_pem(tmp_path / "pub.pem", KEY)
    assert main(["verify", str(folder_package), "--key", str(public)]) == 1
    assert "PKG-LAY-06" in capsys.readouterr().out


@pytest.mark.requirement("PKG-SGN-05")
def test_an_altered_file_and_a_renamed_one_are_noticed(folder_package: Path, tmp_path: Path) -> None:
    signed(folder_package)
    public = str(public_pem(tmp_path / "pub.pem", KEY))
    assert main(["verify", str(folder_package), "--key", public]) == 0
    card = folder_package / "card.json"
    data = card.read_bytes()
    card.write_bytes(data.replace(b"e", b"a", 1))
    assert main(["verify", str(folder_package), "--key", public]) == 1
    card.write_bytes(data)
    card.rename(folder_package / "Card.json")
    assert main(["verify", str(folder_package), "--key", public]) == 1


@pytest.mark.requirement("PKG-SGN-05")
def test_a_signature_of_another_package_does_not_fit(tmp_path: Path) -> None:
    draft = linear_draft()
    draft.manifest["version"] = "9.9.9"
    one = linear_draft().directory().write(tmp_path, "one")
    two = draft.directory().write(tmp_path, "two")
    bundle = signed(one)
    (two / "signatures").mkdir()
    (two / "signatures" / bundle.name).write_bytes(bundle.read_bytes())
    assert outcome(two) == (False, [Outcome.INVALID])
    report = validate_package(two, level="quick")
    assert [one.requirement for one in report.findings] == ["PKG-SGN-02"]


def test_the_commands_make_a_key_for_its_owner_sign_and_verify(
    zip_package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "k.pem"
    assert main(["sign", str(zip_package), "--new-key", str(key)]) == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    said = capsys.readouterr()
    secret = "".join(key.read_text().splitlines()[1:-1])
    assert secret[:20] not in said.out + said.err
    assert main(["verify", str(zip_package), "--key", str(tmp_path / "k.pub.pem"), "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "pass"
    assert answer["signatures"][0]["outcome"] == "valid"
    assert main(["sign", str(zip_package), "--new-key", str(key)]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.requirement("PKG-SGN-04")
def test_trust_has_to_come_from_outside(zip_package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signed(zip_package)
    assert main(["verify", str(zip_package)]) == 2
    assert "cannot vouch for itself" in capsys.readouterr().err


@pytest.mark.requirement("PKG-SGN-05")
def test_the_command_ends_with_1_when_no_signature_is_of_the_trusted_key(
    zip_package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    public = str(public_pem(tmp_path / "pub.pem", KEY))
    assert main(["verify", str(zip_package), "--key", public]) == 1
    assert "it has no signature" in capsys.readouterr().out
    signed(zip_package, OTHER)
    assert main(["verify", str(zip_package), "--key", public]) == 1
    assert "by another signer" in capsys.readouterr().out
    signed(zip_package, KEY)
    assert main(["verify", str(zip_package), "--key", public]) == 0


def test_what_does_not_conform_is_not_signed(
    folder_package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder_package / "stray").write_bytes(b"")
    key = pem(tmp_path / "k.pem", KEY)
    assert main(["sign", str(folder_package), "--key", str(key)]) == 2
    assert "does not conform" in capsys.readouterr().err
    assert not (folder_package / "signatures").exists()


@pytest.mark.parametrize(
    ("made", "match"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "an elliptic curve key"),
        (rsa.generate_private_key(65537, 2048), "an elliptic curve key"),
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
    ],
)
def test_keys_that_model_signing_does_not_verify_are_refused(tmp_path: Path, made: Any, match: str) -> None:
    with pytest.raises(LeptonError, match=match):
        keys.read_private(pem(tmp_path / "k.pem", made))
    with pytest.raises(LeptonError, match=match):
        keys.read_public(public_pem(tmp_path / "p.pem", made))


def test_files_that_are_no_keys_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no key")
    with pytest.raises(LeptonError, match="no private key"):
        keys.read_private(tmp_path / "x")
    with pytest.raises(LeptonError, match="is it in PEM"):
        keys.read_public(tmp_path / "x")
    with pytest.raises(LeptonError, match="give the public one"):
        keys.read_public(pem(tmp_path / "k.pem", KEY))
    with pytest.raises(LeptonError, match="cannot read"):
        keys.read_private(tmp_path / "none")
    with pytest.raises(LeptonError, match="no regular file"):
        keys.read_private(Path("/dev/null"))
    with pytest.raises(LeptonError, match="no certificates"):
        keys.read_certificates(tmp_path / "x")


def test_an_encrypted_key_is_refused_with_the_way_out(tmp_path: Path) -> None:
    encrypted = KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "k.pem").write_bytes(encrypted)
    with pytest.raises(LeptonError, match="decrypt it first"):
        keys.read_private(tmp_path / "k.pem")


def test_a_link_in_place_of_the_folder_of_signatures_is_not_followed(
    folder_package: Path, tmp_path: Path
) -> None:
    with open_whole(folder_package) as package:
        (tmp_path / "elsewhere").mkdir()
        (folder_package / "signatures").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(LeptonError, match="is a link"):
            attach(package, {"signatures/x.sigstore.json": b"{}"})
    assert not list((tmp_path / "elsewhere").iterdir())
