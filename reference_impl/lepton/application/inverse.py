"""From the inputs of a golden vector back to a typed request that gives them.

Owns the inverse of each binding, as far as there is one; whether a request really gives the inputs is for
`request` to say. Serves the role producer of the chapter `application`.
"""

import base64
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lepton.application.elements import Tensor, byte_strings, is_floating, numbers

__all__ = ["request_of"]

Binding = Mapping[str, Any]
Request = dict[str, Any]
#: What a series says of time when nobody says it.
START, STEP = "2000-01-01T00:00:00Z", "P1D"
_FULL_SCALE = 32768
_CHANNELS = {1: "GRAY", 3: "RGB", 4: "RGBA"}


def request_of(
    task: Mapping[str, Any],
    inputs: Mapping[str, Tensor],
    specs: Mapping[str, Mapping[str, Any]],
    series: Mapping[str, str] | None = None,
) -> Request | None:
    """Return a request of `task` that may give `inputs`, or None where a binding cannot be turned round.

    `specs` are entries of a manifest by name; `series` says `start` and `step` of a forecast.
    """
    request: Request = {"task": task["task"], "version": task["version"]}
    try:
        for binding in task["request"]:
            names = [binding[one] for one in ("input", "roles", "contents") if one in binding]
            if all(name in inputs for name in names):
                _INVERSES[binding["bind"]](request, binding, inputs, specs)
    except (ValueError, IndexError):
        return None
    if "series" in request:
        request["series"] |= {"start": START, "step": STEP, **(series or {})}
    for at, document in enumerate(request.get("documents", []), 1):
        document["id"] = f"document-{at}"
    return request


def _text(data: bytes) -> str:
    return data.decode("utf-8")


def _whole(values: Iterable[float]) -> list[float | int]:
    """Return numbers as JSON writes them, integers without a fraction."""
    found: list[float | int] = []
    for one in values:
        if not math.isfinite(one):
            raise ValueError(one)
        found.append(int(one) if one.is_integer() else one)
    return found


def _png(request: Request, binding: Binding, inputs: Mapping[str, Tensor], specs: Any) -> None:
    (data,) = byte_strings(inputs[binding["input"]])
    request["image"] = {"png": base64.b64encode(data).decode()}


def _pixels(request: Request, binding: Binding, inputs: Mapping[str, Tensor], specs: Any) -> None:
    tensor, spec = inputs[binding["input"]], specs[binding["input"]]
    sizes = {"y": 1, "x": 1, "channel": 1}
    strides = dict(sizes)
    step = 1
    for axis, size in reversed(list(zip(spec["axes"], tensor.shape, strict=True))):
        if axis in sizes:
            sizes[axis], strides[axis] = size, step
        elif size != 1:
            raise ValueError(size)
        step *= size
    height, width, channels = (range(sizes[axis]) for axis in ("y", "x", "channel"))
    places = (
        y * strides["y"] + x * strides["x"] + c * strides["channel"]
        for y in height
        for x in width
        for c in channels
    )
    content = spec.get("content", {})
    request["image"] = {
        "pixels": base64.b64encode(bytes(tensor.data[one] for one in places)).decode(),
        "width": sizes["x"],
        "height": sizes["y"],
        "channels": content.get("channelOrder", _CHANNELS.get(sizes["channel"], "GRAY")),
    }


def _filled_text(request: Request, binding: Binding, inputs: Mapping[str, Tensor], specs: Any) -> None:
    request[binding["member"]] = _text(byte_strings(inputs[binding["input"]])[0])


def _filled_number(request: Request, binding: Binding, inputs: Mapping[str, Tensor], specs: Any) -> None:
    request[binding["member"]] = _whole(numbers(inputs[binding["input"]])[:1])[0]


def _texts(request: Request, binding: Binding, inputs: Mapping[str, Tensor], specs: Any) -> None:
    found = [_text(one) for one in byte_strings(inputs[binding["input"]])]
    if binding["member"] == "texts":
        request["texts"] = found
    else:
        _joined(request, "documents", [{"text": one} for one in found])


def _joined(request: Request, member: str, items: Sequence[Mapping[str, Any]]) -> None:
    """Add members to the items that a request has already."""
    known = request.get(member) or [{} for _ in items]
    request[member] = [{**one, **more} for one, more in zip(known, items, strict=True)]


def _messages(request: Request, binding: Binding, inputs: Mapping[str, Tensor], specs: Any) -> None:
    roles, contents = (byte_strings(inputs[binding[side]]) for side in ("roles", "contents"))
    request["messages"] = [
        {"role": _text(role), "content": _text(said)} for role, said in zip(roles, contents, strict=True)
    ]


def _audio(request: Request, binding: Binding, inputs: Mapping[str, Tensor], specs: Any) -> None:
    tensor = inputs[binding["input"]]
    scale = _FULL_SCALE if is_floating(tensor.datatype) else 1
    samples = [one * scale for one in numbers(tensor)]
    if not all(one.is_integer() and -_FULL_SCALE <= one < _FULL_SCALE for one in samples):
        raise ValueError("no samples of 16 bits")
    data = b"".join(int(one).to_bytes(2, "little", signed=True) for one in samples)
    request["audio"] = {"pcm": base64.b64encode(data).decode(), "sampleRate": binding["sampleRate"]}


def _columns(request: Request, binding: Binding, inputs: Mapping[str, Tensor], specs: Any) -> None:
    tensor, columns = inputs[binding["input"]], binding["columns"]
    values: list[Any]
    if tensor.datatype == "BYTES":
        values = [_text(one) for one in byte_strings(tensor)]
    elif tensor.datatype == "BOOL":
        values = [bool(one) for one in tensor.data]
    else:
        values = list(numbers(tensor))
    rows = []
    for at in range(0, len(values), len(columns)):
        part = values[at : at + len(columns)]
        rows.append({column["name"]: _value(one, column) for one, column in zip(part, columns, strict=True)})
    if request["task"] == "ranking":
        _joined(request, "documents", [{"features": row} for row in rows])
    else:
        _joined(request, "rows", rows)


def _value(value: Any, column: Mapping[str, Any]) -> Any:
    if not isinstance(value, float):
        return value
    if math.isnan(value) and column.get("missing") == "nan":
        return None
    (found,) = _whole([value])
    categories = column.get("categories", [])
    return categories[found] if isinstance(found, int) and 0 <= found < len(categories) else found


def _series(request: Request, binding: Binding, inputs: Mapping[str, Tensor], specs: Any) -> None:
    values = numbers(inputs[binding["input"]])
    gaps = binding.get("missing") == "nan"
    request["series"] = {"values": [None if gaps and math.isnan(one) else _whole([one])[0] for one in values]}


_INVERSES: Mapping[str, Callable[[Request, Binding, Mapping[str, Tensor], Any], None]] = {
    "image-png": _png,
    "image-pixels": _pixels,
    "text": _filled_text,
    "number": _filled_number,
    "texts": _texts,
    "messages": _messages,
    "audio": _audio,
    "columns": _columns,
    "series": _series,
}
