"""Checks of the metrics in an application document, and of those in the card that have a registered name.

Leaves what metrics are to `metrics.json` and `lepton.application.measures`. Serves APP-MET.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from lepton.checks.application import PROFILE, SHAPE, application
from lepton.checks.attribution import CARD
from lepton.checks.documents import blocked_by
from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.read import Package

__all__ = ["CHECKS"]


@check("APP-MET-01", "APP-MET-02", needs=SHAPE, profile=PROFILE)
def registered_metrics(package: Package) -> Iterator[Finding]:
    """Metrics are registered for the task, with their parameters, and values are in range."""
    found = application(package)
    for at, task in enumerate(found.tasks):
        for place, entry in enumerate(task["metrics"]):
            pointer = f"/tasks/{at}/metrics/{place}"
            problem = _metric_fault(task["task"], entry)
            if problem is not None:
                yield Finding("APP-MET-01", found.path, pointer + problem[0], problem[1], "")
            elif "value" in entry and not _in_range(entry["metric"], entry["value"]):
                message = _range_message(entry["metric"], entry["value"])
                yield Finding("APP-MET-02", found.path, f"{pointer}/value", message, "")


def _metric_fault(task: str, entry: Mapping[str, Any]) -> tuple[str, str] | None:
    from lepton.application.registry import metrics, tasks

    taken = tasks()[task]["metrics"]
    if entry["metric"] not in taken:
        return "/metric", f"found {entry['metric']!r}, expected one of: {', '.join(taken)}"
    known = metrics()[entry["metric"]]
    given = entry.get("parameters", {})
    for name in known["required"]:
        if name not in given:
            return "", f"found no parameter {name!r}, expected it for {entry['metric']}"
    for name in given:
        if name not in (*known["required"], *known["optional"]):
            return f"/parameters/{name}", f"found the parameter {name!r}, which {entry['metric']} has not"
    return None


def _in_range(metric: str, value: float) -> bool:
    from lepton.application.registry import metrics

    entry = metrics()[metric]
    low = -math.inf if entry["min"] is None else entry["min"]
    high = math.inf if entry["max"] is None else entry["max"]
    return bool(low <= value <= high)


def _range_message(metric: str, value: float) -> str:
    from lepton.application.registry import metrics

    entry = metrics()[metric]
    return f"found {value}, expected {metric} in {entry['min']} .. {entry['max']}"


@check("APP-MET-03", needs=SHAPE, profile=PROFILE)
def agreeing_card(package: Package) -> Iterator[Finding | NotChecked]:
    """Evaluations in the card agree with the registered metrics of their name."""
    from lepton.application.registry import metrics

    assert package.manifest is not None
    path = package.manifest["card"]
    reason = blocked_by(package, path, CARD)
    if reason is not None:
        yield NotChecked("APP-MET-03", reason)
        return
    document = package.files[path].document
    assert document is not None
    for at, entry in enumerate(document.value.get("evaluations", [])):
        known = metrics().get(entry["metric"])
        if known is None:
            continue
        if entry["direction"] != known["direction"]:
            message = f"found {entry['direction']!r}, expected {known['direction']!r} for {entry['metric']}"
            yield Finding("APP-MET-03", path, f"/evaluations/{at}/direction", message, "")
        elif not _in_range(entry["metric"], entry["value"]):
            message = _range_message(entry["metric"], entry["value"])
            yield Finding("APP-MET-03", path, f"/evaluations/{at}/value", message, "")


CHECKS: tuple[Check, ...] = (registered_metrics, agreeing_card)
