"""Tables made from data: they are up to date, and what the data names exists."""

import json
from typing import Any

import pytest

EN = "spec/en/core.md"
ZH = "spec/zh/core.md"
THREATS = "schemas/1.0/threats.json"
CROSSWALK = "schemas/1.0/crosswalk.json"


def words(text: str) -> dict[str, str]:
    return {"en": text, "zh": f"（{text}）"}


def threat(**more: Any) -> dict[str, Any]:
    told = {"id": "T-01", "threat": words("A threat."), "actor": "stranger", "boundary": "door"}
    return {**told, "assets": ["host"], "answers": ["COR-NET-01"], "state": "answered", **more}


def row(**more: Any) -> dict[str, Any]:
    members = ["size.schema.json#/$defs/size"]
    told = {"item": "1(a)", "subject": words("size"), "members": members, "requirements": ["COR-VER-01"]}
    return {**told, "organisational": False, **more}


def named(name: str) -> dict[str, Any]:
    return {"id": name, "what": words(f"What {name} is.")}


def put(standard: Any, threats: list[Any], rows: list[Any]) -> None:
    listed = {"assets": [named("host")], "actors": [named("stranger")], "boundaries": [named("door")]}
    standard.write(THREATS, json.dumps({**listed, "threats": threats}, ensure_ascii=False, indent=1))
    standard.write(CROSSWALK, json.dumps({"frameworks": [{"rows": rows}]}, ensure_ascii=False, indent=1))


@pytest.fixture
def tables(standard: Any) -> Any:
    """A standard with a threat model, a crosswalk, and their tables in both languages."""
    put(standard, [threat()], [row()])
    marks = "".join(
        f"\n<!-- table: {name} -->\n<!-- end of table -->\n"
        for name in ("threats.json#/assets", "threats.json#/threats", "crosswalk.json#/frameworks/0/rows")
    )
    for file in (EN, ZH):
        standard.write(file, standard.read(file) + marks)
    assert standard.run("build") == 0
    return standard


def said(standard: Any) -> list[str]:
    return [f"{each.file} {each.found}" for each in standard.problems()]


def test_tables_are_written_in_the_language_of_the_chapter(tables: Any) -> None:
    assert said(tables) == []
    assert "| T-01 A threat. | `stranger`, `door`, `host` | answered | COR-NET-01 | |" in tables.read(EN)
    assert "| T-01 （A threat.） | `stranger`、`door`、`host` | 已应对 | COR-NET-01 | |" in tables.read(ZH)
    assert "| 1(a) | size | size `/$defs/size` | COR-VER-01 |" in tables.read(EN)
    assert "| `host` | What host is. |" in tables.read(EN)


def test_building_twice_changes_nothing(tables: Any) -> None:
    before = tables.read(EN)
    assert tables.run("build") == 0
    assert tables.read(EN) == before


def test_changed_data_leaves_the_chapters_out_of_date(tables: Any) -> None:
    put(tables, [threat(threat=words("Another threat."))], [row()])
    assert [one for one in said(tables) if "out of date" in one] == [
        f"{EN} a generated file that is out of date",
        f"{ZH} a generated file that is out of date",
    ]


def test_a_table_changed_by_hand_is_out_of_date(tables: Any) -> None:
    tables.replace(EN, "| T-01 A threat. |", "| T-01 No threat. |")
    assert said(tables) == [f"{EN} a generated file that is out of date"]


@pytest.mark.parametrize(
    ("threats", "rows", "found"),
    [
        ([threat(answers=["COR-NET-09"])], [row()], '"T-01": COR-NET-09, which no block'),
        ([threat()], [row(requirements=["COR-NET-09"])], '"1(a)": COR-NET-09, which no block'),
        ([threat()], [row(members=["size.schema.json#/x"])], '"1(a)": the member size.schema.json#/x'),
        ([threat(actor="nobody")], [row()], "\"T-01\": 'nobody', which is none of the actors"),
        ([threat(assets=["host", "gold"])], [row()], "\"T-01\": 'gold', which is none of the assets"),
        ([threat(answers=[])], [row()], '"T-01": the state answered'),
        ([threat(state="open", remains=words("All."))], [row()], '"T-01": the state open'),
        ([threat(state="partly")], [row()], '"T-01": `remains`'),
        ([threat(remains=words("All."))], [row()], '"T-01": `remains`'),
        ([threat()], [row(members=[], requirements=[])], '"1(a)": a row'),
        ([threat()], [row(organisational=True)], '"1(a)": a row'),
    ],
)
def test_what_the_data_says_is_checked(tables: Any, threats: list[Any], rows: list[Any], found: str) -> None:
    put(tables, threats, rows)
    problems = [each for each in tables.problems() if "out of date" not in each.found]
    assert len(problems) == 1
    assert problems[0].found.startswith(found)
    file = THREATS if found.startswith('"T') else CROSSWALK
    assert (problems[0].file, problems[0].line) == (file, tables.line(file, found.partition(":")[0]))


def test_a_mark_that_leads_nowhere_is_named(tables: Any) -> None:
    tables.replace(EN, "<!-- table: threats.json#/assets -->", "<!-- table: threats.json#/riches -->")
    (problem,) = tables.problems()
    assert problem.line == tables.line(EN, "riches")
    assert "threats.json#/riches: there is no 'riches'" in problem.found


def test_a_table_without_its_end_is_named(tables: Any) -> None:
    text = tables.read(EN)
    tables.write(EN, text[: text.rindex("<!-- end of table -->")])
    assert said(tables) == [f"{EN} a table without its end"]
