"""The comparisons of the vectors of one stage: derived, or the author's, and by precision.

Owns which answers a tolerance is derived from; leaves the derivation to `tolerance`. Serves PKG-VEC-04 and
PKG-VEC-06.
"""

from collections.abc import Sequence
from dataclasses import replace

from lepton.pack.cases import Case
from lepton.pack.recipe import Recipe
from lepton.pack.tolerance import apart, derive
from lepton.tensor import TensorSpec
from lepton.vectors.document import Comparison

__all__ = ["comparisons_of"]


def comparisons_of(
    outputs: Sequence[TensorSpec], recipe: Recipe, cases: Sequence[Case]
) -> tuple[Comparison, ...]:
    """Return how each output of one stage is compared."""
    return tuple(_comparison(spec, recipe, cases) for spec in outputs)


def _comparison(spec: TensorSpec, recipe: Recipe, cases: Sequence[Case]) -> Comparison:
    wide = [case.wide[spec.name] for case in cases if case.wide is not None]
    shaken = [case.shaken[spec.name] for case in cases if case.shaken is not None]
    known = len(wide) == len(cases)
    derived = derive(
        spec.name,
        spec.datatype,
        wide if known else None,
        [case.native[spec.name] for case in cases],
        shaken if known and len(shaken) == len(cases) else None,
    )
    if derived.comparator == "exact":
        return derived
    chosen = recipe.document.get("vectors", {}).get("comparisons", {}).get(spec.name)
    precisions = {name: precision_bounds(spec, cases, name) for name in cases[0].others}
    if chosen is None:
        return replace(derived, precisions=precisions)
    stated = {
        name: (float(one["atol"]), float(one["rtol"])) for name, one in chosen.get("precisions", {}).items()
    }
    return replace(
        derived, atol=float(chosen["atol"]), rtol=float(chosen["rtol"]), precisions={**precisions, **stated}
    )


def precision_bounds(spec: TensorSpec, cases: Sequence[Case], precision: str) -> tuple[float, float]:
    """Return atol and rtol of an output for the artifacts of another precision.

    Such an artifact is another model: it may be as far off as its own oracle is from the expected answers.
    """
    expected, answers = [], []
    for case in cases:
        for one in case.others[precision]:
            expected.append(case.answers[spec.name])
            answers.append(one[spec.name])
    return apart(spec.datatype, expected, answers)
