"""Packages whose tasks are about texts and sounds: small models, and examples written by hand.

Owns the models, their vectors and the application documents; what a request becomes and what outputs mean
is written out here, so that nothing follows from a program under test. Serves `application`.
"""

import base64

import numpy as np

from lepton_conformance.forge.application_parts import (
    example_of,
    floats,
    image_value,
    integers,
    labels_of,
    node,
    plain_package,
    refusal_of,
    task_of,
    text_values,
    whole_numbers,
    with_application,
)
from lepton_conformance.forge.draft import Draft, kept
from lepton_conformance.forge.package import Case

__all__ = ["embedding", "speech_detection", "speech_recognition", "text_classification", "text_generation"]


@kept
def text_classification() -> Draft:
    """Return a package whose answer is the text itself, which is the id of a label."""
    kind = "text-classification"
    cases = [
        Case(name, {"t": text_values(*texts)}, {"u": text_values(*texts)}, tolerance=None)
        for name, texts in (("ham", ("ham",)), ("spam", ("spam",)), ("both", ("ham", "spam")))
    ]
    tensor = {"datatype": "BYTES", "shape": ["N"]}
    draft = plain_package(
        "echo",
        [node("Identity", "t", "u")],
        [{"name": "t", **tensor}],
        [{"name": "u", **tensor}],
        cases,
        "spam",
    )
    task = task_of(
        kind,
        request=[{"bind": "text", "input": "t", "member": "text"}],
        answer=[{"bind": "label-id", "output": "u"}],
        labels=labels_of("ham", "spam"),
        metrics=[{"metric": "f1", "parameters": {"average": "macro"}}],
        examples=[
            example_of(kind, name, {"text": name}, {"labels": [{"id": name}], "omitted": 0})
            for name in ("ham", "spam")
        ]
        + [refusal_of(kind, "language", {"text": "ham", "language": "en"}, "unsupported")],
    )
    return with_application(draft, task)


@kept
def text_generation() -> Draft:
    """Return a package that says again what it was told, counts one token and stops."""
    kind = "text-generation"
    said = {"hello": "hello", "others": "再见", "empty": ""}
    cases = [
        Case(
            name,
            {"prompt": text_values(text)},
            {"text": text_values(text), "tokens": whole_numbers([1]), "reason": whole_numbers([0])},
            tolerance=None,
        )
        for name, text in said.items()
    ]
    draft = plain_package(
        "parrot",
        [
            node("Identity", "prompt", "text"),
            node("Shape", "prompt", "tokens"),
            node("Sub", "tokens one", "reason"),
        ],
        [{"name": "prompt", "datatype": "BYTES", "shape": [1]}],
        [
            {"name": "text", "datatype": "BYTES", "shape": [1]},
            {"name": "tokens", "datatype": "INT64", "shape": [1]},
            {"name": "reason", "datatype": "INT64", "shape": [1]},
        ],
        cases,
        "others",
        [integers("one", 1)],
    )
    task = task_of(
        kind,
        request=[{"bind": "text", "input": "prompt", "member": "prompt"}],
        answer=[
            {"bind": "text", "output": "text"},
            {"bind": "finish", "output": "reason", "reasons": ["stop", "length"]},
            {"bind": "count", "output": "tokens", "member": "outputTokens"},
        ],
        metrics=[{"metric": "perplexity", "parameters": {"unit": "byte"}}],
        examples=[
            example_of(
                kind,
                name,
                {"prompt": text},
                {"text": text, "finishReason": "stop", "usage": {"outputTokens": 1}},
            )
            for name, text in said.items()
        ]
        + [refusal_of(kind, "messages", {"messages": [{"role": "user", "content": "hello"}]}, "unsupported")],
    )
    return with_application(draft, task)


