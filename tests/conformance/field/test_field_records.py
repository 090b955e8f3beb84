"""What was found in the field: lists, reproducers, results and the page made from them."""

import ast
import collections
import json
import re
from pathlib import Path

import jsonschema
import pytest

import lepton_spec
from field import deviations as lists
from field import results
from field.__main__ import main
from field.catalogue import SERVERS_UNDER_TEST
from field.place import FIELD, RESULTS, SERVERS
from lepton_conformance import known
from lepton_conformance.fingerprint import FORM

REQUIREMENTS = lepton_spec.requirements()
LISTS = sorted((FIELD / "known").glob("*/*.yaml"))
RECORDED = sorted(RESULTS.glob("*.json"))
NAMES = {server.name for server in SERVERS_UNDER_TEST}


def test_there_are_servers_lists_and_results() -> None:
    assert len(NAMES) >= 5
    assert {path.parent.name for path in LISTS} <= NAMES
    assert {path.name.rsplit("-", 1)[0] for path in RECORDED} == NAMES


@pytest.mark.parametrize("path", LISTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_list_is_one_that_certify_takes(path: Path) -> None:
    entries = known.read(path)
    assert entries
    server = next(each for each in SERVERS_UNDER_TEST if each.name == path.parent.name)
    assert path.stem in server.profiles
    for entry in entries:
        assert path.stem in REQUIREMENTS[entry.requirement]["profiles"]


@pytest.mark.parametrize(
    "entry", lists.deviations(), ids=lambda entry: f"{entry.server}-{entry.reproducer.stem}"
)
def test_deviation_has_a_text_and_a_reproducer_that_compiles(entry: lists.Deviation) -> None:
    assert entry.link.startswith("https://")
    source = entry.reproducer.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert entry.requirement in (ast.get_docstring(tree) or "")
    assert FORM.search(source)
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert not imported & {"lepton", "lepton_conformance", "lepton_spec", "field"}


def test_no_reproducer_lies_about_unlisted() -> None:
    listed = {entry.reproducer for entry in lists.deviations()}
    assert set((FIELD / "known").glob("*/*/*.py")) == listed


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_result_keeps_to_its_schema(path: Path) -> None:
    result = json.loads(path.read_bytes())
    jsonschema.validate(result, results.SCHEMA)
    assert path.name == f"{result['server']}-{result['version']}.json"
    for profile in result["profiles"]:
        assert set(profile["requirements"]) <= set(REQUIREMENTS)
        assert profile["counts"] == collections.Counter(profile["requirements"].values())


def test_page_is_made_from_the_lists_and_results() -> None:
    page = FIELD / "deviations.md"
    before = page.read_text(encoding="utf-8")
    assert main(["describe"]) == 0
    assert page.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("server", sorted(NAMES))
def test_packages_of_a_server_are_pinned(server: str) -> None:
    lines = (SERVERS / server / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    assert all(re.fullmatch(r"[\w.\[\]-]+==[\w.]+", line) for line in lines)


def failing(*names: str) -> dict[str, str]:
    return {"INF-HLT-01": "pass", **dict.fromkeys(names, "fail")}


def test_differences_say_what_is_new_and_what_is_gone() -> None:
    recorded = {
        "version": "1",
        "profiles": [{"profile": "oip-rest", "requirements": failing("INF-RSP-01", "INF-RSP-02")}],
    }
    found = {
        "version": "2",
        "profiles": [
            {"profile": "oip-rest", "requirements": failing("INF-RSP-02", "INF-RSP-03")},
            {"profile": "inference-grpc", "requirements": {"INF-RSP-01": "pass"}},
        ],
    }
    assert results.differences(recorded, found) == [
        "version 2, recorded was 1",
        "oip-rest: new failure INF-RSP-03",
        "oip-rest: no longer fails INF-RSP-01",
        "inference-grpc: not recorded yet",
    ]
    assert results.differences(found, found) == []


def test_unknown_server_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", "nobody"])
    assert "found no server 'nobody'" in capsys.readouterr().err
