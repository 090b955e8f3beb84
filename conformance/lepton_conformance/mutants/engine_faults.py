"""Faults of runtimes: numbers, rejections, isolation (Spec: RUN-NUM, RUN-ERR, RUN-ISO).

Each class is an in-process adapter: `python:lepton_conformance.mutants.engine_faults:CLASS`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from lepton_conformance.mutants.computing import DTYPES, Array, Spec
from lepton_conformance.mutants.engine import Engine, Loaded

__all__ = ["ALL"]


class CopyThroughDoubles(Engine):
    """64-bit integers are copied through FP64."""

    id = "run-num-01-doubles"
    breaks = "RUN-NUM-01"

    def copy(self, value: Array) -> Array:
        if value.dtype.kind not in "iu" or value.dtype.itemsize < 8:
            return value.copy()
        limit = float(np.iinfo(value.dtype).max)
        wide = value.astype(np.float64)
        return np.where(wide >= limit, value, wide.astype(value.dtype))


class SplitThroughFloats(Engine):
    """Integers are subtracted in FP32."""

    id = "run-num-01-floats"
    breaks = "RUN-NUM-01"

    def subtract(self, left: Array, right: Array) -> Array:
        if left.dtype != np.int32:
            return super().subtract(left, right)
        wide = (left.astype(np.float32) - right.astype(np.float32)).astype(np.float64)
        return wide.clip(-(2.0**31), 2.0**31 - 1).astype(np.int32)


class TransposeReshapes(Engine):
    """Transpose changes the shape and leaves the elements where they are."""

    id = "run-num-01-transpose"
    breaks = "RUN-NUM-01"

    def transpose(self, value: Array) -> Array:
        return value.reshape(value.shape[::-1]).copy()


class StringsTrimmed(Engine):
    """NULs at the end of strings are lost."""

    id = "run-num-01-strings"
    breaks = "RUN-NUM-01"

    def copy(self, value: Array) -> Array:
        found = value.copy()
        if found.dtype == object:
            found.reshape(-1)[:] = [element.rstrip(b"\0") for element in found.reshape(-1)]
        return found


class DoublesNarrowed(Engine):
    """FP64 is copied with 52 of its 53 bits."""

    id = "run-num-01-low-bit"
    breaks = "RUN-NUM-01"

    def copy(self, value: Array) -> Array:
        if value.dtype != np.float64:
            return value.copy()
        return (value.view(np.uint64) & ~np.uint64(1)).view(np.float64)


class LastRowRepeated(Engine):
    """From five rows on, the last row of a copy is the first."""

    id = "run-num-01-last-row"
    breaks = "RUN-NUM-01"

    def copy(self, value: Array) -> Array:
        found = value.copy()
        if len(found) >= 5 and found.dtype == np.int16:
            found[-1] = found[0]
        return found


class HalfPrecision(Engine):
    """Matrices are multiplied in FP16."""

    id = "run-num-02-half"
    breaks = "RUN-NUM-02"

    def multiply(self, left: Array, right: Array) -> Array:
        return (left.astype(np.float16) @ right.astype(np.float16)).astype(np.float32)


class ElevenBits(Engine):
    """Matrices are multiplied with 11 significant bits, as reduced precision on accelerators has it."""

    id = "run-num-02-tf32"
    breaks = "RUN-NUM-02"

    def multiply(self, left: Array, right: Array) -> Array:
        mask = np.uint32(0xFFFFE000)
        reduced = [(value.view(np.uint32) & mask).view(np.float32) for value in map(_packed, (left, right))]
        return reduced[0] @ reduced[1]


class SumShortened(Engine):
    """Sums of floating-point numbers are rounded to 16 significant bits."""

    id = "run-num-02-sum"
    breaks = "RUN-NUM-02"

    def multiply(self, left: Array, right: Array) -> Array:
        return (_packed(left @ right).view(np.uint32) & np.uint32(0xFFFFFF00)).view(np.float32)


class OperandsSwapped(Engine):
    """Floating-point subtraction has its operands the wrong way round."""

    id = "run-num-02-swapped"
    breaks = "RUN-NUM-02"

    def subtract(self, left: Array, right: Array) -> Array:
        return right - left if left.dtype == np.float32 else super().subtract(left, right)


class CancelledToZero(Engine):
    """Differences that are small against the operands are zero."""

    id = "run-num-02-cancelled"
    breaks = "RUN-NUM-02"

    def subtract(self, left: Array, right: Array) -> Array:
        found = super().subtract(left, right)
        if found.dtype != np.float32:
            return found
        return np.where(np.abs(found) < np.abs(left) * np.float32(1e-6), np.float32(0), found)


class BiasForgotten(Engine):
    """The bias is added to the first row only."""

    id = "run-num-02-bias"
    breaks = "RUN-NUM-02"

    def apply(self, operator: str, values: list[Array]) -> Array:
        if operator == "Add" and values[0].dtype == np.float32:
            found = values[0].copy()
            found[:1] += values[1]
            return found
        return super().apply(operator, values)


class NanIsZero(Engine):
    """NaN is copied as zero."""

    id = "run-num-03-nan"
    breaks = "RUN-NUM-03"

    def copy(self, value: Array) -> Array:
        return (
            np.where(np.isnan(value), value.dtype.type(0), value) if value.dtype.kind == "f" else value.copy()
        )


class InfinityIsLargest(Engine):
    """Infinities are copied as the largest numbers."""

    id = "run-num-03-infinity"
    breaks = "RUN-NUM-03"

    def copy(self, value: Array) -> Array:
        if value.dtype.kind != "f":
            return value.copy()
        return np.nan_to_num(value, nan=np.nan)


class SubnormalsFlushed(Engine):
    """Subnormal FP16 numbers are flushed when they are transposed or copied."""

    id = "run-num-03-subnormal"
    breaks = "RUN-NUM-03"

    def copy(self, value: Array) -> Array:
        if value.dtype != np.float16:
            return value.copy()
        small = np.abs(value) < np.finfo(np.float16).tiny
        return np.where(small, np.copysign(np.float16(0), value), value)


class TransposeFlushes(Engine):
    """Subnormal numbers are flushed by Transpose only."""

    id = "run-num-03-transpose"
    breaks = "RUN-NUM-03"

    def transpose(self, value: Array) -> Array:
        small = np.abs(value) < np.finfo(value.dtype).tiny
        return super().transpose(np.where(small, np.copysign(value.dtype.type(0), value), value))


class NegativeZeroLost(Engine):
    """Negative zero is transposed as zero."""

    id = "run-num-03-zero"
    breaks = "RUN-NUM-03"

    def transpose(self, value: Array) -> Array:
        return super().transpose(value + value.dtype.type(0))


class LoadsLazily(Engine):
    """A file is read at the first call."""

    id = "run-err-01-lazy"
    breaks = "RUN-ERR-01"

    def load(self, path: str) -> Loaded:
        if not Path(path).is_file() or Path(path).read_bytes()[:4] == b"this":
            raise ValueError(f"{path} is no model")
        try:
            return super().load(path)
        except Exception:
            return Loaded(self, (), (), (), {})


class EmptyIsModel(Engine):
    """An empty file is an empty model."""

    id = "run-err-01-empty"
    breaks = "RUN-ERR-01"

    def check_model(self, model: Any) -> None:
        if model.ByteSize():
            super().check_model(model)


class OperatorUnchecked(Engine):
    """Operators are looked up when they are computed."""

    id = "run-err-01-operator"
    breaks = "RUN-ERR-01"

    def check_model(self, model: Any) -> None:
        if not any(node.op_type == "Identiti" for node in model.graph.node):
            super().check_model(model)


class GraphUnchecked(Engine):
    """The inputs of nodes are not looked at."""

    id = "run-err-01-graph"
    breaks = "RUN-ERR-01"

    def check_model(self, model: Any) -> None:
        if not model.graph.output or not model.graph.node or not model.opset_import:
            raise ValueError("this is no model")
        for node in model.graph.node:
            onnx.defs.get_schema(node.op_type, model.opset_import[0].version)


class TruncatedIsModel(Engine):
    """A file that ends early is read as far as it goes."""

    id = "run-err-01-truncated"
    breaks = "RUN-ERR-01"

    def read(self, path: str) -> Any:
        data = Path(path).read_bytes()
        try:
            return super().read(path)
        except Exception:
            return onnx.load_model_from_string(data + b"\x11")


class MissingIsZero(Engine):
    """A missing input is zero."""

    id = "run-err-02-missing"
    breaks = "RUN-ERR-02"

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        for spec in model.inputs:
            if spec.name not in inputs and inputs:
                inputs[spec.name] = np.zeros_like(next(iter(inputs.values())))
        return super().check_inputs(model, inputs)


class UnknownIgnored(Engine):
    """An unknown input is ignored."""

    id = "run-err-02-unknown"
    breaks = "RUN-ERR-02"

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        known = {spec.name for spec in model.inputs}
        return super().check_inputs(model, {key: value for key, value in inputs.items() if key in known})


class DatatypeCast(Engine):
    """Inputs are cast to the model's datatype."""

    id = "run-err-02-cast"
    breaks = "RUN-ERR-02"

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        types = {spec.name: spec.datatype for spec in model.inputs}
        cast = {
            name: array.astype(DTYPES[types[name]])
            for name, array in inputs.items()
            if array.dtype.kind != "O" and types.get(name, "BYTES") != "BYTES"
        }
        return super().check_inputs(model, {**inputs, **cast})


