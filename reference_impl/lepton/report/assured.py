"""What an assurance document says, in pairs of heading and text: the form in which `lepton inspect` shows it.

Owns the selection and the sentence on each comparison; leaves how it looks to `inspection_text` and
`inspection_html`, and whether the numbers are right to `lepton.checks`. Serves `assurance`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lepton.report.inspection import said, statement

__all__ = ["assurance_facts"]

Document = Mapping[str, Any]

_OVERSIGHT = {
    "stop": "Stopping",
    "shown": "Shown to a person",
    "fallback": "Without the model",
    "contest": "Contesting",
}
_PRIVACY = {
    "retention": "Retention",
    "membership": "Membership",
    "inversion": "Inversion",
    "requests": "Requests",
}


def assurance_facts(document: Document, card: Document | None, language: str) -> Iterator[tuple[str, str]]:
    """Yield headings and texts of a document that its schema admits; its references may lead nowhere."""
    use, privacy = document["use"], document["privacy"]
    yield "Users", statement(use["users"], language)
    yield "Affected", statement(use["affected"], language)
    for one in _listed(use["misuse"]):
        yield "Misuse", f"{said(one['use'], language)} {said(one['answer'], language)}"
    yield from _reason("Misuse", use["misuse"], language)
    yield "Personal data in the files", privacy["files"]["status"]
    for name, heading in _PRIVACY.items():
        yield heading, statement(privacy[name], language)
    evaluations = (card or {}).get("evaluations", [])
    for one in _listed(document["bias"]["comparisons"]):
        yield "Groups", _comparison(one, evaluations, language)
    yield from _reason("Groups", document["bias"]["comparisons"], language)
    yield "Measures", statement(document["bias"]["measures"], language)
    for name, heading in _OVERSIGHT.items():
        yield heading, statement(document["oversight"][name], language)
    for one in _listed(document["robustness"]):
        measured = ", ".join(_measured(_at(evaluations, each)) for each in one["evaluations"])
        yield "Condition", f"{said(one['condition'], language)} {measured}"
    yield from _reason("Condition", document["robustness"], language)
    for one in _listed(document["monitoring"]["signals"]):
        yield "Signal", f"{one['watches']}: {said(one['signal'], language)} {said(one['alarm'], language)}"
    yield from _reason("Signal", document["monitoring"]["signals"], language)
    yield "Updates", statement(document["monitoring"]["updates"], language)
    support = document["support"]
    yield "Contact", f"{', '.join(support['contact'])} (until {support['expires']})"
    end = support["end"]
    yield "End of support", end if isinstance(end, str) else statement(end, language)
    for one in document.get("environment", ()):
        yield "Environment", _figure(one, language)
    if "generative" in document:
        generative = document["generative"]
        yield "Disclosure", statement(generative["disclosure"], language)
        mark = generative["watermark"]
        yield (
            "Watermark",
            f"{mark['scheme']}, {mark['detector']}" if "scheme" in mark else statement(mark, language),
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _reason(heading: str, value: Any, language: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield heading, statement(value, language)


def _at(evaluations: list[Any], reference: str) -> Document | None:
    place = int(reference.rpartition("/")[2])
    return evaluations[place] if place < len(evaluations) else None


def _measured(evaluation: Document | None) -> str:
    if evaluation is None:
        return "an evaluation that the card does not have"
    group = f"{evaluation['group']}, " if "group" in evaluation else ""
    return f"{evaluation['metric']} {evaluation['value']} ({group}n = {evaluation['n']})"


def _comparison(one: Document, evaluations: list[Any], language: str) -> str:
    groups = [each for each in (_at(evaluations, group["evaluation"]) for group in one["groups"]) if each]
    ranked = sorted(groups, key=lambda each: float(each["value"]))
    ends = f"{_measured(ranked[0])} to {_measured(ranked[-1])}" if ranked else "no group that the card has"
    disparity, smallest = one["disparity"], _measured(_at(evaluations, one["smallest"]))
    return (
        f"{said(one['attribute'], language)} {len(one['groups'])} groups, {ends}; "
        f"{disparity['measure']} {disparity['value']}; smallest: {smallest}"
    )


def _figure(one: Document, language: str) -> str:
    per = f" for {said(one['per'], language)}" if "per" in one else ""
    how = said(one["method"], language)
    return f"{one['phase']}, {one['quantity']}: {one['value']} {one['unit']}{per}, {one['kind']}. {how}"
