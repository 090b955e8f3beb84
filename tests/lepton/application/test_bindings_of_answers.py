"""What outputs become: each binding, the order of scores, and what cannot be expressed."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from lepton.application import Failure, Tensor, Work, answer_of
from lepton.application.times import time_after
from lepton_conformance.oracle.answers import Array

LABELS = {"ids": ["a", "b", "c"], "names": {"en": ["A", "B", "C"]}}
NAMES = {"f": "FP32", "d": "FP64", "e": "FP16", "q": "INT64", "i": "INT32"}
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + (13).to_bytes(4, "big")
    + b"IHDR"
    + (200).to_bytes(4, "big")
    + (50).to_bytes(4, "big")
)


def tensor(name: str, values: Any, kind: str = "f") -> Tensor:
    array: Array = np.array(
        values, dtype=f"<{ {'q': 'i8', 'i': 'i4', 'e': 'f2', 'd': 'f8'}.get(kind, 'f4') }"
    )
    return Tensor(name, NAMES[kind], array.shape, array.tobytes())


def texts(name: str, *values: bytes) -> Tensor:
    return Tensor(
        name, "BYTES", (len(values),), b"".join(len(one).to_bytes(4, "little") + one for one in values)
    )


def said(
    kind: str, *bindings: Mapping[str, Any], outputs: list[Tensor], request: Mapping[str, Any] | None = None
) -> dict[str, Any] | str:
    """Return the answer without its head, or the message of what cannot be expressed."""
    entry = {"task": kind, "version": 1, "answer": list(bindings), "labels": LABELS}
    made = answer_of(entry, request or {}, {one.name: one for one in outputs}, Work(10_000))
    if isinstance(made, Failure):
        assert made.code == "no-answer"
        return made.message
    assert (made.pop("task"), made.pop("version")) == (kind, 1)
    return dict(made)


SCORES = {"bind": "label-scores", "output": "s", "meaning": "score"}
IMAGE, ROWS = "image-classification", "tabular-classification"


def test_equal_scores_keep_the_order_of_the_labels() -> None:
    assert said(IMAGE, SCORES, outputs=[tensor("s", [0.5, 2, 2])]) == {
        "labels": [{"id": "b", "score": 2}, {"id": "c", "score": 2}, {"id": "a", "score": 0.5}],
        "omitted": 0,
    }
    zeros = said(IMAGE, SCORES, outputs=[tensor("s", [[0.0, -0.0, 0.0]])])
    assert isinstance(zeros, dict)
    assert [one["id"] for one in zeros["labels"]] == ["a", "b", "c"]


def test_what_is_below_the_threshold_is_not_omitted_but_absent() -> None:
    binding = {**SCORES, "threshold": 0.5, "top": 2}
    assert said(IMAGE, binding, outputs=[tensor("s", [0.5, 1, 0.75])], request={"topK": 5}) == {
        "labels": [{"id": "b", "score": 1}, {"id": "c", "score": 0.75}],
        "omitted": 1,
    }
    assert said(IMAGE, binding, outputs=[tensor("s", [0.25, 0, -1])]) == {"labels": [], "omitted": 0}


def test_a_score_is_the_exact_value_of_its_element() -> None:
    found = said(IMAGE, SCORES, outputs=[tensor("s", [0.1, 0, 0])])
    assert isinstance(found, dict)
    assert found["labels"][0]["score"] == 0.10000000149011612


def test_each_row_has_labels_of_its_own() -> None:
    rows: dict[str, Any] = {"rows": [{}, {}]}
    found = said(ROWS, {**SCORES, "top": 1}, outputs=[tensor("s", [[3, 1, 2], [1, 2, 3]])], request=rows)
    assert found == {
        "rows": [
            {"labels": [{"id": "a", "score": 3}], "omitted": 2},
            {"labels": [{"id": "c", "score": 3}], "omitted": 2},
        ]
    }
    assert "expected 6" in str(said(ROWS, SCORES, outputs=[tensor("s", [3, 1, 2])], request=rows))


@pytest.mark.parametrize(
    ("values", "meaning"),
    [
        ([0, 1, np.nan], "score"),
        ([0, 1, np.inf], "score"),
        ([0, 0.5, 1.5], "probability"),
        ([0, 0, -0.5], "probability"),
    ],
)
def test_scores_that_mean_nothing_cannot_be_expressed(values: list[float], meaning: str) -> None:
    assert isinstance(said(IMAGE, {**SCORES, "meaning": meaning}, outputs=[tensor("s", values)]), str)


TOP = {"bind": "label-top", "scores": "s", "indices": "i", "meaning": "score"}


def test_the_best_labels_come_with_their_indices() -> None:
    found = said(IMAGE, TOP, outputs=[tensor("s", [[1, 2]]), tensor("i", [[2, 0]], "q")], request={"topK": 1})
    assert found == {"labels": [{"id": "a", "score": 2}], "omitted": 1}
    for indices in ([[2, 3]], [[-1, 0]], [[1, 1]]):
        assert isinstance(said(IMAGE, TOP, outputs=[tensor("s", [[1, 2]]), tensor("i", indices, "q")]), str)


def test_a_label_may_be_an_index_or_its_id() -> None:
    by_index, by_id = {"bind": "label-index", "output": "i"}, {"bind": "label-id", "output": "t"}
    assert said(IMAGE, by_index, outputs=[tensor("i", 2, "i")]) == {"labels": [{"id": "c"}], "omitted": 0}
    assert said(IMAGE, by_id, outputs=[texts("t", b"b")]) == {"labels": [{"id": "b"}], "omitted": 0}
    assert isinstance(said(IMAGE, by_index, outputs=[tensor("i", [3], "q")]), str)
    assert isinstance(said(IMAGE, by_index, outputs=[tensor("i", [1, 2], "q")]), str)
    assert isinstance(said(IMAGE, by_id, outputs=[texts("t", b"B")]), str)
    assert isinstance(said(IMAGE, by_id, outputs=[texts("t", b"\xff")]), str)


BOXES = {
    "bind": "boxes",
    "boxes": "b",
    "scores": "s",
    "classes": "c",
    "format": "x1y1x2y2",
    "unit": "pixel",
    "meaning": "score",
}
FOUND = [
    tensor("b", [[[1, 2, 3, 4], [0.5, 0.5, 0.25, 0.5]]]),
    tensor("s", [[1, 2]]),
    tensor("c", [[2, 0]], "q"),
]
PIXELS = {"image": {"pixels": "", "width": 8, "height": 4, "channels": "GRAY"}}


@pytest.mark.parametrize(
    ("form", "unit", "request_", "box"),
    [
        ("x1y1x2y2", "pixel", PIXELS, [0.5, 0.5, 0.25, 0.5]),
        ("x1y1wh", "pixel", PIXELS, [0.5, 0.5, 0.75, 1.0]),
        ("cxcywh", "pixel", PIXELS, [0.375, 0.25, 0.625, 0.75]),
        ("x1y1x2y2", "fraction", PIXELS, [4, 2, 2, 2]),
        ("cxcywh", "fraction", PIXELS, [3, 1, 5, 3]),
        ("x1y1wh", "fraction", {"image": {"png": base64.b64encode(PNG).decode()}}, [100, 25, 150, 50]),
    ],
)
def test_boxes_are_corners_in_pixels_of_the_image(
    form: str, unit: str, request_: dict[str, Any], box: list[float]
) -> None:
    found = said("object-detection", {**BOXES, "format": form, "unit": unit}, outputs=FOUND, request=request_)
    assert isinstance(found, dict)
    assert found["objects"][0] == {"label": "a", "score": 2, "box": box}
    assert [one["label"] for one in found["objects"]] == ["a", "c"]


def test_only_the_first_rows_count_where_the_model_counts_them() -> None:
    counted = {**BOXES, "count": "n"}
    found = said("object-detection", counted, outputs=[*FOUND, tensor("n", [1], "i")], request=PIXELS)
    assert isinstance(found, dict)
    assert [one["label"] for one in found["objects"]] == ["c"]
    for count in (3, -1):
        assert isinstance(
            said("object-detection", counted, outputs=[*FOUND, tensor("n", [count], "i")], request=PIXELS),
            str,
        )


def test_a_box_without_class_has_the_only_label_and_a_class_needs_one() -> None:
    alone = {key: value for key, value in BOXES.items() if key != "classes"}
    found = said("object-detection", {**alone, "threshold": 2}, outputs=FOUND, request=PIXELS)
    assert found == {"objects": [{"label": "a", "score": 2, "box": [0.5, 0.5, 0.25, 0.5]}], "omitted": 0}
    for classes in ([[3, 0]], [[0.5, 0]]):
        wrong = [*FOUND[:2], tensor("c", classes)]
        assert isinstance(said("object-detection", BOXES, outputs=wrong, request=PIXELS), str)


def test_a_file_without_a_size_cannot_place_fractions() -> None:
    cut = {"image": {"png": base64.b64encode(PNG[:20]).decode()}}
    assert "IHDR" in str(said("object-detection", {**BOXES, "unit": "fraction"}, outputs=FOUND, request=cut))


def test_lines_have_their_boxes_and_scores() -> None:
    binding = {
        "bind": "lines",
        "texts": "t",
        "scores": "s",
        "boxes": "b",
        "format": "x1y1wh",
        "unit": "pixel",
    }
    outputs = [texts("t", b"one", b""), tensor("s", [0.5, 1]), tensor("b", [[0, 0, 2, 1], [1, 1, 1, 1]])]
    assert said("ocr", binding, outputs=outputs, request=PIXELS) == {
        "text": "one\n",
        "lines": [
            {"text": "one", "score": 0.5, "box": [0, 0, 2, 1]},
            {"text": "", "score": 1, "box": [1, 1, 2, 2]},
        ],
    }
    assert said("ocr", {"bind": "lines", "texts": "t"}, outputs=[texts("t")]) == {"text": "", "lines": []}
    assert isinstance(
        said("ocr", binding, outputs=[outputs[0], outputs[1], tensor("b", [[0, 0, 2, 1]])]), str
    )


def test_vectors_are_cut_by_items() -> None:
    binding = {"bind": "embeddings", "output": "v", "similarity": "dot"}
    outputs = [tensor("v", [[1, 2], [3, 0.5]], "e")]
    assert said("embedding", binding, outputs=outputs, request={"texts": ["", ""]}) == {
        "embeddings": [[1, 2], [3, 0.5]]
    }
    assert isinstance(said("embedding", binding, outputs=outputs, request={"texts": [""] * 3}), str)
    assert isinstance(
        said("embedding", binding, outputs=[tensor("v", [[np.nan]])], request={"texts": [""]}), str
    )


VALUES = {"bind": "values", "output": "v"}
QUANTILES = {"bind": "quantiles", "output": "q", "levels": [0.1, 0.9]}


def test_values_and_quantiles_belong_to_the_same_rows() -> None:
    outputs = [tensor("v", [[1], [2]]), tensor("q", [[0, 3], [1, 4]], "d")]
    rows: dict[str, Any] = {"rows": [{}, {}]}
    assert said("tabular-regression", VALUES, QUANTILES, outputs=outputs, request=rows) == {
        "rows": [
            {"value": 1, "quantiles": [{"level": 0.1, "value": 0}, {"level": 0.9, "value": 3}]},
            {"value": 2, "quantiles": [{"level": 0.1, "value": 1}, {"level": 0.9, "value": 4}]},
        ]
    }
    for wrong in ([[0, 3]], [[0, 3]] * 3, [0, 3, 1]):
        cut = [outputs[0], tensor("q", wrong, "d")]
        assert isinstance(said("tabular-regression", VALUES, QUANTILES, outputs=cut, request=rows), str)


def test_a_forecast_has_the_first_steps_and_their_times() -> None:
    series = {"start": "2026-12-31T23:00:00Z", "step": "PT1H", "values": [1]}
    outputs = [tensor("v", [[5, 6, 7]]), tensor("q", [[4, 5], [5, 6], [6, 7]], "d")]
    found = said("forecasting", VALUES, QUANTILES, outputs=outputs, request={"series": series, "horizon": 2})
    assert isinstance(found, dict)
    assert [(one["time"], one["value"]) for one in found["points"]] == [
        ("2027-01-01T00:00:00Z", 5),
        ("2027-01-01T01:00:00Z", 6),
    ]
    assert [one["value"] for one in found["points"][1]["quantiles"]] == [5, 6]
    assert isinstance(
        said("forecasting", VALUES, outputs=outputs, request={"series": series, "horizon": 4}), str
    )


@pytest.mark.parametrize(
    ("start", "step", "times", "expected"),
    [
        ("2027-01-31T05:00:00Z", "P1M", 1, "2027-02-28T05:00:00Z"),
        ("2027-01-31T05:00:00Z", "P1M", 2, "2027-03-31T05:00:00Z"),
        ("2028-02-29T00:00:00Z", "P1Y", 1, "2029-02-28T00:00:00Z"),
        ("2028-02-29T00:00:00Z", "P1Y", 4, "2032-02-29T00:00:00Z"),
        ("2026-11-30T00:00:00Z", "P3M", 1, "2027-02-28T00:00:00Z"),
        ("2026-12-28T00:00:00Z", "P1W", 1, "2027-01-04T00:00:00Z"),
        ("2026-12-31T23:59:45Z", "PT15S", 1, "2027-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "PT90M", 16, "2026-01-02T00:00:00Z"),
        ("9999-12-31T00:00:00Z", "P1D", 1, None),
        ("9999-12-01T00:00:00Z", "P1M", 1, None),
        ("2000-01-01T00:00:00Z", "P999999Y", 65536, None),
    ],
)
def test_a_step_is_one_of_the_calendar(start: str, step: str, times: int, expected: str | None) -> None:
    assert time_after(start, step, times) == expected


def test_runs_of_frames_are_segments() -> None:
    binding = {"bind": "frames", "output": "p", "frameSeconds": 0.5, "threshold": 0.5}
    found = said("speech-detection", binding, outputs=[tensor("p", [[0.5, 0.75, 0.25, 0, 1]])])
    assert found == {
        "segments": [{"start": 0, "end": 1, "score": 0.75}, {"start": 2, "end": 2.5, "score": 1}]
    }
    assert said("speech-detection", binding, outputs=[tensor("p", [])]) == {"segments": []}
    assert isinstance(said("speech-detection", binding, outputs=[tensor("p", [np.nan])]), str)


def test_spans_are_in_the_order_of_their_starts() -> None:
    binding = {"bind": "spans", "spans": "w", "texts": "t"}
    outputs = [tensor("w", [[0, 2], [0.5, 0.5]]), texts("t", b"x", b"y")]
    assert said("speech-recognition", binding, outputs=outputs) == {
        "segments": [{"start": 0, "end": 2, "text": "x"}, {"start": 0.5, "end": 0.5, "text": "y"}]
    }
    for wrong in ([[-1, 2], [3, 4]], [[1, 2], [0, 4]], [[2, 1], [3, 4]], [[0, 1]]):
        assert isinstance(said("speech-recognition", binding, outputs=[tensor("w", wrong), outputs[1]]), str)


def test_documents_are_ranked_and_cut() -> None:
    request = {"documents": [{"id": "x"}, {"id": "y"}, {"id": "z"}], "topK": 2}
    found = said(
        "ranking", {"bind": "scores", "output": "s"}, outputs=[tensor("s", [1, 3, 3])], request=request
    )
    assert found == {"ranking": [{"id": "y", "score": 3}, {"id": "z", "score": 3}], "omitted": 1}


def test_a_generated_text_says_why_it_ended_and_what_it_took() -> None:
    text = {"bind": "text", "output": "t"}
    finish = {"bind": "finish", "output": "r", "reasons": ["length", "stop"]}
    count = {"bind": "count", "output": "n", "member": "inputTokens"}
    outputs = [texts("t", "好".encode()), tensor("r", [0], "i"), tensor("n", [[7]], "q")]
    assert said("text-generation", text, finish, count, outputs=outputs) == {
        "text": "好",
        "finishReason": "length",
        "usage": {"inputTokens": 7},
    }
    assert said("text-generation", text, outputs=outputs) == {
        "text": "好",
        "finishReason": "unknown",
        "usage": {},
    }
    for wrong in (tensor("r", [2], "i"), tensor("r", [0, 1], "i")):
        assert isinstance(said("text-generation", text, finish, outputs=[outputs[0], wrong]), str)
    assert isinstance(said("text-generation", text, count, outputs=[outputs[0], tensor("n", [-1], "q")]), str)
    assert isinstance(said("text-generation", text, outputs=[texts("t", b"a", b"b")]), str)
