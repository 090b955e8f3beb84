"""Run the mutants of a package: which of its vectors expose which wrong model.

Owns the order of vectors and the choice of the four mutants that every full validation runs; leaves the list
of mutants to `mutants`, the wrong models to `bench`, and the judgement to the checks. Serves PKG-VEC-12.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from lepton.errors import LeptonError
from lepton.vectors.bench import Bench
from lepton.vectors.document import Vector
from lepton.vectors.mutants import Mutant, equal_planes, fits, mutants
from lepton.vectors.outcome import MutantOutcome

__all__ = ["JUDGED", "chosen", "package_mutants", "run_mutant"]

#: Mutants that a full validation runs at least.
JUDGED = 4
#: Stages, those first that cost least.
_ORDER = ("step", "pre", "post", "model", "raw")


def chosen(known: Iterable[Mutant], survivors: Collection[str], identity: str) -> list[Mutant]:
    """Return the mutants that a validator judges: those first by digest that are not said to survive."""
    pool = [one for one in known if one.name not in survivors]
    return sorted(pool, key=lambda one: hashlib.sha256(f"{identity}\n{one.name}".encode()).digest())[:JUDGED]


def package_mutants(
    bench: Bench, manifest: Mapping[str, Any], vectors: Iterable[Vector]
) -> tuple[Mutant, ...]:
    """Return every mutant of a package with these vectors; `bench` holds the mutated artifact."""
    return mutants(manifest, bench.facts, _square_inputs(manifest, vectors), bench.lines)


def _square_inputs(manifest: Mapping[str, Any], vectors: Iterable[Vector]) -> set[tuple[str, str]]:
    """Return stage and name of the inputs to which some vector gives the same size of y and x."""
    shapes = [
        (one.stage, {tensor.name: tensor.array.shape for tensor in one.inputs})
        for one in vectors
        if one.stage in ("model", "raw")
    ]
    return set(equal_planes(manifest, shapes))


def run_mutant(
    bench: Bench, manifest: Mapping[str, Any], mutant: Mutant, vectors: Sequence[Vector]
) -> MutantOutcome:
    """Run one mutant on one vector after another, the cheap ones first, until one exposes it.

    A mutant that the engine or a step refuses is exposed: its fault is seen.
    """
    try:
        with bench.mutated(mutant) as wrong:
            for vector in _fitting(manifest, mutant, vectors):
                try:
                    problem = bench.problem(vector, wrong.answer(vector))
                except LeptonError as error:
                    problem = str(error)
                if problem is not None:
                    return MutantOutcome(mutant.name, True, vector.id, problem)
    except LeptonError as error:
        return MutantOutcome(mutant.name, True, "", f"cannot be run: {error}")
    return MutantOutcome(mutant.name, False, "", "passes every vector")


def _fitting(manifest: Mapping[str, Any], mutant: Mutant, vectors: Sequence[Vector]) -> Iterator[Vector]:
    fitting = [one for one in vectors if fits(mutant, one.stage, one.step)]
    if mutant.fault == "axes-swapped":
        fitting = [one for one in fitting if _is_square(manifest, mutant, one)]
    yield from sorted(fitting, key=lambda one: (_ORDER.index(one.stage), _elements(one)))


def _elements(vector: Vector) -> int:
    return sum(tensor.array.size for tensor in vector.inputs)


def _is_square(manifest: Mapping[str, Any], mutant: Mutant, vector: Vector) -> bool:
    name = mutant.subject.partition("/")[2]
    return (vector.stage, name) in _square_inputs(manifest, [vector])
