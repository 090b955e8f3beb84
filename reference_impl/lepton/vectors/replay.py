"""Replay every golden vector of a package on every artifact, every declared control, and some mutants.

Owns the order of the work and the facts that come of it; leaves judging them to the checks. Serves
PKG-VEC-04, PKG-VEC-07, PKG-VEC-08 and PKG-VEC-12.
"""

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lepton.errors import LeptonError, RuntimeRefusal, UnsupportedError
from lepton.runtime.pipeline import VerifiedPackage
from lepton.runtime.plan import Plan
from lepton.vectors.bench import Bench, answer_parts, kills
from lepton.vectors.beside import Beside
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
from lepton.vectors.mutants import subject
from lepton.vectors.mutation import chosen, package_mutants, run_mutant
from lepton.vectors.outcome import (
    ControlOutcome,
    MutantOutcome,
    ReplayFacts,
    ReplayOutcome,
    ReplayStatus,
)

__all__ = ["IdentifiedPackage", "replay", "required_controls"]


#: Bytes of an artifact up to which mutants run beside the replay: each is a second model in memory.
BESIDE_BYTES = 8_000_000

#: The paths and the documents of a package's vectors.
Documents = Sequence[tuple[str, VectorDocument]]


class IdentifiedPackage(VerifiedPackage, Protocol):
    """A package with an identity."""

    @property
    def identity(self) -> str:
        """The package's identity: `sha256:` and the digest of its manifest."""
        ...


def replay(package: IdentifiedPackage, *, allow_executable: bool = False) -> ReplayFacts:
    """Replay a package that is valid at the level quick.

    An artifact that may not be loaded, or that this machine lacks the engine for, is `unsupported`; one that
    its engine refuses is an `error` on every vector. Raises: LeptonError when a vectors document or the
    processing cannot be read, which the level quick excludes.
    """
    manifest = package.document
    plan = Plan.from_manifest(manifest, package.read)
    documents = [
        (path, VectorDocument.from_json(json.loads(package.read(path)))) for path in manifest["vectors"]
    ]
    outcomes = [one for stage in ("step", "pre") for one in _parts(plan, documents, stage)]
    if not all(one.status is ReplayStatus.PASS for one in outcomes):
        return ReplayFacts(tuple(outcomes), (), ())
    behind = list(_parts(plan, documents, "post"))
    stages = ("model", "raw") if all(one.status is ReplayStatus.PASS for one in behind) else ("model",)
    outcomes += behind
    controls: list[ControlOutcome] = []
    ran: tuple[MutantOutcome, ...] = ()
    reversible = False
    for artifact in manifest["artifacts"]:
        mutated = artifact is subject(manifest)
        try:
            bench = _bench(package, artifact, plan, allow_executable)
        except RuntimeRefusal as refusal:
            unsupported = isinstance(refusal, UnsupportedError)
            status = ReplayStatus.UNSUPPORTED if unsupported else ReplayStatus.ERROR
            outcomes += _all_alike(documents, artifact["id"], status, str(refusal))
            controls += _none_run(documents, artifact["id"], str(refusal))
            if mutated:
                ran = (MutantOutcome("", None, "", str(refusal)),)
            continue
        try:
            has_weights = bench.weights is not None
            reversible = reversible or has_weights
            judged = _judged(bench, package, documents) if mutated else []
            small = artifact["format"] == "onnx" and bench.size <= BESIDE_BYTES
            with Beside(judged if small else []) as beside:
                outcomes += _replayed(bench, documents, stages)
                for path, document in documents:
                    controls += _controlled(bench, document, _Where(path, artifact["id"], has_weights))
                bench.drop_reversed()
                ran = (*ran, *beside.results(), *(() if small else (job() for job in judged)))
        finally:
            bench.close()
    required = required_controls(manifest, plan, reversible)
    return ReplayFacts(tuple(outcomes), tuple(controls), required, ran)


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
    documents: Documents, artifact: str, status: ReplayStatus, message: str
) -> Iterator[ReplayOutcome]:
    for path, document in documents:
        for vector in document.vectors:
            if vector.stage not in ("model", "raw"):
                continue
            yield ReplayOutcome(path, artifact, vector.id, vector.stage, status, message)


def _none_run(documents: Documents, artifact: str, message: str) -> Iterator[ControlOutcome]:
    for path, document in documents:
        for control in document.controls:
            yield ControlOutcome(
                path, artifact, control.control, control.step, control.killed_by, None, message
            )


def _parts(plan: Plan, documents: Documents, stage: str) -> Iterator[ReplayOutcome]:
    """Replay the vectors of a stage that no artifact takes part in."""
    for path, document in documents:
        for vector in document.vectors:
            if vector.stage == stage:
                yield _outcome(
                    path,
                    "",
                    vector,
                    lambda one: first_difference(one.expected, answer_parts(plan, one), one.comparisons),
                )


def _replayed(bench: Bench, documents: Documents, stages: Sequence[str]) -> Iterator[ReplayOutcome]:
    """Replay the stages in their order, up to one in which a vector fails."""
    for stage in stages:
        failed = False
        for path, document in documents:
            for vector in document.vectors:
                if vector.stage == stage:
                    outcome = _outcome(
                        path, bench.artifact, vector, lambda one: bench.problem(one, bench.answer(one))
                    )
                    failed = failed or outcome.status is not ReplayStatus.PASS
                    yield outcome
        if failed:
            return


def _outcome(
    path: str, artifact: str, vector: Vector, problem_of: Callable[[Vector], str | None]
) -> ReplayOutcome:
    try:
        problem = problem_of(vector)
    except LeptonError as error:
        return ReplayOutcome(path, artifact, vector.id, vector.stage, ReplayStatus.ERROR, str(error))
    status = ReplayStatus.PASS if problem is None else ReplayStatus.FAIL
    return ReplayOutcome(path, artifact, vector.id, vector.stage, status, problem or "")


def _judged(
    bench: Bench, package: IdentifiedPackage, documents: Documents
) -> list[Callable[[], MutantOutcome]]:
    """Return the mutants that a validator judges, ready to be run, if the package states its score."""
    stated = next((one.mutation for _, one in documents if one.mutation is not None), None)
    if stated is None:
        return []
    manifest = package.document
    vectors = [vector for _, document in documents for vector in document.vectors]
    known = package_mutants(bench, manifest, vectors)
    survivors = {one.mutant for one in stated.survivors}
    return [
        functools.partial(run_mutant, bench, manifest, mutant, vectors)
        for mutant in chosen(known, survivors, package.identity)
    ]


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
