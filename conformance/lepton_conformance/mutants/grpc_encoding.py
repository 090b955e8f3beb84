"""What leaves over gRPC: from arrays to the bytes of a ModelInferResponse.

Owns the fields of the answer, typed and raw outputs; leaves the wire format to `grpc_messages` and the order
of steps to `grpc_naive`. One overridable method a step. Serves `inference` (INF-GRP).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Model, Spec
from lepton_conformance.mutants.grpc_decoding import CONTENTS, RAW_ONLY, GrpcRequest
from lepton_conformance.mutants.grpc_messages import Message, Wire

__all__ = ["GrpcEncoder"]


class GrpcEncoder(Wire):
    """The steps from arrays to bytes."""

    def encode(self, model: Model, version: str, request: GrpcRequest, arrays: Mapping[str, Array]) -> bytes:
        """Return the answer to an inference request."""
        return self.build("InferResponse", self.answer(model, version, request, arrays))

    def answer(
        self, model: Model, version: str, request: GrpcRequest, arrays: Mapping[str, Array]
    ) -> Message:
        specs = self.select_outputs(model, request)
        message: Message = {
            "model_name": self.answer_name(model, request),
            "model_version": self.answer_version(model, version),
            "id": self.answer_id(request),
        }
        if self.answers_raw(request, specs):
            message["outputs"] = [self.describe_output(spec, arrays[spec.name]) for spec in specs]
            message["raw_output_contents"] = self.order_raw(
                [self.encode_raw(arrays[spec.name], spec) for spec in specs]
            )
        else:
            message["outputs"] = [
                {
                    **self.describe_output(spec, arrays[spec.name]),
                    "contents": self.encode_typed(arrays[spec.name], spec),
                }
                for spec in specs
            ]
        return message

    def answer_name(self, model: Model, request: GrpcRequest) -> str:
        return model.name

    def answer_version(self, model: Model, version: str) -> str:
        return version

    def answer_id(self, request: GrpcRequest) -> str:
        return request.id

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        """Return the outputs to answer, in order."""
        specs = {spec.name: spec for spec in model.outputs}
        return [specs[name] for name in request.wanted] if request.wanted else model.outputs

    def answers_raw(self, request: GrpcRequest, specs: Sequence[Spec]) -> bool:
        return bool(request.raw) or any(spec.datatype in RAW_ONLY for spec in specs)

    def describe_output(self, spec: Spec, array: Array) -> Message:
        return {"name": spec.name, "datatype": spec.datatype, "shape": list(array.shape)}

    def flat(self, array: Array) -> Array:
        return array.ravel(order="C")

    def encode_typed(self, array: Array, spec: Spec) -> Message:
        flat = self.flat(array)
        values: Any = list(flat) if spec.datatype == "BYTES" else flat
        return {self.contents_field(spec): values}

    def contents_field(self, spec: Spec) -> str:
        return CONTENTS[spec.datatype]

    def encode_raw(self, array: Array, spec: Spec) -> bytes:
        flat = self.flat(array)
        if spec.datatype == "BYTES":
            return b"".join(len(value).to_bytes(4, "little") + value for value in flat)
        return np.asarray(flat, dtype=DTYPES[spec.datatype]).tobytes()

    def order_raw(self, parts: list[bytes]) -> list[bytes]:
        return parts
