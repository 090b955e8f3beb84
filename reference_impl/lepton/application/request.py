"""From a typed request to the inputs of a package.

Owns which members are read, the shapes that they give and the order of errors; leaves the elements of images
and columns to `images` and `columns`. Serves the chapter `application` (*From the request to inputs*).
"""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lepton.application.columns import bind_columns
from lepton.application.elements import (
    Element,
    Tensor,
    canonical_base64,
    element,
    is_floating,
    missing_element,
    same_elements,
    text_element,
)
from lepton.application.failure import Failure, Work
from lepton.application.images import bind_pixels
from lepton.application.times import time_after
from lepton.application.validity import invalid_request

__all__ = ["Bound", "inputs_of", "invalid_request"]

Binding = Mapping[str, Any]
#: Members that no binding has to read.
_ALWAYS_READ = frozenset(["task", "version", "topK", "horizon"])
#: 1.0 as a sample of 16 bits.
_FULL_SCALE = 32768


class Bound(NamedTuple):
    """One input that a request gives: its bytes are made when they are asked for.

    `length` is their number where one element of the request becomes many of the tensor.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    make: Callable[[], bytes]
    length: int | None = None

    def gives(self, tensor: Tensor) -> bool:
        """Say whether this is the tensor, without making more bytes than it has."""
        if self.length not in (None, len(tensor.data)):
            return False
        return self.shape == tensor.shape and same_elements(self.tensor(), tensor)

    def tensor(self) -> Tensor:
        """Return the tensor itself."""
        return Tensor(self.name, self.datatype, self.shape, self.make())


class _Filled(NamedTuple):
    """An input all of whose elements are the same; its shape follows from the others."""

    spec: Mapping[str, Any]
    one: Element


def inputs_of(
    task: Mapping[str, Any],
    request: Any,
    inputs: Sequence[Mapping[str, Any]],
    symbols: Mapping[str, Mapping[str, Any]],
    work: Work,
) -> tuple[Bound, ...] | Failure:
    """Return the inputs that a request of `task` gives, or its error.

    `task` is an entry of an application document whose bindings fit `inputs` (entries of a manifest) and
    `symbols`. Raises: TooMuchWorkError.
    """
    wrong = invalid_request(task["task"], request)
    if wrong is not None:
        return Failure("invalid-request", f"{wrong[0] or 'the request'}: {wrong[1]}")
    return _Binder(task, request, inputs, symbols, work).bound()


class _Binder:
    """Collects inputs and errors of one request, binding by binding."""

    def __init__(
        self,
        task: Mapping[str, Any],
        request: Mapping[str, Any],
        inputs: Sequence[Mapping[str, Any]],
        symbols: Mapping[str, Mapping[str, Any]],
        work: Work,
    ) -> None:
        self._task, self._request, self._work = task, request, work
        self._specs = {one["name"]: one for one in inputs}
        self._symbols = symbols
        self._errors: list[Failure] = []
        self._found: list[Bound | _Filled] = []
        self._sizes: dict[str, int] = {}

    def bound(self) -> tuple[Bound, ...] | Failure:
        self._unread()
        for binding in self._task["request"]:
            _BINDERS[binding["bind"]](self, binding)
        self._times()
        for one in self._found:
            if isinstance(one, Bound):
                self._fit(self._specs[one.name], one.shape)
        made = [one if isinstance(one, Bound) else self._fill(one) for one in self._found]
        for code in ("unsupported", "out-of-range"):
            for error in self._errors:
                if error.code == code:
                    return error
        return tuple(made)

    def unsupported(self, message: str) -> None:
        self._errors.append(Failure("unsupported", message))

    def beyond(self, message: str) -> None:
        self._errors.append(Failure("out-of-range", message))

    def _unread(self) -> None:
        """Note members that no binding reads."""
        read = set(_ALWAYS_READ)
        columns = False
        for binding in self._task["request"]:
            kind = binding["bind"]
            columns = columns or kind == "columns"
            read.add(binding.get("member", _MEMBERS.get(kind, "")))
        if columns:
            read.add("documents" if "documents" in self._request else "rows")
        for member in self._request:
            if member not in read:
                self.unsupported(f"found the member {member!r}, which the package does not read")
        reads_text = any(one.get("member") == "documents" for one in self._task["request"])
        for at, document in enumerate(self._request.get("documents", [])):
            for member, taken in (("text", reads_text), ("features", columns)):
                if taken and member not in document:
                    self.unsupported(f"/documents/{at}: found no {member!r}, expected it")
                elif member in document and not taken:
                    self.unsupported(
                        f"/documents/{at}: found the member {member!r}, which the package does not read"
                    )

    def _add(self, name: str, shape: tuple[int, ...], make: Callable[[], bytes]) -> None:
        self._found.append(Bound(name, self._specs[name]["datatype"], shape, make))

    def _absent(self, binding: Binding, member: str) -> bool:
        """Say whether the member of a binding is absent, and note it where the input is needed."""
        if member in self._request:
            return False
        if not self._specs[binding["input"]].get("optional"):
            self.unsupported(f"found no member {member!r}, expected it: the package needs it")
        return True

    def image_png(self, binding: Binding) -> None:
        if self._absent(binding, "image"):
            return
        image = self._request["image"]
        if "png" not in image:
            self.unsupported("/image: found pixels, expected a PNG file")
            return
        data = canonical_base64(image["png"])
        assert data is not None
        spec = self._specs[binding["input"]]
        self._add(spec["name"], (1,) * len(spec["shape"]), lambda: len(data).to_bytes(4, "little") + data)

    def image_pixels(self, binding: Binding) -> None:
        if self._absent(binding, "image"):
            return
        found = bind_pixels(self._request["image"], self._specs[binding["input"]], self._work)
        if isinstance(found, Failure):
            self._errors.append(found)
        else:
            self._add(binding["input"], *found)

    def text(self, binding: Binding) -> None:
        member = binding["member"]
        if not self._absent(binding, member):
            self._found.append(_Filled(self._specs[binding["input"]], text_element(self._request[member])))

    def number(self, binding: Binding) -> None:
        member = binding["member"]
        if self._absent(binding, member):
            return
        spec = self._specs[binding["input"]]
        made = element(self._request[member], spec["datatype"])
        if isinstance(made, Failure):
            self._errors.append(made._replace(message=f"/{member}: {made.message}"))
        else:
            self._found.append(_Filled(spec, made))

    def texts(self, binding: Binding) -> None:
        member = binding["member"]
        if self._absent(binding, member):
            return
        given = self._request[member]
        found = given if member == "texts" else [one.get("text", "") for one in given]
        self._work.take(len(found))
        self._add(binding["input"], (len(found),), lambda: b"".join(map(text_element, found)))

    def messages(self, binding: Binding) -> None:
        if "messages" not in self._request:
            self.unsupported("found no member 'messages', expected it")
            return
        given = self._request["messages"]
        self._work.take(2 * len(given))
        roles, contents = [[one[member] for one in given] for member in ("role", "content")]
        self._add(binding["roles"], (len(given),), lambda: b"".join(map(text_element, roles)))
        self._add(binding["contents"], (len(given),), lambda: b"".join(map(text_element, contents)))

    def audio(self, binding: Binding) -> None:
        if self._absent(binding, "audio"):
            return
        audio = self._request["audio"]
        if audio["sampleRate"] != binding["sampleRate"]:
            self.unsupported(
                f"found {audio['sampleRate']} samples a second, expected {binding['sampleRate']}"
            )
        data = canonical_base64(audio["pcm"])
        assert data is not None
        spec = self._specs[binding["input"]]
        count = len(data) // 2
        self._work.take(count)
        shape = (1,) * (len(spec["shape"]) - 1) + (count,)
        self._add(spec["name"], shape, lambda: _samples(data, spec["datatype"]))

    def columns(self, binding: Binding) -> None:
        documents = self._task["task"] == "ranking"
        place, member = ("documents", "features") if documents else ("rows", "")
        given = self._request[place]
        rows = [one.get(member, {}) for one in given] if documents else given
        others = {
            column["name"]
            for one in self._task["request"]
            if one["bind"] == "columns"
            for column in one["columns"]
        }
        made = bind_columns(binding, rows, others, self._specs[binding["input"]], self._work, place)
        if isinstance(made, Failure):
            self._errors.append(made)
        else:
            self._add(binding["input"], *made)

    def series(self, binding: Binding) -> None:
        if self._absent(binding, "series"):
            return
        spec = self._specs[binding["input"]]
        datatype, values = spec["datatype"], self._request["series"]["values"]
        self._work.take(len(values))
        made = bytearray()
        for at, value in enumerate(values):
            if value is None:
                value = binding.get("missing")
            if value is None:
                self.unsupported(f"/series/values/{at}: found a missing value, expected a number")
                return
            one = missing_element(datatype) if value == "nan" else element(value, datatype)
            if isinstance(one, Failure):
                self._errors.append(one._replace(message=f"/series/values/{at}: {one.message}"))
                return
            made += one
        rank, count = len(spec["shape"]), len(values)
        shape = {1: (count,), 2: (1, count), 3: (1, count, 1)}[rank]
        self._add(spec["name"], shape, lambda: bytes(made))

    def _times(self) -> None:
        """Note that the last time of an answer has no place in the calendar."""
        series = self._request.get("series")
        if series is not None:
            last = len(series["values"]) + int(self._request["horizon"]) - 1
            if time_after(series["start"], series["step"], last) is None:
                self.beyond("/horizon: found a time after the year 9999")

    def _fit(self, spec: Mapping[str, Any], shape: tuple[int, ...]) -> None:
        for size, dim in zip(shape, spec["shape"], strict=True):
            place = f"the input {spec['name']!r}"
            if isinstance(dim, str):
                symbol = self._symbols[dim]
                if not _admits(symbol, size):
                    self.beyond(f"{place}: found the size {size}, which {dim} does not admit")
                elif self._sizes.setdefault(dim, size) != size:
                    self.beyond(f"{place}: found the size {size}, but {dim} is {self._sizes[dim]}")
            elif size != dim:
                self.beyond(f"{place}: found the size {size}, expected {dim}")

    def _fill(self, filled: _Filled) -> Bound:
        spec = filled.spec
        shape = tuple(self._sizes.get(dim, 1) if isinstance(dim, str) else int(dim) for dim in spec["shape"])
        self._fit(spec, shape)
        count = math.prod(shape)
        self._work.take(count)
        length = len(filled.one) * count
        return Bound(spec["name"], spec["datatype"], shape, lambda: filled.one * count, length)


def _admits(symbol: Mapping[str, Any], size: int) -> bool:
    within = symbol["min"] <= size <= symbol.get("max", size)
    return within and size % int(symbol.get("multipleOf", 1)) == 0


def _samples(data: bytes, datatype: str) -> bytes:
    if not is_floating(datatype):
        return data
    count = len(data) // 2
    letter = {"FP32": "f", "FP64": "d"}[datatype]
    return struct.pack(f"<{count}{letter}", *(one / _FULL_SCALE for one in struct.unpack(f"<{count}h", data)))


#: The member that a binding without `member` reads.
_MEMBERS = {
    "image-png": "image",
    "image-pixels": "image",
    "messages": "messages",
    "audio": "audio",
    "series": "series",
}
_BINDERS: Mapping[str, Callable[[_Binder, Binding], None]] = {
    "image-png": _Binder.image_png,
    "image-pixels": _Binder.image_pixels,
    "text": _Binder.text,
    "number": _Binder.number,
    "texts": _Binder.texts,
    "messages": _Binder.messages,
    "audio": _Binder.audio,
    "columns": _Binder.columns,
    "series": _Binder.series,
}
