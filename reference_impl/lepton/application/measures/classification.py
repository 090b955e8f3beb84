"""Metrics of labels.

Serves the chapter `application` (*Classification*).
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "brier",
    "calibration_error",
    "f1",
    "log_loss",
    "mean",
    "precision",
    "recall",
    "roc_auc",
    "top_k_accuracy",
]

Given = Mapping[str, Any]
#: The probability of a true label is taken as at least this and at most 1 less this.
LEAST_PROBABILITY = 2.0**-52


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, None of nothing."""
    return math.fsum(values) / len(values) if values else None


def accuracy(given: Given, parameters: Given) -> float | None:
    """Return the share of the items that are right."""
    pairs = zip(given["truth"], given["predicted"], strict=True)
    return mean([float(truth == predicted) for truth, predicted in pairs])


def top_k_accuracy(given: Given, parameters: Given) -> float | None:
    """Return the share of the items whose true label is among the first k."""
    k = int(parameters["k"])
    return mean([float(index in _ordered(scores)[:k]) for index, scores in _scored(given)])


def _scored(given: Given) -> Iterator[tuple[int, Sequence[float]]]:
    """Yield the index of the true label and the scores of each item."""
    for truth, scores in zip(given["truth"], given["scores"], strict=True):
        yield given["classes"].index(truth), scores


def _ordered(scores: Sequence[float]) -> list[int]:
    return sorted(range(len(scores)), key=lambda at: (-scores[at], at))


def balanced_accuracy(given: Given, parameters: Given) -> float | None:
    """Return the mean of the shares of each true class that are right."""
    classes: dict[str, list[float]] = {}
    for truth, predicted in zip(given["truth"], given["predicted"], strict=True):
        classes.setdefault(truth, []).append(float(truth == predicted))
    return mean([math.fsum(one) / len(one) for one in classes.values()])


def precision(given: Given, parameters: Given) -> float | None:
    """Return TP / (TP + FP)."""
    return _averaged(given, parameters, lambda right, wrong, missed: (right, right + wrong))


def recall(given: Given, parameters: Given) -> float | None:
    """Return TP / (TP + FN)."""
    return _averaged(given, parameters, lambda right, wrong, missed: (right, right + missed))


def f1(given: Given, parameters: Given) -> float | None:
    """Return 2 TP / (2 TP + FP + FN)."""
    return _averaged(given, parameters, lambda right, wrong, missed: (2 * right, 2 * right + wrong + missed))


def _averaged(
    given: Given, parameters: Given, parts: Callable[[int, int, int], tuple[int, int]]
) -> float | None:
    pairs = list(zip(given["truth"], given["predicted"], strict=True))
    counts = []
    for one in sorted({name for pair in pairs for name in pair}):
        right = sum(truth == one == predicted for truth, predicted in pairs)
        wrong = sum(predicted == one != truth for truth, predicted in pairs)
        missed = sum(truth == one != predicted for truth, predicted in pairs)
        counts.append((right, wrong, missed))
    if not counts:
        return None
    if parameters["average"] == "micro":
        right, wrong, missed = (sum(column) for column in zip(*counts, strict=True))
        return _ratio(*parts(right, wrong, missed))
    return mean([_ratio(*parts(*one)) for one in counts])


def _ratio(above: int, below: int) -> float:
    return above / below if below else 0.0


def log_loss(given: Given, parameters: Given) -> float | None:
    """Return the mean of -ln of the probability of the true label."""
    chances = [
        min(max(scores[index], LEAST_PROBABILITY), 1 - LEAST_PROBABILITY) for index, scores in _scored(given)
    ]
    return mean([-math.log(one) for one in chances])


def brier(given: Given, parameters: Given) -> float | None:
    """Return the mean of the squared distances from certainty."""
    return mean(
        [
            math.fsum((score - (at == index)) ** 2 for at, score in enumerate(scores))
            for index, scores in _scored(given)
        ]
    )


def calibration_error(given: Given, parameters: Given) -> float | None:
    """Return the mean difference between confidence and accuracy over bins of equal width."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    count = 0
    for index, scores in _scored(given):
        predicted = _ordered(scores)[0]
        confidence = scores[predicted]
        bins.setdefault(max(1, math.ceil(confidence * parameters["bins"])), []).append(
            (confidence, predicted == index)
        )
        count += 1
    if not count:
        return None
    return math.fsum(
        abs(math.fsum(right for _, right in some) - math.fsum(confidence for confidence, _ in some)) / count
        for some in bins.values()
    )


def roc_auc(given: Given, parameters: Given) -> float | None:
    """Return the share of pairs whose item of the class has the larger score; equal ones count half."""
    classes = [parameters["positive"]] if "positive" in parameters else given["classes"]
    found = []
    for one in classes:
        place = given["classes"].index(one)
        inside = sorted(scores[place] for index, scores in _scored(given) if index == place)
        outside = sorted(scores[place] for index, scores in _scored(given) if index != place)
        if inside and outside:
            found.append(_won(inside, outside) / (2 * len(inside) * len(outside)))
    return mean(found)


def _won(inside: Sequence[float], outside: Sequence[float]) -> int:
    """Count twice the pairs of sorted scores in which the first is larger, once those that are equal."""
    import bisect

    return sum(bisect.bisect_left(outside, one) + bisect.bisect_right(outside, one) for one in inside)
