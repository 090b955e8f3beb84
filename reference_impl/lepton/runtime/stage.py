"""A part of what a package computes, alone: the steps before the model, those behind it, or one of them.

Owns checking and computing such a part; leaves compiling to `plan` and the whole to `pipeline`. Serves the
stages of PKG-VEC-03.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lepton.runtime.binding import Binding
from lepton.runtime.processing import Operation, apply_steps
from lepton.runtime.protocol import Array
from lepton.tensor import TensorSpec, bind_shapes

__all__ = ["Stage"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps between the tensors that `binding` checks and those that `outputs` describes."""

    binding: Binding
    operations: tuple[Operation, ...]
    outputs: tuple[TensorSpec, ...]

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The tensors that the stage reads."""
        return self.binding.specs

    def infer(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Compute every output; an optional one that no step writes is left out.

        Raises: BindError when a tensor does not fit; RuntimeRefusal when an engine fails.
        """
        fed = self.binding.bind(inputs)
        bound = self.binding.sizes(fed)
        tensors = apply_steps(self.operations, fed, self.binding.symbols, bound)
        answer = {spec.name: tensors[spec.name] for spec in self.outputs if spec.name in tensors}
        shapes = {name: array.shape for name, array in answer.items()}
        bind_shapes(self.outputs, self.binding.symbols, shapes, bound)
        return answer
