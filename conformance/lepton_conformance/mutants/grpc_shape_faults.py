"""Faults of refusals over gRPC: shapes that the model cannot take (Spec: INF-GRP-28)."""

import dataclasses
import math

import numpy as np

from lepton_conformance.mutants.computing import Array, Model, Spec
from lepton_conformance.mutants.grpc_decoding import GrpcRefusal, GrpcRequest, GrpcTensor
from lepton_conformance.mutants.grpc_naive import NaiveGrpc

__all__ = ["ALL"]


class _Reshaped(NaiveGrpc):
    """Makes a shape that the model cannot take into one that it can."""

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        specs = {spec.name: spec for spec in model.inputs}
        inputs = tuple(
            dataclasses.replace(tensor, shape=self.reshape(tensor, specs[tensor.name]))
            if tensor.name in specs
            else tensor
            for tensor in request.inputs
        )
        return super().decode(model, dataclasses.replace(request, inputs=inputs))

    def reshape(self, tensor: GrpcTensor, spec: Spec) -> tuple[int, ...]:
        return tensor.shape


class LeadingOnes(_Reshaped):
    """Leading dimensions of 1 are dropped until the rank fits."""

    id = "grp-28-leading"
    breaks = "INF-GRP-28"

    def reshape(self, tensor: GrpcTensor, spec: Spec) -> tuple[int, ...]:
        shape = tensor.shape
        while len(shape) > len(spec.shape) and shape[0] == 1:
            shape = shape[1:]
        return shape


class FlatTaken(_Reshaped):
    """A flat tensor of as many elements is taken for the fixed shape."""

    id = "grp-28-flat"
    breaks = "INF-GRP-28"

    def reshape(self, tensor: GrpcTensor, spec: Spec) -> tuple[int, ...]:
        return (2, 3) if spec.shape == (2, 3) and tensor.shape == (6,) else tensor.shape


class SameCountTaken(_Reshaped):
    """A shape of the same rank and as many elements is taken for the fixed one."""

    id = "grp-28-count"
    breaks = "INF-GRP-28"

    def reshape(self, tensor: GrpcTensor, spec: Spec) -> tuple[int, ...]:
        same = spec.shape == (2, 3) and math.prod(tensor.shape) == 6 and min(tensor.shape, default=0) > 0
        return (2, 3) if same and len(tensor.shape) == 2 else tensor.shape


class RowsMissing(_Reshaped):
    """A tensor that lacks the first dimension is a batch of one."""

    id = "grp-28-row"
    breaks = "INF-GRP-28"

    def reshape(self, tensor: GrpcTensor, spec: Spec) -> tuple[int, ...]:
        return (1, *tensor.shape) if len(tensor.shape) == len(spec.shape) - 1 else tensor.shape


class Wildcard(_Reshaped):
    """A dimension of -1 is what the elements give."""

    id = "grp-28-wildcard"
    breaks = "INF-GRP-28"

    def reshape(self, tensor: GrpcTensor, spec: Spec) -> tuple[int, ...]:
        found = sum(len(values) for values in (tensor.contents or {}).values())
        rest = math.prod(size for size in tensor.shape if size != -1)
        if tensor.shape.count(-1) != 1 or rest <= 0 or found % rest:
            return tensor.shape
        return tuple(found // rest if size == -1 else size for size in tensor.shape)


class NegativesPaired(_Reshaped):
    """The signs of two negative dimensions cancel."""

    id = "grp-28-negative"
    breaks = "INF-GRP-28"

    def reshape(self, tensor: GrpcTensor, spec: Spec) -> tuple[int, ...]:
        return tuple(abs(size) for size in tensor.shape) if math.prod(tensor.shape) > 0 else tensor.shape


class NegativeIsNone(_Reshaped):
    """A negative dimension is 0."""

    id = "grp-28-negative-zero"
    breaks = "INF-GRP-28"

    def reshape(self, tensor: GrpcTensor, spec: Spec) -> tuple[int, ...]:
        return tuple(max(0, size) for size in tensor.shape)


class ProductOverflows(_Reshaped):
    """The element count is taken modulo 2^64: 2^32 times 2^32 elements are none."""

    id = "grp-28-overflow"
    breaks = "INF-GRP-28"

    def reshape(self, tensor: GrpcTensor, spec: Spec) -> tuple[int, ...]:
        count = math.prod(tensor.shape)
        return (0, 0) if count and not count % 2**64 and len(tensor.shape) == 2 else tensor.shape


class OverflowInternal(NaiveGrpc):
    """More elements than a 64-bit integer counts are a fault of the server."""

    id = "grp-28-overflow-code"
    breaks = "INF-GRP-28"

    def check_count(self, tensor: GrpcTensor) -> None:
        if math.prod(tensor.shape) >= 2**63:
            raise GrpcRefusal("INTERNAL", "OverflowError")


class SymbolsFree(NaiveGrpc):
    """Inputs of one symbol may have unlike sizes: the smaller is repeated."""

    id = "grp-28-symbols"
    breaks = "INF-GRP-28"

    def bind_symbols(self, tensor: GrpcTensor, spec: Spec, sizes: dict[str, int]) -> None:
        return

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        shapes = {array.shape for array in arrays.values()}
        if len(shapes) > 1:
            largest = max(arrays.values(), key=lambda array: array.size).shape
            arrays = {name: np.resize(array, largest) for name, array in arrays.items()}
        return super().compute(model, request, arrays)


class SymbolsOne(NaiveGrpc):
    """Inputs of one symbol may differ when one of the sizes is 1, as in numpy."""

    id = "grp-28-broadcast"
    breaks = "INF-GRP-28"

    def bind_symbols(self, tensor: GrpcTensor, spec: Spec, sizes: dict[str, int]) -> None:
        for size, dim in zip(tensor.shape, spec.shape, strict=True):
            if isinstance(dim, str) and sizes.setdefault(dim, size) != size and 1 not in (size, sizes[dim]):
                super().bind_symbols(tensor, spec, sizes)


class FixedCode(NaiveGrpc):
    """Another size than the fixed one is OUT_OF_RANGE."""

    id = "grp-28-code"
    breaks = "INF-GRP-28"

    def check_shape(self, tensor: GrpcTensor, spec: Spec) -> None:
        try:
            super().check_shape(tensor, spec)
        except GrpcRefusal as refusal:
            if len(tensor.shape) == len(spec.shape) and min(tensor.shape) >= 0:
                raise GrpcRefusal("OUT_OF_RANGE", refusal.message) from None
            raise


class WidthUnchecked(NaiveGrpc):
    """Another width than the model's is found out while computing."""

    id = "grp-28-width"
    breaks = "INF-GRP-28"

    def fits(self, size: int, dim: int | str) -> bool:
        return size >= 0 if dim == 4 else super().fits(size, dim)


ALL: tuple[type[NaiveGrpc], ...] = (
    LeadingOnes,
    FlatTaken,
    SameCountTaken,
    RowsMissing,
    Wildcard,
    NegativesPaired,
    NegativeIsNone,
    ProductOverflows,
    OverflowInternal,
    SymbolsFree,
    SymbolsOne,
    FixedCode,
    WidthUnchecked,
)
