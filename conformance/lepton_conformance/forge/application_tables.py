"""Packages whose tasks are about rows and series: small models, and examples written by hand.

Owns the models, their vectors and the application documents; what a request becomes and what outputs mean
is written out here, so that nothing follows from a program under test. Serves `application`.
"""

from collections.abc import Mapping
from typing import Any

from lepton_conformance.forge.application_parts import (
    example_of,
    floats,
    integers,
    labels_of,
    node,
    plain_package,
    refusal_of,
    scored,
    task_of,
    whole_numbers,
    with_application,
)
from lepton_conformance.forge.draft import Draft, kept
from lepton_conformance.forge.package import Case
from lepton_conformance.forge.valid import linear_draft

__all__ = ["forecasting", "ranking", "tabular_classification", "tabular_regression"]


@kept
def tabular_classification() -> Draft:
    """Return the linear package as a classifier of rows with a number, a category and a missing value."""
    kind = "tabular-classification"
    columns = [
        {"name": "size", "unit": "m"},
        {"name": "plan", "categories": ["none", "half", "basic", "full"]},
        {"name": "age", "missing": 3, "description": {"en": "In years."}},
    ]
    task = task_of(
        kind,
        request=[{"bind": "columns", "input": "x", "columns": columns}],
        answer=[{"bind": "label-scores", "output": "y", "meaning": "score", "top": 1}],
        labels=labels_of("left", "right"),
        metrics=[{"metric": "roc-auc", "parameters": {"positive": "left"}}, {"metric": "accuracy"}],
        examples=[
            example_of(
                kind,
                "one",
                {"rows": [{"size": 1, "plan": "basic", "age": None}]},
                {"rows": [{"labels": scored(("left", 4.375)), "omitted": 1}]},
            ),
            example_of(
                kind,
                "batch",
                {"rows": [{"age": 0, "size": 0, "plan": 0}, {"size": 5, "plan": -6, "age": 7}]},
                {
                    "rows": [
                        {"labels": scored(("left", 0.25)), "omitted": 1},
                        {"labels": scored(("right", -0.75)), "omitted": 1},
                    ]
                },
            ),
            refusal_of(kind, "no-plan", {"rows": [{"size": 1}]}, "unsupported"),
            refusal_of(kind, "no-category", {"rows": [{"size": 1, "plan": "gold"}]}, "unsupported"),
            refusal_of(kind, "no-column", {"rows": [{"size": 1, "plan": 1, "sise": 2}]}, "unsupported"),
            refusal_of(kind, "too-large", {"rows": [{"size": 1e39, "plan": 1}]}, "out-of-range"),
            refusal_of(kind, "no-rows", {"rows": []}, "invalid-request"),
        ],
    )
    return with_application(linear_draft(), task)


@kept
def tabular_regression() -> Draft:
    """Return a package that adds two columns."""
    kind = "tabular-regression"
    rows: Mapping[str, list[list[float]]] = {
        "one": [[1, 2]],
        "others": [[3, -8]],
        "batch": [[0.5, 0.25], [1, 1]],
    }
    cases = [
        Case(name, {"a": floats(some)}, {"y": floats([sum(row) for row in some])})
        for name, some in rows.items()
    ]
    draft = plain_package(
        "sum",
        [node("ReduceSum", "a second", "y", keepdims=0)],
        [{"name": "a", "datatype": "FP32", "shape": ["N", 2]}],
        [{"name": "y", "datatype": "FP32", "shape": ["N"]}],
        cases,
        "others",
        [integers("second", 1)],
    )
    task = task_of(
        kind,
        request=[{"bind": "columns", "input": "a", "columns": [{"name": "left"}, {"name": "right"}]}],
        answer=[{"bind": "values", "output": "y", "unit": "m"}],
        metrics=[{"metric": "rmse"}, {"metric": "r2", "value": -3, "n": 9, "dataset": {"name": "sums"}}],
        examples=[
            example_of(
                kind,
                name,
                {"rows": [{"left": one, "right": other} for one, other in rows[name]]},
                {"rows": [{"value": sum(row)} for row in rows[name]]},
            )
            for name in ("one", "batch")
        ],
    )
    return with_application(draft, task)


