"""What was found of engines: adapters of the kits, lists, programs and records."""

import ast
import json
import re
import sys
from pathlib import Path

import jsonschema
import pytest

import lepton_spec
from field.runtimes import deviations as lists
from field.runtimes import records
from field.runtimes.__main__ import main
from field.runtimes.catalogue import ENGINES, JAVASCRIPT, KITS, find
from field.runtimes.scripts import script
from lepton_conformance import known

NAMES = {engine.name for engine in ENGINES}
REQUIREMENTS = lepton_spec.requirements()
RECORDED = sorted(records.RESULTS.glob("*.json"))
LISTS = sorted(lists.KNOWN.glob("*/runtime.yaml"))
FOUND = lists.deviations()
PROGRAMS = sorted(path for kind in ("*.py", "*.mjs", "*.cpp", "*.hpp") for path in KITS.rglob(kind))
MAX_ADAPTER_LINES = 100


def test_engines_lists_programs_and_records_are_there() -> None:
    assert len(NAMES) == len(ENGINES) >= 8
    assert {path.stem for path in RECORDED} <= NAMES
    assert {path.parent.name for path in LISTS} <= NAMES
    assert len(FOUND) == len({each.name for each in FOUND}) >= 10


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_each_program_of_a_kit_has_at_most_100_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_ADAPTER_LINES


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_record_has_its_form_and_known_requirements(path: Path) -> None:
    record = json.loads(path.read_bytes())
    jsonschema.validate(record, dict(records.SCHEMA))
    assert record["engine"] == path.stem
    assert set(record["requirements"]) <= set(REQUIREMENTS)


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.parent.name)
def test_list_is_one_that_certify_takes_and_each_entry_a_verified_deviation(path: Path) -> None:
    verified = {
        requirement for each in lists.deviations(path.parent.name) for requirement in each.requirements
    }
    for entry in known.read(path):
        assert entry.requirement in verified


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_each_recorded_failure_is_a_verified_deviation(path: Path) -> None:
    record = json.loads(path.read_bytes())
    failing = {name for name, verdict in record["requirements"].items() if verdict == "fail"}
    assert failing <= {r for each in lists.deviations(path.stem) for r in each.requirements}


@pytest.mark.parametrize("each", FOUND, ids=lambda each: each.name)
def test_deviation_is_classified_and_has_a_program_without_this_project(each: lists.Deviation) -> None:
    assert each.cause in lists.CAUSES
    assert set(each.engines) <= NAMES
    assert set(each.requirements) <= set(REQUIREMENTS)
    assert each.link.startswith("https://")
    text = each.replay.read_text(encoding="utf-8")
    assert re.search(r"lepton_|field\.", re.sub(r"lepton_id_\w+", "", text)) is None
    if each.replay.suffix == ".py":
        ast.parse(text)


@pytest.mark.parametrize("each", FOUND, ids=lambda each: each.name)
def test_deviation_has_a_program_in_the_language_of_each_of_its_engines(each: lists.Deviation) -> None:
    for engine in map(find, each.engines):
        assert (each.replay.suffix == ".mjs") == (engine.environment == JAVASCRIPT.name), engine.name


def test_program_has_the_files_beside_the_model(tmp_path: Path) -> None:
    beside = ("weights.bin", "AAAAAA==")
    lines = [({"id": 1, "op": "load", "path": "m"}, {"id": 1, "error": {}}, "bW9kZWw=", beside)]
    reproducer = tmp_path / "RUN-SPL-03.py"
    reproducer.write_text(f"LINES = {lines!r}\n", encoding="utf-8")
    for engine, mark in (("onnxruntime", "'"), ("onnxruntime-node", '"')):
        _, text = script(find(engine), reproducer, "a message")
        assert f"BESIDE = {{{mark}weights.bin{mark}: {mark}AAAAAA=={mark}}}" in text


def test_every_program_belongs_to_a_deviation() -> None:
    assert {path.name for path in lists.REPLAYS.iterdir()} == {each.replay.name for each in FOUND}


def test_lock_of_the_javascript_kit_names_no_registry() -> None:
    text = (KITS / "javascript" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert "http" not in re.sub(r'"url": "https://[^"]*"', "", text)


def test_page_is_the_one_that_is_generated() -> None:
    found = [record for engine in ENGINES if (record := records.read(engine.name)) is not None]
    titles = {key: str(entry["title"]) for key, entry in REQUIREMENTS.items()}
    page = (lists.FOLDER / "deviations.md").read_text(encoding="utf-8")
    assert page == lists.page(FOUND, found, titles)


def test_matrix_has_a_column_for_each_engine_and_a_mark_for_each_verdict() -> None:
    one = {"engine": "a", "verdict": "pass", "versions": {"a": "1"}, "requirements": {"RUN-ADP-01": "pass"}}
    two = {"engine": "b", "verdict": "fail", "versions": {"b": "2"}, "requirements": {"RUN-ADP-01": "fail"}}
    lines = records.matrix([one, two], {"RUN-ADP-01": "Hello"})
    assert lines[-1] == "RUN-ADP-01    .  F  Hello"
    assert any("b 2" in line for line in lines)


def test_unknown_engine_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "unheard-of"])
    assert "found no engine 'unheard-of'" in capsys.readouterr().err


def test_a_deviation_of_onnxruntime_replays_with_the_engine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    (gather,) = [each for each in FOUND if each.name == "ort-string-gather"]
    monkeypatch.setattr("field.environment.python", lambda name: Path(sys.executable))
    holds, said = lists.replay(gather, "onnxruntime")
    assert holds, said
