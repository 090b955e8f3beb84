"""Evaluate a package on a data set, batch by batch.

Owns the way from records to a value: which mapping, output and target, and whether they fit. Leaves tensors
to `lepton.data`, computing to `lepton.runtime`, metrics to `lepton.application`.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lepton.application import metrics
from lepton.application.measures import measure
from lepton.data import Dataset, batches, open_dataset
from lepton.datasets import validate_dataset
from lepton.errors import LeptonError
from lepton.finding import Verdict
from lepton.runtime import open_pipeline
from lepton.validate import load

if TYPE_CHECKING:
    from lepton.package.loaded import LoadedPackage
    from lepton.runtime import Array
    from lepton.tensor import TensorSpec

__all__ = ["Choice", "evaluate"]

#: What each metric takes that can be computed here, by the name that the registry gives it.
_GIVEN = ("labels", "scores", "numbers")
#: Metrics of scores that mean nothing unless the scores are probabilities.
_OF_PROBABILITIES = ("log-loss", "brier", "calibration-error")


class Choice(NamedTuple):
    """What is evaluated; None where the only one is meant."""

    split: str | None = None
    mapping: str | None = None
    output: str | None = None
    target: str | None = None
    metrics: tuple[str, ...] = ()


def evaluate(package: Path, folder: Path, choice: Choice) -> list[dict[str, Any]]:
    """Return one entry of a card's `evaluations` for each metric.

    Raises: LeptonError when package or data set is not sound, they do not fit, or a metric is not defined.
    """
    report = validate_dataset(folder, level="full")
    if report.verdict is not Verdict.PASS:
        reasons = [one.requirement for one in report.findings] or list(report.not_checked)
        raise LeptonError(
            f"{folder} is no sound data set: {report.verdict} ({', '.join(reasons[:5])}); see lepton validate"
        )
    with load(package) as loaded, open_dataset(folder) as dataset:
        identity = dataset.identity
        if identity is None or identity != report.identity:
            raise LeptonError(f"{folder} was written to while it was read")
        mapping = _mapping(dataset, choice.mapping)
        target = _one("target", [one["name"] for one in mapping.get("targets", [])], choice.target)
        wanted = list(_metrics(loaded, choice.metrics))
        with closing(open_pipeline(loaded)) as pipeline:
            inputs = _fitting(mapping, pipeline.inputs)
            output = _one("output", [one.name for one in pipeline.outputs], choice.output)
            truth, answers = _computed(
                batches(dataset, mapping, choice.split), pipeline.infer, inputs, output, target
            )
        if not truth:
            raise LeptonError("found no record to evaluate on: the split is empty, or all are left out")
        given = _given(truth, answers)
        if _content(loaded, output) != "probabilities":
            wanted_chances = [metric for metric, _ in wanted if metric in _OF_PROBABILITIES]
            if wanted_chances:
                raise LeptonError(
                    f"{wanted_chances[0]}: found the output {output!r}, which is not declared to be "
                    "probabilities (`content`)"
                )
        named = {"name": _name(dataset, choice.split), "sha256": identity.removeprefix("sha256:")}
        return [_entry(metric, parameters, given, named, len(truth)) for metric, parameters in wanted]


def _one(what: str, names: Sequence[str], chosen: str | None) -> str:
    if chosen is None and len(names) == 1:
        return names[0]
    if chosen is None or chosen not in names:
        found = f"found no {what} {chosen!r}" if chosen is not None else f"found several, or no, {what}s"
        raise LeptonError(f"{found}, expected one of: {', '.join(names) or 'none'}; name it with --{what}")
    return chosen


def _content(package: "LoadedPackage", output: str) -> str:
    side = package.document.get("interface", package.document["signature"])
    (entry,) = [one for one in side["outputs"] if one["name"] == output]
    return str(entry.get("content", {}).get("kind", ""))


def _mapping(dataset: Dataset, chosen: str | None) -> Mapping[str, Any]:
    path = _one("mapping", [path for path, _ in dataset.nodes.mappings()], chosen)
    value: Mapping[str, Any] = json.loads(dataset.read(path))
    return value


def _metrics(package: "LoadedPackage", names: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the metrics that are asked for, with the parameters that the package gives them."""
    declared: dict[str, Mapping[str, Any]] = {}
    for one in package.document["files"]:
        if one["role"] == "application":
            for task in package.json(one["path"])["tasks"]:
                for metric in task.get("metrics", []):
                    declared.setdefault(metric["metric"], metric.get("parameters", {}))
    for name in names or ("accuracy",):
        entry = metrics().get(name)
        if entry is None or entry["given"] not in _GIVEN:
            able = ", ".join(each for each, known in metrics().items() if known["given"] in _GIVEN)
            raise LeptonError(f"found the metric {name!r}, expected one of: {able}")
        yield name, declared.get(name, {})