@kept
def ranking() -> Draft:
    """Return a package that ranks documents by twice their only feature."""
    kind = "ranking"
    given = {"three": [1, 2, 2], "others": [4, 0, 1], "one": [-1]}
    cases = [
        Case(name, {"f": floats(line)}, {"s": floats([[2 * one] for one in line])})
        for name, line in given.items()
    ]
    draft = plain_package(
        "twice",
        [node("Add", "f f", "d"), node("Unsqueeze", "d second", "s")],
        [{"name": "f", "datatype": "FP32", "shape": ["N"]}],
        [{"name": "s", "datatype": "FP32", "shape": ["N", 1]}],
        cases,
        "others",
        [integers("second", 1)],
    )
    documents = [{"id": name, "features": {"value": one}} for name, one in zip("abc", [1, 2, 2], strict=True)]
    task = task_of(
        kind,
        request=[{"bind": "columns", "input": "f", "columns": [{"name": "value"}]}],
        answer=[{"bind": "scores", "output": "s"}],
        metrics=[{"metric": "reciprocal-rank"}],
        examples=[
            example_of(
                kind,
                "three",
                {"documents": documents},
                {"ranking": scored(("b", 4), ("c", 4), ("a", 2)), "omitted": 0},
            ),
            example_of(
                kind,
                "one",
                {"documents": [{"id": "z", "features": {"value": -1}}], "topK": 3},
                {"ranking": scored(("z", -2)), "omitted": 0},
            ),
            refusal_of(kind, "twice", {"documents": [*documents, documents[0]]}, "invalid-request"),
            refusal_of(kind, "text", {"documents": [{**documents[0], "text": "a"}]}, "unsupported"),
        ],
    )
    return with_application(draft, task)


@kept
def forecasting() -> Draft:
    """Return a package that expects the largest value for ever."""
    kind = "forecasting"
    given: Mapping[str, tuple[list[float], int]] = {
        "two": ([1, 3, 2], 2),
        "others": ([5, 0, 0], 2),
        "one": ([0.5], 1),
    }
    cases = [
        Case(
            name,
            {"x": floats(values), "horizon": whole_numbers([steps])},
            {"y": floats([max(values)] * steps)},
        )
        for name, (values, steps) in given.items()
    ]
    draft = plain_package(
        "largest",
        [node("ReduceMax", "x", "m", axes=[0], keepdims=1), node("Expand", "m horizon", "y")],
        [
            {"name": "x", "datatype": "FP32", "shape": ["T"]},
            {"name": "horizon", "datatype": "INT64", "shape": [1]},
        ],
        [{"name": "y", "datatype": "FP32", "shape": ["H"]}],
        cases,
        "others",
    )

    def series(start: str, step: str, *values: float | None) -> dict[str, Any]:
        return {"start": start, "step": step, "values": list(values)}

    task = task_of(
        kind,
        request=[
            {"bind": "series", "input": "x", "missing": 3},
            {"bind": "number", "input": "horizon", "member": "horizon"},
        ],
        answer=[{"bind": "values", "output": "y"}],
        metrics=[{"metric": "mase", "parameters": {"season": 12}}],
        examples=[
            example_of(
                kind,
                "two",
                {"series": series("2027-12-31T06:00:00Z", "P1M", 1, None, 2), "horizon": 2},
                {
                    "points": [
                        {"time": "2028-03-31T06:00:00Z", "value": 3},
                        {"time": "2028-04-30T06:00:00Z", "value": 3},
                    ]
                },
            ),
            example_of(
                kind,
                "one",
                {"series": series("2028-02-28T23:59:30Z", "PT30S", 0.5), "horizon": 1},
                {"points": [{"time": "2028-02-29T00:00:00Z", "value": 0.5}]},
            ),
            refusal_of(
                kind,
                "no-day",
                {"series": series("2027-02-29T00:00:00Z", "P1D", 1), "horizon": 1},
                "invalid-request",
            ),
            refusal_of(
                kind,
                "after-the-end",
                {"series": series("9998-12-31T00:00:00Z", "P1Y", 1), "horizon": 2},
                "out-of-range",
            ),
        ],
    )
    return with_application(draft, task)
