"""Faults of refusals over gRPC: inputs, datatypes, requested outputs (Spec: INF-GRP-26, 27, 29)."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Model, Spec
from lepton_conformance.mutants.grpc_decoding import CONTENTS, GrpcRefusal, GrpcRequest, GrpcTensor
from lepton_conformance.mutants.grpc_naive import NaiveGrpc

__all__ = ["ALL"]


class UnknownIgnored(NaiveGrpc):
    """Inputs that the model does not have are ignored."""

    id = "grp-26-unknown"
    breaks = "INF-GRP-26"

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        known = {spec.name for spec in model.inputs}
        places = [index for index, tensor in enumerate(request.inputs) if tensor.name in known]
        raw = tuple(request.raw[index] for index in places if index < len(request.raw))
        if len(request.raw) in (0, len(request.inputs)):
            inputs = tuple(request.inputs[index] for index in places)
            request = dataclasses.replace(request, inputs=inputs, raw=raw)
        return super().decode(model, request)


class MissingIsZeros(NaiveGrpc):
    """A missing input is zeros of the other one's shape."""

    id = "grp-26-missing"
    breaks = "INF-GRP-26"

    def check_missing(self, names: Sequence[str], specs: Mapping[str, Spec]) -> None:
        if not names:
            super().check_missing(names, specs)

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        arrays = super().decode(model, request)
        first = next(iter(arrays.values()))
        return {spec.name: arrays.get(spec.name, np.zeros_like(first)) for spec in model.inputs}


class LastWins(NaiveGrpc):
    """Of two inputs of one name the last counts."""

    id = "grp-26-last"
    breaks = "INF-GRP-26"

    def check_duplicates(self, names: Sequence[str]) -> None:
        return


class RawDuplicates(NaiveGrpc):
    """Duplicate inputs are refused in typed requests only."""

    id = "grp-26-raw"
    breaks = "INF-GRP-26"

    def check_inputs(self, model: Model, request: GrpcRequest) -> None:
        if request.raw:
            unique = {tensor.name: tensor for tensor in request.inputs}
            request = dataclasses.replace(request, inputs=tuple(unique.values()))
        super().check_inputs(model, request)


class ByPosition(NaiveGrpc):
    """Inputs are taken by position when there are as many as the model has."""

    id = "grp-26-position"
    breaks = "INF-GRP-26"

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        known = [spec.name for spec in model.inputs]
        names = [tensor.name for tensor in request.inputs]
        if len(names) == len(known) == len(set(names)) and set(names) != set(known):
            renamed = zip(request.inputs, known, strict=True)
            inputs = tuple(dataclasses.replace(tensor, name=name) for tensor, name in renamed)
            request = dataclasses.replace(request, inputs=inputs)
        return super().decode(model, request)


class NamesFolded(NaiveGrpc):
    """Names of inputs are compared without case."""

    id = "grp-26-case"
    breaks = "INF-GRP-26"

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        inputs = tuple(dataclasses.replace(each, name=each.name.lower()) for each in request.inputs)
        return super().decode(model, dataclasses.replace(request, inputs=inputs))


class UnknownNotFound(NaiveGrpc):
    """An input that the model does not have is NOT_FOUND."""

    id = "grp-26-code"
    breaks = "INF-GRP-26"

    def check_unknown(self, names: Sequence[str], specs: Mapping[str, Spec]) -> None:
        try:
            super().check_unknown(names, specs)
        except GrpcRefusal as refusal:
            raise GrpcRefusal("NOT_FOUND", refusal.message) from None


class NoInputsUnknown(NaiveGrpc):
    """A missing input ends with UNKNOWN: a KeyError that nobody caught."""

    id = "grp-26-missing-code"
    breaks = "INF-GRP-26"

    def check_missing(self, names: Sequence[str], specs: Mapping[str, Spec]) -> None:
        for name in specs:
            if name not in names:
                raise GrpcRefusal("UNKNOWN", f"Exception calling application: {name!r}")


class DatatypeIgnored(NaiveGrpc):
    """The datatype of an input is not looked at."""

    id = "grp-27-ignored"
    breaks = "INF-GRP-27"

    def check_datatype(self, tensor: GrpcTensor, spec: Spec) -> None:
        return

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        return super().decode_typed(self.corrected(tensor))

    def decode_raw(self, tensor: GrpcTensor, part: bytes) -> Array:
        return super().decode_raw(self.corrected(tensor), part)

    def check_inputs(self, model: Model, request: GrpcRequest) -> None:
        super().check_inputs(model, request)
        self.expected = {spec.name: spec.datatype for spec in model.inputs}

    def corrected(self, tensor: GrpcTensor) -> GrpcTensor:
        return dataclasses.replace(tensor, datatype=self.expected[tensor.name])


