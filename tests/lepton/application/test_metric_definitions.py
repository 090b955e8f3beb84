"""The registered metrics: the cases of the chapter, another implementation, and what is undefined."""

import itertools
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]
from sklearn import metrics as peers

import lepton_spec
from lepton.application.measures import measure
from lepton.application.registry import metrics, tasks
from lepton.errors import LeptonError

CHAPTER = lepton_spec.ROOT.parent / "spec/en/application.md"
TAG = re.compile(
    r"<!-- example: valid application\.schema\.json#/\$defs/metricCase -->\n```json\n(.*?)\n```", re.S
)
#: Two programs agree within this, times the larger of 1 and the value.
AGREEMENT = 1e-9
CLASSES = ["a", "b", "c", "d"]


def cases() -> list[dict[str, Any]]:
    return [json.loads(one) for one in TAG.findall(CHAPTER.read_text(encoding="utf-8"))]


def agrees(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= AGREEMENT * max(1, abs(expected))


@pytest.mark.requirement("APP-MET-04")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["metric"])
def test_a_case_of_the_chapter_has_its_value(case: dict[str, Any]) -> None:
    found = measure(case["metric"], case["given"], case.get("parameters", {}))
    assert agrees(found, case["value"]), (found, case["value"])


def test_every_metric_has_a_case_and_a_task() -> None:
    assert {case["metric"] for case in cases()} == set(metrics())
    assert {name for task in tasks().values() for name in task["metrics"]} == set(metrics())


@pytest.mark.requirement("APP-MET-04")
@pytest.mark.parametrize(("metric", "entry"), metrics().items())
def test_no_items_give_no_value(metric: str, entry: dict[str, Any]) -> None:
    empty: dict[str, Any] = {
        name: []
        for name in ("truth", "predicted", "scores", "images", "queries", "history", "logProbabilities")
    }
    assert measure(metric, {**empty, "classes": ["a", "b"], "units": 0}, _parameters(entry)) is None


def _parameters(entry: dict[str, Any]) -> dict[str, Any]:
    given = {"average": "macro", "k": 1, "bins": 5, "iou": [0.5], "interpolation": "all", "season": 1}
    given |= {"normalization": "none", "gain": "linear", "levels": [0.5], "unit": "token"}
    return {name: given[name] for name in entry["required"]}


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_gives_no_value(wrong: float) -> None:
    assert measure("mae", {"truth": [1, wrong], "predicted": [1, 1]}, {}) is None
    assert measure("log-loss", {"classes": ["a"], "truth": ["a"], "scores": [[wrong]]}, {}) is None


def test_an_unknown_metric_or_a_missing_parameter_is_said() -> None:
    with pytest.raises(LeptonError, match="found the metric 'goodness', expected one of: accuracy"):
        measure("goodness", {}, {})
    with pytest.raises(LeptonError, match="found no parameter 'average'"):
        measure("f1", {"truth": [], "predicted": []}, {})


