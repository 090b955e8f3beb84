"""Packages whose tasks use the bindings that the packages one a task leave out.

Owns texts of documents, messages, labels with their indices, quantiles and spans; leaves pictures to
`application_images`. What a request becomes and what outputs mean is written out here. Serves `application`.
"""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

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
    text_values,
    whole_numbers,
    with_application,
)
from lepton_conformance.forge.draft import Draft, kept
from lepton_conformance.forge.package import Case

__all__ = [
    "labels_with_indices",
    "messages",
    "quantiles",
    "ranked_texts",
    "spans_of_speech",
]


@kept
def ranked_texts() -> Draft:
    """Return a package that ranks numbers written as texts; one of them is without bound."""
    kind = "ranking"
    given = {"three": ["2", "-INF", "7"], "others": ["4", "5", "0.5"], "one": ["-1"]}
    cases = [
        Case(name, {"t": text_values(*texts)}, {"s": floats([float(one) for one in texts])})
        for name, texts in given.items()
    ]
    draft = plain_package(
        "numbers",
        [node("Cast", "t", "s", to=1)],
        [{"name": "t", "datatype": "BYTES", "shape": ["N"]}],
        [{"name": "s", "datatype": "FP32", "shape": ["N"]}],
        cases,
        "others",
    )
    documents = [{"id": name, "text": text} for name, text in zip("abc", given["three"], strict=True)]
    task = task_of(
        kind,
        request=[{"bind": "texts", "input": "t", "member": "documents"}],
        answer=[{"bind": "scores", "output": "s"}],
        metrics=[{"metric": "recall-at-k", "parameters": {"k": 1}}],
        examples=[
            example_of(
                kind,
                "three",
                {"documents": documents, "topK": 2},
                {"ranking": scored(("c", 7), ("a", 2)), "omitted": 1},
            ),
            example_of(
                kind,
                "one",
                {"documents": [{"id": "z", "text": "-1"}]},
                {"ranking": scored(("z", -1)), "omitted": 0},
            ),
            refusal_of(kind, "features", {"documents": [{"id": "a", "features": {"b": 1}}]}, "unsupported"),
        ],
    )
    return with_application(draft, task)


@kept
def messages() -> Draft:
    """Return a package that says the last message again."""
    kind = "text-generation"
    said: Mapping[str, list[tuple[str, str]]] = {
        "one": [("user", "hello")],
        "others": [("system", "be brief"), ("user", "再见")],
        "three": [("user", "a"), ("assistant", "b"), ("user", "")],
    }
    cases = []
    for name, lines in said.items():
        roles, contents = zip(*lines, strict=True)
        found = {"text": text_values(contents[-1]), "speaker": text_values(roles[-1])}
        given = {"roles": text_values(*roles), "contents": text_values(*contents)}
        cases.append(Case(name, given, found, tolerance=None))
    tensor = {"datatype": "BYTES", "shape": ["M"]}
    draft = plain_package(
        "last-word",
        [
            node("Gather", "contents last", "text", axis=0),
            node("Gather", "roles last", "speaker", axis=0),
        ],
        [{"name": "roles", **tensor}, {"name": "contents", **tensor}],
        [
            {"name": "text", "datatype": "BYTES", "shape": [1]},
            {"name": "speaker", "datatype": "BYTES", "shape": [1]},
        ],
        cases,
        "others",
        [integers("last", -1)],
    )
    task = task_of(
        kind,
        request=[{"bind": "messages", "roles": "roles", "contents": "contents"}],
        answer=[{"bind": "text", "output": "text"}],
        metrics=[{"metric": "exact-match", "parameters": {"normalization": "none"}}],
        examples=[
            example_of(
                kind,
                name,
                {"messages": [{"role": role, "content": content} for role, content in lines]},
                {"text": lines[-1][1], "finishReason": "unknown", "usage": {}},
            )
            for name, lines in said.items()
        ]
        + [refusal_of(kind, "prompt", {"prompt": "hello"}, "unsupported")],
    )
    return with_application(draft, task)


