"""Packages with an assurance document, and how they are changed.

Owns the table `VALID_ASSURANCES` and the numbers of the groups in it, which are computed here; leaves what is
broken to `assurance_faults`, the packages around the document to `valid`. Serves `assurance`.
"""

import copy
import math
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import rfc8785

from lepton_conformance.forge.application_texts import text_generation
from lepton_conformance.forge.bases import PLAIN, Bases
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.valid import ValidPackage
from lepton_conformance.forge.violation import Forge

__all__ = [
    "ASSURANCE",
    "FORM",
    "NEAR",
    "OVERSIGHT",
    "SIDE",
    "UNKNOWN",
    "VALID_ASSURANCES",
    "WILSON",
    "assured_draft",
    "every",
    "generating",
    "group",
    "interval",
    "least",
    "least_but",
    "nested",
    "put",
    "said",
    "text_of",
    "whole",
]

ASSURANCE = "assurance.json"
_INSTRUCTIONS = "docs/use.md"
_DATA = {"name": "points, held out", "sha256": "ab" * 32}
NEAR = {"name": "points with noise", "sha256": "cd" * 32}
NO = {"notProvided": {"en": "The model has no meaning."}}

Change = Callable[[Any], object]


def _wilson(share: float, n: int, level: float) -> tuple[float, float]:
    """Return the bounds of the Wilson interval: the roots of (p - share)^2 = z^2 p (1 - p) / n."""
    z = statistics.NormalDist().inv_cdf((1 + level) / 2)
    a, b, c = 1 + z * z / n, -(2 * share + z * z / n), share * share
    root = math.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def said(text: str) -> dict[str, str]:
    """Return a human text in two languages."""
    return {"en": text, "zh": f"「{text}」"}


def _evaluation(metric: str, value: float, n: int, **more: Any) -> dict[str, Any]:
    direction = "higher" if metric in ("accuracy", "recall") else "lower"
    return {"metric": metric, "value": value, "direction": direction, "n": n, "dataset": _DATA, **more}


def _evaluations() -> list[dict[str, Any]]:
    """Return the card's: of two groups that share nothing, of two that may, and of samples with noise."""
    return [
        _evaluation("accuracy", 0.86, 100),
        _evaluation("accuracy", 0.9, 60, group="left"),
        _evaluation("accuracy", 0.8, 40, group="right"),
        _evaluation("mae", 2.5, 100),
        _evaluation("mae", 2, 70, group="small"),
        _evaluation("mae", 4, 50, group="round"),
        {**_evaluation("accuracy", 0.75, 100), "dataset": NEAR},
    ]


def interval(value: float, n: int, level: float) -> dict[str, Any]:
    """Return the Wilson interval of a share, as a document has it."""
    low, high = (round(bound, 4) for bound in _wilson(value, n, level))
    return {"method": "wilson", "level": level, "low": low, "high": high}


def group(at: int, **more: Any) -> dict[str, Any]:
    """Return a group of a comparison: the card's evaluation of that number."""
    return {"evaluation": f"/evaluations/{at}", **more}


