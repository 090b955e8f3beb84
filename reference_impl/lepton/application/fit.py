"""Whether the bindings of a task are its own, and whether the declared tensors fit them.

Owns the static half of the tables of bindings; leaves concrete sizes to `request` and `answer`. Serves
APP-BND-01 to APP-BND-03.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lepton.application.elements import is_floating
from lepton.application.registry import tasks

__all__ = ["LABELLED", "binding_faults", "named_tensors", "tensor_faults"]

Binding = Mapping[str, Any]
Spec = Mapping[str, Any]
Symbols = Mapping[str, Mapping[str, Any]]

#: Bindings whose answer has labels.
LABELLED = frozenset(["label-scores", "label-top", "label-index", "label-id", "boxes"])
#: Members of a binding that name tensors, by side.
_TENSORS = {
    "request": ("input", "roles", "contents"),
    "answer": ("output", "scores", "indices", "boxes", "classes", "count", "texts", "spans"),
}
_INDEX = ("INT32", "INT64")
#: What `spans` have beside the spans, by task.
_SPANS = {"speech-recognition": "texts", "speech-detection": "scores"}


def named_tensors(binding: Binding, side: str) -> Iterator[tuple[str, str]]:
    """Yield member and name of each tensor that a binding of `request` or `answer` names."""
    for member in _TENSORS[side]:
        if member in binding:
            yield member, binding[member]


def binding_faults(task: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield where and how the bindings of a task are not those of its kind. Spec: APP-BND-01."""
    known = tasks()[task["task"]]
    for side in ("request", "answer"):
        keys = [_key(one) for one in task[side]]
        taken = [name for group in known[side] for name in group["bindings"]]
        for at, key in enumerate(keys):
            if key not in taken:
                yield f"/{side}/{at}", f"found {key!r}, expected one of: {', '.join(taken)}"
        for group in known[side]:
            count = sum(key in group["bindings"] for key in keys)
            most = group["max"]
            if count < group["min"] or (most is not None and count > most):
                expected = f"{group['min']} of" if most == group["min"] else f"{group['min']} to {most} of"
                names = ", ".join(group["bindings"])
                yield f"/{side}", f"found {count} bindings, expected {expected}: {names}"
        for at, binding in enumerate(task[side]):
            for member, message in _inner_faults(task, binding):
                yield f"/{side}/{at}/{member}", message


def _key(binding: Binding) -> str:
    return f"{binding['bind']}:{binding['member']}" if "member" in binding else str(binding["bind"])


def _inner_faults(task: Mapping[str, Any], binding: Binding) -> Iterator[tuple[str, str]]:
    if binding["bind"] == "columns":
        names = [one["name"] for one in binding["columns"]]
        if len(set(names)) != len(names):
            yield "columns", "found a column twice, expected each name once"
    if binding["bind"] == "quantiles":
        levels = binding["levels"]
        if sorted(levels) != list(levels):
            yield "levels", f"found {levels}, expected them in ascending order"
    if binding["bind"] == "spans" and task["task"] in _SPANS:
        beside = _SPANS[task["task"]]
        for member in ("texts", "scores"):
            if (member in binding) != (member == beside):
                yield member, f"expected {beside!r} beside the spans, and nothing else"
    if binding["bind"] == "boxes" and "classes" not in binding and "labels" in task:
        count = len(task["labels"]["ids"])
        if count != 1:
            yield "boxes", f"found {count} labels, expected one where there are no classes"


def tensor_faults(
    task: Mapping[str, Any], side: str, at: int, specs: Mapping[str, Spec], symbols: Symbols
) -> Iterator[tuple[str, str]]:
    """Yield member and fault of each tensor that does not fit its binding. Spec: APP-BND-03.

    `specs` has every tensor that the binding names.
    """
    binding = task[side][at]
    rules = (_REQUEST if side == "request" else _ANSWER)[binding["bind"]]
    for member, name in named_tensors(binding, side):
        problem = rules[member](specs[name], binding, task, symbols)
        if problem is not None:
            yield member, f"{name!r}, {specs[name]['datatype']} {list(specs[name]['shape'])}: {problem}"
    if binding["bind"] == "label-top":
        scores, indices = (specs[binding[member]]["shape"] for member in ("scores", "indices"))
        if list(scores) != list(indices):
            yield "indices", f"found the shape {list(indices)}, expected that of the scores, {list(scores)}"
    if binding["bind"] == "boxes":
        rank = len(specs[binding["boxes"]]["shape"])
        for member in ("scores", "classes"):
            if member in binding and len(specs[binding[member]]["shape"]) != rank - 1:
                yield member, f"expected the rank {rank - 1}, that of the boxes less 1"


Rule = Callable[[Spec, Binding, Mapping[str, Any], Symbols], str | None]


def _typed(datatypes: str, ranks: Sequence[int] | None = None, last: int | None = None) -> Rule:
    """Return the rule for a kind of datatype, some ranks, and perhaps a fixed last dimension."""

    def rule(spec: Spec, binding: Binding, task: Mapping[str, Any], symbols: Symbols) -> str | None:
        problem = _datatype_fault(spec["datatype"], datatypes)
        if problem is None and ranks is not None and len(spec["shape"]) not in ranks:
            problem = f"expected the rank {' or '.join(map(str, ranks))}"
        if problem is None and last is not None:
            problem = _last_fault(spec, last)
        return problem

    return rule


