"""A server that starts with nothing loaded is judged like any other, and left with nothing loaded."""

from pathlib import Path

import pytest

from lepton_conformance.certify import certify
from lepton_conformance.loading import loaded_for_the_run
from lepton_conformance.models.export import export
from lepton_conformance.mutants.lawful_choices import Slow
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.repository import Entry
from lepton_conformance.subject.http import HttpSubject


class Empty(Slow):
    """Loads at once what it is asked for, and one model not at all."""

    seconds = 0.0

    def load(self, entry: Entry) -> None:
        if entry.name == "lepton_id_bytes":
            raise self.unloadable(entry.name, ValueError("no strings"))
        super().load(entry)


@pytest.fixture
def empty(tmp_path: Path) -> Empty:
    export(tmp_path / "models", "plain")
    return Empty(tmp_path / "models")


def states(server: Empty) -> set[str]:
    return {entry.state for entry in server.entries.values()}


@pytest.mark.requirement("INF-REP-07")
def test_listed_models_are_loaded_for_the_run_and_unloaded_after_it(empty: Empty) -> None:
    with listening(empty) as url:
        with loaded_for_the_run(HttpSubject(url)) as borrowed:
            assert set(borrowed) == set(empty.entries) - {"lepton_id_bytes"}
            assert set(empty.models) == set(borrowed)
        assert states(empty) == {"UNAVAILABLE"}


def test_models_that_were_ready_stay_loaded(empty: Empty) -> None:
    empty.load(empty.entries["lepton_split"])
    with listening(empty) as url:
        with loaded_for_the_run(HttpSubject(url)) as borrowed:
            assert "lepton_split" not in borrowed
        assert set(empty.models) == {"lepton_split"}


def test_server_without_a_model_loaded_passes_and_is_left_so(empty: Empty) -> None:
    with listening(empty) as url:
        report = certify(url, ["inference-repository"], max_examples=1, only=["INF-REP-03", "INF-RSP-01"])
    assert {entry["verdict"] for entry in report["requirements"] if entry["tests"]} == {"pass"}
    assert states(empty) == {"UNAVAILABLE"}
    assert empty.models == {}


def test_nothing_is_asked_of_a_server_that_is_no_repository(empty: Empty) -> None:
    with listening(empty) as url:
        certify(url, ["inference-rest"], max_examples=1, only=["INF-HLT-01"])
    assert empty.models == {}