class DoublesCast(Engine):
    """FP64 is cast for a model that takes FP32."""

    id = "run-err-02-doubles"
    breaks = "RUN-ERR-02"

    def check_datatype(self, spec: Spec, array: Array) -> None:
        if (spec.datatype, array.dtype) != ("FP32", np.dtype(np.float64)):
            super().check_datatype(spec, array)


class RankReshaped(Engine):
    """Inputs of another rank are reshaped when they fit."""

    id = "run-err-02-rank"
    breaks = "RUN-ERR-02"

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        fitted = {name: array[0] if array.ndim == 3 else array for name, array in inputs.items()}
        return super().check_inputs(model, fitted)


class SizeResized(Engine):
    """Fixed sizes are made to fit."""

    id = "run-err-02-size"
    breaks = "RUN-ERR-02"

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        for spec in model.inputs:
            array = inputs.get(spec.name)
            if array is not None and array.ndim == len(spec.shape):
                shape = [
                    dim if isinstance(dim, int) else size
                    for dim, size in zip(spec.shape, array.shape, strict=True)
                ]
                if shape != list(array.shape):
                    inputs = {**inputs, spec.name: np.resize(array, shape)}
        return super().check_inputs(model, inputs)


class CrashesOnWrongInput(Engine):
    """A wrong datatype ends the process."""

    id = "run-err-02-crash"
    breaks = "RUN-ERR-02"

    def check_datatype(self, spec: Spec, array: Array) -> None:
        try:
            super().check_datatype(spec, array)
        except ValueError:
            os.abort()


