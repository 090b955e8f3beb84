"""Recipes of operators on BYTES: texts of any length and script pass whole.

Serves `runtime` (RUN-OPS-11).
"""

import numpy as np

from lepton_conformance.strategies.graphs.builder import Build, Recipe

__all__ = ["RECIPES"]

SHAPES = ((2, 3), (3,), (1, 1), (2, 2, 3), (17,))


def _identity(build: Build) -> None:
    x = build.tensor("BYTES", shapes=SHAPES, fits=len)
    build.node("Identity", [x], build.out(x.shape, "BYTES", exact=True))


def _concat(build: Build) -> None:
    x = build.tensor("BYTES", shapes=SHAPES, fits=len)
    axis = build.pick(*dict.fromkeys((0, x.rank - 1, -1)))
    other = build.like(x.shape, "BYTES")
    shape = list(x.shape)
    shape[axis] *= 2
    build.node("Concat", [x, other], build.out(shape, "BYTES", exact=True), axis=axis)


def _gather(build: Build) -> None:
    x = build.tensor("BYTES", shapes=SHAPES, fits=len)
    axis = build.pick(*dict.fromkeys((None, x.rank - 1, -1)))
    along = (axis or 0) % x.rank
    indices = build.constant(np.array(build.pick([0], [-1, 0], [[0], [-1]]), np.int64))
    shape = (*x.shape[:along], *indices.shape, *x.shape[along + 1 :])
    build.node("Gather", [x, indices], build.out(shape, "BYTES", exact=True), axis=axis)


def _equal(build: Build) -> None:
    if not build.pool and build.pick(False, True):
        # Alike in the beginning, in all but case, in what they look like.
        pairs = [(b"prefix 123 a", b"prefix 123 b"), (b"Ab", b"aB"), ("é".encode(), "e\u0301".encode())]
        first, second = (np.array([*column, b"x"], dtype=object) for column in zip(*pairs, strict=True))
        listed = [build.given(first), build.given(second)]
        build.node("Equal", listed, build.out((4,), "BOOL", exact=True))
        return
    x = build.tensor("BYTES", shapes=SHAPES, fits=len)
    other = build.like(build.pick(x.shape, x.shape[1:]), "BYTES")
    build.node("Equal", [x, other], build.out(x.shape, "BOOL", exact=True))


RECIPES: dict[str, Recipe] = {"Identity": _identity, "Concat": _concat, "Gather": _gather, "Equal": _equal}
