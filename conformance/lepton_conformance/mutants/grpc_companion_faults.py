"""Faults of what one server answers over gRPC and otherwise over REST (Spec: INF-GRP-41).

The companion is the naive REST server without a fault, which computes the same models.
"""

import numpy as np

from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.grpc_decoding import GrpcRequest
from lepton_conformance.mutants.grpc_naive import NaiveGrpc

__all__ = ["ALL"]


class HalfOverGrpc(NaiveGrpc):
    """Over gRPC `lepton_affine` is computed in FP16."""

    id = "grp-41-half"
    breaks = "INF-GRP-41"

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        if model.name == "lepton_affine":
            with np.errstate(all="ignore"):
                arrays = {"x": arrays["x"].astype(np.float16).astype(np.float32)}
        return super().compute(model, request, arrays)


class ReshapedOverGrpc(NaiveGrpc):
    """Over gRPC `lepton_transpose` gives its elements another shape and leaves them where they are."""

    id = "grp-41-reshaped"
    breaks = "INF-GRP-41"

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        if model.name == "lepton_transpose":
            return {"y": arrays["x"].reshape(3, 2)}
        return super().compute(model, request, arrays)


class SaturatesOverGrpc(NaiveGrpc):
    """Over gRPC `lepton_split` adds in 16 bits."""

    id = "grp-41-narrow"
    breaks = "INF-GRP-41"

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.name != "lepton_split":
            return found
        return {name: array.astype(np.int16).astype(np.int32) for name, array in found.items()}


ALL: tuple[type[NaiveGrpc], ...] = (
    HalfOverGrpc,
    ReshapedOverGrpc,
    SaturatesOverGrpc,
)
