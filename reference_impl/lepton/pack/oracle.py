"""Who says what the right answer is: never the engine that a package will be judged on.

Owns the oracles for ONNX graphs (onnx's reference evaluator) and torch modules (the module itself), each in
float64 and in the model's own precision; leaves tolerances to `tolerance`. Serves PKG-VEC-09.
"""

import copy
import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lepton.errors import RecipeError
from lepton.runtime.protocol import Array

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["OnnxOracle", "Oracle", "TorchOracle"]


class Oracle(Protocol):
    """Computes expected outputs. `double` answers in float64, `native` in the model's own precision."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def double(self, inputs: Mapping[str, Array]) -> dict[str, Array] | None:
        """Answer with all floating-point work in float64; None when the model cannot be computed so."""
        ...

    def native(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Answer in the model's own precision. Raises: RecipeError when the oracle cannot."""
        ...


class OnnxOracle:
    """The reference evaluator of onnx, with the corrections of `reference_ops`."""

    name = "onnx.reference.ReferenceEvaluator"

    def __init__(self, model: "ModelProto") -> None:
        """Keep a model whose weights are all in memory."""
        import onnx

        self.version = onnx.__version__
        self._model = model
        self._double_fails: str | None = None

    @functools.cached_property
    def _native(self) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
        return _evaluator(self._model)

    @functools.cached_property
    def _double(self) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
        from lepton.pack.upcast import upcast

        return _evaluator(upcast(self._model))

    def double(self, inputs: Mapping[str, Array]) -> dict[str, Array] | None:
        """Answer in float64 on the graph rewritten by `upcast`, or None when that graph does not compute."""
        if self._double_fails is not None:
            return None
        try:
            return self._double({name: _widened(array) for name, array in inputs.items()})
        except Exception as error:  # an operator of the evaluator may raise anything
            self._double_fails = str(error)
            return None

    def native(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Answer in the graph's own precision."""
        try:
            return self._native(inputs)
        except Exception as error:  # an operator of the evaluator may raise anything
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
            raise RecipeError(
                f"the oracle {self.name} {self.version} cannot compute this graph ({reason}): pack from the "
                "torch module instead, or report the operator to the Lepton project"
            ) from error


def _evaluator(model: "ModelProto") -> Callable[[Mapping[str, Array]], dict[str, Array]]:
    from onnx.reference import ReferenceEvaluator

    from lepton.pack.reference_ops import CORRECTED_OPERATORS

    evaluator = ReferenceEvaluator(model, new_ops=list(CORRECTED_OPERATORS))
    outputs = [value.name for value in model.graph.output]

    def evaluate(inputs: Mapping[str, Array]) -> dict[str, Array]:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answers = evaluator.run(outputs, {name: _texts(array) for name, array in inputs.items()})
        return {name: _array(answer) for name, answer in zip(outputs, answers, strict=True)}

    return evaluate


def _texts(array: Array) -> Array:
    """Return BYTES as the `str` objects of the evaluator's string operators."""
    if array.dtype != np.object_:
        return array
    texts: Array = np.array([element.decode() for element in array.flat], dtype=object)
    return texts.reshape(array.shape)


def _array(answer: Any) -> Array:
    if not isinstance(answer, (np.ndarray, np.generic)):
        raise RecipeError(f"found an output of type {type(answer).__name__}, expected a tensor")
    array: Array = np.asarray(answer)
    if array.dtype.kind not in "OUS":
        return array
    encoded: Array = np.empty(array.size, dtype=object)
    for index, element in enumerate(array.flat):
        encoded[index] = element if isinstance(element, bytes) else str(element).encode()
    return encoded.reshape(array.shape)


def _widened(array: Array) -> Array:
    return array.astype(np.float64) if _is_float(array) else array


def _is_float(array: Array) -> bool:
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"


class TorchOracle:
    """The author's module itself, on the CPU in evaluation mode."""

    name = "torch"

    def __init__(self, module: Any, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Keep a module and the names that stand for the positions of its arguments and answers."""
        import torch

        torch.set_num_threads(1)  # the same sums, and so the same bytes, on a machine with other cores
        self.version = torch.__version__
        self._module, self._inputs, self._outputs = module, tuple(inputs), tuple(outputs)
        self._double_fails = False

    @functools.cached_property
    def _double_module(self) -> Any:
        return copy.deepcopy(self._module).double()

    def double(self, inputs: Mapping[str, Array]) -> dict[str, Array] | None:
        """Answer with a copy of the module whose parameters are float64, or None when it stays narrower."""
        if self._double_fails:
            return None
        try:
            answers = self._call(self._double_module, {n: _widened(array) for n, array in inputs.items()})
        except Exception:  # a module may insist on float32 in any way it likes
            self._double_fails = True
            return None
        if any(_is_float(array) and array.dtype != np.float64 for array in answers.values()):
            self._double_fails = True
            return None
        return answers

    def native(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the module as it is."""
        try:
            return self._call(self._module, inputs)
        except RecipeError:
            raise
        except Exception as error:  # the author's own code
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
            raise RecipeError(
                f"the module fails on the sample inputs: {type(error).__name__}: {reason}"
            ) from error

    def _call(self, module: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
        import torch

        from lepton.runtime.torch import from_torch, to_torch

        with torch.no_grad():
            answer = module(*(to_torch(inputs[name]) for name in self._inputs))
        tensors, _ = torch.utils._pytree.tree_flatten(answer)
        if len(tensors) != len(self._outputs) or not all(isinstance(one, torch.Tensor) for one in tensors):
            raise RecipeError(
                f"found {len(tensors)} outputs of the module, expected {len(self._outputs)} tensors: "
                f"{list(self._outputs)} in the recipe's signature.outputs"
            )
        return {name: from_torch(tensor) for name, tensor in zip(self._outputs, tensors, strict=True)}
