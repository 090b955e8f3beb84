"""A report as one page for people: self-contained, escaped, light and dark, failures first.

Owns the page; leaves verdicts to `verdict` and single failures to `report.html_finding`. Whatever a subject
said is shown as text, never as markup. Serves `conformance`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lepton_conformance.evidence import Evidence
from lepton_conformance.report.html_finding import counted, finding, shown
from lepton_conformance.verdict import is_mandatory

__all__ = ["render"]

STYLE_FILE = Path(__file__).resolve().parent / "page.css"

_WORDS = {
    "pass": "passes",
    "fail": "does not pass",
    "inconclusive": "inconclusive",
    "blocked": "blocked",
    "not-tested": "not tested",
    "not-applicable": "not applicable",
}
_SECTIONS = (
    ("blocked", "Blocked", "Not judged, because a requirement that they need failed."),
    ("not-tested", "Not tested", "Not judged; never counted as passed."),
    ("not-applicable", "Not applicable", "Their condition does not hold for this subject."),
    ("pass", "Passed", ""),
)


def render(
    report: Mapping[str, Any],
    evidence: Sequence[Evidence],
    requirements: Mapping[str, Mapping[str, Any]],
) -> str:
    """Return the page."""
    judged = report["requirements"]
    failed = sorted(
        (entry for entry in judged if entry["verdict"] == "fail"),
        key=lambda entry: (not is_mandatory(requirements[entry["id"]]), -_blocks(entry["id"], judged)),
    )
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Conformance of {shown(report['subject']['locator'])}</title>",
        f"<style>{STYLE_FILE.read_text(encoding='utf-8')}</style></head><body>",
        *_head(report),
        *_profiles(report, requirements),
    ]
    if failed:
        parts.extend(_failures(failed, requirements))
        locator = report["subject"]["locator"]
        for entry in failed:
            parts.extend(finding(entry, evidence, requirements[entry["id"]], locator))
    strange = [
        item for item in evidence if item.failure is not None and item.failure.blame.value != "subject"
    ]
    if strange:
        parts.append("<h2>Faults of the suite or the adapter</h2>")
        parts.append('<p class="quiet">These count against nobody. Please report them.</p>')
        parts.extend(
            f'<div class="finding other"><h3>{shown(item.requirement)} {shown(item.test)}</h3>'
            f"<pre>{shown(item.failure.blame.value)}: {shown(item.failure.message)}</pre></div>"
            for item in strange
            if item.failure is not None
        )
    for verdict, title, explanation in _SECTIONS:
        parts.extend(_table(verdict, title, explanation, judged, requirements))
    parts.append("</body></html>")
    return "\n".join(parts) + "\n"


def _blocks(key: str, judged: Sequence[Mapping[str, Any]]) -> int:
    """Return how many requirements a failed one blocks."""
    return sum(key in entry["blocked_by"] for entry in judged)


def _failures(
    failed: Sequence[Mapping[str, Any]], requirements: Mapping[str, Mapping[str, Any]]
) -> Iterable[str]:
    """Yield the list of the failures, which leads to each."""
    yield f"<h2>{counted(len(failed), 'requirement')} failed</h2>"
    yield '<ul class="index">'
    for entry in failed:
        key = shown(entry["id"])
        yield f'<li><a href="#{key}">{key}</a> {shown(requirements[entry["id"]]["title"])}'
        yield f'<span class="quiet"> {shown(entry["level"])}</span></li>'
    yield "</ul>"


def _head(report: Mapping[str, Any]) -> Iterable[str]:
    subject, suite = report["subject"], report["suite"]
    name = " ".join(part for part in (subject["name"], subject["version"]) if part) or "(gives no name)"
    yield f"<h1>Conformance of {shown(subject['locator'])}</h1>"
    yield f'<p class="quiet">{shown(name)}</p>'
    rows = {
        "suite": f"{suite['name']} {suite['version']}, standard {suite['spec']}",
        "seed": str(suite["seed"]),
        "examples": f"at most {suite['maxExamples']} cases generated for each property, after the fixed ones",
        "run": f"{report['started']}, {report['seconds']:.1f} s",
        "subject digest": subject["digest"],
    }
    if "budgetSeconds" in suite:
        rows["examples"] = f"cases generated for {suite['budgetSeconds']:g} s, after the fixed ones"
    yield "<dl>" + "".join(f"<dt>{shown(k)}</dt><dd>{shown(v)}</dd>" for k, v in rows.items()) + "</dl>"


def _profiles(report: Mapping[str, Any], requirements: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    yield '<div class="profiles">'
    for profile in report["profiles"]:
        counts: dict[str, int] = {}
        for entry in report["requirements"]:
            if profile["profile"] in requirements[entry["id"]]["profiles"]:
                counts[entry["verdict"]] = counts.get(entry["verdict"], 0) + 1
        total = sum(counts.values())
        words = ", ".join(
            f"{counts[verdict]} {_WORDS[verdict] if verdict not in ('pass', 'fail') else verdict + 'ed'}"
            for verdict in ("fail", "blocked", "not-tested", "not-applicable", "pass")
            if verdict in counts
        )
        yield (
            f'<div class="profile {shown(profile["verdict"])}">'
            f"<b>{shown(profile['profile'])}: {_WORDS[profile['verdict']]}</b><br>"
            f"<span>{counted(total, 'requirement')}: {words}</span></div>"
        )
    yield "</div>"


def _table(
    verdict: str,
    title: str,
    explanation: str,
    judged: Sequence[Mapping[str, Any]],
    requirements: Mapping[str, Mapping[str, Any]],
) -> Iterable[str]:
    entries = [entry for entry in judged if entry["verdict"] == verdict]
    if not entries:
        return
    yield f"<h2>{title}: {len(entries)}</h2>"
    if explanation:
        yield f'<p class="quiet">{explanation}</p>'
    last = "why" if verdict != "pass" else "examples"
    yield f"<table><tr><th>requirement</th><th>level</th><th></th><th>{last}</th></tr>"
    for entry in entries:
        title_of = shown(requirements[entry["id"]]["title"])
        yield (
            f'<tr><td class="{verdict}">{shown(entry["id"])}</td><td>{shown(entry["level"])}</td>'
            f"<td>{title_of}</td><td>{shown(_why(entry))}</td></tr>"
        )
    yield "</table>"


def _why(entry: Mapping[str, Any]) -> str:
    if entry["verdict"] == "pass":
        return str(sum(test["examples"] for test in entry["tests"]))
    if entry["blocked_by"]:
        return "needs " + ", ".join(entry["blocked_by"])
    reasons = [test["reason"] for test in entry["tests"] if test.get("reason")]
    reasons += [test["failure"]["message"] for test in entry["tests"] if "failure" in test]
    return "; ".join(dict.fromkeys(reasons)) or "the suite has no test for it"
