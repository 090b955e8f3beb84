"""A valid package with steps that read files: text in, tokens, a graph, the names of classes out.

Owns this package; leaves the operators to `oracle.steps` and assembling to `package`. Serves `package`
(processing).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.forge import models
from lepton_conformance.forge.chain import Tools, run
from lepton_conformance.forge.draft import Draft, Member, kept
from lepton_conformance.forge.package import Case, build_package
from lepton_conformance.forge.score import Model
from lepton_conformance.oracle.answers import Array

__all__ = ["LABELS", "SCALE", "TOKENS", "text_draft"]

TOKENS, LABELS, SCALE = "text/tokens.txt", "text/labels.txt", "text/scale.onnx"
_VOCABULARY = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\nred\ngreen\nblue\n##ish\nbad\n" + (
    "a\n##a\n中\n!\n$\nασ\nredd\n".encode()
)
_NAMES = b"warm\ncold\nnone\n"
_EMBEDDING = (((np.arange(48) * 11) % 29 - 13) / 8).astype("<f4").reshape(16, 3)
_STEP = {"version": 1}
#: Texts for one rule of the section on text each.
_TEXTS = {
    "marks": ["RE\u0301D Bad\u0308 \N{LATIN CAPITAL LETTER A WITH RING ABOVE}"],
    "sigma": ["ΑΣ", "ΑΣ red"],
    "ideographs": ["red中blue中", "中"],
    "punctuation": ["red!blue", "red$blue", "red\N{POUND SIGN}blue", "!\N{INVERTED QUESTION MARK}!"],
    "controls": ["red\N{SOFT HYPHEN}ish", "red\tblue\nbad", "red\x00blue", "red\N{NO-BREAK SPACE}blue"],
    "pieces": ["redish", "redx blue", "redaish", "reddish"],
    "long-words": ["a" * 100, "a" * 101, "red " * 9, ""],
    "special": ["[CLS] red", "[PAD]", "##ish"],
}


@kept
def text_draft() -> Draft:
    """Return a package that reads text: tokens in, a graph and the names of classes out."""
    tokenize = {
        **{**_STEP, "op": "tokenize", "in": "text", "out": ["ids", "mask"], "file": TOKENS},
        **{"algorithm": "wordpiece", "lowercase": True, "prefix": "##", "unknown": "[UNK]"},
        **{"padding": "[PAD]", "first": "[CLS]", "last": "[SEP]", "maxLength": 7, "shape": ["N", "T"]},
    }
    scaled = [{"datatype": "FP32", "shape": ["N", 3]}]
    post = [
        {**_STEP, "op": "graph", "in": ["logits"], "out": ["scaled"], "file": SCALE, "outputs": scaled},
        {**_STEP, "op": "topk", "in": "scaled", "out": ["score", "best"], "axis": 1, "k": 1},
        {**_STEP, "op": "lookup", "in": "best", "out": "label", "file": LABELS, "join": True},
    ]
    symbols = {"N": {"min": 1, "max": 4}, "T": {"min": 2, "max": 8}}
    computes = Model(_text_answer, {"e": _EMBEDDING}, {SCALE: lambda read: [read[0] * np.float32(0.5)]})
    files = [
        Member(TOKENS, _VOCABULARY, "text/plain", "tokenizer"),
        Member(LABELS, _NAMES, "text/plain", "vocabulary"),
        Member(SCALE, models.scale(), "application/vnd.onnx", "graph"),
    ]
    tools = Tools({one.path: one.data for one in files}, computes.graphs, symbols)
    texts = {"one": ["Red blue"], "two": ["greenish bad"], "three": ["BLUE", "red green purple"]}
    cases = []
    for name, listed in texts.items():
        cases += _cases(name, {"text": _strings(*listed)}, [tokenize], post, computes, tools)
    for name, listed in _TEXTS.items():
        arrays = {"text": _strings(*listed)}
        run(tokenize, arrays, tools)
        written = {key: arrays[key] for key in ("ids", "mask")}
        read = {"text": arrays["text"]}
        cases.append(Case(f"tokens-{name}", read, written, "step", None, "/processing/pre/0"))
    return build_package(
        name="text",
        model=_text_model(),
        inputs=[
            {"name": "ids", "datatype": "INT64", "shape": ["N", "T"]},
            {"name": "mask", "datatype": "INT64", "shape": ["N", "T"]},
        ],
        outputs=[{"name": "logits", "datatype": "FP32", "shape": ["N", 3]}],
        symbols=symbols,
        interface={
            "inputs": [{"name": "text", "datatype": "BYTES", "shape": ["N"]}],
            "outputs": [
                {"name": "label", "datatype": "BYTES", "shape": ["N"]},
                {"name": "score", "datatype": "FP32", "shape": ["N", 1]},
            ],
        },
        processing={"pre": [tokenize], "post": post},
        cases=_by_stage(cases),
        controls=_controls("model-two", "model-one"),
        files=files,
        computes=computes,
    )


def _cases(
    name: str,
    inputs: Mapping[str, Array],
    pre: Sequence[Mapping[str, Any]],
    post: Sequence[Mapping[str, Any]],
    computes: Model,
    tools: Tools,
    *,
    between: Sequence[str] = ("ids", "mask"),
    answers: Sequence[str] = ("label", "score"),
    outputs: Sequence[str] = ("logits",),
) -> list[Case]:
    """Return one case a stage, all of one input; the first `graph` step of `post` has one of its own."""
    arrays = dict(inputs)
    for step in pre:
        run(step, arrays, tools)
    prepared = {key: np.ascontiguousarray(arrays[key]) for key in between}
    found = {key: np.asarray(value) for key, value in computes.answer(prepared, computes.weights).items()}
    after = {key: found[key] for key in outputs}
    for step in post:
        run(step, after, tools)
    said = {key: after[key] for key in answers}
    logits = {key: found[key] for key in outputs}
    cases = [
        Case(f"model-{name}", prepared, logits, tolerance=(1e-5, 1e-5)),
        Case(f"raw-{name}", inputs, said, "raw", (1e-5, 1e-5)),
        Case(f"post-{name}", logits, said, "post", (1e-6, 1e-6)),
    ]
    if pre:
        cases.append(Case(f"pre-{name}", inputs, prepared, "pre", None))
    if any(step["op"] == "graph" for step in post):
        written = {"scaled": after["scaled"]}
        cases.append(Case(f"step-{name}", logits, written, "step", (1e-6, 1e-6), "/processing/post/0"))
    return cases


def _by_stage(cases: Sequence[Case]) -> list[Case]:
    order = ("model", "raw", "pre", "post", "step")
    return sorted(cases, key=lambda case: order.index(case.stage))


def _controls(constant: str, reversed_weights: str) -> list[dict[str, Any]]:
    return [
        {"control": "constant-answer", "killedBy": constant},
        {"control": "weights-reversed", "killedBy": reversed_weights},
    ]


def _strings(*values: str) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = [text.encode() for text in values]
    return array


def _text_answer(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> dict[str, Array]:
    rows = weights["e"].astype(np.float64)[inputs["ids"]] * inputs["mask"].astype(np.float64)[..., None]
    return {"logits": rows.sum(axis=1).astype(np.float32)}


def _text_model() -> bytes:
    """Return the sum of the rows of an embedding that the mask lets through."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Gather", ["e", "ids"], ["rows"], axis=0),
        helper.make_node("Cast", ["mask"], ["m"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["m", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["logits"], keepdims=0),
    ]
    numbers = [helper.make_tensor(name, 7, [1], [value]) for name, value in (("last", 2), ("middle", 1))]
    inputs = [models.value(name, "INT64", ("N", "T")) for name in ("ids", "mask")]
    outputs = [models.value("logits", "FP32", ("N", 3))]
    return models.model(nodes, inputs, outputs, [models.constant("e", _EMBEDDING), *numbers])