def _document() -> dict[str, Any]:
    resampled = {"method": "bootstrap", "level": 0.9, "low": 1.5, "high": 2.5, "note": said("1,000, seed 1")}
    by_side = {
        "attribute": said("The side of the plane."),
        "overall": "/evaluations/0",
        "groups": [group(1, interval=interval(0.9, 60, 0.95)), group(2, interval=interval(0.8, 40, 0.9))],
        "overlap": "none",
        "ungrouped": 0,
        "smallest": "/evaluations/2",
        "disparity": {"measure": "difference", "value": 0.1},
    }
    other = {"method": "other", "level": 0.9, "low": 4, "high": 4, "note": said("By exact enumeration.")}
    by_form = {
        "attribute": said("Size and form."),
        "overall": "/evaluations/3",
        "groups": [group(4, interval=resampled), group(5, interval=other)],
        "overlap": "possible",
        "ungrouped": 10,
        "smallest": "/evaluations/5",
        "disparity": {"measure": "ratio", "value": 0.5},
    }
    return {
        "lepton": "1.0",
        "issued": "2026-11-24",
        "use": {
            "users": said("Those who test programs."),
            "affected": said("Nobody."),
            "misuse": [{"use": said("Taking it for a model."), "answer": said("The card says no.")}],
            "instructions": _INSTRUCTIONS,
        },
        "privacy": {
            "files": {"status": "none"},
            "retention": NO,
            "membership": NO,
            "inversion": NO,
            "requests": said("Nothing has to be kept."),
        },
        "bias": {"comparisons": [by_side, by_form], "measures": NO},
        "oversight": {name: said(f"{name}: whoever runs it.") for name in OVERSIGHT},
        "robustness": [{"condition": said("Noise."), "evaluations": ["/evaluations/6"]}],
        "monitoring": {
            "signals": [
                {"watches": "inputs", "signal": said("Mean, by day."), "alarm": said("Above 1.")},
            ],
            "updates": said("A new version."),
        },
        "support": {
            "contact": ["mailto:security@example.org", "https://example.org/report", "tel:+49-30-123456"],
            "expires": "2028-02-29",
            "languages": ["en", "zh-Hans"],
            "policy": "https://example.org/policy",
            "end": "2028-02-29",
        },
        "environment": [
            {
                "phase": "training",
                "quantity": "energy",
                "value": 0,
                "unit": "kWh",
                "kind": "estimated",
                "method": said("It was not trained."),
            }
        ],
        "generative": {"disclosure": NO, "watermark": NO},
        "extensions": {"org.example.x": {"use": {"zh": "無"}}},
    }


OVERSIGHT = ("stop", "shown", "fallback", "contest")


def least() -> dict[str, Any]:
    """Return a document that states as little as is allowed, with reasons, and ends on the day it begins."""
    return {
        "lepton": "1.0",
        "issued": "2026-11-24",
        "use": {"users": NO, "affected": NO, "misuse": NO},
        "privacy": {
            "files": {"status": "none"},
            "retention": NO,
            "membership": NO,
            "inversion": NO,
            "requests": NO,
        },
        "bias": {"comparisons": NO, "measures": NO},
        "oversight": dict.fromkeys(OVERSIGHT, NO),
        "robustness": NO,
        "monitoring": {"signals": NO, "updates": NO},
        "support": {"contact": ["https://example.org"], "expires": "2026-11-24", "end": NO},
    }


def assured_draft(bases: Bases, document: Any, evaluations: list[Any]) -> Draft:
    """Return the linear package with an assurance document, and the evaluations in its card."""
    draft = bases.linear().edit(CARD, lambda card: card.update(evaluations=evaluations))
    draft.add(_INSTRUCTIONS, b"# How to use it\n", "text/markdown", "documentation")
    return draft.add(ASSURANCE, rfc8785.dumps(document), "application/json", "assurance")


def _nothing(value: Any) -> None:
    """Change nothing."""


def whole(change: Change = _nothing, card: Change = _nothing) -> Forge:
    """Return a forge whose document and card are changed."""

    def forge(bases: Bases) -> Forged:
        document = _document()
        change(document)
        draft = assured_draft(bases, document, _evaluations()).edit(CARD, card)
        return bases.finish(draft)

    return forge


def least_but(change: Change) -> Forge:
    """Return a forge whose document says as little as is allowed but for a change."""

    def forge(bases: Bases) -> Forged:
        document = least()
        change(document)
        return bases.finish(assured_draft(bases, document, []))

    return forge


def text_of(change: Callable[[bytes], bytes]) -> Forge:
    """Return a forge whose document has other bytes."""

    def forge(bases: Bases) -> Forged:
        draft = assured_draft(bases, least(), [])
        return bases.finish(draft.put(ASSURANCE, change(draft.member(ASSURANCE).data)))

    return forge


