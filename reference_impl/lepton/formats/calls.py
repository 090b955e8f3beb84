"""Which functions of an ONNX model call each other in a circle.

Owns the search, which takes time in proportion to the calls and no stack; leaves reading functions to
`lepton.formats.onnx`. Serves PKG-ART-13.
"""

from collections.abc import Iterator, Sequence

from lepton.formats.onnx import OnnxFunction, Operator

__all__ = ["first_circle"]

#: Functions of a circle that are named; a circle may be as long as the model has functions.
MAX_NAMED = 8


def first_circle(functions: Sequence[OnnxFunction]) -> tuple[OnnxFunction, ...]:
    """Return a circle of calls, each function calling the next and the last the first; empty if none.

    Of a circle of more than eight, the first eight. A function defined twice has the calls of both.
    """
    by_operator: dict[Operator, list[OnnxFunction]] = {}
    for function in functions:
        by_operator.setdefault(function.operator, []).append(function)
    finished: set[Operator] = set()
    for function in functions:
        circle = _from(function.operator, by_operator, finished)
        if circle:
            return tuple(by_operator[operator][0] for operator in circle[:MAX_NAMED])
    return ()


def _from(
    start: Operator, functions: dict[Operator, list[OnnxFunction]], finished: set[Operator]
) -> list[Operator]:
    """Walk the calls depth first from `start` and return the first circle met."""
    if start in finished:
        return []
    path: dict[Operator, Iterator[Operator]] = {start: _calls(start, functions)}
    while path:
        here = next(reversed(path))
        called = next(path[here], None)
        if called is None:
            del path[here]
            finished.add(here)
        elif called in path:
            walked = list(path)
            return walked[walked.index(called) :]
        elif called not in finished:
            path[called] = _calls(called, functions)
    return []


def _calls(operator: Operator, functions: dict[Operator, list[OnnxFunction]]) -> Iterator[Operator]:
    for function in functions[operator]:
        for called in function.calls:
            if called in functions:
                yield called
