"""Bills of materials: judged by CycloneDX's own validator, complete, and the same each time."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from lepton.cli import main
from lepton.sbom import bill_of_materials, document_of
from lepton.signing.keys import new_key
from lepton.validate import load, validate_package
from lepton_conformance.forge import VALID
from lepton_conformance.forge.assurances import VALID_ASSURANCES
from lepton_conformance.forge.valid import linear_draft, vision_draft

JUDGE = JsonStrictValidator(SchemaVersion.V1_6)


def made(path: Path) -> dict[str, Any]:
    with load(path) as package:
        data = bill_of_materials(package)
    fault = JUDGE.validate_str(data.decode())
    assert fault is None, fault
    document: dict[str, Any] = json.loads(data)
    return document


@pytest.mark.parametrize("index", range(len(VALID)), ids=[one.name for one in VALID])
def test_every_valid_package_has_a_bill_that_cyclonedx_accepts(index: int, tmp_path: Path) -> None:
    made(VALID[index].forge().write(tmp_path))


def test_a_bill_lists_each_file_with_its_digest_and_names_the_identity(tmp_path: Path) -> None:
    path = vision_draft().directory().write(tmp_path)
    document = made(path)
    manifest = json.loads((path / "lepton.json").read_bytes())
    listed = {
        one["name"]: one["hashes"][0]["content"] for one in document["components"] if one["type"] == "file"
    }
    expected = {one["path"]: one["sha256"] for one in manifest["files"]}
    identity = validate_package(path, level="quick").identity
    assert identity is not None
    assert listed == {**expected, "lepton.json": identity.removeprefix("sha256:")}
    component = document["metadata"]["component"]
    assert component["bom-ref"] == identity
    assert (component["name"], component["version"]) == (manifest["id"], manifest["version"])
    assert component["licenses"] == [{"expression": manifest["license"]}]


def test_the_same_package_gives_the_same_bytes_and_another_another_number(tmp_path: Path) -> None:
    one = linear_draft().directory().write(tmp_path, "one")
    two = linear_draft().archive().write(tmp_path, "two")
    with load(one) as first, load(two) as second:
        assert bill_of_materials(first) == bill_of_materials(second)
    draft = linear_draft()
    draft.manifest["version"] = "9.9.9"
    other = made(draft.archive().write(tmp_path, "three"))
    assert other["serialNumber"] != made(one)["serialNumber"]


CARD: dict[str, Any] = {
    "lepton": "1.0",
    "intendedUse": {"en": "Use."},
    "outOfScopeUse": {"notProvided": {"en": "Nobody asked."}},
    "limitations": {"en": "Limits."},
    "personalData": {"status": "present", "basis": {"en": "Consent."}},
    "trainedOn": [
        {"name": "a", "license": "CC-BY-4.0", "url": "https://example.org/a"},
        {"name": "b", "license": "ask the owner", "sha256": "0" * 64},
    ],
    "evaluations": [
        {
            "metric": "accuracy",
            "value": 0.5,
            "direction": "higher",
            "n": 10,
            "dataset": {"name": "b", "sha256": "0" * 64},
            "group": "left-handed",
        }
    ],
}


def test_the_card_becomes_the_model_card(tmp_path: Path) -> None:
    draft = linear_draft()
    manifest = draft.sealed() | {
        "description": {"en": "Text."},
        "supplier": {"name": "Somebody", "url": "https://example.org"},
    }
    document = document_of(manifest, CARD, "sha256:" + "1" * 64)
    assert JUDGE.validate_str(json.dumps(document)) is None
    model = document["metadata"]["component"]
    assert model["supplier"] == {"name": "Somebody", "url": ["https://example.org"]}
    card = model["modelCard"]
    assert card["considerations"] == {"useCases": ["Use."], "technicalLimitations": ["Limits."]}
    metric = card["quantitativeAnalysis"]["performanceMetrics"][0]
    assert (metric["type"], metric["value"]) == ("accuracy", "0.5")
    assert "left-handed" in metric["slice"]
    named = {one["name"]: one["value"] for one in card["properties"]}
    assert named["lepton:outOfScopeUse:notProvided"] == "Nobody asked."
    assert named["lepton:personalData:basis"] == "Consent."
    data = {one["name"]: one for one in document["components"] if one["type"] == "data"}
    assert set(data) == {"a", "b"}
    assert data["a"]["licenses"] == [{"expression": "CC-BY-4.0"}]
    assert data["b"]["licenses"] == [{"license": {"name": "ask the owner"}}]
    assert {one["ref"] for one in card["modelParameters"]["datasets"]} == {
        one["bom-ref"] for one in data.values()
    }


def test_the_commands_write_sign_and_attach_a_bill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = linear_draft().archive().write(tmp_path, "made")
    identity = validate_package(package, level="quick").identity
    assert main(["sbom", str(package)]) == 0
    assert JUDGE.validate_str(capsys.readouterr().out) is None
    new_key(tmp_path / "k.pem")
    signed = tmp_path / "bom.dsse.json"
    assert main(["sbom", str(package), "--key", str(tmp_path / "k.pem"), "-o", str(signed)]) == 0
    envelope = json.loads(signed.read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["predicateType"] == "https://cyclonedx.org/bom"
    assert JUDGE.validate_str(json.dumps(statement["predicate"])) is None
    assert main(["attach", str(package), str(signed)]) == 0
    report = validate_package(package, level="quick")
    assert (report.verdict, report.identity) == ("pass", identity)
    draft = linear_draft()
    draft.manifest["version"] = "9.9.9"
    other = draft.archive().write(tmp_path, "other")
    assert main(["attach", str(other), str(signed)]) == 2
    assert "about something else" in capsys.readouterr().err


def test_the_signature_of_an_attestation_is_of_the_key(tmp_path: Path) -> None:
    package = linear_draft().archive().write(tmp_path, "made")
    key = new_key(tmp_path / "k.pem")
    out = tmp_path / "bom.dsse.json"
    assert main(["sbom", str(package), "--key", str(tmp_path / "k.pem"), "-o", str(out)]) == 0
    envelope = json.loads(out.read_bytes())
    payload = base64.b64decode(envelope["payload"])
    kind = b"application/vnd.in-toto+json"
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    from cryptography.hazmat.primitives import hashes

    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    key.public_key().verify(signature, message, ec.ECDSA(hashes.SHA256()))


def test_an_assurance_document_gives_users_misuse_and_the_worst_groups(tmp_path: Path) -> None:
    whole = next(one for one in VALID_ASSURANCES if one.name == "whole")
    card = made(whole.forge().write(tmp_path))["metadata"]["component"]["modelCard"]
    considerations = card["considerations"]
    assert considerations["users"] == ["Those who test programs."]
    assert considerations["ethicalConsiderations"] == [
        {"name": "Taking it for a model.", "mitigationStrategy": "The card says no."}
    ]
    assert considerations["fairnessAssessments"] == [
        {
            "groupAtRisk": "The side of the plane. right",
            "harms": "accuracy 0.8, n = 40; difference 0.1",
        },
        {"groupAtRisk": "Size and form. round", "harms": "mae 4, n = 50; ratio 0.5"},
    ]


def test_a_document_that_gives_only_reasons_adds_no_considerations(tmp_path: Path) -> None:
    least = next(one for one in VALID_ASSURANCES if one.name == "least")
    card = made(least.forge().write(tmp_path))["metadata"]["component"]["modelCard"]
    assert card["considerations"].keys() == {"useCases"}
