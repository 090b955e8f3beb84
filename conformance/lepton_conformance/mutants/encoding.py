"""What leaves: from arrays to the bytes of an answer.

Owns the members of answers, elements in JSON, binary chunks and errors; leaves their order to `naive`. One
overridable method a step. Serves `inference` (INF-RSP, INF-DAT, INF-BIN).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Model, Spec
from lepton_conformance.mutants.decoding import InferRequest, Wanted
from lepton_conformance.mutants.listener import HttpResponse
from lepton_conformance.mutants.refusal import Refusal, shown

__all__ = ["Encoder"]


class Encoder:
    """The steps from arrays to body."""

    json_content_type = "application/json"
    binary_content_type = "application/octet-stream"

    def encode(
        self, model: Model, version: str, request: InferRequest, arrays: Mapping[str, Array]
    ) -> HttpResponse:
        """Return the answer to an inference request.

        Raises: Refusal for an output that JSON cannot carry.
        """
        answer: dict[str, Any] = {
            "model_name": self.answer_name(model),
            **self.answer_version(version),
            **self.answer_id(request),
        }
        outputs: list[dict[str, Any]] = []
        chunks: list[bytes] = []
        for spec, wanted in self.select_outputs(model, request):
            entry, chunk = self.encode_output(request, spec, wanted, arrays[spec.name])
            outputs.append(entry)
            if chunk is not None:
                chunks.append(chunk)
        answer["outputs"] = outputs
        text = self.encode_json(answer)
        if any("binary_data_size" in entry.get("parameters", {}) for entry in outputs):
            return self.binary_response(text, self.order_chunks(chunks))
        return HttpResponse(200, text, {"Content-Type": self.json_content_type})

    def answer_name(self, model: Model) -> Any:
        return model.name

    def answer_version(self, version: str) -> dict[str, Any]:
        return {"model_version": version}

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {} if request.id is None else {"id": request.id}

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        """Return the outputs to answer, in order, each with the request for it if there was one."""
        specs = {spec.name: spec for spec in model.outputs}
        if not request.outputs:
            return [(spec, None) for spec in model.outputs]
        return [(specs[wanted.name], wanted) for wanted in request.outputs]

    def encode_output(
        self, request: InferRequest, spec: Spec, wanted: Wanted | None, array: Array
    ) -> tuple[dict[str, Any], bytes | None]:
        """Return the output's entry and, if it is binary, its bytes."""
        entry = self.describe_output(spec, array)
        if self.wants_binary(request, wanted):
            chunk = self.encode_binary(array, spec.datatype)
            entry["parameters"] = {"binary_data_size": self.binary_size(array, chunk)}
            return entry, chunk
        entry["data"] = self.encode_elements(array, spec)
        return entry, None

    def describe_output(self, spec: Spec, array: Array) -> dict[str, Any]:
        return {"name": spec.name, "datatype": spec.datatype, "shape": list(array.shape)}

    def wants_binary(self, request: InferRequest, wanted: Wanted | None) -> bool:
        chosen = request.parameters.get("binary_data_output", False)
        if wanted is not None:
            chosen = wanted.parameters.get("binary_data", chosen)
        if not isinstance(chosen, bool):
            raise Refusal(400, f"binary_data is {shown(chosen)}, expected true or false")
        return chosen

    # elements in JSON

    def encode_elements(self, array: Array, spec: Spec) -> list[Any]:
        """Return the elements, flat and row-major."""
        flat = self.flat(array)
        if spec.datatype == "BYTES":
            return self.encode_strings(flat, spec)
        if spec.datatype.startswith("FP"):
            return self.encode_floats(flat)
        if spec.datatype == "BF16":
            return self.encode_brain(flat)
        return self.encode_exact(flat)

    def flat(self, array: Array) -> Array:
        return array.ravel(order="C")

    def encode_exact(self, flat: Array) -> list[Any]:
        found: list[Any] = flat.tolist()
        return found

    def encode_floats(self, flat: Array) -> list[Any]:
        # Through FP64, whose shortest decimal rounds back to the bits of any narrower type.
        values: list[Any] = flat.astype(np.float64).tolist()
        if bool(np.isfinite(flat).all()):
            return values
        return [self.encode_special(value) for value in values]

    def encode_brain(self, flat: Array) -> list[Any]:
        return self.encode_floats(flat)

    def encode_special(self, value: float) -> Any:
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
        return value

    def encode_strings(self, flat: Array, spec: Spec) -> list[Any]:
        try:
            return [value.decode("utf-8") for value in flat]
        except UnicodeDecodeError:
            raise Refusal(
                400, f"output {spec.name!r} is not UTF-8; ask for it with the parameter binary_data"
            ) from None

    def encode_json(self, answer: dict[str, Any]) -> bytes:
        return json.dumps(answer, allow_nan=False).encode("utf-8")

    # binary

    def encode_binary(self, array: Array, datatype: str) -> bytes:
        if datatype == "BYTES":
            return b"".join(len(value).to_bytes(4, "little") + value for value in array.ravel())
        if datatype == "BF16":
            return self.encode_binary_brain(array)
        return array.astype(DTYPES[datatype], copy=False).tobytes(order="C")

    def encode_binary_brain(self, array: Array) -> bytes:
        return (np.ascontiguousarray(array).view(np.uint32) >> 16).astype("<u2").tobytes(order="C")

    def binary_size(self, array: Array, chunk: bytes) -> Any:
        return len(chunk)

    def order_chunks(self, chunks: list[bytes]) -> list[bytes]:
        return chunks

    def binary_response(self, text: bytes, chunks: list[bytes]) -> HttpResponse:
        headers = {
            "Content-Type": self.binary_content_type,
            "Inference-Header-Content-Length": self.announced_length(text, chunks),
        }
        return HttpResponse(200, b"".join([text, *chunks]), headers)

    def announced_length(self, text: bytes, chunks: list[bytes]) -> str:
        return str(len(text))

    # errors

    def encode_error(self, refusal: Refusal) -> HttpResponse:
        headers = {"Content-Type": self.json_content_type}
        if refusal.allow:
            headers["Allow"] = refusal.allow
        if refusal.status == 503:
            headers["Retry-After"] = "1"
        return HttpResponse(refusal.status, self.encode_json(self.error_body(refusal)), headers)

    def error_body(self, refusal: Refusal) -> dict[str, Any]:
        return {"error": refusal.message}
