"""The profile inference-repository on the reference server, with and without its folder."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lepton_conformance.certify import UsageFault, certify
from lepton_conformance.models.catalog import MODELS
from lepton_conformance.models.export import export
from lepton_conformance.mutants.listener import HttpRequest
from lepton_conformance.mutants.matrix import repository_listening
from lepton_conformance.mutants.package_repository import PackageRepository
from lepton_conformance.mutants.refusal import Refusal
from lepton_conformance.mutants.repository import NaiveRepository

PROFILE = "inference-repository"
NEED_THE_FOLDER = {"INF-REP-14", "INF-REP-15", "INF-REP-16", "ASR-SAF-04"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Serve a repository that the suite has written; yield its address and its folder."""
    root = tmp_path_factory.mktemp("repository") / "models"
    export(root, "lepton")
    process = subprocess.Popen(
        [sys.executable, "-m", "lepton", "serve", "--repository", str(root), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        yield found.group(), root
    finally:
        process.terminate()
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_reference_conforms_and_is_left_as_it_was_found(served: tuple[str, Path], seed: int) -> None:
    url, root = served
    before = digests(root)
    report = certify(url, [PROFILE], seed=seed, max_examples=5, repository=root)
    assert [entry["id"] for entry in report["requirements"] if entry["verdict"] != "pass"] == []
    assert digests(root) == before
    names = {entry.name for entry in MODELS}
    again = certify(url, ["oip-rest"], max_examples=0, only=["INF-HLT-03"])
    (ready,) = [entry for entry in again["requirements"] if entry["id"] == "INF-HLT-03"]
    assert ready["tests"][0]["examples"] == len(names)


def test_without_the_folder_what_needs_it_is_not_tested(served: tuple[str, Path]) -> None:
    report = certify(served[0], [PROFILE], max_examples=0)
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"]}
    assert {key for key, verdict in verdicts.items() if verdict == "not-tested"} == NEED_THE_FOLDER
    assert report["profiles"] == [{"profile": PROFILE, "verdict": "inconclusive"}]


def test_folder_without_its_profile_or_of_something_else_is_a_usage_fault(
    served: tuple[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageFault, match="--profile inference-repository"):
        certify(served[0], ["oip-rest"], repository=served[1])
    with pytest.raises(UsageFault, match="export-models"):
        certify(served[0], [PROFILE], repository=tmp_path)


class Strict(NaiveRepository):
    """Refuses parameters that it does not know, as Triton does."""

    def repository_parameters(self, request: HttpRequest) -> Mapping[str, Any]:
        found = super().repository_parameters(request)
        if found:
            raise Refusal(400, f"parameters {sorted(found)} are unknown")
        return found


def test_server_that_refuses_unknown_parameters_has_one_finding() -> None:
    with repository_listening(Strict) as (url, folder):
        report = certify(url, [PROFILE], max_examples=0, repository=folder)
    left = {entry["id"]: entry["verdict"] for entry in report["requirements"] if entry["verdict"] != "pass"}
    assert left == {"INF-REP-21": "fail", "ASR-SAF-04": "not-applicable"}


def test_another_server_of_packages_passes_every_requirement() -> None:
    with repository_listening(PackageRepository) as (url, folder):
        report = certify(url, [PROFILE], max_examples=0, repository=folder)
    assert [entry["id"] for entry in report["requirements"] if entry["verdict"] != "pass"] == []