@pytest.fixture(params=range(6))
def labelled(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return labels and probabilities of 40 items; some classes may not occur, some scores are equal."""
    chosen = np.random.default_rng(request.param)
    scores = chosen.integers(0, 8, (40, 4)) + 1.0
    scores /= scores.sum(axis=1, keepdims=True)
    used = 4 - request.param % 3
    truth = [CLASSES[at] for at in chosen.integers(0, used, 40)]
    predicted = [CLASSES[int(row.argmax())] for row in scores]
    return {"classes": CLASSES, "truth": truth, "predicted": predicted, "scores": scores.tolist()}


@pytest.mark.requirement("APP-MET-04")
def test_labels_are_measured_as_scikit_learn_measures_them(labelled: dict[str, Any]) -> None:
    truth, predicted = labelled["truth"], labelled["predicted"]
    assert agrees(measure("accuracy", labelled, {}), peers.accuracy_score(truth, predicted))
    assert agrees(
        measure("balanced-accuracy", labelled, {}),
        float(
            np.mean(
                [
                    np.mean([p == t for t, p in zip(truth, predicted, strict=True) if t == one])
                    for one in set(truth)
                ]
            )
        ),
    )
    for average, (name, peer) in itertools.product(
        ("macro", "micro"),
        (("precision", peers.precision_score), ("recall", peers.recall_score), ("f1", peers.f1_score)),
    ):
        expected = peer(truth, predicted, average=average, zero_division=0)
        assert agrees(measure(name, labelled, {"average": average}), float(expected)), (name, average)


@pytest.mark.requirement("APP-MET-04")
def test_probabilities_are_measured_as_scikit_learn_measures_them(labelled: dict[str, Any]) -> None:
    truth, scores = labelled["truth"], np.array(labelled["scores"])
    assert agrees(measure("log-loss", labelled, {}), peers.log_loss(truth, scores, labels=CLASSES))
    hits = [[one == truth[at] for one in CLASSES] for at in range(len(truth))]
    assert agrees(measure("brier", labelled, {}), float(((scores - hits) ** 2).sum(axis=1).mean()))
    for place, one in enumerate(CLASSES):
        found = measure("roc-auc", labelled, {"positive": one})
        positive = [t == one for t in truth]
        expected = float(peers.roc_auc_score(positive, scores[:, place])) if any(positive) else None
        assert agrees(found, expected)
    every = [
        peers.roc_auc_score([t == one for t in truth], scores[:, CLASSES.index(one)]) for one in set(truth)
    ]
    assert agrees(measure("roc-auc", labelled, {}), float(np.mean(every)))


@pytest.mark.requirement("APP-MET-04")
@pytest.mark.parametrize("seed", range(4))
def test_numbers_are_measured_as_scikit_learn_and_scipy_measure_them(seed: int) -> None:
    chosen = np.random.default_rng(seed)
    truth, predicted = chosen.integers(-9, 9, (2, 30)).astype(float)
    given = {"truth": truth.tolist(), "predicted": predicted.tolist()}
    assert agrees(measure("rmse", given, {}), float(peers.root_mean_squared_error(truth, predicted)))
    assert agrees(measure("mae", given, {}), float(peers.mean_absolute_error(truth, predicted)))
    assert agrees(measure("r2", given, {}), float(peers.r2_score(truth, predicted)))
    assert agrees(measure("spearman", given, {}), float(stats.spearmanr(truth, predicted).statistic))
    for level in (0.1, 0.5, 0.9):
        quantiles = {"truth": given["truth"], "predicted": [[one] for one in given["predicted"]]}
        expected = float(peers.mean_pinball_loss(truth, predicted, alpha=level))
        assert agrees(measure("pinball", quantiles, {"levels": [level]}), expected)


@pytest.mark.requirement("APP-MET-04")
@pytest.mark.parametrize("seed", range(4))
def test_rankings_without_ties_are_measured_as_scikit_learn_measures_them(seed: int) -> None:
    chosen = np.random.default_rng(seed)
    gains = chosen.integers(0, 4, 12).astype(float)
    scores = chosen.permutation(12).astype(float)
    ranked = gains[np.argsort(-scores)].tolist()
    queries = {"queries": [{"ranked": ranked, "missed": []}]}
    for k in (1, 5, 12):
        expected = float(peers.ndcg_score([gains], [scores], k=k)) if gains.any() else None
        assert agrees(measure("ndcg", queries, {"gain": "linear", "k": k}), expected)


def test_the_distance_of_words_is_the_least_one() -> None:
    given = {"truth": ["a b c d"], "predicted": ["b c x d e"]}
    assert agrees(measure("word-error-rate", given, {"normalization": "none"}), 3 / 4)
    assert agrees(
        measure("word-error-rate", {"truth": ["a"], "predicted": ["b c d"]}, {"normalization": "none"}), 3
    )


def test_punctuation_separates_words_and_apostrophes_do_not() -> None:
    given = {"truth": ["It's well-known, isn’t it?"], "predicted": ["its WELL known isnt it"]}
    assert measure("exact-match", given, {"normalization": "basic"}) == 1
    assert measure("exact-match", given, {"normalization": "none"}) == 0


def test_only_spaces_of_unicode_separate_words() -> None:
    given = {"truth": ["a\u3000b\u2028c\x1fd"], "predicted": ["a b c\x1fd"]}
    assert measure("word-error-rate", given, {"normalization": "none"}) == 0


def _objects(*found: tuple[float, list[float]]) -> dict[str, Any]:
    truth = [{"label": "a", "box": [0, 0, 4, 4]}, {"label": "a", "box": [4, 0, 8, 4]}]
    predicted = [{"label": "a", "score": score, "box": box} for score, box in found]
    return {"images": [{"truth": truth, "predicted": predicted}]}


def test_precision_is_interpolated_at_the_recalls_that_were_asked_for() -> None:
    # right, wrong, right: precisions 1, 1/2, 2/3 at the recalls 1/2, 1/2, 1
    given = _objects((0.9, [0, 0, 4, 4]), (0.8, [0, 0, 1, 1]), (0.7, [4, 0, 8, 4]))
    for interpolation, expected in (
        ("all", (1 + 2 / 3) / 2),
        ("11", (6 * 1 + 5 * 2 / 3) / 11),
        ("101", (51 * 1 + 50 * 2 / 3) / 101),
    ):
        found = measure("mean-average-precision", given, {"iou": [0.5], "interpolation": interpolation})
        assert agrees(found, expected)


def test_a_true_box_is_taken_once_and_the_best_free_one_is_taken() -> None:
    given = _objects((0.9, [1, 0, 5, 4]), (0.9, [0, 0, 4, 4]))
    # The first one takes the left box (IoU 3/5), so that the second one has none left.
    assert agrees(measure("mean-average-precision", given, {"iou": [0.5], "interpolation": "all"}), 0.5)
    limited = {"iou": [0.5], "interpolation": "all", "detections": 1}
    assert agrees(measure("mean-average-precision", given, limited), 0.5)
    assert agrees(measure("mean-average-precision", given, {"iou": [0.75], "interpolation": "all"}), 0.25)


def test_boxes_without_area_overlap_with_nothing() -> None:
    given = {
        "images": [
            {
                "truth": [{"label": "a", "box": [1, 1, 1, 1]}],
                "predicted": [{"label": "a", "score": 1, "box": [1, 1, 1, 1]}],
            }
        ]
    }
    assert measure("mean-average-precision", given, {"iou": [0.5], "interpolation": "101"}) == 0


def test_a_history_that_repeats_itself_gives_no_scale() -> None:
    given = {"history": [[1, 2, 1, 2]], "truth": [[1]], "predicted": [[2]]}
    assert measure("mase", given, {"season": 2}) is None
    assert measure("mase", given, {"season": 1}) == 1
    assert measure("mase", given, {"season": 4}) is None
