"""The graphs of an operator group as a domain: each operator with each of its options, then whole graphs.

A generated graph is one integer: how many nodes, and for each node which operator and a small seed for its
choices, 0 standing for the simplest ones; what is left of the integer seeds the elements. Spec: RUN-OPS.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.graphs import (
    blocks,
    control,
    convolution,
    dense,
    elementwise,
    indexing,
    normalisation,
    quantised,
    recurrent,
    reductions,
    text,
)
from lepton_conformance.strategies.graphs.builder import Build, Built, Recipe, Seeded, enumerated
from lepton_conformance.strategies.graphs.graph import GraphCase
from lepton_conformance.strategies.graphs.reduction import smaller

__all__ = ["GROUPS", "OPSET", "Accept", "enumeration", "graph_cases", "least_opset", "simplest"]

#: Groups in the order of their requirements, RUN-OPS-01 first.
GROUPS: Mapping[str, Mapping[str, Recipe]] = {
    "elementwise": elementwise.RECIPES,
    "dense": dense.RECIPES,
    "convolution": convolution.CONVOLUTION,
    "pooling": convolution.POOLING,
    "normalisation": normalisation.RECIPES,
    "reductions": reductions.RECIPES,
    "indexing": indexing.RECIPES,
    "control": control.RECIPES,
    "recurrent": recurrent.RECIPES,
    "quantised": quantised.RECIPES,
    "strings": text.RECIPES,
    "blocks": blocks.RECIPES,
}
OPSET = 17
#: Operators that the default opset does not have.
_LATER = {
    "Gelu": 20,
    "LayerNormalization": 17,
    "Trilu": 14,
    ("strings", "Equal"): 19,
    ("blocks", "Transformer"): 17,
}
#: Groups whose operators are mixed in the graphs of the group `blocks`.
_MIXED = ("elementwise", "dense", "convolution", "pooling", "normalisation", "reductions", "indexing")
MAX_NODES, MAX_MIXED_NODES = 4, 8
#: Boundary cases of an operator whose options are all drawn: some faults need two options at once.
COMBINATIONS = 16
_VARIANTS = 64

Accept = Callable[[GraphCase], bool]


def least_opset(group: str, operator: str) -> int:
    """Return the first opset that has the operator as its recipe uses it."""
    return _LATER.get(operator, _LATER.get((group, operator), 13))


@functools.cache
def simplest(group: str, operator: str, opset: int | None = None) -> GraphCase:
    """Return the simplest graph of one operator."""
    chosen = opset or max(OPSET, least_opset(group, operator))
    return _case(next(enumerated(GROUPS[group][operator], opset=chosen)), group)


@functools.cache
def enumeration(group: str) -> tuple[GraphCase, ...]:
    """Return each operator of a group alone: with each of its options once, then with drawn combinations."""
    return tuple(_enumeration(group))


def _enumeration(group: str) -> Iterator[GraphCase]:
    for operator, recipe in GROUPS[group].items():
        opset = max(OPSET, least_opset(group, operator))
        for built in enumerated(recipe, opset=opset):
            yield _case(built, group)
        for seed in range(1, COMBINATIONS + 1):
            build = Build(Seeded(seed), seed=1000 + seed, opset=opset)
            recipe(build)
            yield _case(build.finish(), group)


def graph_cases(
    group: str, accept: Accept = lambda case: True, declared: Sequence[str] = _MIXED
) -> Cases[GraphCase]:
    """Return the graphs of a group that are accepted; those of `blocks` mix the declared groups."""
    boundary = [case for case in enumeration(group) if accept(case)]
    recipes = [(group, operator) for operator in GROUPS[group]]
    count = MAX_NODES
    if group == "blocks":
        recipes = [(name, operator) for name in _MIXED if name in declared for operator in GROUPS[name]]
        count = MAX_MIXED_NODES
    usable = [entry for entry in recipes if accept(simplest(*entry))]

    def decode(number: int) -> GraphCase:
        case = _decoded(number, usable, count, group)
        return case if accept(case) or not boundary else boundary[0]

    return Cases(boundary, decode if usable else None, smaller)


def _decoded(number: int, recipes: Sequence[tuple[str, str]], most: int, group: str) -> GraphCase:
    digits = Digits(number)
    count = 1 + digits.take(most)
    chosen = [
        (recipes[digits.take(len(recipes))], digits.take(_VARIANTS)) for _ in range(min(count, MAX_NODES))
    ]
    seed = digits.rest
    # A longer graph has not the bits for each of its nodes: the last ones follow from the seed.
    chosen += [
        (recipes[(seed // 7 + 31 * index) % len(recipes)], (seed + index) % _VARIANTS)
        for index in range(MAX_NODES, count)
    ]
    build = Build(Seeded(0), seed=seed, opset=max(OPSET, *(least_opset(*entry) for entry, _ in chosen)))
    for index, ((name, operator), variant) in enumerate(chosen):
        build.choices = Seeded(variant * 131 + index if variant else 0)
        GROUPS[name][operator](build)
    return _case(build.finish(), group)


def _case(built: Built, group: str) -> GraphCase:
    return GraphCase(built.graph, built.inputs, features=frozenset((group,)))
