"""The registered metrics as exact functions: one definition each, undefined where the standard says so.

Owns the table from name to function and the check of what is given; leaves registration to `metrics.json`.
Serves the chapter `application` (*Metrics*, APP-MET-04).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lepton.application.measures import classification, detection, numeric, retrieval, writing
from lepton.application.registry import metrics
from lepton.errors import LeptonError

__all__ = ["measure"]

_FUNCTIONS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], float | None]] = {
    "accuracy": classification.accuracy,
    "top-k-accuracy": classification.top_k_accuracy,
    "balanced-accuracy": classification.balanced_accuracy,
    "precision": classification.precision,
    "recall": classification.recall,
    "f1": classification.f1,
    "log-loss": classification.log_loss,
    "brier": classification.brier,
    "calibration-error": classification.calibration_error,
    "roc-auc": classification.roc_auc,
    "mean-average-precision": detection.mean_average_precision,
    "word-error-rate": writing.word_error_rate,
    "character-error-rate": writing.character_error_rate,
    "exact-match": writing.exact_match,
    "perplexity": writing.perplexity,
    "reciprocal-rank": retrieval.reciprocal_rank,
    "ndcg": retrieval.ndcg,
    "recall-at-k": retrieval.recall_at_k,
    "spearman": retrieval.spearman,
    "rmse": numeric.rmse,
    "mae": numeric.mae,
    "r2": numeric.r2,
    "smape": numeric.smape,
    "mase": numeric.mase,
    "pinball": numeric.pinball,
    "temporal-iou": numeric.temporal_iou,
}


def measure(metric: str, given: Mapping[str, Any], parameters: Mapping[str, Any]) -> float | None:
    """Return the value of a registered metric, None where it is undefined.

    `given` has the members of the cases of the chapter. Raises: LeptonError for an unknown metric or a
    missing parameter.
    """
    entry = metrics().get(metric)
    if entry is None:
        raise LeptonError(f"found the metric {metric!r}, expected one of: {', '.join(metrics())}")
    for name in entry["required"]:
        if name not in parameters:
            raise LeptonError(f"{metric}: found no parameter {name!r}, expected it")
    if not all(math.isfinite(one) for one in _numbers(given)):
        return None
    return _FUNCTIONS[metric](given, parameters)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _numbers(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, int | float):
        yield float(value)
