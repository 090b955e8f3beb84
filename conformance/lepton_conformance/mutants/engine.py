"""A small, correct ONNX engine in numpy, enough for the conformance models, as an in-process adapter.

Owns loading, checking and computing, one overridable method a step, so that a mutant is a subclass that
changes one of them. Leaves the protocol to `subject.python_host` and to `talker`. Serves `runtime`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import onnx
from onnx import numpy_helper

from lepton_conformance.mutants.computing import DTYPES, Array, Spec

__all__ = ["Engine", "Loaded"]

#: Operator -> number of inputs.
OPERATORS = {"Identity": 1, "Neg": 1, "Transpose": 1, "Add": 2, "Sub": 2, "MatMul": 2}
DATATYPES = {
    **{number: f"FP{bits}" for number, bits in ((1, 32), (10, 16), (11, 64))},
    **{number: f"INT{bits}" for number, bits in ((3, 8), (5, 16), (6, 32), (7, 64))},
    **{number: f"UINT{bits}" for number, bits in ((2, 8), (4, 16), (12, 32), (13, 64))},
    9: "BOOL",
    8: "BYTES",
}


@dataclass(slots=True)
class Loaded:
    """A loaded model: its tensors, its steps as (operator, inputs, output), its constants."""

    engine: "Engine"
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    steps: tuple[tuple[str, tuple[str, ...], str], ...]
    constants: dict[str, Array]

    def infer(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """Compute every output. Raises: ValueError for inputs that do not fit."""
        return self.engine.infer(self, inputs)

    def close(self) -> None:
        """Let the engine forget the model."""
        self.engine.forget(self)


class Engine:
    """The correct engine; `id` and `breaks` are what a mutant overrides beside its one step."""

    id: ClassVar[str] = "runtime-correct"
    breaks: ClassVar[str] = ""
    name = "lepton-engine"
    version = "1.0"
    #: No group whole: the conformance models need but six operators.
    operators: ClassVar[tuple[str, ...]] = ()

    # loading

    def load(self, path: str) -> Loaded:
        """Load a model file. Raises: ValueError or an exception of `onnx` for what is none."""
        model = self.read(path)
        self.check_model(model)
        return self.build(model)

    def read(self, path: str) -> Any:
        return onnx.load(path)

    def check_model(self, model: Any) -> None:
        onnx.checker.check_model(model, full_check=True)
        if not model.graph.output:
            raise ValueError("the model has no outputs")

    def build(self, model: Any) -> Loaded:
        graph = model.graph
        constants = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
        return Loaded(
            self,
            tuple(self.describe(value) for value in graph.input),
            tuple(self.describe(value) for value in graph.output),
            tuple((node.op_type, tuple(node.input), node.output[0]) for node in graph.node),
            constants,
        )

    def forget(self, model: Loaded) -> None:
        return

    def describe(self, value: Any) -> Spec:
        tensor = value.type.tensor_type
        shape = tuple(
            dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in tensor.shape.dim
        )
        return Spec(value.name, DATATYPES[tensor.elem_type], shape)

    # computing

    def infer(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        """Check, compute, choose the outputs."""
        given = self.check_inputs(model, inputs)
        return self.finish(model, self.compute(model, given))

    def check_inputs(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        """Return the inputs of a call, which fit the model."""
        self.check_names(model, inputs)
        for spec in model.inputs:
            self.check_datatype(spec, inputs[spec.name])
            self.check_shape(spec, inputs[spec.name])
        return inputs

    def check_names(self, model: Loaded, inputs: Mapping[str, Array]) -> None:
        expected = {spec.name for spec in model.inputs}
        if set(inputs) != expected:
            raise ValueError(f"found the inputs {sorted(inputs)}, expected {sorted(expected)}")

    def check_datatype(self, spec: Spec, array: Array) -> None:
        if array.dtype != DTYPES[spec.datatype]:
            raise ValueError(f"input {spec.name}: found {array.dtype}, expected {spec.datatype}")

    def check_shape(self, spec: Spec, array: Array) -> None:
        fits = array.ndim == len(spec.shape) and all(
            isinstance(dim, str) or dim == size for size, dim in zip(array.shape, spec.shape, strict=True)
        )
        if not fits:
            raise ValueError(f"input {spec.name}: found shape {array.shape}, expected {spec.shape}")

    def compute(self, model: Loaded, inputs: Mapping[str, Array]) -> dict[str, Array]:
        values = {**model.constants, **inputs}
        with np.errstate(all="ignore"):
            for operator, names, output in model.steps:
                values[output] = self.apply(operator, [values[name] for name in names])
        return {spec.name: values[spec.name] for spec in model.outputs}

    def apply(self, operator: str, values: list[Array]) -> Array:
        if operator == "Identity":
            return self.copy(values[0])
        if operator == "Transpose":
            return self.transpose(values[0])
        if operator == "Neg":
            return np.asarray(-values[0])
        if operator == "Add":
            return np.asarray(values[0] + values[1])
        if operator == "Sub":
            return self.subtract(values[0], values[1])
        if operator == "MatMul":
            return self.multiply(values[0], values[1])
        raise ValueError(f"operator {operator} is not known")

    def copy(self, value: Array) -> Array:
        return value.copy()

    def transpose(self, value: Array) -> Array:
        return np.ascontiguousarray(value.T)

    def subtract(self, left: Array, right: Array) -> Array:
        return np.asarray(left - right)

    def multiply(self, left: Array, right: Array) -> Array:
        return np.asarray(left @ right)

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        """Return what is handed out."""
        return outputs
