"""Metrics of numbers, series and spans of time.

Serves the chapter `application` (*Numbers and time*).
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from lepton.application.measures.classification import mean

__all__ = ["mae", "mase", "pinball", "r2", "rmse", "smape", "temporal_iou"]

Given = Mapping[str, Any]
Span = Sequence[float]


def _pairs(given: Given) -> list[tuple[float, float]]:
    return list(zip(given["truth"], given["predicted"], strict=True))


def rmse(given: Given, parameters: Given) -> float | None:
    """Return the square root of the mean squared error."""
    found = mean([(true - said) ** 2 for true, said in _pairs(given)])
    return None if found is None else math.sqrt(found)


def mae(given: Given, parameters: Given) -> float | None:
    """Return the mean absolute error."""
    return mean([abs(true - said) for true, said in _pairs(given)])


def r2(given: Given, parameters: Given) -> float | None:
    """Return the share of the variance that is explained; None where there is no variance."""
    pairs = _pairs(given)
    middle = mean([true for true, _ in pairs])
    if middle is None:
        return None
    spread = math.fsum((true - middle) ** 2 for true, _ in pairs)
    return 1 - math.fsum((true - said) ** 2 for true, said in pairs) / spread if spread else None


def smape(given: Given, parameters: Given) -> float | None:
    """Return the symmetric mean absolute percentage error, 0 to 200."""
    found = []
    for true, said in _pairs(given):
        scale = abs(true) + abs(said)
        found.append(200 * abs(true - said) / scale if scale else 0.0)
    return mean(found)


def mase(given: Given, parameters: Given) -> float | None:
    """Return the mean absolute error over that of repeating the season before, in the history."""
    season, found = int(parameters["season"]), []
    for history, truth, said in zip(given["history"], given["truth"], given["predicted"], strict=True):
        scale = mean([abs(new - old) for old, new in zip(history, history[season:], strict=False)])
        error = mae({"truth": truth, "predicted": said}, parameters)
        if not scale or error is None:
            return None
        found.append(error / scale)
    return mean(found)


def pinball(given: Given, parameters: Given) -> float | None:
    """Return the mean loss of quantiles over items and levels."""
    levels = parameters["levels"]
    return mean(
        [
            max(level * (true - said), (level - 1) * (true - said))
            for true, quantiles in _pairs(given)
            for level, said in zip(levels, quantiles, strict=True)  # type: ignore[call-overload]
        ]
    )


def temporal_iou(given: Given, parameters: Given) -> float | None:
    """Return the time in both kinds of segments over the time in either."""
    both, either = [], []
    for truth, said in _pairs(given):
        cuts = sorted({edge for span in [*truth, *said] for edge in span})  # type: ignore[misc]
        for start, end in itertools.pairwise(cuts):
            inside = [_covers(spans, start, end) for spans in (truth, said)]
            if any(inside):
                either.append(end - start)
            if all(inside):
                both.append(end - start)
    whole = math.fsum(either)
    return math.fsum(both) / whole if whole else None


def _covers(spans: Any, start: float, end: float) -> bool:
    return any(one[0] <= start and end <= one[1] for one in spans)