@kept
def embedding() -> Draft:
    """Return a package whose vectors are the pixels of a line."""
    kind = "embedding"
    lines = {"two": [3, 4], "others": [5, 12], "long": [0, 1, 2]}
    cases = [
        Case(name, {"x": np.array([line], dtype=np.uint8)}, {"y": floats([line])})
        for name, line in lines.items()
    ]
    draft = plain_package(
        "line",
        [node("Cast", "x", "y", to=1)],
        [{"name": "x", "datatype": "UINT8", "shape": [1, "W"], "axes": ["y", "x"]}],
        [{"name": "y", "datatype": "FP32", "shape": [1, "W"]}],
        cases,
        "others",
    )
    task = task_of(
        kind,
        request=[{"bind": "image-pixels", "input": "x"}],
        answer=[{"bind": "embeddings", "output": "y", "similarity": "cosine"}],
        metrics=[{"metric": "ndcg", "parameters": {"gain": "linear", "k": 10}}, {"metric": "spearman"}],
        examples=[
            example_of(kind, name, {"image": image_value(lines[name])}, {"embeddings": [lines[name]]})
            for name in ("two", "long")
        ],
    )
    return with_application(draft, task)


def _pcm(*samples: int) -> str:
    return base64.b64encode(np.array(samples, dtype="<i2").tobytes()).decode()


@kept
def speech_recognition() -> Draft:
    """Return a package that hears the loudest sample as a number."""
    kind = "speech-recognition"
    heard = {"short": [1, -5], "others": [7, 9], "long": [100, 0, 32767]}
    cases = [
        Case(
            name,
            {"x": np.array(line, dtype="<i2")},
            {"y": text_values(str(max(line)))},
            tolerance=None,
        )
        for name, line in heard.items()
    ]
    draft = plain_package(
        "loudest",
        [
            node("Cast", "x", "w", to=7),
            node("ReduceMax", "w", "m", axes=[0], keepdims=1),
            node("Cast", "m", "y", to=8),
        ],
        [{"name": "x", "datatype": "INT16", "shape": ["T"]}],
        [{"name": "y", "datatype": "BYTES", "shape": [1]}],
        cases,
        "others",
    )
    task = task_of(
        kind,
        request=[{"bind": "audio", "input": "x", "sampleRate": 8000}],
        answer=[{"bind": "text", "output": "y"}],
        metrics=[{"metric": "word-error-rate", "parameters": {"normalization": "basic"}}],
        examples=[
            example_of(
                kind,
                name,
                {"audio": {"pcm": _pcm(*heard[name]), "sampleRate": 8000}},
                {"text": str(max(heard[name]))},
            )
            for name in ("short", "long")
        ]
        + [refusal_of(kind, "rate", {"audio": {"pcm": _pcm(1), "sampleRate": 16000}}, "unsupported")],
    )
    return with_application(draft, task)


@kept
def speech_detection() -> Draft:
    """Return a package in which each sample is a frame, and loud ones are speech."""
    kind = "speech-detection"
    heard = {"two": [0, 16384, -24576, 0, 8192], "others": [1024, 0, 0, 0, 0], "silence": [0, 0]}
    cases = []
    for name, line in heard.items():
        x = floats([[sample / 32768 for sample in line]])
        cases.append(Case(name, {"x": x}, {"y": np.abs(x)}))
    draft = plain_package(
        "loud",
        [node("Abs", "x", "y")],
        [{"name": "x", "datatype": "FP32", "shape": [1, "T"]}],
        [{"name": "y", "datatype": "FP32", "shape": [1, "T"]}],
        cases,
        "others",
    )
    segments = [{"start": 0.125, "end": 0.375, "score": 0.75}, {"start": 0.5, "end": 0.625, "score": 0.25}]
    task = task_of(
        kind,
        request=[{"bind": "audio", "input": "x", "sampleRate": 8}],
        answer=[{"bind": "frames", "output": "y", "frameSeconds": 0.125, "threshold": 0.25}],
        metrics=[{"metric": "temporal-iou"}],
        examples=[
            example_of(
                kind,
                name,
                {"audio": {"pcm": _pcm(*heard[name]), "sampleRate": 8}},
                {"segments": found},
            )
            for name, found in (("two", segments), ("silence", []))
        ],
    )
    return with_application(draft, task)
