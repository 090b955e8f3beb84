"""The engine onnxruntime, on one CPU thread, deterministic.

Owns sessions and the translation of BF16, which numpy lacks; leaves BYTES to `strings` and checking of inputs
to `binding`. Serves `runtime`.
"""

import ctypes
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lepton.errors import BindError, RuntimeRefusal, UnsupportedError
from lepton.runtime import strings
from lepton.runtime.protocol import Array
from lepton.tensor import element_count

__all__ = ["OnnxModel", "OnnxRuntime"]

# The engine reports to its maker over the network unless told otherwise before its import (COR-NET-01).
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

#: Inputs -> every output, in whatever way the types of one graph need.
Compute = Callable[[Mapping[str, Array]], dict[str, Array]]

#: TensorProto.BFLOAT16.
_ONNX_BF16 = 16


class OnnxRuntime:
    """Loads `onnx` artifacts."""

    name = "onnxruntime"
    formats = ("onnx",)

    @functools.cached_property
    def version(self) -> str:
        """The version of the installed distribution, without importing it."""
        from importlib import metadata  # it costs more than the rest of this module

        return metadata.version("onnxruntime")

    def load(self, entry: Path, inputs: Sequence[str], outputs: Sequence[str]) -> "OnnxModel":
        """Load a graph. Raises: RuntimeRefusal when onnxruntime refuses it or its names differ."""
        session = _session(str(entry), entry.name)
        for kind, found, expected in (
            ("inputs", [node.name for node in session.get_inputs()], list(inputs)),
            ("outputs", [node.name for node in session.get_outputs()], list(outputs)),
        ):
            if sorted(found) != sorted(expected):
                raise RuntimeRefusal(f"{entry.name}: found graph {kind} {found}, expected {expected}")
        return OnnxModel(session, tuple(outputs), _encoding(session, entry))

    def load_altered(
        self, folder: Path, data: bytes, replaced: Mapping[str, tuple[Array, int]], outputs: Sequence[str]
    ) -> "OnnxModel":
        """Load a wrong twin of an artifact from memory, for a few answers: nothing is optimised.

        `folder` holds its external data, `replaced` the arrays (with their TensorProto types) that stand in
        for external initializers. Raises: RuntimeRefusal when onnxruntime refuses it.
        """
        options = _options()
        import onnxruntime

        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_session_config_entry("session.disable_prepacking", "1")
        options.enable_cpu_mem_arena = False  # what it takes for these few answers, it gives back
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
        if replaced:
            values = [
                onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(array, number)
                for array, number in replaced.values()
            ]
            options.add_external_initializers(list(replaced), values)
        session = _session(data, "the altered artifact", options)
        return OnnxModel(session, tuple(outputs), _encoding(session, data))

    def load_bytes(self, data: bytes, name: str) -> "OnnxModel":
        """Load the graph of a step, verified and without external data, from memory; `name` is for messages.

        Raises: RuntimeRefusal when onnxruntime refuses it.
        """
        session = _session(data, name)
        outputs = tuple(node.name for node in session.get_outputs())
        return OnnxModel(session, outputs, _encoding(session, data))


def _options() -> Any:
    """Return options for one thread and the same bits every time."""
    import onnxruntime  # 0.1 s, and only those who compute pay it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    return options


def _session(source: str | bytes, name: str, options: Any = None) -> Any:
    """Start a session on a file or on the bytes of one, which onnxruntime calls alike."""
    options = _options() if options is None else options
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the engine raises a dozen unrelated classes
        if type(error).__name__ == "NotImplemented":
            raise UnsupportedError(f"onnxruntime lacks what {name} needs: {_first_line(error)}") from error
        raise RuntimeRefusal(f"onnxruntime refuses {name}: {_first_line(error)}") from error


def _encoding(session: Any, source: Path | bytes) -> str:
    nodes = (*session.get_inputs(), *session.get_outputs())
    if any(node.type == "tensor(string)" for node in nodes):
        return strings.encoding_of(source)
    return strings.UTF8


