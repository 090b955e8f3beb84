"""From the outputs of a package to a typed answer.

Owns labels, values, texts and the document as a whole; leaves boxes and segments to `places`. Serves the
chapter `application` (*From outputs to the answer*, APP-EXA-05).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lepton.application.elements import Tensor, integers, numbers, texts
from lepton.application.failure import Failure, NoAnswerError, Work
from lepton.application.places import frames, lines, objects, spans
from lepton.application.times import time_after

__all__ = ["answer_of"]

Binding = Mapping[str, Any]
Outputs = Mapping[str, Tensor]
Label = dict[str, Any]


def answer_of(task: Mapping[str, Any], request: Mapping[str, Any], outputs: Outputs, work: Work) -> Any:
    """Return the typed answer, or a `Failure` with the code `no-answer`.

    `request` is a valid one of the task, `outputs` have the declared names, datatypes and ranks.
    Raises: TooMuchWorkError.
    """
    answer: dict[str, Any] = {"task": task["task"], "version": task["version"]}
    if task["task"] == "text-generation":
        answer |= {"finishReason": "unknown", "usage": {}}
    try:
        for binding in task["answer"]:
            for name, value in binding.items():
                if isinstance(value, str) and name in _NAMES and value in outputs:
                    work.take(outputs[value].size)
            answer |= _BINDERS[binding["bind"]](task, binding, request, outputs, answer)
    except NoAnswerError as error:
        return Failure("no-answer", str(error))
    return answer


#: Members of bindings that name outputs.
_NAMES = frozenset(["output", "scores", "indices", "boxes", "classes", "count", "texts", "spans"])


def _items(task: Mapping[str, Any], request: Mapping[str, Any]) -> int:
    kind = task["task"]
    if kind == "forecasting":
        return int(request["horizon"])
    for member in ("rows", "documents", "texts"):
        if member in request:
            return len(request[member])
    return 1


def _parts(values: list[Any], count: int, name: str) -> list[list[Any]]:
    """Cut a list into parts of equal length."""
    size, rest = divmod(len(values), count)
    if rest:
        raise NoAnswerError(
            f"{name!r}: found {len(values)} elements, expected as many for each of {count} items"
        )
    return [values[at * size : at * size + size] for at in range(count)]


def _exactly(values: list[Any], count: int, name: str) -> list[Any]:
    if len(values) != count:
        raise NoAnswerError(f"{name!r}: found {len(values)} elements, expected {count}")
    return values


def finite(value: float, name: str) -> float:
    """Return a number that JSON can express. Raises: NoAnswerError."""
    if not math.isfinite(value):
        raise NoAnswerError(f"{name!r}: found {value!r}, expected a finite number")
    return value


def _chosen(labels: list[tuple[int, float]], limit: int | None, ids: Sequence[str]) -> dict[str, Any]:
    """Return the best labels with their scores, and how many were left out."""
    ordered = sorted(labels, key=lambda one: (-one[1], one[0]))
    kept = ordered if limit is None else ordered[:limit]
    return {
        "labels": [{"id": ids[index], "score": score} for index, score in kept],
        "omitted": len(ordered) - len(kept),
    }


def _limit(binding: Binding, request: Mapping[str, Any]) -> int | None:
    limits = [int(one) for one in (binding.get("top"), request.get("topK")) if one is not None]
    return min(limits) if limits else None


def _score(value: float, binding: Binding, name: str) -> float:
    if math.isnan(value):
        raise NoAnswerError(f"{name!r}: found the score nan")
    if binding["meaning"] == "probability" and not 0 <= value <= 1:
        raise NoAnswerError(f"{name!r}: found the probability {value!r}, expected one in 0 .. 1")
    return value


def _classified(task: Mapping[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"rows": items} if task["task"] == "tabular-classification" else items[0]


def _label_scores(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    ids, name = task["labels"]["ids"], binding["output"]
    count = _items(task, request)
    values = _exactly(numbers(outputs[name]), count * len(ids), name)
    items = []
    for part in _parts(values, count, name):
        scored = [(at, _score(one, binding, name)) for at, one in enumerate(part)]
        if "threshold" in binding:
            scored = [one for one in scored if one[1] >= binding["threshold"]]
        found = _chosen(scored, _limit(binding, request), ids)
        for one in found["labels"]:
            finite(one["score"], name)
        items.append(found)
    return _classified(task, items)


def _label_top(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    ids, count = task["labels"]["ids"], _items(task, request)
    scores = _parts(numbers(outputs[binding["scores"]]), count, binding["scores"])
    indices = _parts(integers(outputs[binding["indices"]]), count, binding["indices"])
    items = []
    for some, places in zip(scores, indices, strict=True):
        if len(some) != len(places):
            raise NoAnswerError(f"found {len(some)} scores and {len(places)} indices, expected as many")
        if len(set(places)) != len(places):
            raise NoAnswerError(f"{binding['indices']!r}: found a label twice in one item")
        for place in places:
            _label(ids, place, binding["indices"])
        scored = [(at, _score(one, binding, binding["scores"])) for at, one in zip(places, some, strict=True)]
        found = _chosen(scored, _limit(binding, request), ids)
        for one in found["labels"]:
            finite(one["score"], binding["scores"])
        items.append(found)
    return _classified(task, items)


def _label(ids: Sequence[str], index: int, name: str) -> str:
    if not 0 <= index < len(ids):
        raise NoAnswerError(f"{name!r}: found the index {index}, expected one of {len(ids)} labels")
    return ids[index]


def _label_index(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    name = binding["output"]
    found = _exactly(integers(outputs[name]), _items(task, request), name)
    ids = task["labels"]["ids"]
    return _classified(task, [{"labels": [{"id": _label(ids, one, name)}], "omitted": 0} for one in found])


def _label_id(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    name = binding["output"]
    found = _exactly(texts(outputs[name]), _items(task, request), name)
    known = frozenset(task["labels"]["ids"])
    for one in found:
        if one not in known:
            raise NoAnswerError(f"{name!r}: found {one[:40]!r}, expected the id of a label")
    return _classified(task, [{"labels": [{"id": one}], "omitted": 0} for one in found])


def _text(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    return {"text": _exactly(texts(outputs[binding["output"]]), 1, binding["output"])[0]}


def _embeddings(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    name = binding["output"]
    values = [finite(one, name) for one in numbers(outputs[name])]
    found = _parts(values, _items(task, request), name)
    if not found[0]:
        raise NoAnswerError(f"{name!r}: found no elements, expected some for each item")
    return {"embeddings": found}


def _values(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    name, count = binding["output"], _items(task, request)
    values = numbers(outputs[name])
    if task["task"] == "forecasting":
        if len(values) < count:
            raise NoAnswerError(f"{name!r}: found {len(values)} values, expected {count}")
        series = request["series"]
        points = []
        for at, value in enumerate(values[:count]):
            time = time_after(series["start"], series["step"], len(series["values"]) + at)
            points.append({"time": time, "value": finite(value, name)})
        return {"points": points}
    return {"rows": [{"value": finite(one, name)} for one in _exactly(values, count, name)]}


def _quantiles(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, answer: Any
) -> dict[str, Any]:
    name, levels, count = binding["output"], binding["levels"], _items(task, request)
    values = numbers(outputs[name])
    place = "points" if task["task"] == "forecasting" else "rows"
    found = _parts(values, len(values) // len(levels) or 1, name)
    if len(found[0]) != len(levels) or len(found) < count or (place == "rows" and len(found) > count):
        raise NoAnswerError(
            f"{name!r}: found {len(values)} values, expected {len(levels)} for each of {count} items"
        )
    items = answer.get(place) or [{} for _ in range(count)]
    return {
        place: [
            {
                **item,
                "quantiles": [
                    {"level": level, "value": finite(value, name)}
                    for level, value in zip(levels, part, strict=True)
                ],
            }
            for item, part in zip(items, found, strict=False)
        ]
    }


def _scores(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    name, documents = binding["output"], request["documents"]
    values = _exactly(numbers(outputs[name]), len(documents), name)
    for value in values:
        if math.isnan(value):
            raise NoAnswerError(f"{name!r}: found the score nan")
    ordered = sorted(enumerate(values), key=lambda one: (-one[1], one[0]))
    limit = request.get("topK")
    kept = ordered if limit is None else ordered[: int(limit)]
    return {
        "ranking": [{"id": documents[at]["id"], "score": finite(score, name)} for at, score in kept],
        "omitted": len(ordered) - len(kept),
    }


def _finish(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, _: Any
) -> dict[str, Any]:
    name, reasons = binding["output"], binding["reasons"]
    index = _exactly(integers(outputs[name]), 1, name)[0]
    return {"finishReason": _label(reasons, index, name)}


def _count(
    task: Mapping[str, Any], binding: Binding, request: Mapping[str, Any], outputs: Outputs, answer: Any
) -> dict[str, Any]:
    name = binding["output"]
    count = _exactly(integers(outputs[name]), 1, name)[0]
    if not 0 <= count < 2**53:
        raise NoAnswerError(f"{name!r}: found {count}, expected a number of tokens")
    return {"usage": {**answer["usage"], binding["member"]: count}}


_BINDERS: Mapping[str, Callable[[Any, Any, Any, Outputs, Any], dict[str, Any]]] = {
    "label-scores": _label_scores,
    "label-top": _label_top,
    "label-index": _label_index,
    "label-id": _label_id,
    "boxes": objects,
    "text": _text,
    "lines": lines,
    "embeddings": _embeddings,
    "values": _values,
    "quantiles": _quantiles,
    "frames": frames,
    "spans": spans,
    "scores": _scores,
    "finish": _finish,
    "count": _count,
}
