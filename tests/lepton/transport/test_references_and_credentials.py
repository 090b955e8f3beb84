"""References to registries, and where the credentials for them come from."""

import base64
import json
import os
from pathlib import Path

import pytest

from lepton.errors import LeptonError
from lepton.transport.credentials import find_credentials
from lepton.transport.http import Trust
from lepton.transport.reference import is_loopback, parse, tag_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("oci://r.example.org/a", ("r.example.org", "a", "", "")),
        ("oci://r.example.org:5000/a/b-c:1.0_x", ("r.example.org:5000", "a/b-c", "1.0_x", "")),
        ("oci://[::1]:5000/a:t", ("[::1]:5000", "a", "t", "")),
        (f"oci://localhost/a@sha256:{'0' * 64}", ("localhost", "a", "", f"sha256:{'0' * 64}")),
    ],
)
def test_a_reference_is_read_and_written_again(text: str, parts: tuple[str, ...]) -> None:
    found = parse(text)
    assert (found.host, found.name, found.tag, found.digest) == parts
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "oci://",
        "oci://host",
        "oci://host/",
        "oci://host/A",
        "oci://host/a:",
        "oci://host/a/../b",
        "oci://user:secret@host/a",
        "oci://host/a@sha256:00",
        "oci://host/a:t@sha256:" + "0" * 64,
        "https://host/a",
        "oci://host/a?x",
        "oci://host/a:1\n",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(LeptonError, match="expected oci://"):
        parse(text)


def test_only_this_machine_is_spoken_to_without_tls() -> None:
    ours = ["localhost", "localhost:5000", "127.0.0.1", "127.8.9.1:1", "[::1]", "[::1]:5000"]
    others = [
        "example.org",
        "localhost.example.org",
        "128.0.0.1",
        "10.0.0.1:5000",
        "[::2]:1",
        "127.0.0.1.x.org",
    ]
    assert all(is_loopback(one) for one in ours)
    assert not any(is_loopback(one) for one in others)
    assert {Trust().scheme(one) for one in ours} == {"http"}
    assert {Trust().scheme(one) for one in others} == {"https"}
    assert Trust(roots=Path("x")).scheme("localhost") == "https"
    allowed = ["https://example.org/x", "http://127.0.0.1/x"]
    assert all(Trust().allows(one) for one in allowed)
    refused = ["http://example.org/x", "file:///x", "ftp://127.0.0.1/x", "https://", "x"]
    assert not any(Trust().allows(one) for one in refused)


def test_a_version_becomes_a_tag() -> None:
    assert tag_of("1.0.0-rc.1+build.5") == "1.0.0-rc.1_build.5"


def config(folder: Path, value: object) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(value if isinstance(value, str) else json.dumps(value))
    return {"DOCKER_CONFIG": str(folder)}


def test_credentials_are_those_of_docker_login(tmp_path: Path) -> None:
    auth = base64.b64encode(b"me:pass:word").decode()
    environment = config(
        tmp_path / "d", {"auths": {"a.org": {"auth": auth}, "https://b.org": {"identitytoken": "tok"}}}
    )
    found = find_credentials("a.org", environment)
    assert (found.user, found.password) == ("me", "pass:word")
    assert find_credentials("b.org", environment).identity_token == "tok"
    assert not find_credentials("c.org", environment)
    assert not find_credentials("a.org", {"DOCKER_CONFIG": str(tmp_path / "none")})


@pytest.mark.parametrize("text", ["[]", "no json", "[" * 100_000, '{"auths": {"a.org": {"auth": "%%"}}}'])
def test_a_broken_configuration_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(LeptonError):
        find_credentials("a.org", config(tmp_path / "d", text))


HELPER = """#!/bin/sh
read name
case "$name" in
a.org) echo '{"Username": "me", "Secret": "s"}' ;;
b.org) echo '{"Username": "<token>", "Secret": "t"}' ;;
c.org) echo 'nonsense' ;;
*) exit 1 ;;
esac
"""


def test_a_credential_helper_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker-credential-mine"
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    environment = config(tmp_path / "d", {"credsStore": "mine"})
    assert find_credentials("a.org", environment).user == "me"
    assert find_credentials("b.org", environment).identity_token == "t"
    assert not find_credentials("d.org", environment)
    with pytest.raises(LeptonError, match="no Username and Secret"):
        find_credentials("c.org", environment)
    with pytest.raises(LeptonError, match="found no program"):
        find_credentials("a.org", config(tmp_path / "e", {"credHelpers": {"a.org": "absent"}}))
    with pytest.raises(LeptonError, match="expected letters"):
        find_credentials("a.org", config(tmp_path / "f", {"credsStore": "../x"}))
