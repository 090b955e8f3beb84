"""Golden vectors: inputs, answers of the oracle, tolerances, and the proof that wrong models fail them.

Owns the choice of vectors, of the vector that kills each control, and the mutation score; leaves cases to
`cases`, looking for better ones to `search`, closeness to `tolerance`, and the wrong models to
`lepton.vectors`. Serves PKG-VEC.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lepton.errors import LeptonError, RecipeError
from lepton.pack.cases import Case, CaseMaker, expected
from lepton.pack.comparisons import comparisons_of
from lepton.pack.exact_steps import ExactSteps
from lepton.pack.oracle import OnnxOracle, Oracle
from lepton.pack.proof import Proof, proved
from lepton.pack.recipe import Recipe
from lepton.pack.samples import SPREAD, InputMaker
from lepton.pack.search import MOST_CANDIDATES, telling_candidate
from lepton.pack.tolerance import explanation
from lepton.runtime.binding import smallest_size
from lepton.runtime.pipeline import VerifiedPackage
from lepton.runtime.plan import Plan
from lepton.tensor import TensorSpec
from lepton.vectors.bench import Bench
from lepton.vectors.document import Mutation, Provenance, Survivor, Tensor, Vector, VectorDocument

__all__ = ["Tell", "golden_vectors"]

#: Input sets that are usable, at least, and the most that are tried before packing is refused.
LEAST_SETS, MOST_SETS = 3, 12
#: Sets that the search may add.
MOST_FOUND = 8
#: Vectors of the stages pre, post and step: those of the first sets, which are small.
PART_SETS = 2

#: Says what is being done, how far it is and how much there is.
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Work:
    package: VerifiedPackage
    maker: InputMaker
    cases: CaseMaker
    benches: Sequence[Bench]
    tell: Tell

    @property
    def plan(self) -> Plan:
        return self.cases.plan

    @property
    def recipe(self) -> Recipe:
        return self.maker.recipe


def golden_vectors(
    package: VerifiedPackage,
    oracle: Oracle,
    recipe: Recipe,
    tell: Tell = lambda what, done, of: None,
) -> VectorDocument:
    """Make vectors for a package whose manifest and files are ready.

    `tell` hears what is being done, how far it is and how much there is. Raises: RecipeError when an
    artifact contradicts the oracle, or the vectors do not expose the wrong models that they must.
    """
    manifest = package.document
    plan = Plan.from_manifest(manifest, package.read)
    cases = CaseMaker(manifest, plan, oracle, ExactSteps(manifest, package.read), _others(package))
    benches: list[Bench] = []
    try:
        benches += [Bench(package, artifact, plan) for artifact in manifest["artifacts"]]
        return _document(_Work(package, _maker(manifest, plan, recipe), cases, benches, tell))
    finally:
        for bench in benches:
            bench.close()


def _others(package: VerifiedPackage) -> tuple[tuple[str, Oracle], ...]:
    """Return oracles for the ONNX artifacts of other precisions than the first: models of their own."""
    from lepton.pack.onnx_source import read_onnx

    first, *further = package.document["artifacts"]
    return tuple(
        (one["precision"], OnnxOracle(read_onnx(package.materialize(one["id"]) / one["entry"]).model))
        for one in further
        if one["format"] == "onnx" and one["precision"] != first["precision"]
    )


def _document(work: _Work) -> VectorDocument:
    sets = _first_sets(work)
    candidates = work.maker.candidates()
    for attempt in itertools.count():
        vectors = _vectors(work, sets)
        _refuse_contradiction(work, vectors)
        proof = proved(work.benches, work.package.document, work.plan, vectors, work.tell)
        if proof.fault is None or attempt == MOST_FOUND:
            break
        limited = itertools.islice(candidates, MOST_CANDIDATES)
        found = telling_candidate(work.benches, work.package.document, work.cases, proof, vectors, limited)
        if found is None:
            break
        more = work.cases.cases(found, len(sets), len(sets) < PART_SETS)
        if more:
            sets.append(more)
    _refuse_unproved(work, proof)
    _refuse_unexercised(work, vectors)
    every = [case for one in sets for case in one]
    return VectorDocument(vectors, proof.controls, _provenance(work, every), _mutation(work, proof))


def _maker(manifest: Mapping[str, Any], plan: Plan, recipe: Recipe) -> InputMaker:
    stage = "interface" if "interface" in manifest else "signature"
    images = {
        step["in"]: step
        for step in manifest.get("processing", {"pre": []})["pre"]
        if step["op"] == "decode_image"
    }
    return InputMaker(recipe, plan.interface.specs, tuple(manifest[stage]["inputs"]), plan.symbols, images)


def _first_sets(work: _Work) -> list[tuple[Case, ...]]:
    """Compute the sets of the spread of sizes; one on which an exact output is not steady is passed over."""
    sets: list[tuple[Case, ...]] = []
    for number, inputs in enumerate(itertools.islice(work.maker.input_sets(), MOST_SETS)):
        work.tell("asking the oracle", number, SPREAD)
        cases = work.cases.cases(inputs, number, len(sets) < PART_SETS)
        if cases:
            sets.append(cases)
        if len(sets) == SPREAD:
            break
    if len(sets) < LEAST_SETS:
        raise RecipeError(
            f"{work.recipe.name}: found samples for fewer than {LEAST_SETS} usable vectors, expected "
            f"{LEAST_SETS} or more (of one, one and two rows, with exact answers that do not depend on "
            "rounding); give more samples"
        )
    return sets


def _vectors(work: _Work, sets: Sequence[Sequence[Case]]) -> tuple[Vector, ...]:
    vectors: list[Vector] = []
    kept = [case for at, one in enumerate(sets) for case in one if at < PART_SETS or _whole(case)]
    for stage, step in dict.fromkeys((case.stage, case.step) for case in kept):
        staged = [case for case in kept if (case.stage, case.step) == (stage, step)]
        inputs, outputs = _specs(work.plan, stage, step)
        outputs = tuple(spec for spec in outputs if spec.name in staged[0].native)
        comparisons = comparisons_of(outputs, work.recipe, staged)
        name = stage if not step else "step-" + "-".join(step.split("/")[2:])
        vectors += [
            Vector(
                f"{name}-{number}",
                stage,
                tuple(Tensor(spec.name, spec.datatype, case.inputs[spec.name]) for spec in inputs),
                tuple(
                    Tensor(spec.name, spec.datatype, expected(spec, case.answers[spec.name]))
                    for spec in outputs
                ),
                comparisons,
                step,
            )
            for number, case in enumerate(staged, 1)
        ]
    return tuple(sorted(vectors, key=lambda one: _STAGES.index(one.stage)))


_STAGES = ("model", "raw", "pre", "post", "step")


def _whole(case: Case) -> bool:
    return case.stage in ("model", "raw")


def _specs(plan: Plan, stage: str, step: str) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    if stage == "model":
        return plan.signature.specs, plan.model_outputs
    if stage == "raw":
        return plan.interface.specs, plan.outputs
    part = plan.stage(stage, step)
    return part.inputs, part.outputs


def _refuse_contradiction(work: _Work, vectors: Sequence[Vector]) -> None:
    oracle = work.cases.oracle
    for bench in work.benches:
        for vector in vectors:
            try:
                problem = bench.problem(vector, bench.answer(vector))
            except LeptonError as error:
                problem = str(error)
            if problem is not None:
                raise RecipeError(
                    f"artifact {bench.artifact!r} contradicts the oracle {oracle.name} on vector "
                    f"{vector.id!r}: {problem}. One of the two is wrong; if neither, widen "
                    "vectors.comparisons and say why"
                )


def _refuse_unproved(work: _Work, proof: Proof) -> None:
    if proof.fault is None:
        return
    survivors = proof.survivors if proof.low is not None else {}
    remedy = "; ".join(dict.fromkeys(_remedy(name) for name in (*proof.unproved, *survivors)))
    raise RecipeError(
        f"{work.recipe.name}: the vectors do not discriminate, so no package is written: {proof.fault}. "
        f"{remedy}"
    )


#: What would kill a mutant or a control, by the beginning of its name.
_REMEDIES = {
    "constant-answer": "Give samples on which the model's answers differ",
    "weights": "Give samples that make use of every part of the model (every class, every branch), or remove "
    "weights that no answer depends on",
    "channels-swapped": "Give samples with colours that differ between channels",
    "axes-swapped": "Give samples that are not their own mirror image along the diagonal",
    "step": "Give samples on which the step changes the answer, or remove it; widen no tolerance so far "
    "that it hides the step",
}


def _remedy(name: str) -> str:
    return next(said for beginning, said in _REMEDIES.items() if name.startswith(beginning))


def _mutation(work: _Work, proof: Proof) -> Mutation:
    reasons = work.recipe.document.get("vectors", {}).get("survivors", {})
    for name in reasons:
        if name not in proof.survivors:
            raise RecipeError(
                f"{work.recipe.name}: found a reason for the survivor {name!r}, expected one of the mutants "
                f"that survive: {', '.join(proof.survivors) or 'none does'}"
            )
    survivors = tuple(Survivor(name, reasons.get(name, "")) for name in proof.survivors)
    return Mutation(proof.mutants, proof.mutants - len(survivors), survivors)


def _refuse_unexercised(work: _Work, vectors: Sequence[Vector]) -> None:
    """Refuse vectors that show a symbol at its smallest size only. Spec: PKG-VEC-05."""
    seen: dict[str, set[int]] = {}
    for vector in vectors:
        if vector.stage not in ("model", "raw"):
            continue
        specs = _specs(work.plan, vector.stage, "")
        for spec, tensor in zip((*specs[0], *specs[1]), (*vector.inputs, *vector.expected), strict=True):
            for dim, size in zip(spec.shape, tensor.array.shape, strict=True):
                if isinstance(dim, str):
                    seen.setdefault(dim, set()).add(size)
    for name, sizes in seen.items():
        symbol = work.plan.symbols[name]
        least = smallest_size(symbol)
        if sizes == {least} and symbol.admits(least + symbol.multiple_of):
            raise RecipeError(
                f"{work.recipe.name}: every vector has {name} = {least}, expected one with a larger size; "
                f"give samples with a larger {name}, or state bounds that allow {least} alone"
            )


def _provenance(work: _Work, cases: Sequence[Case]) -> Provenance:
    wide = all(case.wide is not None for case in cases)
    shaken = wide and all(case.shaken is not None for case in cases if case.stage == "model")
    reasons = [
        f"{name}: atol {chosen['atol']:g} and rtol {chosen['rtol']:g} set by the author: {chosen['reason']}"
        for name, chosen in work.recipe.document.get("vectors", {}).get("comparisons", {}).items()
    ]
    oracle = work.cases.oracle
    return Provenance(
        oracle.name,
        oracle.version,
        "FP64" if wide else "FP32",
        work.maker.seed,
        " ".join([explanation(wide=wide, shaken=shaken), *reasons]),
    )
