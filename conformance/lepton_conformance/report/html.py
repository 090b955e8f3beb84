"""A report as one page for people: self-contained, escaped, light and dark, failures first.

Owns the page; leaves verdicts to `verdict` and reproducers to `report.reproducer`. Whatever a subject said is
shown as text, never as markup. Serves `conformance`.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lepton_conformance.evidence import Evidence
from lepton_conformance.subject.exchange import Exchange, HttpExchange, LineExchange

__all__ = ["render"]

#: How much of a body and how many exchanges of a failing case the page shows.
MAX_SHOWN_BYTES = 1500
MAX_SHOWN_EXCHANGES = 4
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
    failed = [entry for entry in judged if entry["verdict"] == "fail"]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Conformance of {_text(report['subject']['locator'])}</title>",
        f"<style>{STYLE_FILE.read_text(encoding='utf-8')}</style></head><body>",
        *_head(report),
        *_profiles(report, requirements),
    ]
    if failed:
        parts.append(f"<h2>{_counted(len(failed), 'requirement')} failed</h2>")
        for entry in failed:
            parts.extend(_finding(entry, evidence, requirements[entry["id"]]))
    strange = [
        item for item in evidence if item.failure is not None and item.failure.blame.value != "subject"
    ]
    if strange:
        parts.append("<h2>Faults of the suite or the adapter</h2>")
        parts.append('<p class="quiet">These count against nobody. Please report them.</p>')
        parts.extend(
            f'<div class="finding other"><h3>{_text(item.requirement)} {_text(item.test)}</h3>'
            f"<pre>{_text(item.failure.blame.value)}: {_text(item.failure.message)}</pre></div>"
            for item in strange
            if item.failure is not None
        )
    for verdict, title, explanation in _SECTIONS:
        parts.extend(_table(verdict, title, explanation, judged, requirements))
    parts.append("</body></html>")
    return "\n".join(parts) + "\n"


def _head(report: Mapping[str, Any]) -> Iterable[str]:
    subject, suite = report["subject"], report["suite"]
    name = " ".join(part for part in (subject["name"], subject["version"]) if part) or "(gives no name)"
    yield f"<h1>Conformance of {_text(subject['locator'])}</h1>"
    yield f'<p class="quiet">{_text(name)}</p>'
    rows = {
        "suite": f"{suite['name']} {suite['version']}, standard {suite['spec']}",
        "seed": str(suite["seed"]),
        "examples": f"at most {suite['maxExamples']} generated for each property",
        "run": f"{report['started']}, {report['seconds']:.1f} s",
        "subject digest": subject["digest"],
    }
    if "budgetSeconds" in suite:
        rows["examples"] = f"generated for {suite['budgetSeconds']:g} s"
    yield "<dl>" + "".join(f"<dt>{_text(k)}</dt><dd>{_text(v)}</dd>" for k, v in rows.items()) + "</dl>"


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
            f'<div class="profile {_text(profile["verdict"])}">'
            f"<b>{_text(profile['profile'])}: {_WORDS[profile['verdict']]}</b><br>"
            f"<span>{_counted(total, 'requirement')}: {words}</span></div>"
        )
    yield "</div>"


def _finding(
    entry: Mapping[str, Any], evidence: Sequence[Evidence], requirement: Mapping[str, Any]
) -> Iterable[str]:
    yield '<div class="finding">'
    yield f'<h3><span class="fail">{_text(entry["id"])}</span> {_text(requirement["title"])}</h3>'
    yield f"<blockquote>{_prose(requirement['text'])}</blockquote>"
    profiles = ", ".join(requirement["profiles"])
    yield f'<p class="quiet">{_text(requirement["level"])} &middot; {_text(profiles)}</p>'
    by_test = {item.test: item for item in evidence if item.requirement == entry["id"]}
    for test in entry["tests"]:
        failure = test.get("failure")
        if failure is None or failure["blame"] != "subject":
            continue
        after = _counted(test["examples"], "example")
        yield f'<p class="label">found by {_text(test["test"])} after {after}</p>'
        yield f"<pre>{_text(failure['message'])}</pre>"
        item = by_test.get(test["test"])
        if item is not None and item.failure is not None:
            yield from _exchanges(item.failure.exchanges)
        yield '<p class="label">replay it, in the directory of this report</p>'
        yield f"<pre>python {_text(failure['reproducer'])}</pre>"
    if requirement.get("remedy"):
        yield f'<p class="label">what to do</p><p>{_prose(requirement["remedy"])}</p>'
    yield "</div>"


def _exchanges(exchanges: Sequence[Exchange]) -> Iterable[str]:
    shown = exchanges[-MAX_SHOWN_EXCHANGES:]
    if len(exchanges) > len(shown):
        yield f'<p class="label">the last {len(shown)} of {len(exchanges)} exchanges</p>'
    for exchange in shown:
        if isinstance(exchange, HttpExchange):
            yield '<p class="label">sent</p>'
            head = exchange.wire[: len(exchange.wire) - _body_length(exchange)]
            yield f"<pre>{_bytes(head.rstrip())}\n\n{_bytes(exchange.request_body)}</pre>"
            yield '<p class="label">came back</p>'
            if exchange.status is None:
                yield f"<pre>{_text(exchange.problem)}</pre>"
                continue
            fields = "\n".join(f"{name}: {value}" for name, value in exchange.response_headers)
            yield f"<pre>{exchange.status}\n{_text(fields)}\n\n{_bytes(exchange.response_body)}</pre>"
        elif isinstance(exchange, LineExchange):
            received = exchange.problem if exchange.received is None else exchange.received
            yield f'<p class="label">sent</p><pre>{_bytes(exchange.sent.encode())}</pre>'
            yield f'<p class="label">came back</p><pre>{_bytes(received.encode())}</pre>'


def _body_length(exchange: HttpExchange) -> int:
    return len(exchange.wire) - (exchange.wire.find(b"\r\n\r\n") + 4)


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
        title_of = _text(requirements[entry["id"]]["title"])
        yield (
            f'<tr><td class="{verdict}">{_text(entry["id"])}</td><td>{_text(entry["level"])}</td>'
            f"<td>{title_of}</td><td>{_text(_why(entry))}</td></tr>"
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


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _prose(text: str) -> str:
    """Return the standard's own prose as markup, with its code spans."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))


def _text(value: Any) -> str:
    """Return text safe inside markup: escaped, control characters made visible."""
    text = str(value)
    visible = "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}"
        for character in text
    )
    return html.escape(visible.encode("utf-8", "backslashreplace").decode())


def _bytes(data: bytes) -> str:
    """Return bytes as text where they are text, as hexadecimal where not, bounded."""
    part = data[:MAX_SHOWN_BYTES]
    try:
        shown = part.decode("utf-8").replace("\r\n", "\n")
        if len(json.dumps(shown)) > 3 * len(shown) + 20:
            shown = part.hex(" ")
    except UnicodeDecodeError:
        shown = "".join(chr(byte) if 32 <= byte < 127 or byte == 10 else f"\\x{byte:02x}" for byte in part)
    more = f"\n... {len(data) - len(part)} more bytes" if len(data) > len(part) else ""
    return _text(shown) + more