class _Renamed(NaiveGrpc):
    """Takes some spellings of a datatype for the model's."""

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        expected = {spec.name: spec.datatype for spec in model.inputs}
        inputs = tuple(
            dataclasses.replace(tensor, datatype=self.spelled(tensor.datatype, expected.get(tensor.name, "")))
            for tensor in request.inputs
        )
        return super().decode(model, dataclasses.replace(request, inputs=inputs))

    def spelled(self, found: str, expected: str) -> str:
        return found


class LowerCase(_Renamed):
    """Datatypes in lower case are accepted."""

    id = "grp-27-lower"
    breaks = "INF-GRP-27"

    def spelled(self, found: str, expected: str) -> str:
        return found.upper()


class EmptyDatatype(_Renamed):
    """An empty datatype is the model's."""

    id = "grp-27-empty"
    breaks = "INF-GRP-27"

    def spelled(self, found: str, expected: str) -> str:
        return found or expected


class SameField(_Renamed):
    """Datatypes of the same field are taken for each other."""

    id = "grp-27-field"
    breaks = "INF-GRP-27"

    def spelled(self, found: str, expected: str) -> str:
        return expected if found in CONTENTS and CONTENTS[found] == CONTENTS.get(expected) else found


class SameSize(_Renamed):
    """Datatypes of the same size are taken for each other: the elements are those bytes."""

    id = "grp-27-size"
    breaks = "INF-GRP-27"

    def spelled(self, found: str, expected: str) -> str:
        same = {found, expected} <= set(DTYPES) and DTYPES[found].itemsize == DTYPES[expected].itemsize
        return expected if same and "BYTES" not in (found, expected) else found


class Unregistered(_Renamed):
    """An unregistered datatype is the model's."""

    id = "grp-27-unregistered"
    breaks = "INF-GRP-27"

    def spelled(self, found: str, expected: str) -> str:
        registered = not found or found.upper() in (*DTYPES, "BF16")
        return found if registered else expected


class DatatypeCode(NaiveGrpc):
    """Another datatype is not implemented."""

    id = "grp-27-code"
    breaks = "INF-GRP-27"

    def check_datatype(self, tensor: GrpcTensor, spec: Spec) -> None:
        if tensor.datatype != spec.datatype:
            raise GrpcRefusal("UNIMPLEMENTED", f"expected {spec.datatype}")


class UnknownOutputIgnored(NaiveGrpc):
    """Requested outputs that the model does not have are ignored."""

    id = "grp-29-ignored"
    breaks = "INF-GRP-29"

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        known = {spec.name for spec in model.outputs}
        kept = tuple(name for name in request.wanted if name in known)
        return super().decode(model, dataclasses.replace(request, wanted=kept))

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        known = {spec.name: spec for spec in model.outputs}
        found = [known[name] for name in request.wanted if name in known]
        return found or model.outputs


class FirstWantedChecked(UnknownOutputIgnored):
    """Only the first requested output is checked."""

    id = "grp-29-first"
    breaks = "INF-GRP-29"

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        self.check_wanted(model, dataclasses.replace(request, wanted=request.wanted[:1]))
        return super().decode(model, request)


class DuplicateTwice(NaiveGrpc):
    """An output that is requested twice is answered twice."""

    id = "grp-29-twice"
    breaks = "INF-GRP-29"

    def check_wanted(self, model: Model, request: GrpcRequest) -> None:
        super().check_wanted(model, dataclasses.replace(request, wanted=tuple(set(request.wanted))))


class DuplicateOnce(DuplicateTwice):
    """An output that is requested twice is answered once."""

    id = "grp-29-once"
    breaks = "INF-GRP-29"

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        unique = tuple(dict.fromkeys(request.wanted))
        return super().select_outputs(model, dataclasses.replace(request, wanted=unique))


class UnknownOutputNotFound(NaiveGrpc):
    """An unknown requested output is NOT_FOUND."""

    id = "grp-29-code"
    breaks = "INF-GRP-29"

    def check_wanted(self, model: Model, request: GrpcRequest) -> None:
        if not set(request.wanted) <= {spec.name for spec in model.outputs}:
            raise GrpcRefusal("NOT_FOUND", "unknown output")
        super().check_wanted(model, request)


ALL: tuple[type[NaiveGrpc], ...] = (
    UnknownIgnored,
    MissingIsZeros,
    LastWins,
    RawDuplicates,
    ByPosition,
    NamesFolded,
    UnknownNotFound,
    NoInputsUnknown,
    DatatypeIgnored,
    LowerCase,
    EmptyDatatype,
    SameField,
    SameSize,
    Unregistered,
    DatatypeCode,
    UnknownOutputIgnored,
    FirstWantedChecked,
    DuplicateTwice,
    DuplicateOnce,
    UnknownOutputNotFound,
)
