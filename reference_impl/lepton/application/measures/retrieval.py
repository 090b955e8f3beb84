"""Metrics of rankings.

Serves the chapter `application` (*Retrieval*).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lepton.application.measures.classification import mean

__all__ = ["ndcg", "recall_at_k", "reciprocal_rank", "spearman"]

Given = Mapping[str, Any]


def _queries(given: Given) -> Iterator[tuple[Sequence[float], Sequence[float]]]:
    """Yield the gains in the order of the ranking, and those of missed documents, of each query."""
    for one in given["queries"]:
        yield one["ranked"], one["missed"]


def reciprocal_rank(given: Given, parameters: Given) -> float | None:
    """Return the mean of one over the place of the first relevant document."""
    found = []
    for ranked, _ in _queries(given):
        places = [at for at, gain in enumerate(ranked[: parameters.get("k")], 1) if gain > 0]
        found.append(1 / places[0] if places else 0.0)
    return mean(found)


def ndcg(given: Given, parameters: Given) -> float | None:
    """Return the discounted gain over that of the best order; queries without any gain are left out."""
    found = []
    for ranked, missed in _queries(given):
        best = _discounted(sorted([*ranked, *missed], reverse=True), parameters)
        if best:
            found.append(_discounted(ranked, parameters) / best)
    return mean(found)


def _discounted(gains: Sequence[float], parameters: Given) -> float:
    linear = parameters["gain"] == "linear"
    first = gains[: parameters.get("k")]
    return math.fsum(
        (gain if linear else 2**gain - 1) / math.log2(place + 1) for place, gain in enumerate(first, 1)
    )


def recall_at_k(given: Given, parameters: Given) -> float | None:
    """Return the mean share of the relevant documents that are among the first k."""
    found = []
    for ranked, missed in _queries(given):
        relevant = sum(gain > 0 for gain in [*ranked, *missed])
        if relevant:
            found.append(sum(gain > 0 for gain in ranked[: parameters["k"]]) / relevant)
    return mean(found)


def spearman(given: Given, parameters: Given) -> float | None:
    """Return the correlation of the ranks of two lists; equal numbers share the mean of their ranks."""
    one, other = _ranks(given["truth"]), _ranks(given["predicted"])
    if not one:
        return None
    middle = (len(one) + 1) / 2
    pairs = [(a - middle, b - middle) for a, b in zip(one, other, strict=True)]
    spread = math.fsum(a * a for a, _ in pairs) * math.fsum(b * b for _, b in pairs)
    return math.fsum(a * b for a, b in pairs) / math.sqrt(spread) if spread else None


def _ranks(values: Sequence[float]) -> list[float]:
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values), 1):
        places.setdefault(value, []).append(place)
    return [sum(places[value]) / len(places[value]) for value in values]
