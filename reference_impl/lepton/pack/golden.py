"""Golden vectors: inputs, answers of the oracle, tolerances, and the proof that wrong models fail them.

Owns the choice of vectors and of the vector that kills each control; leaves answers to `oracle` and
`exact_steps`, closeness to `tolerance`, and the wrong models to `lepton.vectors`. Serves PKG-VEC.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lepton.errors import BindError, LeptonError, RecipeError
from lepton.pack.exact_steps import apply_steps
from lepton.pack.oracle import Oracle
from lepton.pack.recipe import Recipe
from lepton.pack.samples import InputMaker
from lepton.pack.tolerance import derive, explanation
from lepton.runtime.binding import numpy_dtype, smallest_size
from lepton.runtime.pipeline import VerifiedPackage
from lepton.runtime.plan import Plan
from lepton.runtime.protocol import Array
from lepton.tensor import TensorSpec, datatype
from lepton.vectors.bench import Bench, kills
from lepton.vectors.compare import first_difference
from lepton.vectors.controls import CONSTANT_ANSWER, STEP_OMITTED, WEIGHTS_REVERSED, same_shapes
from lepton.vectors.document import Comparison, Control, Provenance, Tensor, Vector, VectorDocument
from lepton.vectors.replay import required_controls

__all__ = ["golden_vectors"]

#: Input sets to begin with, and the most that are tried before packing is refused.
FIRST_SETS, MOST_SETS = 3, 12


@dataclass(frozen=True, slots=True)
class _Case:
    """One input set at one stage with the oracle's answers; `wide` is None where float64 was not possible."""

    stage: str
    inputs: Mapping[str, Array]
    wide: Mapping[str, Array] | None
    native: Mapping[str, Array]


def golden_vectors(package: VerifiedPackage, oracle: Oracle, recipe: Recipe) -> VectorDocument:
    """Make vectors for a package whose manifest and artifact files are ready.

    Raises: RecipeError when an artifact contradicts the oracle, or no vector exposes a required wrong model.
    """
    manifest = package.document
    plan = Plan.from_manifest(manifest)
    maker = _maker(manifest, plan, recipe)
    benches = [Bench(package, artifact, plan) for artifact in manifest["artifacts"]]
    try:
        required = required_controls(manifest, plan, any(bench.weights() is not None for bench in benches))
        cases: list[_Case] = []
        unproved: list[str] = []
        for number, inputs in enumerate(itertools.islice(maker.input_sets(), MOST_SETS), 1):
            cases += _cases(manifest, plan, oracle, inputs)
            if number < FIRST_SETS or not cases:
                continue
            vectors = _vectors(plan, recipe, cases)
            _refuse_contradiction(benches, manifest, vectors, oracle)
            controls, unproved = _proved(benches, required, vectors)
            if not unproved:
                _refuse_unexercised(plan, vectors, recipe)
                return VectorDocument(vectors, controls, _provenance(oracle, maker, cases))
    finally:
        for bench in benches:
            bench.close()
    if not unproved:
        raise RecipeError(
            f"{recipe.name}: found samples for fewer than {FIRST_SETS} usable vectors, expected at least "
            f"{FIRST_SETS} (of one, one and three rows); give more samples"
        )
    raise RecipeError(
        f"{recipe.name}: the vectors do not discriminate, so no package is written: {'; '.join(unproved)}. "
        "Give samples on which the model's answers differ, or remove what changes nothing"
    )


def _maker(manifest: Mapping[str, Any], plan: Plan, recipe: Recipe) -> InputMaker:
    stage = "interface" if "interface" in manifest else "signature"
    return InputMaker(recipe, plan.interface.specs, tuple(manifest[stage]["inputs"]), plan.symbols)


def _cases(
    manifest: Mapping[str, Any], plan: Plan, oracle: Oracle, inputs: Mapping[str, Array]
) -> Iterator[_Case]:
    """Compute one input set at the stage model and, around steps, at the stage raw.

    A set on which an exact output depends on rounding is passed over: no tolerance could be fair to it.
    """
    try:
        plan.interface.bind(inputs)
    except BindError as error:
        raise RecipeError(f"a sample does not fit the declared inputs: {error}") from error
    processing = manifest.get("processing", {"pre": [], "post": []})
    pre, post = processing["pre"], processing["post"]
    fed = apply_steps(pre, inputs, plan.interface.specs, np.float32)
    model_inputs = plan.signature.bind({s.name: fed[s.name] for s in plan.signature.specs if s.name in fed})
    native = oracle.native(model_inputs)
    case = _Case("model", model_inputs, oracle.double(model_inputs), native)
    if not _steady(case, plan.model_outputs):
        return
    if not pre and not post:
        yield case
        return
    raw_native = apply_steps(post, native, plan.model_outputs, np.float32)
    raw_wide = None
    if case.wide is not None:
        fed = apply_steps(pre, inputs, plan.interface.specs, np.float64)
        wide = oracle.double({s.name: fed.get(s.name, model_inputs[s.name]) for s in plan.signature.specs})
        raw_wide = None if wide is None else apply_steps(post, wide, plan.model_outputs, np.float64)
    raw = _Case("raw", inputs, raw_wide, raw_native)
    if _steady(raw, plan.outputs):
        yield case
        yield raw


def _steady(case: _Case, outputs: Sequence[TensorSpec]) -> bool:
    if case.wide is None:
        return True
    exact = [spec.name for spec in outputs if datatype(spec.datatype).kind != "float"]
    return all(np.array_equal(case.wide[name], case.native[name]) for name in exact)


