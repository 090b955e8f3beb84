"""What a measurement shows of each requirement: that correct subjects pass it, and how many mutants fail it.

Owns the three levels of coverage and their record; leaves judging to its neighbours. C1: it ran on a correct
subject and passed. C2: it also failed, on a mutant. C3: a mutant that breaks just this requirement fails it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lepton_conformance.certify import certify
from lepton_conformance.mutants.matrix import REPOSITORY_PROFILES, repository_listening
from lepton_conformance.mutants.repository import NaiveRepository
from lepton_conformance.mutants.validator import reference_command
from measurement.kills import Fate

__all__ = ["LEVELS", "Shown", "levels", "programs_pass", "shown"]

LEVELS = ("C1", "C2", "C3")
#: The correct engine that the mutants of runtimes over whole graphs are made from.
ENGINE = "python:lepton_conformance.mutants.engine_graph:GraphEngine"


@dataclass(frozen=True, slots=True)
class Shown:
    """What was seen of one requirement. `mutants` were judged, `killed` of them by this requirement."""

    passed: bool
    mutants: int
    killed: int


def programs_pass() -> set[str]:
    """Return what subjects that are no servers of the reference pass: validator, engine, repository."""
    found = _passed(certify(f"exec:{' '.join(reference_command())}", ["package"], max_examples=0))
    found |= _passed(certify(ENGINE, ["runtime"], max_examples=0))
    with repository_listening(NaiveRepository) as (url, folder):
        found |= _passed(certify(url, REPOSITORY_PROFILES, max_examples=0, repository=folder))
    return found


def _passed(report: Mapping[str, list[dict[str, str]]]) -> set[str]:
    return {entry["id"] for entry in report["requirements"] if entry["verdict"] == "pass"}


def shown(passed: Iterable[str], judged: Iterable[Fate]) -> dict[str, Shown]:
    """Return what was seen, by requirement; one of which nothing was seen is left out."""
    seen = set(passed)
    mutants: dict[str, list[bool]] = {}
    for fate in judged:
        mutants.setdefault(fate.breaks, []).append(any(fate.own))
    return {
        key: Shown(key in seen, len(mutants.get(key, ())), sum(mutants.get(key, ())))
        for key in sorted({*seen, *mutants})
    }


def levels(found: Shown) -> tuple[str, ...]:
    """Return the levels that a measurement shows of a requirement."""
    reached = {"C1": found.passed, "C2": found.passed and found.killed > 0, "C3": found.killed > 0}
    return tuple(level for level in LEVELS if reached[level])
