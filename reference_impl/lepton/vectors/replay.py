"""Replay every golden vector of a package on every artifact, and run every declared negative control.

Owns the order of the work and the facts that come of it; leaves judging them to the checks. Serves
PKG-VEC-04, PKG-VEC-07 and PKG-VEC-08.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lepton.errors import LeptonError, RuntimeRefusal, UnsupportedError
from lepton.runtime.pipeline import VerifiedPackage
from lepton.runtime.plan import Plan
from lepton.vectors.bench import Bench, kills
from lepton.vectors.compare import first_difference
from lepton.vectors.controls import (
    CHANNELS_SWAPPED,
    CONSTANT_ANSWER,
    STEP_OMITTED,
    WEIGHTS_REVERSED,
    omittable_steps,
    swappable_axes,
)
from lepton.vectors.document import Control, Vector, VectorDocument
from lepton.vectors.outcome import ControlOutcome, ReplayFacts, ReplayOutcome, ReplayStatus

__all__ = ["ReadablePackage", "replay", "required_controls"]


class ReadablePackage(VerifiedPackage, Protocol):
    """A package whose files can be read as well."""

    def read(self, path: str) -> bytes:
        """Return the verified bytes of a listed file."""
        ...


def replay(package: ReadablePackage, *, allow_executable: bool = False) -> ReplayFacts:
    """Replay a package that is valid at the level quick.

    An artifact that may not be loaded, or that this machine lacks the engine for, is `unsupported`; one that
    its engine refuses is an `error` on every vector. Raises: LeptonError when a vectors document or the
    processing cannot be read, which the level quick excludes.
    """
    manifest = package.document
    plan = Plan.from_manifest(manifest)
    documents = [
        (path, VectorDocument.from_json(json.loads(package.read(path)))) for path in manifest["vectors"]
    ]
    outcomes: list[ReplayOutcome] = []
    controls: list[ControlOutcome] = []
    reversible = False
    for artifact in manifest["artifacts"]:
        try:
            bench = _bench(package, artifact, plan, allow_executable)
        except RuntimeRefusal as refusal:
            unsupported = isinstance(refusal, UnsupportedError)
            status = ReplayStatus.UNSUPPORTED if unsupported else ReplayStatus.ERROR
            outcomes += _all_alike(documents, artifact["id"], status, str(refusal))
            controls += _none_run(documents, artifact["id"], str(refusal))
            continue
        try:
            has_weights = bench.weights() is not None
            reversible = reversible or has_weights
            for path, document in documents:
                where = _Where(path, artifact["id"], has_weights)
                outcomes += _replayed(bench, document, where)
                controls += _controlled(bench, document, where)
        finally:
            bench.close()
    return ReplayFacts(tuple(outcomes), tuple(controls), required_controls(manifest, plan, reversible))


def required_controls(
    manifest: Mapping[str, Any], plan: Plan, has_weights: bool
) -> tuple[tuple[str, int | None], ...]:
    """Return the controls that apply; `has_weights` says whether an artifact has weights to reverse."""
    required: list[tuple[str, int | None]] = [(CONSTANT_ANSWER, None)]
    if has_weights:
        required.append((WEIGHTS_REVERSED, None))
    if swappable_axes(plan.signature.specs) or swappable_axes(plan.interface.specs):
        required.append((CHANNELS_SWAPPED, None))
    pre = manifest.get("processing", {}).get("pre", [])
    return (*required, *((STEP_OMITTED, place) for place in omittable_steps(pre)))


@dataclass(frozen=True, slots=True)
class _Where:
    document: str
    artifact: str
    has_weights: bool


def _bench(
    package: VerifiedPackage, artifact: Mapping[str, Any], plan: Plan, allow_executable: bool
) -> Bench:
    if artifact["executable"] and not allow_executable:
        raise UnsupportedError(
            f"artifact {artifact['id']!r} is executable and was not run; if you trust its author, say "
            "--allow-executable"
        )
    return Bench(package, artifact, plan)


def _all_alike(
    documents: Sequence[tuple[str, VectorDocument]], artifact: str, status: ReplayStatus, message: str
) -> Iterator[ReplayOutcome]:
    for path, document in documents:
        for vector in document.vectors:
            yield ReplayOutcome(path, artifact, vector.id, vector.stage, status, message)


def _none_run(
    documents: Sequence[tuple[str, VectorDocument]], artifact: str, message: str
) -> Iterator[ControlOutcome]:
    for path, document in documents:
        for control in document.controls:
            yield ControlOutcome(
                path, artifact, control.control, control.step, control.killed_by, None, message
            )


def _replayed(bench: Bench, document: VectorDocument, where: _Where) -> Iterator[ReplayOutcome]:
    for vector in document.vectors:
        status, message = ReplayStatus.PASS, ""
        try:
            problem = first_difference(vector.expected, bench.answer(vector), vector.comparisons)
        except LeptonError as error:
            status, message = ReplayStatus.ERROR, str(error)
        else:
            if problem is not None:
                status, message = ReplayStatus.FAIL, problem
        yield ReplayOutcome(where.document, where.artifact, vector.id, vector.stage, status, message)


def _controlled(bench: Bench, document: VectorDocument, where: _Where) -> Iterator[ControlOutcome]:
    vectors = {vector.id: vector for vector in document.vectors}
    first: dict[str, Vector] = {}
    for vector in document.vectors:
        first.setdefault(vector.stage, vector)
    for control in document.controls:
        if control.control == WEIGHTS_REVERSED and not where.has_weights:
            continue
        found = vectors.get(control.killed_by)
        if found is None:
            killed, message = None, f"found no vector {control.killed_by!r} in the document"
        else:
            killed, message = _killed(bench, control, found, first[found.stage])
        yield ControlOutcome(
            where.document, where.artifact, control.control, control.step, control.killed_by, killed, message
        )


def _killed(bench: Bench, control: Control, vector: Vector, first: Vector) -> tuple[bool | None, str]:
    if control.control == STEP_OMITTED and vector.stage != "raw":
        return None, "a vector of the stage model does not pass through the step"
    return kills(bench, control, vector, first)
