"""Faults of limits, of requests that mix, of state between requests (Spec: INF-LIM, INF-ISO)."""

import threading
import time
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.decoding import InferRequest
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]

#: How long a racy mutant leaves its window open, in seconds.
RACE_SECONDS = 0.002


class LimitUnpublished(Naive):
    """The limit is not published."""

    id = "lim-01-unpublished"
    breaks = "INF-LIM-01"

    def server_metadata(self) -> dict[str, Any]:
        return {key: value for key, value in super().server_metadata().items() if key != "parameters"}


class LimitQuoted(Naive):
    """The limit is published as a string."""

    id = "lim-01-string"
    breaks = "INF-LIM-01"

    def server_metadata(self) -> dict[str, Any]:
        return {**super().server_metadata(), "parameters": {"max_request_bytes": str(self.max_request_bytes)}}


class LimitBadRequest(Naive):
    """Too large a body is refused with 400."""

    id = "lim-01-400"
    breaks = "INF-LIM-01"

    def refuse(self, refusal: Refusal) -> HttpResponse:
        return super().refuse(Refusal(400, refusal.message) if refusal.status == 413 else refusal)


class LimitDoubled(Naive):
    """Twice the published limit is accepted."""

    id = "lim-01-doubled"
    breaks = "INF-LIM-01"

    def check_size(self, digits: str) -> None:
        if len(digits) > 18 or int(digits) > 2 * self.max_request_bytes:
            super().check_size(digits)


class LimitSmall(Naive):
    """The published limit is 1 MiB."""

    id = "lim-02-small"
    breaks = "INF-LIM-02"

    max_request_bytes = 1024 * 1024


class DeepJsonServerError(Naive):
    """JSON that is nested too deeply is an error of the server."""

    id = "lim-03-500"
    breaks = "INF-LIM-03"

    def parse_json(self, body: bytes) -> Any:
        if body.count(b"[") > 5000:
            raise Refusal(500, "RecursionError")
        return super().parse_json(body)


class DeepJsonDropped(Naive):
    """JSON that is nested too deeply breaks the connection."""

    id = "lim-03-dropped"
    breaks = "INF-LIM-03"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(0) if request.body.count(b"[") > 5000 else super().infer(model, version, request)


class DeepJsonKills(Naive):
    """After JSON that is nested too deeply the server answers no inference any more."""

    id = "lim-03-kills"
    breaks = "INF-LIM-03"

    def __init__(self) -> None:
        super().__init__()
        self.dead = False

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        if self.dead:
            raise Refusal(503, "the worker is gone")
        self.dead = request.body.count(b"[") > 5000
        return super().infer(model, version, request)


class LongNumberServerError(Naive):
    """A number of very many digits is an error of the server."""

    id = "lim-03-digits"
    breaks = "INF-LIM-03"

    def parse_json(self, body: bytes) -> Any:
        if b"0" * 5000 in body or b"1" * 5000 in body or b"9" * 5000 in body:
            raise Refusal(500, "ValueError")
        return super().parse_json(body)


class SharedInputs(Naive):
    """Inputs lie in one place for all requests while the model computes."""

    id = "iso-01-inputs"
    breaks = "INF-ISO-01"

    def __init__(self) -> None:
        super().__init__()
        self.current: dict[str, Array] = {}

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        self.current = arrays
        time.sleep(RACE_SECONDS)
        given = self.current if set(self.current) == set(arrays) else arrays
        fits = all(given[name].dtype == array.dtype for name, array in arrays.items())
        return super().compute(model, request, given if fits else arrays)


class SharedId(Naive):
    """The id lies in one place for all requests while the model computes."""

    id = "iso-01-id"
    breaks = "INF-ISO-01"

    def __init__(self) -> None:
        super().__init__()
        self.latest: str | None = None

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        self.latest = request.id
        time.sleep(RACE_SECONDS)
        return super().compute(model, request, arrays)

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return (
            super().answer_id(request) if request.id is None or self.latest is None else {"id": self.latest}
        )


