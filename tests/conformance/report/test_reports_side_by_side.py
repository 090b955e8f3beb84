"""`lepton compare`: subjects as columns, profiles on top, and an honest word where conditions differ."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from lepton.cli import main

INSTANCE = Path(__file__).resolve().parents[2] / "schemas/conformance-report/valid/every-outcome.json"


@pytest.fixture
def reports(tmp_path: Path) -> list[str]:
    one: dict[str, Any] = json.loads(INSTANCE.read_text(encoding="utf-8"))
    two = copy.deepcopy(one)
    two["subject"].update(name="<b>other</b>\x1b[31m", version="2.0")
    two["suite"].update(seed=7)
    two["requirements"][1].update(verdict="pass")
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    for path, report in zip(paths, (one, two), strict=True):
        path.write_text(json.dumps(report), encoding="utf-8")
    return [str(path) for path in paths]


def test_text_names_subjects_and_says_which_conditions_differ(
    reports: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *reports]) == 1
    out = capsys.readouterr().out
    assert "[1] x, http://127.0.0.1:8000" in out
    assert "\x1b" not in out
    assert "beware: the reports come from different seeds: 0, 7" in out
    assert "INF-RSP-01      fail  pass  A valid request is answered" in out
    assert "inference-rest  fail  fail" in out
    assert "INF-HLT-01" not in out


def test_all_shows_equal_requirements_too(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *reports, "--all"]) == 1
    assert re.search(r"^INF-HLT-01 +pass +pass ", capsys.readouterr().out, re.MULTILINE)


def test_page_has_a_column_for_each_subject_and_no_markup_of_theirs(
    reports: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "page.html"
    assert main(["compare", *reports, "--format", "html", "--output", str(target)]) == 1
    assert capsys.readouterr().out == ""
    page = target.read_text(encoding="utf-8")
    assert "&lt;b&gt;other&lt;/b&gt;" in page
    assert "<b>" not in page
    assert '<td class="fail">FAIL</td><td class="pass">pass</td>' in page
    assert "different seeds" in page


def test_json_has_subjects_doubts_and_differences(
    reports: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *reports, "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["differences"]["requirements"] == {"INF-RSP-01": ["fail", "pass"]}
    assert found["subjects"][1]["version"] == "2.0"
    assert len(found["doubts"]) == 1


def test_equal_reports_exit_0_and_say_so(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", reports[0], reports[0]]) == 0
    assert "requirements: no difference" in capsys.readouterr().out
