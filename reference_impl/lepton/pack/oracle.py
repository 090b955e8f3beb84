"""Who says what the right answer is: never the engine that a package will be judged on.

Owns the oracles for ONNX graphs (onnx's reference evaluator) and torch modules (the module itself), each in
float64 and in the model's own precision; leaves tolerances to `tolerance`. Serves PKG-VEC-09.
"""

import contextlib
import copy
import functools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lepton.errors import RecipeError
from lepton.pack.rounding import Shaker
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

    def shaken(self, inputs: Mapping[str, Array], unit: float, seed: int) -> dict[str, Array] | None:
        """Answer in float64, every operation off as one of unit roundoff `unit` may be; None as `double`."""
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
        filled = {tensor.name for tensor in model.graph.initializer}
        #: The graph's inputs in its order, with their TensorProto types, and the names of its outputs.
        self.inputs = {
            one.name: one.type.tensor_type.elem_type for one in model.graph.input if one.name not in filled
        }
        self.outputs = tuple(one.name for one in model.graph.output)

    @functools.cached_property
    def _native(self) -> "_Evaluation":
        return _Evaluation(self._model)

    @functools.cached_property
    def _double(self) -> "_Evaluation":
        from lepton.pack.upcast import upcast

        return _Evaluation(upcast(self._model))

    def double(self, inputs: Mapping[str, Array]) -> dict[str, Array] | None:
        """Answer in float64 on the graph rewritten by `upcast`, or None when that graph does not compute."""
        if self._double_fails is not None:
            return None
        try:
            return self._double({name: _widened(array) for name, array in inputs.items()})
        except Exception as error:  # an operator of the evaluator may raise anything
            self._double_fails = str(error)
            return None

    def shaken(self, inputs: Mapping[str, Array], unit: float, seed: int) -> dict[str, Array] | None:
        """Answer in float64 with the rounding errors of another precision planted into each node."""
        if self._double_fails is not None:
            return None
        try:
            return self._double({name: _widened(array) for name, array in inputs.items()}, Shaker(unit, seed))
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


class _Evaluation:
    """A graph in onnx's evaluator, its nodes bare or shaken."""

    def __init__(self, model: "ModelProto") -> None:
        from onnx.reference import ReferenceEvaluator

        from lepton.pack.reference_ops import operators

        opset = next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 1)
        self._evaluator = ReferenceEvaluator(model, new_ops=operators(opset))
        self._outputs = [value.name for value in model.graph.output]

    def __call__(self, inputs: Mapping[str, Array], shaker: Shaker | None = None) -> dict[str, Array]:
        fed = {name: _texts(array) for name, array in inputs.items()}
        with np.errstate(all="ignore"), warnings.catch_warnings(), _shaking(self._evaluator, shaker):
            warnings.simplefilter("ignore")
            answers = self._run(fed)
        return {name: _array(answer) for name, answer in zip(self._outputs, answers, strict=True)}

    def _run(self, fed: Mapping[str, Any]) -> list[Any]:
        """Run the main graph, and let go of each result behind its last use: the evaluator keeps them all."""
        nodes = self._evaluator.rt_nodes_
        if any(node.need_context() for node in nodes):  # a subgraph may look at any result
            answers: list[Any] = list(self._evaluator.run(self._outputs, dict(fed)))
            return answers
        last = {name: at for at, node in enumerate(nodes) for name in node.input}
        results: dict[str, Any] = {"": None, **self._evaluator.rt_inits_, **fed}
        for at, node in enumerate(nodes):
            made = node.run(*[results[name] for name in node.input])
            for name in node.input:
                if last[name] == at and name and name not in self._outputs:
                    results.pop(name, None)
            for name, value in zip(node.output, made, strict=False):
                if name in last or name in self._outputs:
                    results[name] = value
        return [results[name] for name in self._outputs]


@contextlib.contextmanager
def _shaking(evaluator: Any, shaker: Shaker | None) -> Iterator[None]:
    """Put a shaken node in the place of every node, those of subgraphs and functions included."""
    if shaker is None:
        yield
        return
    inner = [
        value for node in evaluator.rt_nodes_ for value in vars(node).values() if hasattr(value, "rt_nodes_")
    ]
    nodes = evaluator.rt_nodes_
    evaluator.rt_nodes_ = [_ShakenNode(node, shaker) for node in nodes]
    try:
        with contextlib.ExitStack() as stack:
            for one in inner:
                stack.enter_context(_shaking(one, shaker))
            yield
    finally:
        evaluator.rt_nodes_ = nodes


class _ShakenNode:
    """A node of onnx's evaluator whose results a shaker moves."""

    def __init__(self, node: Any, shaker: Shaker) -> None:
        self._node, self._shaker = node, shaker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    def run(self, *inputs: Any, **context: Any) -> tuple[Any, ...]:
        outputs = self._node.run(*inputs, **context)
        if hasattr(self._node, "impl_"):  # a function: its own nodes are shaken
            return tuple(outputs)
        return self._shaker.operation(
            self._node.op_type, inputs, outputs, lambda others: self._node.run(*others, **context)
        )


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

    def shaken(self, inputs: Mapping[str, Array], unit: float, seed: int) -> dict[str, Array] | None:
        """Answer with the float64 copy, each of torch's own operations shaken. Raises: RecipeError."""
        if self._double_fails:
            return None
        from lepton.pack.torch_shaking import shaking

        wide = {n: _widened(array) for n, array in inputs.items()}
        try:
            with shaking(Shaker(unit, seed)):
                return self._call(self._double_module, wide)
        except NotImplementedError as error:  # torch.cond and its like pass by what watches operations
            raise RecipeError(
                "found an operator of higher order (torch.cond, while_loop, ...), expected ordinary ones, "
                "whose rounding torch lets one watch; choose with torch.where, or write it with "
                "torch.onnx.export and pack the .onnx file"
            ) from error

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
