"""Recipes of matrix products, in sizes on both sides of the tiles of kernels.

Serves `runtime` (RUN-OPS-02).
"""

from lepton_conformance.strategies.graphs.builder import Build, Recipe, Ref

__all__ = ["RECIPES"]

#: (rows, terms, columns), simplest first.
SIZES = (
    (2, 3, 4),
    (3, 3, 3),
    (1, 1, 1),
    (1, 5, 1),
    (5, 1, 7),
    (8, 8, 8),
    (9, 17, 15),
    (16, 33, 16),
    (33, 7, 31),
    (3, 65, 2),
    (1, 129, 5),
    (65, 4, 3),
    (2, 3, 33),
)
MAX_TERMS = 130


def _columns(build: Build) -> int:
    return build.pick(4, 1, 3, 8, 9, 17)


def _matmul(build: Build) -> None:
    datatype = build.pick("FP32", "FP64", "INT32")
    if build.pool:
        a = build.tensor(datatype, fits=lambda shape: len(shape) >= 2 and 0 < shape[-1] < MAX_TERMS)
        b = build.like((a.shape[-1], _columns(build)), datatype)
        shape = (*a.shape[:-1], b.shape[-1])
    else:
        rows, terms, columns = build.pick(*SIZES)
        form = build.pick(
            "matrices", "batch", "batch of one side", "broadcast batch", "vector first", "vector last"
        )
        left: tuple[int, ...] = (rows, terms)
        right: tuple[int, ...] = (terms, columns)
        shape = (rows, columns)
        if form == "batch":
            left, right, shape = (3, *left), (3, *right), (3, *shape)
        elif form == "batch of one side":
            left, shape = (2, *left), (2, *shape)
        elif form == "broadcast batch":
            left, right, shape = (2, 1, *left), (3, *right), (2, 3, *shape)
        elif form == "vector first":
            left, shape = left[1:], shape[1:]
        elif form == "vector last":
            right, shape = right[:1], shape[:1]
        a = build.fresh(datatype, left)
        b = build.fresh(datatype, right, constant=build.pick(False, True))
    bound = a.shape[-1] * 4.0
    build.node("MatMul", [a, b], build.out(shape, datatype, -bound, bound, exact=datatype == "INT32"))


def _gemm(build: Build) -> None:
    rows, terms, columns = build.pick(*SIZES)
    trans_a, trans_b, square = build.pick(
        (0, 0, False),
        (0, 1, False),
        (1, 0, False),
        (1, 1, False),
        (0, 0, True),
        (0, 1, True),
        (1, 0, True),
    )
    if square:
        # Sizes that fit in the wrong order, too; with a bias that is a column.
        rows = terms = columns = 3
    if build.pool:
        a = build.tensor(fits=lambda shape: len(shape) == 2 and 0 < shape[trans_a - 1] < MAX_TERMS)
        rows, terms = a.shape if not trans_a else a.shape[::-1]
    else:
        a = build.fresh("FP32", (terms, rows) if trans_a else (rows, terms))
    weight = build.like((columns, terms) if trans_b else (terms, columns))
    form = build.pick((columns,), None, (rows, columns), (1, columns), (rows, 1), (), (1,))
    if square and form == (columns,):
        form = (rows, 1)
    bias: Ref | None = None if form is None else build.like(form)
    alpha, beta = build.pick(None, 0.5, -1.25), build.pick(None, 2.0, 0.0)
    bound = terms * 8.0 + 4
    build.node(
        "Gemm",
        [a, weight, bias],
        build.out((rows, columns), "FP32", -bound, bound),
        alpha=alpha,
        beta=beta,
        transA=trans_a or None,
        transB=trans_b or None,
    )


def _einsum(build: Build) -> None:
    i, j, k = build.pick((2, 3, 4), (1, 1, 1), (5, 7, 9), (3, 3, 3))
    equation = build.pick(
        "ij,jk->ik",
        "ij->ji",
        "ij->",
        "ij,ij->ij",
        "bij,bjk->bik",
        "i,j->ij",
        "ij,kj->ik",
        "ii->i",
        "ij,jk",
        "ij,jk->ki",
    )
    if equation == "ij,jk->ki":
        i = j = k = 3
    sizes = {"i": i, "j": j, "k": k, "b": 2}
    left, _, result = equation.partition("->")
    if not result and "->" not in equation:
        result = "ik"
    terms = left.split(",")
    refs = [build.fresh("FP32", tuple(3 if term == "ii" else sizes[x] for x in term)) for term in terms]
    shape = [3 if equation == "ii->i" else sizes[x] for x in result]
    build.node("Einsum", refs, build.out(shape, "FP32", -300, 300), equation=equation)


RECIPES: dict[str, Recipe] = {"MatMul": _matmul, "Gemm": _gemm, "Einsum": _einsum}
