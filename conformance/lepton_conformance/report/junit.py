"""A report as JUnit XML, for dashboards that read it: one test suite, one case a test.

Owns the mapping; blocked and not-tested are skipped with their reason, never passed. Serves `conformance`.
"""

from typing import Any
from xml.etree import ElementTree

__all__ = ["render"]

_SKIPPED = ("blocked", "not-tested", "not-applicable")


def render(report: dict[str, Any]) -> str:
    """Return the report as JUnit XML."""
    cases: list[ElementTree.Element] = []
    for requirement in report["requirements"]:
        tests = requirement["tests"] or [
            {
                "test": "no test",
                "outcome": "not-tested",
                "seconds": 0,
                "reason": "the suite has no test for it",
            }
        ]
        cases.extend(_case(requirement["id"], test) for test in tests)
    suite = ElementTree.Element(
        "testsuite",
        name=report["suite"]["name"],
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=str(report.get("seconds", 0)),
    )
    suite.extend(cases)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(identifier: str, test: dict[str, Any]) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=identifier, name=test["test"], time=str(test["seconds"]))
    failure = test.get("failure")
    if failure is not None:
        tag = "failure" if failure["blame"] == "subject" else "error"
        detail = ElementTree.SubElement(case, tag, message=_clean(failure["message"]))
        detail.text = _clean(f"blame: {failure['blame']}; reproducer: {failure['reproducer']}")
    elif test["outcome"] in _SKIPPED:
        reason = test.get("reason") or "blocked by " + ", ".join(test.get("blocked_by", []))
        ElementTree.SubElement(case, "skipped", message=_clean(f"{test['outcome']}: {reason}"))
    return case


def _clean(text: str) -> str:
    """Return text without the characters that XML 1.0 cannot carry."""
    return "".join(
        character
        if character in "\t\n"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character > "\uffff"
        else "�"
        for character in text
    )