def generating(change: Change) -> Forge:
    """Return a forge of the package that generates text, with the least document but for a change."""

    def forge(bases: Bases) -> Forged:
        document = least()
        change(document)
        draft = text_generation()
        return bases.finish(draft.add(ASSURANCE, rfc8785.dumps(document), "application/json", "assurance"))

    return forge


def put(pointer: str, value: Any) -> Change:
    """Return a change that puts a value at a pointer; None takes the member away."""
    *way, last = pointer.split("/")[1:]

    def change(document: Any) -> None:
        for token in way:
            document = document[int(token) if isinstance(document, list) else token]
        key: Any = int(last) if isinstance(document, list) else last
        if value is None:
            del document[key]
        else:
            document[key] = copy.deepcopy(value)

    return change


def every(*changes: Change) -> Change:
    """Return the changes, one after another."""

    def change(document: Any) -> None:
        for one in changes:
            one(document)

    return change


def nested(depth: int) -> Any:
    """Return arrays in arrays."""
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


SIDE, FORM = "/bias/comparisons/0", "/bias/comparisons/1"
WILSON = f"{SIDE}/groups/0/interval"


def _valid(name: str, make: Forge) -> ValidPackage:
    return ValidPackage(name, lambda: make(PLAIN))


def _valids() -> Iterator[ValidPackage]:
    yield _valid("whole", whole())
    yield _valid("least", least_but(_nothing))
    yield _valid("possible-and-possible", whole(put("/privacy/files", {"status": "possible"}), _PRESENT))
    yield _valid(
        "present-and-present",
        whole(
            put("/privacy/files", {"status": "present", "basis": said("Consent."), "people": said("One.")}),
            _PRESENT,
        ),
    )
    yield _valid("a-member-left-out", whole(card=every(*_OUT), change=put(f"{SIDE}/ungrouped", 5)))
    yield _valid("end-on-the-day-of-the-contact", whole(put("/support/end", "2026-11-24")))
    yield _valid("generated-text", generating(put("/generative", {"disclosure": NO, "watermark": NO})))
    yield _valid("deep-enough", least_but(put("/extensions", {"org.example.x": nested(62)})))
    equal = put(f"{FORM}/disparity", {"measure": "ratio", "value": 1})
    yield _valid("equal-groups", whole(every(equal, put(f"{FORM}/groups/1/interval/low", 2)), _EQUAL))
    # 0.002 apart as decimals, and a little more as binary64.
    far = put(f"{SIDE}/disparity/value", 0.102)
    yield _valid("as-far-apart-as-may-be", whole(far, put("/evaluations/0/value", 0.862)))
    yield _valid("all-right", whole(*_ALL_RIGHT))


_PRESENT = put("/personalData", {"status": "present", "basis": {"en": "Consent."}})
UNKNOWN = put("/personalData", {"status": "unknown"})
#: Five samples are in no group: the mean of the groups is then that of other samples.
_OUT = (put("/evaluations/0/n", 105), put("/evaluations/0/value", 0.9))
_EQUAL = put("/evaluations/5/value", 2)
#: A share of 1, whose upper bound is 1 by the formula, and a little less as it is computed in binary64.
_ALL_RIGHT = (
    every(
        put(WILSON, {"method": "wilson", "level": 0.95, "low": 0.6457, "high": 0.9999999999999999}),
        put(f"{SIDE}/groups/1/interval", interval(0.8, 93, 0.9)),
        put(f"{SIDE}/smallest", "/evaluations/1"),
        put(f"{SIDE}/disparity/value", 0.2),
    ),
    every(
        put("/evaluations/0/value", 0.814),
        put("/evaluations/1/value", 1),
        put("/evaluations/1/n", 7),
        put("/evaluations/2/n", 93),
    ),
)

VALID_ASSURANCES: tuple[ValidPackage, ...] = tuple(_valids())