class DeadAfterRejection(Engine):
    """A model that rejected a shape rejects everything after it."""

    id = "run-err-03-dead"
    breaks = "RUN-ERR-03"

    def __init__(self) -> None:
        self.dead: set[str] = set()

    def check_shape(self, spec: Spec, array: Array) -> None:
        key = f"{spec.name} {spec.shape} {spec.datatype}"
        if key in self.dead:
            raise ValueError("the model failed before")
        try:
            super().check_shape(spec, array)
        except ValueError:
            self.dead.add(key)
            raise


class RejectedInputsKept(Engine):
    """Inputs of a rejected call are used by the next one when they fit."""

    id = "run-err-03-kept"
    breaks = "RUN-ERR-03"

    def __init__(self) -> None:
        self.kept: dict[str, Array] = {}

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        try:
            found = super().check_inputs(model, inputs)
        except ValueError:
            self.kept = {name: array * 0 for name, array in inputs.items() if array.dtype.kind in "iuf"}
            raise
        fitting = {
            name: self.kept[name]
            for name, array in found.items()
            if name in self.kept
            and (self.kept[name].shape, self.kept[name].dtype) == (array.shape, array.dtype)
        }
        self.kept = {}
        return {**found, **fitting}


class SubtractsInPlace(Engine):
    """Differences are computed in the memory of the first input."""

    id = "run-iso-01-subtract"
    breaks = "RUN-ISO-01"

    def subtract(self, left: Array, right: Array) -> Array:
        if left.dtype != np.float32:
            return super().subtract(left, right)
        left -= right
        return left.copy()


class CopyClearsInput(Engine):
    """The input of a copy is cleared after it."""

    id = "run-iso-01-clears"
    breaks = "RUN-ISO-01"

    def copy(self, value: Array) -> Array:
        found = value.copy()
        if value.dtype == np.uint8 and value.size > 10:
            value.fill(0)
        return found


class BufferReused(Engine):
    """Outputs of one name, shape and type share a buffer."""

    id = "run-iso-02-buffer"
    breaks = "RUN-ISO-02"

    def __init__(self) -> None:
        self.buffers: dict[Any, Array] = {}

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        shared = {}
        for name, array in outputs.items():
            buffer = self.buffers.setdefault((name, array.shape, array.dtype.str), np.empty_like(array))
            buffer[...] = array
            shared[name] = buffer
        return shared


class OutputIsInput(Engine):
    """A copy of 8-byte elements is the input itself."""

    id = "run-iso-02-input"
    breaks = "RUN-ISO-02"

    def copy(self, value: Array) -> Array:
        return value if value.itemsize == 8 and value.dtype.kind in "iu" else value.copy()


class LastOutputCleared(Engine):
    """An output is cleared when the next call of any model begins."""

    id = "run-iso-02-cleared"
    breaks = "RUN-ISO-02"

    def __init__(self) -> None:
        self.last: Array | None = None

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        if self.last is not None and self.last.dtype == np.int64:
            self.last.fill(0)
        self.last = next(iter(outputs.values()))
        return outputs


