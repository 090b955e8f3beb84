"""Every form of the report: sound in its own format, escaped, and the same for the same findings."""

import json
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from lepton.finding import Finding, PackageReport, Report, Verdict
from lepton.package.schema import schema_faults
from lepton.report import FORMATS, render
from lepton.validate import validate
from lepton_conformance.forge.valid import linear_draft

EVIL = "a\x1b[31m\u202eb<script>alert('1')</script>&\"\x00\n\u2028"


@pytest.fixture
def evil() -> Report:
    findings = (
        Finding("PKG-DIG-03", EVIL, "/a", f"found {EVIL}", "hint <b>"),
        Finding("PKG-ART-01", "model.onnx", "byte 17", "found", "hint"),
        Finding("PKG-DOC-05", "lepton.json", "", "found no description", "hint"),
    )
    package = PackageReport(
        f"/tmp/{EVIL}", None, Verdict.FAIL, findings, ("PKG-DIG-03", "PKG-LAY-01"), {"PKG-ART-03": EVIL}
    )
    return Report((package, package), "quick")


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_findings_give_the_same_bytes(evil: Report, form: str) -> None:
    assert render(evil, form) == render(evil, form)


@pytest.mark.requirement("COR-ESC-01")
@pytest.mark.parametrize("form", FORMATS)
def test_no_control_character_of_a_package_reaches_any_form(evil: Report, form: str) -> None:
    text = render(evil, form)
    assert not [mark for mark in text if not mark.isprintable() and mark != "\n"]


@pytest.mark.requirement("COR-ESC-01")
def test_html_holds_no_markup_of_the_package(evil: Report) -> None:
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: set[str] = set()

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.seen.add(tag)

    parser = Tags()
    parser.feed(render(evil, "html"))
    assert "script" not in parser.seen
    assert {"html", "h1", "h2", "code"} <= parser.seen


@pytest.mark.requirement("CNF-REP-04")
def test_json_is_valid_against_its_schema(evil: Report, tmp_path: Path) -> None:
    sound, _ = validate([linear_draft().directory().write(tmp_path)], level="full")
    for report in (evil, sound):
        assert schema_faults(json.loads(render(report, "json")), "findings.schema.json") == ()


def test_the_severity_is_that_of_the_requirement(evil: Report) -> None:
    (first, *_) = json.loads(render(evil, "json"))["packages"]
    assert [one["severity"] for one in first["findings"]] == ["error", "error", "warning"]


def test_junit_counts_failures_and_skips_and_no_pass_for_what_was_not_checked(evil: Report) -> None:
    root = ElementTree.fromstring(render(evil, "junit"))
    suite = root.findall("testsuite")[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "2", "1")
    cases = {case.get("name"): [child.tag for child in case] for case in suite}
    assert cases == {
        "PKG-ART-01": ["failure"],
        "PKG-ART-03": ["skipped"],
        "PKG-DIG-03": ["failure"],
        "PKG-DOC-05": ["system-out"],
        "PKG-LAY-01": [],
    }


def test_sarif_names_rules_places_and_levels(evil: Report) -> None:
    log: dict[str, Any] = json.loads(render(evil, "sarif"))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    by_rule = {result["ruleId"]: result for result in run["results"]}
    assert by_rule["PKG-ART-01"]["locations"][0]["physicalLocation"]["region"] == {"byteOffset": 17}
    assert by_rule["PKG-DOC-05"]["level"] == "warning"


def test_text_says_found_hint_and_what_was_not_checked(evil: Report) -> None:
    text = render(evil, "text")
    assert "error PKG-ART-01 model.onnx byte 17" in text
    assert "warning PKG-DOC-05 lepton.json" in text
    assert "hint: hint" in text
    assert "not checked: PKG-ART-03" in text
    assert text.endswith("2 packages: 2 fail\n")
