"""Packages through a real registry: there and back, again, attached files, and what the tag names."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lepton.cli import main
from lepton.errors import LeptonError, SourceError
from lepton.package import open_package
from lepton.remote import validate_remote
from lepton.transport.carried import Carried
from lepton.transport.credentials import Credentials
from lepton.transport.http import Client, Trust
from lepton.transport.pull import pull
from lepton.transport.push import Pushed, push
from lepton.transport.registry import Registry
from lepton.validate import validate_package
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.valid import linear_draft

Reach = Callable[[str], Registry]


def sent(package: Path, registry: Registry, *, replace: bool = False) -> Pushed:
    with Carried(package) as carried:
        return push(carried, registry, replace=replace)


def another() -> Draft:
    draft = linear_draft()
    draft.manifest["description"] = {"en": "Another text."}
    return draft


@pytest.mark.requirement("PKG-OCI-04")
def test_a_pulled_zip_is_the_pushed_zip_byte_for_byte(
    registry_host: str, reach: Reach, package: Path, tmp_path: Path
) -> None:
    registry = reach(f"oci://{registry_host}/a/zip:1")
    pushed = sent(package, registry)
    pulled = pull(registry, tmp_path / "back.lepton")
    assert pulled.identity == pushed.identity
    assert pulled.digest == pushed.digest
    assert (tmp_path / "back.lepton").read_bytes() == package.read_bytes()


@pytest.mark.requirement("PKG-OCI-01")
@pytest.mark.requirement("PKG-OCI-04")
def test_a_pulled_directory_holds_the_same_files(registry_host: str, reach: Reach, tmp_path: Path) -> None:
    made = linear_draft().directory().write(tmp_path, "made")
    registry = reach(f"oci://{registry_host}/a/directory:1")
    sent(made, registry)
    pull(registry, tmp_path / "back")
    names = sorted(one.relative_to(made) for one in made.rglob("*") if one.is_file())
    assert names == sorted(
        one.relative_to(tmp_path / "back") for one in (tmp_path / "back").rglob("*") if one.is_file()
    )
    assert all((made / one).read_bytes() == (tmp_path / "back" / one).read_bytes() for one in names)
    assert not list(tmp_path.glob(".*"))


def test_a_second_push_sends_nothing(registry_host: str, reach: Reach, package: Path) -> None:
    registry = reach(f"oci://{registry_host}/a/twice:1")
    assert sent(package, registry).sent > 0
    again = sent(package, registry)
    assert again.sent == 0
    assert again.present > 0


def test_the_version_is_the_tag_when_none_is_given(registry_host: str, reach: Reach, package: Path) -> None:
    with open_package(package) as opened:
        assert opened.manifest is not None
        version = opened.manifest["version"]
    pushed = sent(package, reach(f"oci://{registry_host}/a/untagged"))
    assert pushed.reference.tag == version


def test_a_tag_that_names_another_package_is_moved_only_on_request(
    registry_host: str, reach: Reach, package: Path, tmp_path: Path
) -> None:
    registry = reach(f"oci://{registry_host}/a/moved:1")
    first = sent(package, registry)
    other = another().archive().write(tmp_path, "other")
    with pytest.raises(LeptonError, match="names another package"):
        sent(other, registry)
    assert pull(registry, tmp_path / "one.lepton").identity == first.identity
    second = sent(other, registry, replace=True)
    assert pull(registry, tmp_path / "two.lepton").identity == second.identity != first.identity


def test_a_digest_names_one_package_for_ever(
    registry_host: str, reach: Reach, package: Path, tmp_path: Path
) -> None:
    pushed = sent(package, reach(f"oci://{registry_host}/a/digest:1"))
    registry = reach(f"oci://{registry_host}/a/digest@{pushed.digest}")
    assert pull(registry, tmp_path / "back.lepton").identity == pushed.identity
    with pytest.raises(LeptonError, match="expected sha256:"):
        sent(another().archive().write(tmp_path, "other"), registry)


@pytest.mark.requirement("PKG-OCI-05")
def test_signatures_and_attestations_travel_as_referrers_by_the_fallback_tag(
    registry_host: str, reach: Reach, tmp_path: Path
) -> None:
    made = linear_draft().directory().write(tmp_path, "made")
    registry = reach(f"oci://{registry_host}/a/attached:1")
    bare = sent(made, registry)
    for name in ("signatures/k.sigstore.json", "attestations/bom.cdx.json"):
        (made / name).parent.mkdir()
        (made / name).write_text("{}")
    signed = sent(made, registry)
    assert (signed.identity, signed.digest) == (bare.identity, bare.digest)
    assert signed.fallback == signed.digest.replace(":", "-")
    pulled = pull(registry, tmp_path / "back")
    assert sorted(pulled.attached) == ["attestations/bom.cdx.json", "signatures/k.sigstore.json"]
    assert (tmp_path / "back" / "signatures" / "k.sigstore.json").read_text() == "{}"
    (made / "signatures" / "k.sigstore.json").write_text('{"again":1}')
    sent(made, registry)
    again = pull(registry, tmp_path / "again")
    assert again.ignored == ()
    assert (tmp_path / "again" / "signatures" / "k.sigstore.json").read_text() == '{"again":1}'


def test_files_larger_than_one_chunk_arrive(registry_host: str, reach: Reach, tmp_path: Path) -> None:
    draft = linear_draft()
    draft.add("notes.bin", bytes(range(256)) * 80_000, "application/octet-stream", "other")
    made = draft.archive().write(tmp_path, "made")
    registry = reach(f"oci://{registry_host}/a/large:1")
    pushed = sent(made, registry)
    assert pull(registry, tmp_path / "back.lepton").identity == pushed.identity
    assert validate_package(tmp_path / "back.lepton", level="quick").verdict == "pass"


def test_nothing_at_a_reference_says_which_tags_there_are(
    registry_host: str, reach: Reach, package: Path, tmp_path: Path
) -> None:
    sent(package, reach(f"oci://{registry_host}/a/tags:1.0"))
    with pytest.raises(SourceError, match=r"tags there: 1\.0"):
        pull(reach(f"oci://{registry_host}/a/tags:2.0"), tmp_path / "back.lepton")
    with pytest.raises(LeptonError, match=r"for example of: 1\.0"):
        pull(reach(f"oci://{registry_host}/a/tags"), tmp_path / "back.lepton")
    assert not (tmp_path / "back.lepton").exists()


def test_another_identity_than_the_expected_is_not_fetched(
    registry_host: str, reach: Reach, package: Path, tmp_path: Path
) -> None:
    registry = reach(f"oci://{registry_host}/a/expected:1")
    pushed = sent(package, registry)
    with pytest.raises(LeptonError, match="nothing was fetched"):
        pull(registry, tmp_path / "back.lepton", identity="sha256:" + "0" * 64)
    assert not (tmp_path / "back.lepton").exists()
    pull(registry, tmp_path / "back.lepton", identity=pushed.identity)


def test_the_commands_push_and_pull(
    registry_host: str,
    package: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    assert main(["push", str(package), f"oci://{registry_host}/a/commands:1"]) == 0
    assert main(["pull", f"oci://{registry_host}/a/commands:1", "-o", str(tmp_path / "b.lepton")]) == 0
    assert "sizes and digests verified" in capsys.readouterr().out
    assert main(["pull", "oci://127.0.0.1:1/a/b:1", "-o", str(tmp_path / "c.lepton")]) == 2
    assert "cannot reach http://127.0.0.1:1" in capsys.readouterr().err


def test_the_command_validate_judges_a_package_in_a_registry(
    registry_host: str,
    reach: Reach,
    package: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    sent(package, reach(f"oci://{registry_host}/a/judged:1"))
    there = f"oci://{registry_host}/a/judged:1"
    assert main(["validate", "--level", "quick", "--format", "json", there]) == 3
    quick = json.loads(capsys.readouterr().out)["packages"][0]
    assert quick["path"] == there
    assert quick["verdict"] == "inconclusive"
    assert quick["identity"] == validate_package(package, level="quick").identity
    assert main(["validate", there]) == 0
    assert main(["validate", "--level", "quick", str(package), "oci://127.0.0.1:1/a/b:1"]) == 2
    assert "cannot reach" in capsys.readouterr().err


def test_a_violation_in_a_registry_is_found_from_afar(
    registry_host: str, reach: Reach, tmp_path: Path
) -> None:
    draft = linear_draft()
    draft.manifest["license"] = "No-Such-Licence"
    registry = reach(f"oci://{registry_host}/a/broken:1")
    sent(draft.archive().write(tmp_path, "made"), registry)
    with Client(Trust()) as client:
        report = validate_remote(str(registry.reference), client, Credentials(), level="quick")
    assert [one.requirement for one in report.findings] == ["PKG-DOC-01"]
    assert report.verdict == "fail"