def _vectors(plan: Plan, recipe: Recipe, cases: Sequence[_Case]) -> tuple[Vector, ...]:
    vectors: list[Vector] = []
    for stage, inputs, outputs in (
        ("model", plan.signature.specs, plan.model_outputs),
        ("raw", plan.interface.specs, plan.outputs),
    ):
        staged = [case for case in cases if case.stage == stage]
        if not staged:
            continue
        comparisons = tuple(_comparison(spec, recipe, staged) for spec in outputs)
        for number, case in enumerate(staged, 1):
            answers = case.native if case.wide is None else case.wide
            vectors.append(
                Vector(
                    f"{stage}-{number}",
                    stage,
                    tuple(Tensor(spec.name, spec.datatype, case.inputs[spec.name]) for spec in inputs),
                    tuple(_expected(spec, answers[spec.name]) for spec in outputs),
                    comparisons,
                )
            )
    return tuple(vectors)


def _expected(spec: TensorSpec, answer: Array) -> Tensor:
    with np.errstate(over="ignore"):
        return Tensor(spec.name, spec.datatype, np.asarray(answer).astype(numpy_dtype(spec.datatype)))


def _comparison(spec: TensorSpec, recipe: Recipe, cases: Sequence[_Case]) -> Comparison:
    wide = [case.wide[spec.name] for case in cases if case.wide is not None]
    derived = derive(
        spec.name,
        spec.datatype,
        wide if len(wide) == len(cases) else None,
        [case.native[spec.name] for case in cases],
    )
    chosen = recipe.document.get("vectors", {}).get("comparisons", {}).get(spec.name)
    if chosen is None or derived.comparator == "exact":
        return derived
    return replace(derived, atol=float(chosen["atol"]), rtol=float(chosen["rtol"]))


def _refuse_contradiction(
    benches: Sequence[Bench], manifest: Mapping[str, Any], vectors: Sequence[Vector], oracle: Oracle
) -> None:
    for bench, artifact in zip(benches, manifest["artifacts"], strict=True):
        for vector in vectors:
            try:
                problem = first_difference(vector.expected, bench.answer(vector), vector.comparisons)
            except LeptonError as error:
                problem = str(error)
            if problem is not None:
                raise RecipeError(
                    f"artifact {artifact['id']!r} contradicts the oracle {oracle.name} on vector "
                    f"{vector.id!r}: {problem}. One of the two is wrong; if neither, widen "
                    "vectors.comparisons and say why"
                )


def _proved(
    benches: Sequence[Bench], required: Sequence[tuple[str, int | None]], vectors: Sequence[Vector]
) -> tuple[tuple[Control, ...], list[str]]:
    """Return a control with its killer for each required one, and what could not be proved."""
    controls, unproved = [], []
    for name, step in required:
        killer = next((vector for vector in vectors if _exposes(benches, name, step, vector, vectors)), None)
        if killer is None:
            what = name if step is None else f"{name} (step {step} of processing.pre)"
            unproved.append(f"no vector exposes {what}")
        else:
            controls.append(Control(name, step, killer.id))
    return tuple(controls), unproved


def _exposes(
    benches: Sequence[Bench], name: str, step: int | None, vector: Vector, vectors: Sequence[Vector]
) -> bool:
    first = next(one for one in vectors if one.stage == vector.stage)
    if name == CONSTANT_ANSWER and (vector is first or not same_shapes(vector, first)):
        return False
    if name == STEP_OMITTED and vector.stage != "raw":
        return False
    concerned = [bench for bench in benches if name != WEIGHTS_REVERSED or bench.weights() is not None]
    control = Control(name, step, vector.id)
    return all(kills(bench, control, vector, first)[0] is True for bench in concerned)


def _refuse_unexercised(plan: Plan, vectors: Sequence[Vector], recipe: Recipe) -> None:
    """Refuse vectors that show a symbol at its smallest size only. Spec: PKG-VEC-05."""
    seen: dict[str, set[int]] = {}
    for vector in vectors:
        raw = vector.stage == "raw"
        specs = (plan.interface.specs, plan.outputs) if raw else (plan.signature.specs, plan.model_outputs)
        for spec, tensor in zip((*specs[0], *specs[1]), (*vector.inputs, *vector.expected), strict=True):
            for dim, size in zip(spec.shape, tensor.array.shape, strict=True):
                if isinstance(dim, str):
                    seen.setdefault(dim, set()).add(size)
    for name, sizes in seen.items():
        symbol = plan.symbols[name]
        least = smallest_size(symbol)
        if sizes == {least} and symbol.admits(least + symbol.multiple_of):
            raise RecipeError(
                f"{recipe.name}: every vector has {name} = {least}, expected one with a larger size; give "
                f"samples with a larger {name}, or state bounds that allow {least} alone"
            )


def _provenance(oracle: Oracle, maker: InputMaker, cases: Sequence[_Case]) -> Provenance:
    wide = all(case.wide is not None for case in cases)
    reasons = [
        f"{name}: atol {chosen['atol']:g} and rtol {chosen['rtol']:g} set by the author: {chosen['reason']}"
        for name, chosen in maker.recipe.document.get("vectors", {}).get("comparisons", {}).items()
    ]
    return Provenance(
        oracle.name,
        oracle.version,
        "FP64" if wide else "FP32",
        maker.seed,
        " ".join([explanation(wide=wide, shaken=False), *reasons]),
    )
