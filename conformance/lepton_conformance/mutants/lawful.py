"""Servers that keep the Open Inference Protocol as it is published and little else: no false alarms on these.

Owns a lenient and a strict reading of what the protocol leaves open; leaves the middle way to `naive`. Both
pass `oip-rest` and fail `inference-rest`. Serves `inference` (the appendix on contradictions).
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Model, Spec
from lepton_conformance.mutants.decoding import InferRequest, Tensor, Wanted
from lepton_conformance.mutants.listener import HttpResponse
from lepton_conformance.mutants.naive import Naive, Route
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL", "Lenient", "Strict"]


class Lenient(Naive):
    """Coerces what it can, answers 500 for what it cannot, nests its data, invents ids, has no versions."""

    id = "lawful-lenient"
    json_content_type = "application/json; charset=utf-8"

    def live(self) -> HttpResponse:
        return HttpResponse(200)

    def ready(self) -> HttpResponse:
        return HttpResponse(200)

    def refuse(self, refusal: Refusal) -> HttpResponse:
        status = 404 if refusal.status in (404, 405) else 500
        if refusal.message.startswith("Content-Length"):
            status = 400
        return super().refuse(Refusal(status, "" if status == 404 else refusal.message))

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Route:
        if version is not None:
            raise self.no_route(rest)
        return super().model_route(name, version, rest)

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name not in self.models:
            return HttpResponse(400)
        return HttpResponse(200)

    def server_metadata(self) -> dict[str, Any]:
        return {"name": "", "version": "", "extensions": [], "license": None}

    def model_metadata(self, model: Model, version: str) -> dict[str, Any]:
        metadata = super().model_metadata(model, version)
        del metadata["versions"]
        return {**metadata, "platform": "", "properties": {}}

    def parse_json(self, body: bytes) -> Any:
        text = body.decode("utf-8")
        try:
            value, _ = json.JSONDecoder().raw_decode(text.lstrip())
        except (ValueError, RecursionError) as error:
            raise Refusal(400, str(error)) from None
        return value

    def read_parameters(self, owner: dict[str, Any], where: str) -> dict[str, Any]:
        return {}

    def read_dimension(self, size: Any, where: str) -> int:
        return abs(int(size)) if isinstance(size, int | float) and math.isfinite(size) else 0

    def check_duplicates(self, names: Sequence[str]) -> None:
        return

    def check_wanted(self, model: Model, request: InferRequest) -> None:
        return

    def bind_symbols(self, tensor: Tensor, spec: Spec, sizes: dict[str, int]) -> None:
        return

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        found: list[Any] = []
        for item in data:
            found += self.flatten(item, tensor) if isinstance(item, list) else [item]
        return found

    def decode_bools(self, flat: list[Any], kinds: set[type]) -> Array:
        return np.array([bool(value) for value in flat], dtype=np.bool_)

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        bits = 8 * DTYPES[datatype].itemsize
        try:
            whole = [int(value or 0) % (1 << bits) for value in flat]
        except (ValueError, OverflowError):
            raise Refusal(400, "an element is no number") from None
        return np.array(whole, dtype=f"u{bits // 8}").view(DTYPES[datatype])

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        try:
            with np.errstate(over="ignore"):
                doubles = np.array(
                    [math.nan if value is None else float(value) for value in flat], np.float64
                )
                return doubles.astype(DTYPES[datatype])
        except (ValueError, OverflowError):
            raise Refusal(400, "an element is no number") from None

    def answer_version(self, version: str) -> dict[str, Any]:
        return {}

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {"id": request.id or "generated-0"}

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        wanted = {entry.name for entry in request.outputs or ()}
        return [(spec, None) for spec in reversed(model.outputs) if not wanted or spec.name in wanted]

    def encode_special(self, value: float) -> Any:
        return str(value) if not math.isfinite(value) else value

    def encode_elements(self, array: Array, spec: Spec) -> list[Any]:
        flat = super().encode_elements(array, spec)
        if spec.datatype == "BOOL":
            flat = [int(value) for value in flat]
        if array.ndim != 2:
            return flat
        columns = array.shape[1]
        return [flat[row * columns :][:columns] for row in range(array.shape[0])]


class Strict(Naive):
    """Refuses everything that the protocol does not promise: unknown members, FP16 in JSON, empty tensors."""

    id = "lawful-strict"

    def segments(self, target: str) -> list[str]:
        # The OpenAPI file of the protocol has `/v2/` only.
        if target == "/v2":
            raise self.no_route(["v2"])
        return super().segments(target)

    def check_content(self, headers: Mapping[str, str]) -> None:
        if headers.get("content-type") != "application/json":
            raise Refusal(415, "Content-Type is not application/json")

    def extensions(self) -> Any:
        return []

    def server_metadata(self) -> dict[str, Any]:
        return {key: value for key, value in super().server_metadata().items() if key != "parameters"}

    def read_request(self, document: Any) -> InferRequest:
        if isinstance(document, dict) and set(document) - {"id", "parameters", "inputs", "outputs"}:
            raise Refusal(422, "the request has an unknown member")
        if isinstance(document, dict) and document.get("outputs") == []:
            raise Refusal(422, "no outputs are requested")
        return super().read_request(document)

    def read_parameters(self, owner: dict[str, Any], where: str) -> dict[str, Any]:
        if super().read_parameters(owner, where):
            raise Refusal(422, "a parameter is unknown")
        return {}

    def decode_tensor(self, tensor: Tensor, part: bytes | None) -> Array:
        if 0 in tensor.shape:
            raise Refusal(422, "a tensor is empty")
        return super().decode_tensor(tensor, part)

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if datatype == "FP16" or str in kinds:
            raise Refusal(422, "the element cannot be expressed in JSON")
        return super().decode_floats(flat, kinds, datatype)

    def encode_floats(self, flat: Array) -> list[Any]:
        if not bool(np.isfinite(flat).all()):
            raise Refusal(500, "an output is not finite")
        return super().encode_floats(flat)


ALL: tuple[type[Naive], ...] = (Lenient, Strict)