def _fitting(mapping: Mapping[str, Any], specs: "Sequence[TensorSpec]") -> list[str]:
    """Return the names of the inputs that the mapping binds; every input without a default is one of them."""
    bound = {one["name"]: one for one in mapping["inputs"]}
    for spec in specs:
        binding = bound.pop(spec.name, None)
        if binding is None:
            if not spec.optional:
                raise LeptonError(f"found no binding of the input {spec.name!r}, which the package requires")
            continue
        shape = [dim if isinstance(dim, int) else None for dim in spec.shape]
        agrees = (
            len(shape) == len(binding["shape"])
            and shape[:1] == [None]
            and all(one in (None, other) for one, other in zip(shape[1:], binding["shape"][1:], strict=True))
        )
        if binding["datatype"] != spec.datatype or not agrees:
            raise LeptonError(
                f"input {spec.name!r}: found {binding['datatype']} {binding['shape']} in the mapping, "
                f"expected {spec.datatype} {list(spec.shape)}"
            )
    if bound:
        raise LeptonError(f"found bindings of {', '.join(bound)}, which are no inputs of the package")
    return [one["name"] for one in mapping["inputs"]]


def _computed(
    found: Iterator[dict[str, "Array"]], infer: Any, inputs: list[str], output: str, target: str
) -> tuple[list[Any], list[Any]]:
    truth: list[Any] = []
    answers: list[Any] = []
    for batch in found:
        answer = infer({name: batch[name] for name in inputs})[output]
        right = batch[target]
        if right.size != len(right) or len(answer) != len(right):
            raise LeptonError(
                f"found {list(right.shape)} in {target!r} and {list(answer.shape)} in {output!r}, expected "
                "one value, and one answer, for each record"
            )
        truth += right.reshape(-1).tolist()
        answers += answer.tolist()
    return truth, answers


def _given(truth: list[Any], answers: list[Any]) -> dict[str, dict[str, Any]]:
    """Return what metrics take, by kind; classes are named by their numbers."""
    flat = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in answers]
    for one in flat:
        if not all(
            math.isfinite(x) for x in (one if isinstance(one, list) else [one]) if isinstance(x, float)
        ):
            raise LeptonError("found an answer that is not finite, expected numbers")
    found: dict[str, dict[str, Any]] = {}
    if all(isinstance(one, list) and all(isinstance(x, float) for x in one) for one in flat):
        classes = [str(at) for at in range(len(flat[0]))]
        names = _class_names(truth, len(classes))
        found["labels"] = {"truth": names, "predicted": [str(one.index(max(one))) for one in flat]}
        found["scores"] = {"truth": names, "classes": classes, "scores": flat}
    elif all(isinstance(one, int) and not isinstance(one, bool) for one in (*flat, *truth)):
        found["labels"] = {"truth": [str(one) for one in truth], "predicted": [str(one) for one in flat]}
    if all(isinstance(one, int | float) for one in (*flat, *truth)):
        found["numbers"] = {"truth": truth, "predicted": flat}
    return found


def _class_names(truth: list[Any], classes: int) -> list[str]:
    for one in truth:
        if not isinstance(one, int) or not 0 <= one < classes:
            raise LeptonError(f"found the target {one!r}, expected the number of one of {classes} classes")
    return [str(one) for one in truth]


def _name(dataset: Dataset, split: str | None) -> str:
    name = dataset.value["name"]
    if isinstance(name, dict):
        name = name[dataset.value["@context"]["@language"]]
    return f"{name} {dataset.value['version']}" + (f", split {split}" if split is not None else "")


def _entry(
    metric: str,
    parameters: Mapping[str, Any],
    given: Mapping[str, dict[str, Any]],
    dataset: Mapping[str, str],
    count: int,
) -> dict[str, Any]:
    kind = metrics()[metric]["given"]
    if kind not in given:
        raise LeptonError(f"{metric}: found answers that are no {kind}, or targets that do not go with them")
    value = measure(metric, given[kind], parameters)
    if value is None:
        raise LeptonError(f"{metric}: found answers for which it is not defined")
    direction = metrics()[metric]["direction"]
    return {
        "metric": metric,
        "value": value,
        "direction": direction,
        "n": count,
        "dataset": dict(dataset),
    }
