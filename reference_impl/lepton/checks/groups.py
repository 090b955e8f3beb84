"""Checks of comparisons of groups: like with like, numbers of samples, means, disparity, intervals.

Owns recomputing what a comparison says from the card's evaluations; leaves reading the document to
`lepton.checks.assurance`. Serves ASR-BIA.
"""

import functools
import json
from collections.abc import Iterator
from math import isfinite, sqrt
from typing import Any, NamedTuple

import lepton_spec
from lepton.checks.assurance import Assured, assured
from lepton.checks.attribution import ASSURANCE
from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.read import Package

__all__ = ["CHECKS", "agree", "wilson"]

#: Metrics whose value over all samples is the mean of the groups' values, weighted by their samples.
MEANS = frozenset(["accuracy", "top-k-accuracy", "exact-match", "log-loss", "brier"])
#: Those of them that are the share of samples for which something holds.
SHARES = frozenset(["accuracy", "top-k-accuracy", "exact-match"])
#: How far two numbers may be apart that were rounded to three decimals, each by itself; the last digit takes
#: up what binary64 makes of decimals.
TOLERANCE = 0.002000001
#: How far a value may be outside the bounds of its interval: what computing the bounds in binary64 makes.
EDGE = 0.000000001

_NUMBERS = ("ASR-BIA-04", "ASR-BIA-05", "ASR-BIA-06")


class Comparison(NamedTuple):
    """A comparison with its references resolved: `overall` and `groups` are evaluations of the card."""

    pointer: str
    said: Any
    overall: Any
    groups: list[Any]


def agree(one: float, other: float) -> bool:
    """Say whether two numbers agree in the sense of the chapter."""
    apart = abs(one - other)
    return isfinite(apart) and apart <= TOLERANCE * max(1.0, abs(one), abs(other))


def wilson(share: float, n: int, level: float) -> tuple[float, float]:
    """Return the bounds of the Wilson score interval of a share of `n` samples. Spec: ASR-BIA-06."""
    from statistics import NormalDist

    z = NormalDist().inv_cdf((1 + level) / 2)
    centre, spread = share + z * z / (2 * n), z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    whole = 1 + z * z / n
    return (centre - spread) / whole, (centre + spread) / whole


@functools.cache
def _directions() -> dict[str, str]:
    listed = json.loads(lepton_spec.path("metrics.json").read_bytes())["metrics"]
    return {one["metric"]: one["direction"] for one in listed}


def _comparisons(document: Assured) -> Iterator[Comparison]:
    said = document.value["bias"]["comparisons"]
    assert document.evaluations is not None
    for at, one in enumerate(said if isinstance(said, list) else ()):
        groups = [_evaluation(document, group["evaluation"]) for group in one["groups"]]
        yield Comparison(f"/bias/comparisons/{at}", one, _evaluation(document, one["overall"]), groups)


def _evaluation(document: Assured, reference: str) -> Any:
    assert document.evaluations is not None
    return document.evaluations[int(reference.rpartition("/")[2])]


@check("ASR-BIA-02", "ASR-BIA-03", *_NUMBERS, needs=("ASR-DOC-01", "ASR-DOC-04"), profile=ASSURANCE)
def comparisons(package: Package) -> Iterator[Finding | NotChecked]:
    """Each comparison fits the evaluations that it refers to; what is unlike is not computed with."""
    document = assured(package)
    # Both are known: ASR-DOC-04 could be judged.
    assert isinstance(document, Assured)
    for one in _comparisons(document):
        hidden: tuple[str, ...] = ()
        cause = ""
        for judge, requirement, rest in (
            (_unlike, "ASR-BIA-02", ("ASR-BIA-03", *_NUMBERS)),
            (_unregistered, "ASR-BIA-03", _NUMBERS),
        ):
            found = [Finding(requirement, document.path, place, why, "") for place, why in judge(one)]
            yield from found
            if found:
                hidden, cause = rest, requirement
                break
        for requirement in hidden:
            yield NotChecked(requirement, f"blocked by {cause}")
        if not hidden:
            for judge, requirement in zip((_counts, _extremes, _intervals), _NUMBERS, strict=True):
                for place, why in judge(one):
                    yield Finding(requirement, document.path, place, why, "")


@check("ASR-BIA-07", needs=("ASR-DOC-01",), profile=ASSURANCE)
def intervals_there(package: Package) -> Iterator[Finding | NotChecked]:
    """Every group has an interval."""
    document = assured(package)
    if isinstance(document, str):
        yield NotChecked("ASR-BIA-07", document)
        return
    said = document.value["bias"]["comparisons"]
    for at, one in enumerate(said if isinstance(said, list) else ()):
        for place, group in enumerate(one["groups"]):
            if "interval" not in group:
                pointer = f"/bias/comparisons/{at}/groups/{place}"
                yield Finding("ASR-BIA-07", document.path, pointer, "found no interval, expected one", "")


