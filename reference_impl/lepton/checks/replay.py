"""Checks of what replaying the vectors showed: the answers pass, and the wrong models do not.

Owns the judgement of `ReplayFacts`; leaves computing to `lepton.vectors.replay`. Serves PKG-VEC-04,
PKG-VEC-08 and PKG-VEC-12.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.read import Package

if TYPE_CHECKING:
    from lepton.vectors.outcome import ReplayFacts

__all__ = ["REPLAY_NEEDS", "checks_of"]

#: What makes replaying meaningless (the order of checks of the standard).
REPLAY_NEEDS = (
    "PKG-MAN-05",
    "PKG-MAN-06",
    "PKG-SIG-09",
    "PKG-ART-01",
    "PKG-ART-03",
    "PKG-ART-04",
    "PKG-ART-05",
    "PKG-ART-06",
    "PKG-ART-13",
    "COR-LIM-01",
    "COR-TYP-01",
    "COR-TYP-02",
    "PKG-VEC-02",
    "PKG-VEC-03",
    "PKG-SIG-02",
    "PKG-SIG-03",
    "PKG-PRO-02",
    "PKG-PRO-05",
)

#: What makes running mutants meaningless.
MUTATION_NEEDS = (
    *REPLAY_NEEDS,
    "PKG-VEC-01",
    "PKG-VEC-10",
    "PKG-VEC-11",
    "PKG-VEC-04",
)


def checks_of(replay: "ReplayFacts | None", refused: str) -> tuple[Check, ...]:
    """Return the checks that judge `replay`, or say that there is none because of `refused`."""

    @check("PKG-VEC-04", needs=REPLAY_NEEDS, full=True)
    def passing_vectors(package: Package) -> Iterator[Finding | NotChecked]:
        """Every vector passes on every artifact; the first failures are listed."""
        if replay is None:
            yield NotChecked("PKG-VEC-04", refused)
            return
        for outcome in replay.outcomes:
            artifact = f"artifact {outcome.artifact!r}, " if outcome.artifact else ""
            where = f"{artifact}vector {outcome.vector!r}"
            if outcome.status == "unsupported":
                yield NotChecked("PKG-VEC-04", f"artifact {outcome.artifact!r}: {outcome.message}")
            elif outcome.status != "pass":
                pointer = _pointer(package, outcome.document, outcome.vector)
                yield Finding("PKG-VEC-04", outcome.document, pointer, f"{where}: {outcome.message}", "")

    @check("PKG-VEC-08", needs=(*REPLAY_NEEDS, "PKG-VEC-01", "PKG-VEC-07", "PKG-VEC-04"), full=True)
    def killed_controls(package: Package) -> Iterator[Finding | NotChecked]:
        """Every declared control makes its vector fail."""
        if replay is None:
            yield NotChecked("PKG-VEC-08", refused)
            return
        for outcome in replay.controls:
            step = "" if outcome.step is None else f" of step {outcome.step}"
            where = f"artifact {outcome.artifact!r}, control {outcome.control!r}{step}"
            if outcome.killed is None:
                yield NotChecked("PKG-VEC-08", f"{where}: {outcome.message}")
            elif not outcome.killed:
                message = f"{where}: {outcome.message}; expected the vector to fail"
                pointer = _control_pointer(package, outcome.document, outcome.control, outcome.step)
                yield Finding("PKG-VEC-08", outcome.document, pointer, message, "")

    @check("PKG-VEC-12", needs=MUTATION_NEEDS, after=("PKG-VEC-08",), full=True)
    def killed_mutants(package: Package) -> Iterator[Finding | NotChecked]:
        """The mutants that were run, none of them a declared survivor, are killed."""
        if replay is None:
            yield NotChecked("PKG-VEC-12", refused)
            return
        for outcome in replay.mutants:
            if outcome.killed is None:
                yield NotChecked("PKG-VEC-12", outcome.message)
            elif not outcome.killed:
                path = _mutation_document(package)
                message = f"the mutant {outcome.mutant!r} {outcome.message}, expected one to fail on it"
                yield Finding("PKG-VEC-12", path, "/mutation/survivors", message, "")

    return (passing_vectors, killed_controls, killed_mutants)


def _mutation_document(package: Package) -> str:
    assert package.manifest is not None
    paths: list[str] = package.manifest["vectors"]
    documents = ((path, package.files[path].document) for path in paths)
    return next(path for path, one in documents if one is not None and "mutation" in one.value)


def _pointer(package: Package, path: str, vector: str) -> str:
    document = package.files[path].document
    assert document is not None
    ids = [one["id"] for one in document.value["vectors"]]
    return f"/vectors/{ids.index(vector)}"


def _control_pointer(package: Package, path: str, control: str, step: int | None) -> str:
    document = package.files[path].document
    assert document is not None
    declared = [(one["control"], one.get("step")) for one in document.value["controls"]]
    return f"/controls/{declared.index((control, step))}"