class CachedByShape(Engine):
    """Outputs are remembered by the shapes of the inputs."""

    id = "run-iso-03-cached"
    breaks = "RUN-ISO-03"

    def __init__(self) -> None:
        self.seen: dict[Any, tuple[int, dict[str, Array]]] = {}

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        key = (id(model), *(array.shape for array in inputs.values()))
        count, kept = self.seen.get(key, (0, {}))
        if count >= 6:
            return {name: array.copy() for name, array in kept.items()}
        found = super().compute(model, inputs)
        self.seen[key] = (count + 1, found)
        return found

    def forget(self, model: Loaded) -> None:
        self.seen.clear()


class RepeatDrifts(Engine):
    """Integers drift by one from the fourth equal call on."""

    id = "run-iso-03-drifts"
    breaks = "RUN-ISO-03"

    def __init__(self) -> None:
        self.last = b""
        self.streak = 0

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        found = super().compute(model, inputs)
        key = b"".join(array.tobytes() for array in inputs.values() if array.dtype == np.int32)
        self.streak = self.streak + 1 if key and key == self.last else 1
        self.last = key
        if self.streak >= 4:
            return {name: array + array.dtype.type(1) for name, array in found.items()}
        return found


class LastLoadedWins(Engine):
    """The steps of the model loaded last are used for every model with the same input."""

    id = "run-iso-04-last"
    breaks = "RUN-ISO-04"

    def __init__(self) -> None:
        self.newest: dict[Any, Loaded] = {}
        self.older: dict[int, Loaded] = {}

    def build(self, model: Any) -> Loaded:
        loaded = super().build(model)
        key = (loaded.inputs[0].name, loaded.inputs[0].datatype, len(loaded.outputs))
        self.newest[key] = loaded
        return loaded

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        key = (model.inputs[0].name, model.inputs[0].datatype, len(model.outputs))
        used = self.newest[key]
        same = inputs["x"].shape[-1:] == (4,) if "x" in inputs and used.constants else True
        return super().compute(used if same else model, inputs)


class CacheWithoutModel(Engine):
    """Answers are remembered by names and contents of the inputs, not by the model."""

    id = "run-iso-04-cache"
    breaks = "RUN-ISO-04"

    def __init__(self) -> None:
        self.seen: dict[Any, tuple[tuple[str, ...], dict[str, Array]]] = {}

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        found = super().compute(model, inputs)
        key = tuple(
            (name, array.shape, array.dtype.str, array.tobytes() if array.dtype.kind != "O" else b"")
            for name, array in inputs.items()
        )
        names = tuple(spec.name for spec in model.outputs)
        kept_names, kept = self.seen.get(key, ((), {}))
        self.seen[key] = (names, found)
        return {name: array.copy() for name, array in kept.items()} if kept_names == names else found

    def forget(self, model: Loaded) -> None:
        self.seen.clear()


class SecondLoadEmptiesFirst(Engine):
    """Loading a model again empties the constants of the first."""

    id = "run-iso-04-again"
    breaks = "RUN-ISO-04"

    def __init__(self) -> None:
        self.first: dict[str, Loaded] = {}

    def build(self, model: Any) -> Loaded:
        loaded = super().build(model)
        known = self.first.get(model.graph.name)
        if known is None:
            self.first[model.graph.name] = loaded
        else:
            known.constants = {name: array * 0 for name, array in known.constants.items()}
        return loaded

    def forget(self, model: Loaded) -> None:
        self.first = {name: loaded for name, loaded in self.first.items() if loaded is not model}


def _packed(value: Array) -> Array:
    return np.ascontiguousarray(value, dtype=np.float32)


ALL: tuple[type[Engine], ...] = (
    CopyThroughDoubles,
    SplitThroughFloats,
    TransposeReshapes,
    StringsTrimmed,
    DoublesNarrowed,
    LastRowRepeated,
    HalfPrecision,
    ElevenBits,
    SumShortened,
    OperandsSwapped,
    CancelledToZero,
    BiasForgotten,
    NanIsZero,
    InfinityIsLargest,
    SubnormalsFlushed,
    TransposeFlushes,
    NegativeZeroLost,
    LoadsLazily,
    EmptyIsModel,
    OperatorUnchecked,
    GraphUnchecked,
    TruncatedIsModel,
    MissingIsZero,
    UnknownIgnored,
    DatatypeCast,
    DoublesCast,
    RankReshaped,
    SizeResized,
    CrashesOnWrongInput,
    DeadAfterRejection,
    RejectedInputsKept,
    SubtractsInPlace,
    CopyClearsInput,
    BufferReused,
    OutputIsInput,
    LastOutputCleared,
    CachedByShape,
    RepeatDrifts,
    LastLoadedWins,
    CacheWithoutModel,
    SecondLoadEmptiesFirst,
)