def _unlike(one: Comparison) -> Iterator[tuple[str, str]]:
    if "group" in one.overall:
        message = f"found the evaluation of the group {one.overall['group']!r}, expected one over all samples"
        yield f"{one.pointer}/overall", message
    seen: dict[str, int] = {}
    wanted = _kind(one.overall)
    for at, group in enumerate(one.groups):
        here = f"{one.pointer}/groups/{at}/evaluation"
        name = group.get("group")
        if name is None:
            yield here, "found an evaluation without 'group', expected that of a group"
            continue
        if _kind(group) != wanted:
            message = f"found {_kind_said(group)}, expected {_kind_said(one.overall)}, as in overall"
            yield here, message
        if seen.setdefault(name, at) != at:
            yield here, f"found the group {name!r} again, already at groups/{seen[name]}"


def _kind(evaluation: Any) -> tuple[Any, ...]:
    dataset = evaluation["dataset"]
    return evaluation["metric"], evaluation["direction"], dataset["name"], dataset.get("sha256")


def _kind_said(evaluation: Any) -> str:
    metric, direction, name, sha256 = _kind(evaluation)
    return f"{metric!r} ({direction}) on {name!r}{f' ({sha256[:12]})' if sha256 else ''}"


def _unregistered(one: Comparison) -> Iterator[tuple[str, str]]:
    metric, direction = one.overall["metric"], one.overall["direction"]
    registered = _directions().get(metric)
    if registered is None:
        yield f"{one.pointer}/overall", f"found the metric {metric!r}, expected a name of metrics.json"
    elif registered != direction:
        message = f"found the direction {direction!r} of {metric!r}, expected {registered!r}"
        yield f"{one.pointer}/overall", message


def _counts(one: Comparison) -> Iterator[tuple[str, str]]:
    n, ungrouped = one.overall["n"], one.said["ungrouped"]
    grouped = n - ungrouped
    counts = [group["n"] for group in one.groups]
    for at, count in enumerate(counts):
        if count > grouped:
            message = f"found a group of {count} samples, expected at most {n} - {ungrouped}"
            yield f"{one.pointer}/groups/{at}/evaluation", message
            return
    if one.said["overlap"] != "none":
        return
    if sum(counts) != grouped:
        found = f"found groups of {sum(counts)} samples in all and {ungrouped} ungrouped, expected {n}"
        yield f"{one.pointer}/ungrouped", found
    elif ungrouped == 0 and one.overall["metric"] in MEANS:
        mean = sum(group["n"] * group["value"] for group in one.groups) / n
        if not agree(mean, one.overall["value"]):
            message = f"found {one.overall['value']} over all, expected {mean:.6g}, the mean of the groups"
            yield f"{one.pointer}/overall", message


def _extremes(one: Comparison) -> Iterator[tuple[str, str]]:
    references = [group["evaluation"] for group in one.said["groups"]]
    fewest = min(group["n"] for group in one.groups)
    smallest = [at for at, group in zip(references, one.groups, strict=True) if group["n"] == fewest]
    if one.said["smallest"] not in smallest:
        message = f"found {one.said['smallest']}, expected {' or '.join(smallest[:3])} with {fewest} samples"
        yield f"{one.pointer}/smallest", message
    values = [group["value"] for group in one.groups]
    low, high = min(values), max(values)
    said = one.said["disparity"]
    if said["measure"] == "ratio" and low <= 0:
        message = f"found a ratio of values down to {low}, expected positive values, or 'difference'"
        yield f"{one.pointer}/disparity/measure", message
        return
    found = low / high if said["measure"] == "ratio" else high - low
    if not agree(found, said["value"]):
        message = f"found {said['value']}, expected {found:.6g}, of the values {low} and {high}"
        yield f"{one.pointer}/disparity/value", message


def _intervals(one: Comparison) -> Iterator[tuple[str, str]]:
    for at, (said, group) in enumerate(zip(one.said["groups"], one.groups, strict=True)):
        interval = said.get("interval")
        if interval is None:
            continue
        here, value = f"{one.pointer}/groups/{at}/interval", group["value"]
        bounds = interval["low"], interval["high"]
        if not bounds[0] - EDGE <= value <= bounds[1] + EDGE:
            yield here, f"found the bounds {bounds[0]} and {bounds[1]}, expected {value} between them"
        elif interval["method"] == "wilson":
            if group["metric"] not in SHARES or not 0 <= value <= 1:
                message = f"found the method 'wilson' of {group['metric']!r} with {value}, expected a share"
                yield here, message
                continue
            right = wilson(value, group["n"], interval["level"])
            if not all(agree(*pair) for pair in zip(bounds, right, strict=True)):
                expected = f"{right[0]:.4g} and {right[1]:.4g}"
                yield here, f"found the bounds {bounds[0]} and {bounds[1]}, expected {expected}"


CHECKS: tuple[Check, ...] = (comparisons, intervals_there)
