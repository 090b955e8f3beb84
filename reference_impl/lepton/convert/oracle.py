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

__all__ = ["FrameworkOracle", "WitnessedOracle", "bytes_of", "texts_of"]

#: How many times further than its own rounding error a graph may be from the framework: its weights are
#: rounded, too, and their errors go through the whole model.
FACTOR = 64
#: And how far at least, relative to the largest answer.
FLOOR = 256 * 2.0**-24

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
        wide_answers = {name: _widened(np.asarray(answer)) for name, answer in answers.items()}
        self._refuse_another_graph(inputs, wide_answers)
        return wide_answers

    def native(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the graph in its own precision."""
        return self._graph.native(inputs)

    def shaken(self, inputs: Mapping[str, Array], unit: float, seed: int) -> dict[str, Array] | None:
        """Answer with the graph in float64, every operation off as one of unit roundoff `unit` may be."""
        return self._graph.shaken(inputs, unit, seed)

    def _refuse_another_graph(self, inputs: Mapping[str, Array], answers: Mapping[str, Array]) -> None:
        native = self._graph.native(inputs)
        double = self._graph.double(inputs) or native
        _refuse_apart(f"{self.name} {self.version}", answers, double, native)


class WitnessedOracle:
    """The graph itself in float64, with a framework that only computes narrower as the witness for it."""

    def __init__(self, name: str, version: str, ask: Ask, graph: OnnxOracle) -> None:
        """Keep how to ask the framework for its outputs, and the graph whose weights are in memory."""
        self.name = graph.name
        self.version = f"{graph.version}, witnessed by {name} {version}"
        self._framework, self._ask, self._graph = f"{name} {version}", ask, graph

    def double(self, inputs: Mapping[str, Array]) -> dict[str, Array] | None:
        """Answer with the graph in float64, or None when it does not compute so.

        Raises: RecipeError when the framework's own answer is another one.
        """
        double = self._graph.double(inputs)
        if double is not None:
            _refuse_apart(self._framework, self._ask(inputs), double, self._graph.native(inputs))
        return double

    def native(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with the framework, in the precision that it has."""
        return {name: np.asarray(answer) for name, answer in self._ask(inputs).items()}

    def shaken(self, inputs: Mapping[str, Array], unit: float, seed: int) -> dict[str, Array] | None:
        """Answer with the graph in float64, every operation off as one of unit roundoff `unit` may be."""
        return self._graph.shaken(inputs, unit, seed)


def _refuse_apart(
    framework: str, answers: Mapping[str, Any], double: Mapping[str, Array], native: Mapping[str, Array]
) -> None:
    """Refuse a graph that is further from the framework than rounding takes it.

    A converter's fault would otherwise pass for a large rounding error. Raises: RecipeError.
    """
    for name, answer in answers.items():
        if np.shape(answer) != double[name].shape:
            raise RecipeError(
                f"found the shape {list(double[name].shape)} of the output {name!r} of the converted graph, "
                f"expected {list(np.shape(answer))} as {framework} answers: the converter makes another "
                "model of it"
            )
        if np.asarray(answer).dtype.kind != "f":
            continue  # other datatypes are compared by the vectors themselves
        wide = double[name].astype(np.float64)
        rounded = float(np.max(np.abs(native[name].astype(np.float64) - wide), initial=0.0))
        largest = float(np.max(np.abs(answer), initial=0.0))
        bound = max(FACTOR * rounded, FLOOR * largest)
        apart = float(np.max(np.abs(answer - wide), initial=0.0))
        if not apart <= bound:
            raise RecipeError(
                f"found answers {apart:g} away from those of {framework} in the output {name!r} of the "
                f"converted graph, expected at most {bound:g}, which rounding explains: the converter makes "
                "another model of it"
            )


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
