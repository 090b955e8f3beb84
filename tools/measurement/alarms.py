"""False alarms: what a correct subject is said to fail, over many seeds; and how long a run takes.

Owns the runs over seeds; leaves judging to `lepton_conformance`. Only tests that generate cases depend on the
seed, so only those, with what they need, are run again for every seed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lepton_conformance.certify import run
from measurement.subjects import Correct

__all__ = ["Alarm", "Whole", "alarms", "whole"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A mandatory requirement that a correct subject was said to fail."""

    subject: str
    seed: int
    requirement: str
    message: str


@dataclass(frozen=True, slots=True)
class Whole:
    """One run of everything: seconds, how many requirements ran, and whose tests generate cases."""

    seconds: float
    passed: frozenset[str]
    generating: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    alarms: tuple[Alarm, ...]


def whole(subject: Correct, max_examples: int) -> Whole:
    """Judge a correct subject once by all profiles, with and without generated cases."""
    seconds = 0.0
    passed: set[str] = set()
    generating = []
    found: list[Alarm] = []
    for url, profiles in subject.forms:
        bare = run(url, profiles, max_examples=0)
        full = run(url, profiles, max_examples=max_examples)
        counts = {(item.requirement, item.test): item.examples for item in bare.evidence}
        chosen = {
            item.requirement
            for item in full.evidence
            if item.examples > counts.get((item.requirement, item.test), 0)
        }
        generating.append((url, tuple(profiles), tuple(sorted(chosen))))
        seconds += full.report["seconds"]
        passed |= {entry["id"] for entry in full.report["requirements"] if entry["verdict"] == "pass"}
        found += _alarms(subject.name, 0, full.report)
    return Whole(seconds, frozenset(passed), tuple(generating), tuple(found))


def alarms(
    subject: Correct, known: Whole, seeds: range, max_examples: int, progress: Callable[[int], None]
) -> list[Alarm]:
    """Return the false alarms over seeds."""
    found: list[Alarm] = []
    for seed in seeds:
        for url, profiles, chosen in known.generating:
            if chosen:
                again = run(url, profiles, seed=seed, max_examples=max_examples, only=chosen)
                found += _alarms(subject.name, seed, again.report)
        progress(seed)
    return found


def _alarms(name: str, seed: int, report: dict[str, object]) -> list[Alarm]:
    judged = report["requirements"]
    assert isinstance(judged, list)
    return [
        Alarm(name, seed, entry["id"], test["failure"]["message"])
        for entry in judged
        for test in entry["tests"]
        if entry["level"] in ("MUST", "MUST NOT") and "failure" in test
    ]
