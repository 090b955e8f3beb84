"""Hostile data sets: judged to the end in little memory, with nothing opened outside and nothing reached."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lepton_conformance.forge.dataset_draft import DataDraft, as_bytes, least, rich
from lepton_conformance.forge.datasets import DATASET_VIOLATIONS

Judge = Callable[..., Any]
MEBIBYTE = 1024 * 1024


def _with_table(data: bytes) -> DataDraft:
    draft = least()
    draft.files["rows.csv"] = data
    return draft


def _patterns(draft: DataDraft) -> None:
    files = {f"{at:04d}" + "a" * 150 + ".bin": b"" for at in range(300)}
    draft.files |= files
    draft.roles |= dict.fromkeys(files, "data")
    draft.document["distribution"].append(
        {
            "@type": "cr:FileSet",
            "@id": "slow",
            "encodingFormat": "text/plain",
            "includes": ["*a" * 60 + "b", "**/" * 40 + "*.bin"],
        }
    )


@pytest.mark.requirement("DAT-VAL-02")
def test_violating_data_sets_are_judged_without_reaching_out(tmp_path: Path, judge: Judge) -> None:
    last = {one.requirement: one for one in DATASET_VIOLATIONS if one.varies}
    for violation in list(last.values())[::3]:
        if violation.requirement != "DAT-LAY-01":
            folder = violation.forge().write(tmp_path, f"{violation.requirement}-{violation.name}")
            assert violation.requirement in judge(folder, "full").requirements


@pytest.mark.requirement("DAT-VAL-02")
def test_archives_of_a_data_set_stay_closed(tmp_path: Path, judge: Judge) -> None:
    draft = rich()
    bomb = b"PK\x03\x04" + b"\0" * 4096
    draft.files["data/archive.zip"] = bomb
    draft.document["distribution"][3] |= {
        "contentUrl": "data/archive.zip",
        "sha256": hashlib.sha256(bomb).hexdigest(),
    }
    folder = draft.directory().write(tmp_path)
    assert judge(folder, "full").verdict == "pass"


@pytest.mark.requirement("DAT-VAL-03")
def test_a_long_table_takes_the_memory_of_a_record(tmp_path: Path, judge: Judge) -> None:
    line = b"1" * 17 + b"," + b"x" * 10_000 + b"\n"
    small = _with_table(b"x,y\n" + line)
    small.document["lepton"]["splits"][0]["records"] = 1
    before = judge(small.directory().write(tmp_path, "small"), "full")
    assert before.verdict == "pass"
    large = _with_table(b"x,y\n" + line * 6_400)
    large.document["lepton"]["splits"][0]["records"] = 6_400
    after = judge(large.directory().write(tmp_path, "large"), "full")
    assert after.verdict == "pass"
    assert after.peak - before.peak < 24 * MEBIBYTE, "the table has 64 MB"


@pytest.mark.parametrize(
    ("name", "data", "requirement"),
    [
        ("one-line", b"x\n" + b"1" * (40 * MEBIBYTE), "DAT-REC-02"),
        ("open-quote", b'x\n"' + b"1111111111111111111111111111111\n" * MEBIBYTE, "DAT-REC-02"),
        ("commas", b"x\n" + b"," * (15 * MEBIBYTE) + b"\n", "DAT-REC-02"),
        ("quotes", b"x\n" + b'"",' * (5 * MEBIBYTE) + b"\n", "DAT-REC-02"),
        ("digits", b"x\n" + b"1" * (15 * MEBIBYTE) + b"\n", "DAT-REC-05"),
        ("exponent", b"x\n1e" + b"9" * MEBIBYTE + b"\n", "DAT-REC-05"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_record_without_end_is_refused(
    name: str, data: bytes, requirement: str, tmp_path: Path, judge: Judge
) -> None:
    folder = _with_table(data).directory().write(tmp_path, name)
    assert judge(folder, "full", size=len(data)).requirements == [requirement]


def test_a_bomb_of_values_is_a_limit_and_no_finding(tmp_path: Path, judge: Judge) -> None:
    draft = rich()
    draft.files["data/points.jsonl"] = b'{"x": [' + b"0," * 2_100_000 + b"0]}\n"
    del draft.document["distribution"][1]["md5"]
    found = judge(draft.directory().write(tmp_path), "full")
    assert (found.verdict, found.requirements) == ("inconclusive", [])
    assert "limit of this validator" in found.open["DAT-REC-03"]


def test_patterns_that_try_everything_come_to_an_end(tmp_path: Path, judge: Judge) -> None:
    draft = least()
    _patterns(draft)
    draft.document["@context"]["includes"] = "cr:includes"
    assert judge(draft.directory().write(tmp_path), "quick").verdict == "pass"


def test_too_many_patterns_are_a_limit_and_no_finding(tmp_path: Path, judge: Judge) -> None:
    draft = least()
    _patterns(draft)
    draft.document["distribution"][-1]["includes"] = ["*a" * 200 + "b"] * 1000
    found = judge(draft.directory().write(tmp_path), "quick")
    assert (found.verdict, found.requirements) == ("inconclusive", [])
    assert "limit of this validator" in found.open["DAT-REF-04"]


def _deep(value: Any) -> Any:
    for _ in range(30):
        value = {"@type": "cr:Field", "@id": f"f{id(value)}", "subField": [value]}
    return value


def test_fields_in_fields_are_walked(tmp_path: Path, judge: Judge) -> None:
    draft = least()
    inner = {"@type": "cr:Field", "@id": "inner", "dataType": "sc:Text"}
    draft.document["recordSet"][0]["field"].append(_deep(inner))
    found = judge(draft.directory().write(tmp_path), "full")
    assert found.requirements == ["DAT-DOC-01"], "30 fields are 60 arrays and objects, and stand in others"


def test_vectors_of_many_elements_are_no_bomb(tmp_path: Path, judge: Judge) -> None:
    """A record of 4,194,304 filled elements, wanted by ever more vectors."""
    draft = rich()
    draft.document["recordSet"][2]["field"][1]["arrayShape"] = "1048576,4"
    mapping = json.loads(draft.files["mappings/points.json"])
    mapping["inputs"][0] |= {"shape": ["B", 4_194_304], "missing": {"rule": "fill", "value": 0}}
    mapping["vectors"][0]["records"] = list(range(4))
    draft.files["mappings/points.json"] = as_bytes(mapping)
    draft.files["data/points.jsonl"] = b"".join(b'{"id": %d, "name": "a"}\n' % at for at in range(4))
    del draft.document["distribution"][1]["md5"]
    found = judge(draft.directory().write(tmp_path), "full")
    assert found.requirements == []
    assert "limit of this validator" in found.open["DAT-MAP-05"]
