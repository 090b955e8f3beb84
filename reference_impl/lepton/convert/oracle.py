"""The source framework as the oracle of the graph that was converted from its model.

Owns joining the two: the framework answers in float64, and the graph, evaluated by onnx's own evaluator in
its own precision, says how far rounding of weights and of results moves the answers. So a fault of the
conversion contradicts the vectors. Leaves asking the framework to the kinds. Serves PKG-VEC-09.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lepton.errors import RecipeError
from lepton.pack.oracle import OnnxOracle
from lepton.runtime.protocol import Array

__all__ = ["FrameworkOracle", "bytes_of", "texts_of"]

#: Computes the outputs of a model, by name, from its inputs: floats as float64, text as bytes.
Ask = Callable[[Mapping[str, Array]], Mapping[str, Any]]


class FrameworkOracle:
    """A framework's own model, asked in float64, beside the graph made of it."""

    def __init__(self, name: str, version: str, ask: Ask, graph: OnnxOracle) -> None:
        """Keep how to ask the model for its outputs, and the graph whose weights are in memory."""
        self.name, self.version = name, version
        self._ask, self._graph = ask, graph

    def double(self, inputs: Mapping[str, Array]) -> dict[str, Array] | None:
        """Answer with the framework, inputs widened to float64."""
        wide = {name: _widened(array) for name, array in inputs.items()}
        try:
            answers = self._ask(wide)
        except RecipeError:
            raise
        except Exception as error:  # whatever a framework raises about a sample
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise RecipeError(f"{self.name} refuses a sample: {lines[0][:300]}") from error
        return {name: _widened(np.asarray(answer)) for name, answer in answers.items()}

    def native(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the graph in its own precision."""
        return self._graph.native(inputs)

    def shaken(self, inputs: Mapping[str, Array], unit: float, seed: int) -> dict[str, Array] | None:
        """Answer with the graph in float64, every operation off as one of unit roundoff `unit` may be."""
        return self._graph.shaken(inputs, unit, seed)


def texts_of(array: Array) -> Array:
    """Return BYTES elements as `str` objects."""
    texts: Array = np.array([element.decode() for element in array.flat], dtype=object)
    return texts.reshape(array.shape)


def bytes_of(array: Any) -> Array:
    """Return strings as BYTES elements."""
    found = np.asarray(array)
    encoded: Array = np.empty(found.size, dtype=object)
    for index, element in enumerate(found.flat):
        encoded[index] = str(element).encode()
    return encoded.reshape(found.shape)


def _widened(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype.kind == "f" else array
