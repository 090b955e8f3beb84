"""Packages that break one requirement of the chapter `application` each.

Owns the table `APPLICATION_FAULTS`; leaves the sound packages to `applications`. Serves `application`.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from lepton_conformance.forge.applications import (
    APPLICATION,
    APPLICATION_DRAFTS,
    BINDING_DRAFTS,
    two_tasks,
    with_interface,
)
from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.violation import Forge, Violation

__all__ = ["APPLICATION_FAULTS"]

IMAGE, BOXES, ROWS = "image-classification", "object-detection", "tabular-classification"
SERIES, TEXT, SUM = "forecasting", "text-classification", "tabular-regression"
Change = Callable[[Any], object]


def _of(draft: Callable[[], Draft], change: Change) -> Forge:
    """Return a forge whose application document is changed."""
    return lambda bases: bases.finish(draft().edit(APPLICATION, change))


def _task(kind: str, change: Change) -> Forge:
    """Return a forge that changes the one task of the package of a kind."""
    return _of((APPLICATION_DRAFTS | BINDING_DRAFTS)[kind], lambda document: change(document["tasks"][0]))


def _example(kind: str, at: int, change: Change) -> Forge:
    return _task(kind, lambda task: change(task["examples"][at]))


def _put(kind: str, **members: Any) -> Forge:
    return _task(kind, lambda task: task.update(members))


def _bytes(change: Callable[[bytes], bytes]) -> Forge:
    """Return a forge whose application document has other bytes."""

    def forge(bases: Bases) -> Forged:
        draft = APPLICATION_DRAFTS[IMAGE]()
        return bases.finish(draft.put(APPLICATION, change(draft.member(APPLICATION).data)))

    return forge


def _two_documents(bases: Bases) -> Forged:
    draft = APPLICATION_DRAFTS[IMAGE]()
    data = draft.member(APPLICATION).data
    return bases.finish(draft.add("more/application.json", data, "application/json", "application"))


def _card(**evaluation: Any) -> Forge:
    """Return a forge whose card has one evaluation."""

    def forge(bases: Bases) -> Forged:
        entry = {"metric": "accuracy", "value": 0.5, "direction": "higher", "n": 7}
        entry |= {"dataset": {"name": "seven points", "sha256": "0" * 64}, **evaluation}
        return bases.finish(
            APPLICATION_DRAFTS[IMAGE]().edit(CARD, lambda card: card.update(evaluations=[entry]))
        )

    return forge


def _deep(document: Any) -> None:
    value: Any = 1
    for _ in range(64):
        value = [value]
    document["extensions"] = {"org.example.deep": value}


def _metrics(kind: str, *entries: Mapping[str, Any]) -> Forge:
    return _put(kind, metrics=list(entries))


def _without_metrics_value(task: Any) -> None:
    task["metrics"][0]["value"] = 50.0


def _renamed_twice(task: Any) -> None:
    task["examples"][1]["id"] = task["examples"][0]["id"]


def _exchanged(task: Any) -> None:
    """Bind the series to the whole number and the number to the series."""
    first, second = task["request"]
    first["input"], second["input"] = second["input"], first["input"]


def _one_label(task: Any) -> None:
    """Leave no label for the class of the box that an example leaves out."""
    task["labels"] = {"ids": ["near"], "names": {"en": ["near"]}}
    task["examples"][0] = {**task["examples"][1], "id": "again"}


def _two_labels(task: Any) -> None:
    """Leave no label for the second index of the first example, which no longer lists it."""
    task["labels"] = {"ids": ["red", "green"], "names": {"en": ["red", "green"]}}
    first = task["examples"][0]
    first["request"]["topK"] = 1
    first["answer"]["rows"] = [{"labels": [{"id": "green", "score": 3}], "omitted": 1}]
    other = {"labels": [{"id": "red", "score": 5}, {"id": "green", "score": 0}], "omitted": 0}
    task["examples"][1] = {
        "id": "others",
        "vector": {**first["vector"], "id": "others"},
        "request": {**first["request"], "rows": [{"red": 5, "green": 0, "blue": -1}], "topK": 9},
        "answer": {**first["answer"], "rows": [other]},
    }


def _swapped(example: Any) -> None:
    example["answer"]["labels"].reverse()


def _pixels(*samples: int) -> str:
    return base64.b64encode(bytes(samples)).decode()


_VALUES = {"bind": "values", "output": "y"}
_SCORES = {"bind": "label-scores", "output": "y", "meaning": "probability"}
_COLUMN = {"bind": "columns", "input": "a", "columns": [{"name": "left"}]}

APPLICATION_FAULTS: tuple[Violation, ...] = (
    Violation("APP-DOC-01", "two-documents", _two_documents),
    Violation("APP-DOC-02", "cut", _bytes(lambda data: data[:-1])),
    Violation("APP-DOC-02", "name-twice", _bytes(lambda data: data.replace(b"{", b'{"lepton":"1.0",', 1))),
    Violation("APP-DOC-02", "no-tasks", _of(APPLICATION_DRAFTS[IMAGE], lambda d: d.update(tasks=[]))),
    Violation("APP-DOC-02", "unknown-member", _put(IMAGE, colour="red")),
    Violation("APP-DOC-02", "task-without-kind", _task(IMAGE, lambda task: task.pop("task"))),
    Violation("APP-DOC-02", "no-metrics", _put(IMAGE, metrics=[])),
    Violation("APP-DOC-02", "too-deep", _of(APPLICATION_DRAFTS[IMAGE], _deep)),
    Violation(
        "APP-DOC-02", "binding-of-no-kind", _put(IMAGE, request=[{"bind": "image-jpeg", "input": "x"}])
    ),
    Violation("APP-DOC-02", "value-alone", _metrics(IMAGE, {"metric": "accuracy", "value": 0.5, "n": 7})),
    Violation("APP-DOC-03", "title", _put(IMAGE, title={"zh": "有多亮？"})),
    Violation("APP-DOC-03", "labels", _task(TEXT, lambda task: task["labels"]["names"].pop("en"))),
    Violation(
        "APP-DOC-03",
        "column",
        _task(ROWS, lambda task: task["request"][0]["columns"][2].update(description={"de": "In Jahren."})),
    ),
    Violation("APP-TSK-01", "unknown", _put(IMAGE, task="image-captioning")),
    Violation("APP-TSK-01", "version", _put(IMAGE, version=2)),
    Violation("APP-TSK-02", "task", _of(two_tasks, lambda d: d["tasks"][1].update(id="main"))),
    Violation("APP-TSK-02", "example", _task(IMAGE, _renamed_twice)),
    Violation("APP-BND-01", "answer-of-another-task", _put(IMAGE, answer=[_VALUES])),
    Violation("APP-BND-01", "two-answers", _put(IMAGE, answer=[_SCORES, _SCORES])),
    Violation(
        "APP-BND-01", "no-member", _put(TEXT, request=[{"bind": "text", "input": "t", "member": "query"}])
    ),
    Violation(
        "APP-BND-01",
        "optional-binding-alone",
        _put(TEXT, request=[{"bind": "text", "input": "t", "member": "language"}]),
    ),
    Violation(
        "APP-BND-01",
        "column-twice",
        _put(SUM, request=[{**_COLUMN, "columns": [{"name": "left"}, {"name": "left"}]}]),
    ),
    Violation(
        "APP-BND-01",
        "levels-descending",
        _put(SUM, answer=[_VALUES, {"bind": "quantiles", "output": "y", "levels": [0.9, 0.1]}]),
    ),
    Violation(
        "APP-BND-01",
        "spans-without-scores",
        _put("speech-detection", answer=[{"bind": "spans", "spans": "y"}]),
    ),
    Violation(
        "APP-BND-01",
        "labels-without-classes",
        _task(BOXES, lambda task: task["answer"][0].pop("classes")),
    ),
    Violation(
        "APP-BND-02", "unknown-input", _put(IMAGE, request=[{"bind": "image-pixels", "input": "image"}])
    ),
    Violation("APP-BND-02", "unknown-output", _put(TEXT, answer=[{"bind": "label-id", "output": "t"}])),
    Violation("APP-BND-02", "input-not-bound", _task(SERIES, lambda task: task["request"].pop())),
    Violation(
        "APP-BND-02",
        "input-twice",
        _task(ROWS, lambda task: task["request"].append(dict(task["request"][0]))),
    ),
    Violation("APP-BND-03", "datatype", _put(IMAGE, answer=[{"bind": "label-index", "output": "y"}])),
    Violation("APP-BND-03", "columns", _put(SUM, request=[_COLUMN])),
    Violation("APP-BND-03", "rank", _task(BOXES, lambda task: task["answer"][0].update(boxes="scores"))),
    Violation(
        "APP-BND-03",
        "labels",
        _task(
            ROWS, lambda task: task.update(labels={"ids": ["a", "b", "c"], "names": {"en": ["a", "b", "c"]}})
        ),
    ),
    Violation(
        "APP-BND-03",
        "series-of-integers",
        _task(SERIES, _exchanged),
    ),
    Violation(
        "APP-BND-03",
        "text-as-file",
        _task("image-files", lambda task: task.update(request=[{"bind": "image-pixels", "input": "file"}])),
    ),
    Violation(
        "APP-BND-03",
        "levels",
        _task("quantiles", lambda task: task["answer"][1].update(levels=[0.125, 0.5, 0.875])),
    ),
    Violation(
        "APP-BND-03",
        "scores-as-indices",
        _task("labels-with-indices", lambda task: task["answer"][0].update(indices="best")),
    ),
    Violation(
        "APP-BND-03",
        "spans-of-one-number",
        _task("spans-of-speech", lambda task: task["answer"][0].update(spans="scores")),
    ),
    Violation("APP-LBL-01", "none", _task(IMAGE, lambda task: task.pop("labels"))),
    Violation("APP-LBL-01", "not-needed", _put(SUM, labels={"ids": ["a"], "names": {"en": ["a"]}})),
    Violation(
        "APP-LBL-01", "id-twice", _task(IMAGE, lambda task: task["labels"].update(ids=["dark", "dark"]))
    ),
    Violation("APP-LBL-02", "too-few", _task(IMAGE, lambda task: task["labels"]["names"]["zh"].pop())),
    Violation(
        "APP-LBL-02", "too-many", _task(TEXT, lambda task: task["labels"]["names"]["en"].append("egg"))
    ),
    Violation("APP-LBL-03", "other-name", _task(IMAGE, lambda task: task["labels"]["names"]["en"].reverse())),
    Violation(
        "APP-EXA-01",
        "errors-only",
        _task(IMAGE, lambda task: task.update(examples=[e for e in task["examples"] if "error" in e])),
    ),
    Violation("APP-EXA-02", "unknown-member", _example(IMAGE, 0, lambda e: e["request"].update(top=1))),
    Violation("APP-EXA-02", "another-task", _example(IMAGE, 0, lambda e: e["request"].update(task=TEXT))),
    Violation(
        "APP-EXA-02",
        "pixels-too-few",
        _example(IMAGE, 0, lambda e: e["request"]["image"].update(pixels=_pixels(64))),
    ),
    Violation(
        "APP-EXA-02",
        "unused-bits-of-base64",
        _example(IMAGE, 0, lambda e: e["request"]["image"].update(pixels="QAB=")),
    ),
    Violation(
        "APP-EXA-02", "answer-without-omitted", _example(IMAGE, 0, lambda e: e["answer"].pop("omitted"))
    ),
    Violation(
        "APP-EXA-02", "box-of-three", _example(BOXES, 0, lambda e: e["answer"]["objects"][0]["box"].pop())
    ),
    Violation(
        "APP-EXA-03", "file", _example(IMAGE, 0, lambda e: e["vector"].update(file="vectors/more.json"))
    ),
    Violation("APP-EXA-03", "vector", _example(IMAGE, 0, lambda e: e["vector"].update(id="darker"))),
    Violation(
        "APP-EXA-03",
        "stage",
        _of(with_interface, lambda d: d["tasks"][0]["examples"][0]["vector"].update(id="planes-1")),
    ),
    Violation(
        "APP-EXA-04",
        "other-pixel",
        _example(IMAGE, 0, lambda e: e["request"]["image"].update(pixels=_pixels(64, 1))),
    ),
    Violation(
        "APP-EXA-04",
        "other-shape",
        _example(IMAGE, 0, lambda e: e["request"]["image"].update(width=1, height=2)),
    ),
    Violation("APP-EXA-04", "other-vector", _example(IMAGE, 0, lambda e: e["vector"].update(id="bright"))),
    Violation("APP-EXA-04", "error", _example(TEXT, 0, lambda e: e["request"].update(language="en"))),
    Violation(
        "APP-EXA-04",
        "category",
        _example(ROWS, 0, lambda e: e["request"]["rows"][0].update(plan="half")),
    ),
    Violation(
        "APP-EXA-04",
        "role",
        _example("messages", 0, lambda e: e["request"]["messages"][0].update(role="system")),
    ),
    Violation(
        "APP-EXA-04",
        "text-of-a-document",
        _example("ranked-texts", 1, lambda e: e["request"]["documents"][0].update(text="-1.0")),
    ),
    Violation(
        "APP-EXA-04",
        "other-file",
        _example("image-files", 0, lambda e: e["request"]["image"].update(png="iVBORw0KGgo=")),
    ),
    Violation(
        "APP-EXA-05",
        "other-score",
        _example(IMAGE, 0, lambda e: e["answer"]["labels"][0].update(score=0.7500000000000001)),
    ),
    Violation("APP-EXA-05", "order", _example(IMAGE, 0, _swapped)),
    Violation("APP-EXA-05", "order-of-equals", _example(IMAGE, 2, _swapped)),
    Violation("APP-EXA-05", "omitted", _example(IMAGE, 1, lambda e: e["answer"].update(omitted=0))),
    Violation("APP-EXA-05", "left-out", _example(BOXES, 0, lambda e: e["answer"]["objects"].pop())),
    Violation(
        "APP-EXA-05", "box", _example(BOXES, 0, lambda e: e["answer"]["objects"][0].update(box=[1, 0, 2, 1]))
    ),
    Violation(
        "APP-EXA-05",
        "end-of-the-month",
        _example(SERIES, 0, lambda e: e["answer"]["points"][1].update(time="2028-05-01T06:00:00Z")),
    ),
    Violation(
        "APP-EXA-05",
        "class-without-label-left-out",
        _task("counted-boxes", _one_label),
    ),
    Violation(
        "APP-EXA-05",
        "index-without-label-left-out",
        _task("labels-with-indices", _two_labels),
    ),
    Violation(
        "APP-EXA-05",
        "score-without-bound",
        _example("ranked-texts", 0, lambda e: e["request"].pop("topK")),
    ),
    Violation(
        "APP-EXA-05",
        "last-message",
        _example("messages", 0, lambda e: e["answer"].update(text="user")),
    ),
    Violation(
        "APP-EXA-05",
        "quantile",
        _example("quantiles", 0, lambda e: e["answer"]["rows"][0]["quantiles"].reverse()),
    ),
    Violation(
        "APP-EXA-05",
        "span",
        _example("spans-of-speech", 0, lambda e: e["answer"]["segments"].reverse()),
    ),
    Violation("APP-EXA-05", "line", _example("ocr", 1, lambda e: e["answer"].update(text="15 7"))),
    Violation(
        "APP-EXA-05",
        "segment",
        _example("speech-detection", 0, lambda e: e["answer"]["segments"][0].update(end=0.25)),
    ),
    Violation(
        "APP-EXA-05", "order-of-documents", _example("ranking", 0, lambda e: e["answer"]["ranking"].reverse())
    ),
    Violation(
        "APP-EXA-05",
        "reason",
        _example("text-generation", 0, lambda e: e["answer"].update(finishReason="length")),
    ),
    Violation(
        "APP-EXA-06",
        "no-error",
        _example(IMAGE, 5, lambda e: e["request"]["image"].update(pixels=_pixels(200, 0))),
    ),
    Violation("APP-EXA-06", "another-error", _example(IMAGE, 3, lambda e: e.update(error="out-of-range"))),
    Violation(
        "APP-EXA-06", "the-first-error", _example(IMAGE, 4, lambda e: e.update(error="invalid-request"))
    ),
    Violation(
        "APP-EXA-07", "one-example", _task(IMAGE, lambda task: task.update(examples=task["examples"][:1]))
    ),
    Violation("APP-MET-01", "unknown", _metrics(IMAGE, {"metric": "goodness"})),
    Violation("APP-MET-01", "of-another-task", _metrics(IMAGE, {"metric": "rmse"})),
    Violation("APP-MET-01", "no-parameter", _metrics(IMAGE, {"metric": "f1"})),
    Violation(
        "APP-MET-01", "parameter-too-many", _metrics(IMAGE, {"metric": "accuracy", "parameters": {"k": 1}})
    ),
    Violation(
        "APP-MET-02",
        "perplexity-below-one",
        _metrics(
            "text-generation",
            {
                "metric": "perplexity",
                "parameters": {"unit": "byte"},
                "value": 0.5,
                "n": 9,
                "dataset": {"name": "nine texts"},
            },
        ),
    ),
    Violation("APP-MET-02", "per-cent", _task(IMAGE, _without_metrics_value)),
    Violation("APP-MET-03", "direction", _card(direction="lower")),
    Violation("APP-MET-03", "per-cent", _card(value=50)),
)