class OnnxModel:
    """One onnxruntime session; safe to call from several threads."""

    __slots__ = ("_compute", "inputs", "outputs")

    def __init__(self, session: Any, outputs: tuple[str, ...], encoding: str) -> None:
        """Choose the way in and out that the graph's types need, so that no call pays for another's."""
        #: The names of the graph's own inputs, in its order, and of the outputs that it is asked for.
        self.inputs = tuple(node.name for node in session.get_inputs())
        self.outputs = outputs
        types = {node.name: node.type for node in (*session.get_inputs(), *session.get_outputs())}
        texts = {name for name, type_ in types.items() if type_ == "tensor(string)"}
        self._compute: Compute
        if "tensor(bfloat16)" in types.values():
            self._compute = _through_ort_values(session, outputs)
        elif len(outputs) == 1 and not texts:
            self._compute = _single(session, outputs[0])
        else:
            texts_in = [node.name for node in session.get_inputs() if node.name in texts]
            texts_out = [name for name in outputs if name in texts]
            self._compute = _translating(session, outputs, texts_in, texts_out, encoding)

    def infer(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Compute every output. Inputs are read only; the answers are the caller's own.

        Raises: RuntimeRefusal when onnxruntime fails; BindError for BYTES that are not UTF-8 in a graph that
        looks into them.
        """
        try:
            return self._compute(inputs)
        except BindError:
            raise
        except Exception as error:  # the engine raises a dozen unrelated classes
            raise RuntimeRefusal(f"onnxruntime failed: {_first_line(error)}") from error

    def close(self) -> None:
        """Let the session go; a call under way in another thread still finishes."""
        self._compute = _closed


def _single(session: Any, output: str) -> Compute:
    run, outputs = session.run, [output]

    def compute(inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {output: run(outputs, inputs)[0]}

    return compute


def _translating(
    session: Any, outputs: tuple[str, ...], texts_in: Sequence[str], texts_out: Sequence[str], encoding: str
) -> Compute:
    """Compute with BYTES in and out as the `str` objects that onnxruntime takes and gives."""
    run, requested = session.run, list(outputs)

    def compute(inputs: Mapping[str, Array]) -> dict[str, Array]:
        if texts_in:
            inputs = {**inputs, **{name: strings.decoded(name, inputs[name], encoding) for name in texts_in}}
        answer = dict(zip(requested, run(requested, inputs), strict=True))
        for name in texts_out:
            answer[name] = strings.encoded(answer[name], encoding)
        return answer

    return compute


def _through_ort_values(session: Any, outputs: tuple[str, ...]) -> Compute:
    """Compute with OrtValues: the only door for BF16, whose elements are copied out by address."""
    import ml_dtypes
    from onnxruntime import OrtValue

    bfloat16 = np.dtype(ml_dtypes.bfloat16)

    def value_of(array: Array) -> Any:
        if array.dtype != bfloat16:
            return OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))
        bits = np.ascontiguousarray(array).view(np.uint16)
        return OrtValue.ortvalue_from_numpy_with_onnx_type(bits, _ONNX_BF16)

    def array_of(value: Any) -> Array:
        if value.element_type() != _ONNX_BF16:
            return np.array(value.numpy())
        shape = value.shape()
        raw = ctypes.string_at(value.data_ptr(), bfloat16.itemsize * element_count(shape))
        return np.frombuffer(raw, bfloat16).reshape(shape).copy()

    def compute(inputs: Mapping[str, Array]) -> dict[str, Array]:
        values = {name: value_of(array) for name, array in inputs.items()}
        answers = session.run_with_ort_values(list(outputs), values)
        return {name: array_of(value) for name, value in zip(outputs, answers, strict=True)}

    return compute


def _closed(*_: object) -> Any:
    raise RuntimeError("the model is closed")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:500]