class SharedBuffer(Naive):
    """Outputs of one shape and type share a buffer."""

    id = "iso-01-buffer"
    breaks = "INF-ISO-01"

    def __init__(self) -> None:
        super().__init__()
        self.buffers: dict[tuple[Any, ...], Array] = {}

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        shared = {}
        for name, array in found.items():
            key = (model.name, name, array.shape)
            buffer = self.buffers.setdefault(key, np.empty_like(array))
            buffer[...] = array
            shared[name] = buffer
        time.sleep(RACE_SECONDS)
        return shared


class CrowdMixed(Naive):
    """While four requests are answered, more get the answer of the last."""

    id = "iso-01-crowd"
    breaks = "INF-ISO-01"

    def __init__(self) -> None:
        super().__init__()
        self.busy = 0
        self.guard = threading.Lock()
        self.latest: dict[str, dict[str, Array]] = {}

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        with self.guard:
            self.busy += 1
            crowded = self.busy > 4
        try:
            time.sleep(RACE_SECONDS)
            if crowded and model.name in self.latest:
                return self.latest[model.name]
            found = super().compute(model, request, arrays)
            self.latest[model.name] = found
            return found
        finally:
            with self.guard:
                self.busy -= 1


class SecondTimeRolled(Naive):
    """The second of two equal requests gets its elements moved by one."""

    id = "iso-02-rolled"
    breaks = "INF-ISO-02"

    def __init__(self) -> None:
        super().__init__()
        self.repeats: dict[bytes, int] = {}

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.name == "lepton_affine" or model.name == "lepton_id_bytes":
            return found
        key = model.name.encode() + b"".join(array.tobytes() for array in arrays.values())
        self.repeats[key] = self.repeats.get(key, 0) + 1
        if self.repeats[key] == 2:
            return {name: np.roll(array, 1) for name, array in found.items()}
        return found


class RepeatDrifts(Naive):
    """Equal integer requests drift by one from the fourth on."""

    id = "iso-02-drifts"
    breaks = "INF-ISO-02"

    def __init__(self) -> None:
        super().__init__()
        self.last = b""
        self.streak = 0

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.inputs[0].datatype == "BYTES":
            return found
        key = model.name.encode() + b"".join(array.tobytes() for array in arrays.values())
        self.streak = self.streak + 1 if key == self.last else 1
        self.last = key
        if self.streak >= 4 and model.inputs[0].datatype.startswith(("INT", "UINT")):
            return {name: array + array.dtype.type(1) for name, array in found.items()}
        return found


class BatchCentred(Naive):
    """Rows of a batch are computed against the batch's mean."""

    id = "iso-03-mean"
    breaks = "INF-ISO-03"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.name == "lepton_affine" and len(found["y"]) > 1 and bool(np.isfinite(found["y"]).all()):
            found = {"y": (found["y"] + 0.001 * found["y"].mean(axis=0)).astype(np.float32)}
        return found


class BatchTailZero(Naive):
    """Rows of a batch beyond the eighth are zero."""

    id = "iso-03-tail"
    breaks = "INF-ISO-03"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.name == "lepton_affine":
            found["y"][8:] = 0
        return found


class BatchHalfPrecision(Naive):
    """Batches of more than one row are computed in FP16."""

    id = "iso-03-half"
    breaks = "INF-ISO-03"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        if model.name == "lepton_affine" and len(arrays["x"]) > 1:
            with np.errstate(all="ignore"):
                arrays = {"x": arrays["x"].astype(np.float16).astype(np.float32)}
        return super().compute(model, request, arrays)


class BatchRowsSwapped(Naive):
    """The last two rows of a batch are swapped, in every model with a free first dimension."""

    id = "iso-03-swapped"
    breaks = "INF-ISO-03"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.name != "lepton_affine" or len(arrays["x"]) < 2:
            return found
        return {name: np.concatenate([array[:-2], array[-1:], array[-2:-1]]) for name, array in found.items()}


ALL: tuple[type[Naive], ...] = (
    LimitUnpublished,
    LimitQuoted,
    LimitBadRequest,
    LimitDoubled,
    LimitSmall,
    DeepJsonServerError,
    DeepJsonDropped,
    DeepJsonKills,
    LongNumberServerError,
    SharedInputs,
    SharedId,
    SharedBuffer,
    CrowdMixed,
    SecondTimeRolled,
    RepeatDrifts,
    BatchCentred,
    BatchTailZero,
    BatchHalfPrecision,
    BatchRowsSwapped,
)