@kept
def labels_with_indices() -> Draft:
    """Return a package that gives the two best of three columns, the best one first."""
    kind = "tabular-classification"
    rows: Mapping[str, list[list[float]]] = {
        "one": [[1, 3, 2]],
        "others": [[5, 0, -1]],
        "batch": [[0, 0.5, 0.25], [2, 1, 8]],
    }
    cases = []
    for name, some in rows.items():
        x = floats(some)
        indices = np.argsort(-x, axis=1)[:, :2]
        best = {"best": np.take_along_axis(x, indices, 1), "places": whole_numbers(indices)}
        cases.append(Case(name, {"x": x}, best))
    draft = plain_package(
        "two-best",
        [node("TopK", "x two", "best places", axis=1)],
        [{"name": "x", "datatype": "FP32", "shape": ["N", 3]}],
        [
            {"name": "best", "datatype": "FP32", "shape": ["N", 2]},
            {"name": "places", "datatype": "INT64", "shape": ["N", 2]},
        ],
        cases,
        "others",
        [integers("two", 2)],
    )
    names = ("red", "green", "blue")

    def request(name: str) -> dict[str, Any]:
        return {"rows": [dict(zip(names, row, strict=True)) for row in rows[name]]}

    task = task_of(
        kind,
        request=[{"bind": "columns", "input": "x", "columns": [{"name": one} for one in names]}],
        answer=[{"bind": "label-top", "scores": "best", "indices": "places", "meaning": "score"}],
        labels=labels_of(*names),
        metrics=[{"metric": "brier", "value": 2.5, "n": 9, "dataset": {"name": "nine rows"}}],
        examples=[
            example_of(
                kind,
                "one",
                request("one"),
                {"rows": [{"labels": scored(("green", 3), ("blue", 2)), "omitted": 0}]},
            ),
            example_of(
                kind,
                "batch",
                {**request("batch"), "topK": 1},
                {
                    "rows": [
                        {"labels": scored(("green", 0.5)), "omitted": 1},
                        {"labels": scored(("blue", 8)), "omitted": 1},
                    ]
                },
            ),
        ],
    )
    return with_application(draft, task)


@kept
def quantiles() -> Draft:
    """Return a package whose rows hold two quantiles, and whose value is the larger one."""
    kind = "tabular-regression"
    rows: Mapping[str, list[list[float]]] = {
        "one": [[1, 2]],
        "others": [[-8, 3]],
        "batch": [[0.25, 0.5], [1, 1]],
    }
    cases = [
        Case(name, {"a": floats(some)}, {"q": floats(some), "y": floats([row[1] for row in some])})
        for name, some in rows.items()
    ]
    draft = plain_package(
        "two-quantiles",
        [node("Identity", "a", "q"), node("ReduceMax", "a", "y", axes=[1], keepdims=0)],
        [{"name": "a", "datatype": "FP32", "shape": ["N", 2]}],
        [
            {"name": "q", "datatype": "FP32", "shape": ["N", 2]},
            {"name": "y", "datatype": "FP32", "shape": ["N"]},
        ],
        cases,
        "others",
    )
    task = task_of(
        kind,
        request=[{"bind": "columns", "input": "a", "columns": [{"name": "low"}, {"name": "high"}]}],
        answer=[
            {"bind": "values", "output": "y"},
            {"bind": "quantiles", "output": "q", "levels": [0.125, 0.875]},
        ],
        metrics=[{"metric": "pinball", "parameters": {"levels": [0.125, 0.875]}}],
        examples=[
            example_of(
                kind,
                name,
                {"rows": [{"low": low, "high": high} for low, high in rows[name]]},
                {
                    "rows": [
                        {
                            "value": high,
                            "quantiles": [{"level": 0.125, "value": low}, {"level": 0.875, "value": high}],
                        }
                        for low, high in rows[name]
                    ]
                },
            )
            for name in ("one", "batch")
        ],
    )
    return with_application(draft, task)


@kept
def spans_of_speech() -> Draft:
    """Return a package in which each two samples are the start and the end of speech."""
    kind = "speech-detection"
    heard = {
        "two": [0, 8192, 8192, 24576],
        "others": [1024, 4096, 4096, 4096],
        "same-start": [64, 128, 64, 96],
    }
    cases = []
    for name, line in heard.items():
        x = floats([sample / 32768 for sample in line])
        pairs = x.reshape(-1, 2)
        cases.append(Case(name, {"x": x}, {"spans": pairs, "scores": pairs.sum(axis=1, dtype="<f4")}))
    draft = plain_package(
        "pairs",
        [node("Reshape", "x pairs", "spans"), node("ReduceSum", "spans second", "scores", keepdims=0)],
        [{"name": "x", "datatype": "FP32", "shape": ["T"]}],
        [
            {"name": "spans", "datatype": "FP32", "shape": ["S", 2]},
            {"name": "scores", "datatype": "FP32", "shape": ["S"]},
        ],
        cases,
        "others",
        [integers("pairs", -1, 2), integers("second", 1)],
    )

    def request(name: str) -> dict[str, Any]:
        pcm = np.array(heard[name], dtype="<i2").tobytes()
        return {"audio": {"pcm": base64.b64encode(pcm).decode(), "sampleRate": 8}}

    task = task_of(
        kind,
        request=[{"bind": "audio", "input": "x", "sampleRate": 8}],
        answer=[{"bind": "spans", "spans": "spans", "scores": "scores"}],
        metrics=[{"metric": "temporal-iou"}],
        examples=[
            example_of(
                kind,
                "two",
                request("two"),
                {
                    "segments": [
                        {"start": 0, "end": 0.25, "score": 0.25},
                        {"start": 0.25, "end": 0.75, "score": 1},
                    ]
                },
            ),
            example_of(
                kind,
                "others",
                request("others"),
                {
                    "segments": [
                        {"start": 0.03125, "end": 0.125, "score": 0.15625},
                        {"start": 0.125, "end": 0.125, "score": 0.25},
                    ]
                },
            ),
        ],
    )
    return with_application(draft, task)