def _datatype_fault(name: str, kind: str) -> str | None:
    fits = {
        "floating": is_floating(name),
        "index": name in _INDEX,
        "class": name in _INDEX or is_floating(name),
        "number": name not in ("BYTES", "BOOL"),
        "audio": name in ("INT16", "FP32", "FP64"),
    }.get(kind, name == kind)
    return None if fits else f"expected the datatype {_KINDS.get(kind, kind)}"


_KINDS = {
    "floating": "FP16, BF16, FP32 or FP64",
    "index": "INT32 or INT64",
    "class": "INT32, INT64 or a floating-point one",
    "number": "of numbers",
    "audio": "INT16, FP32 or FP64",
}


def _last_fault(spec: Spec, size: int) -> str | None:
    found = spec["shape"][-1] if spec["shape"] else None
    return None if found == size else f"expected the last dimension {size}"


def _ones(spec: Spec, places: Sequence[int], symbols: Symbols) -> str | None:
    """Say that a dimension cannot be 1."""
    for place in places:
        dim = spec["shape"][place]
        if isinstance(dim, str):
            symbol = symbols[dim]
            can = symbol["min"] <= 1 and symbol.get("max", 1) >= 1 and symbol.get("multipleOf", 1) == 1
        else:
            can = dim == 1
        if not can:
            return f"expected a dimension that can be 1 at {place}, found {dim}"
    return None


def _png(spec: Spec, binding: Binding, task: Mapping[str, Any], symbols: Symbols) -> str | None:
    return _datatype_fault(spec["datatype"], "BYTES") or _ones(spec, range(len(spec["shape"])), symbols)


def _pixels(spec: Spec, binding: Binding, task: Mapping[str, Any], symbols: Symbols) -> str | None:
    axes = spec.get("axes")
    if spec["datatype"] != "UINT8":
        return "expected the datatype UINT8"
    if axes is None or axes.count("y") != 1 or axes.count("x") != 1 or axes.count("channel") > 1:
        return f"found the axes {axes}, expected one y, one x and at most one channel"
    others = [at for at, axis in enumerate(axes) if axis not in ("y", "x", "channel")]
    if "channel" in axes and spec["shape"][axes.index("channel")] not in (1, 3, 4):
        return "expected 1, 3 or 4 channels"
    return _ones(spec, others, symbols)


def _audio(spec: Spec, binding: Binding, task: Mapping[str, Any], symbols: Symbols) -> str | None:
    rank = len(spec["shape"])
    problem = _typed("audio", (1, 2))(spec, binding, task, symbols)
    return problem or _ones(spec, range(rank - 1), symbols)


def _columns(spec: Spec, binding: Binding, task: Mapping[str, Any], symbols: Symbols) -> str | None:
    columns, rank = binding["columns"], len(spec["shape"])
    if any(one.get("missing") == "nan" for one in columns) and not is_floating(spec["datatype"]):
        return "found a column whose missing value is nan, expected a floating-point datatype"
    if rank == 1 and len(columns) == 1:
        return None
    if rank != 2:
        return "expected the rank 2, or 1 for one column"
    return _last_fault(spec, len(columns))


def _series(spec: Spec, binding: Binding, task: Mapping[str, Any], symbols: Symbols) -> str | None:
    problem = _typed("floating", (1, 2, 3))(spec, binding, task, symbols)
    return problem or _ones(spec, {1: (), 2: (0,), 3: (0, 2)}[len(spec["shape"])], symbols)


def _scores_of_labels(spec: Spec, binding: Binding, task: Mapping[str, Any], symbols: Symbols) -> str | None:
    return _typed("floating", (1, 2), len(task["labels"]["ids"]))(spec, binding, task, symbols)


def _quantiles(spec: Spec, binding: Binding, task: Mapping[str, Any], symbols: Symbols) -> str | None:
    return _typed("floating", (1, 2, 3), len(binding["levels"]))(spec, binding, task, symbols)


_REQUEST: Mapping[str, Mapping[str, Rule]] = {
    "image-png": {"input": _png},
    "image-pixels": {"input": _pixels},
    "text": {"input": _typed("BYTES")},
    "number": {"input": _typed("number")},
    "texts": {"input": _typed("BYTES", (1,))},
    "messages": {"roles": _typed("BYTES", (1,)), "contents": _typed("BYTES", (1,))},
    "audio": {"input": _audio},
    "columns": {"input": _columns},
    "series": {"input": _series},
}
_ANSWER: Mapping[str, Mapping[str, Rule]] = {
    "label-scores": {"output": _scores_of_labels},
    "label-top": {"scores": _typed("floating", (1, 2)), "indices": _typed("index", (1, 2))},
    "label-index": {"output": _typed("index", (0, 1, 2))},
    "label-id": {"output": _typed("BYTES", (0, 1, 2))},
    "boxes": {
        "boxes": _typed("floating", (2, 3), 4),
        "scores": _typed("floating"),
        "classes": _typed("class"),
        "count": _typed("index", (0, 1, 2)),
    },
    "text": {"output": _typed("BYTES")},
    "lines": {
        "texts": _typed("BYTES", (1,)),
        "scores": _typed("floating", (1,)),
        "boxes": _typed("floating", (2,), 4),
    },
    "embeddings": {"output": _typed("floating", (1, 2))},
    "values": {"output": _typed("floating", (1, 2, 3))},
    "quantiles": {"output": _quantiles},
    "frames": {"output": _typed("floating", (1, 2, 3))},
    "spans": {
        "spans": _typed("floating", (2,), 2),
        "texts": _typed("BYTES", (1,)),
        "scores": _typed("floating", (1,)),
    },
    "scores": {"output": _typed("floating", (1, 2))},
    "finish": {"output": _typed("index")},
    "count": {"output": _typed("index")},
}
