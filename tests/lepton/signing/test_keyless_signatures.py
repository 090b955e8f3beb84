"""Signatures of Sigstore where its package is missing: an error with the way out, never a yes.

What Sigstore itself decides is shown in the field runs, whose environment has the package.
"""

import sys
from pathlib import Path

import pytest

from lepton.cli import main

EXTRA = "pip install 'lepton-standard[sigstore]'"


@pytest.fixture(autouse=True)
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore", None)


def test_verifying_an_identity_without_sigstore_names_the_extra(
    folder_package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    who = ["--sigstore-identity", "me@example.org", "--sigstore-issuer", "https://example.org"]
    assert main(["verify", str(folder_package), *who]) == 2
    assert EXTRA in capsys.readouterr().err


def test_signing_as_an_identity_without_sigstore_names_the_extra_and_writes_nothing(
    folder_package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sign", str(folder_package), "--sigstore"]) == 2
    assert EXTRA in capsys.readouterr().err
    assert not (folder_package / "signatures").exists()


@pytest.mark.parametrize(
    "trust",
    [
        ["--sigstore-identity", "me@example.org"],
        ["--sigstore-issuer", "https://example.org"],
        ["--key", "k.pem", "--certificate-roots", "r.pem"],
    ],
)
def test_half_an_identity_and_two_kinds_of_trust_are_refused(
    folder_package: Path, trust: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(folder_package), *trust]) == 2
    assert "--sigstore-issuer" in capsys.readouterr().err
