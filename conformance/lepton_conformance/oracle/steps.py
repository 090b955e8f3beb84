"""What the operators of processing write: layout, images, text, boxes, and the sizes that follow from data.

Owns the table of operators; leaves numbers to `arithmetic`, images, resizing, text and boxes to the modules
beside it, the nodes of a graph to ONNX's own evaluator, and who is asked to the tests. Serves PKG-PRO-04 and
PKG-PRO-06.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.oracle import png, resampling, selection, wordpiece
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.arithmetic import Arithmetic, agrees, rounded
from lepton_conformance.oracle.refusal import Refused, Sizes

__all__ = ["Refused", "Sizes", "Steps", "agrees", "rounded"]


class Steps(Arithmetic):
    """The operators. `run` computes one step; a subclass may compute an operator wrongly.

    `files` holds the bytes of the files that steps name, `sizes` what symbols may be and are.
    """

    def __init__(self, files: Mapping[str, bytes] | None = None, sizes: Sizes | None = None) -> None:
        self.files = files or {}
        self.sizes = sizes or Sizes({})

    def run(self, step: Mapping[str, Any], arrays: Sequence[Array]) -> tuple[Array, ...]:
        """Return what the step writes, one array for each name in `out`. Raises: Refused."""
        answer = getattr(self, step["op"])(*arrays, step)
        found = answer if isinstance(answer, tuple) else (answer,)
        if "shape" in step and step["op"] != "reshape":
            for array in found:
                self.sizes.fit(step["shape"], array.shape)
        for declared, array in zip(step.get("outputs", ()), found, strict=False):
            self.sizes.fit(declared["shape"], array.shape)
        return found

    def apply(self, step: Mapping[str, Any], array: Array) -> Array:
        """Return what a step with one tensor in and one out writes. Raises: Refused."""
        (answer,) = self.run(step, (array,))
        return answer

    def lines(self, step: Mapping[str, Any]) -> list[bytes]:
        """Return the lines of the file of a step; the last one may lack its line feed."""
        data = self.files[step["file"]]
        return data.removesuffix(b"\n").split(b"\n")

    def transpose(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Let dimension k be the read dimension perm[k]."""
        perm = step["perm"]
        answer = np.empty([array.shape[axis] for axis in perm], dtype=array.dtype)
        for place in np.ndindex(*array.shape):
            answer[tuple(place[axis] for axis in perm)] = array[place]
        return answer

    def reshape(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Keep the elements in row-major order."""
        elements = [array[place] for place in np.ndindex(*array.shape)]
        flat = np.empty(len(elements), dtype=array.dtype)
        flat[:] = elements
        return flat.reshape(self.sizes.numbers(step["shape"], len(elements)))

    def decode_image(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Decode the one element, a PNG file."""
        channels = {"RGB": 3, "RGBA": 4, "GRAY": 1}[step["channels"]]

        def fit(height: int, width: int) -> None:
            self.sizes.fit(step["shape"], (height, width, channels))

        return png.decoded(array[0], step["channels"], step["alpha"], fit)

    def resize(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Resize along x, then y."""
        return resampling.resized(array, step)

    def crop(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Take a part of each of the axes."""
        for axis, size in zip(step["axes"], step["size"], strict=True):
            read = array.shape[axis]
            if read < size:
                raise Refused(f"found the size {read}, less than {size}")
            first = self.before(read - size, step)
            array = np.take(array, range(first, first + size), axis=axis)
        return array

    def pad(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Surround the elements on each of the axes."""
        for axis, size in zip(step["axes"], step["size"], strict=True):
            read = array.shape[axis]
            if read > size:
                raise Refused(f"found the size {read}, more than {size}")
            first = self.before(size - read, step)
            shape = list(array.shape)
            shape[axis] = size
            with np.errstate(all="ignore"):
                wider = np.full(shape, step["value"], dtype=array.dtype)
            at = [slice(None)] * array.ndim
            at[axis] = slice(first, first + read)
            wider[tuple(at)] = array
            array = wider
        return array

    def before(self, spare: int, step: Mapping[str, Any]) -> int:
        """Return how many of the spare elements stand before the others."""
        return spare // 2 if step["anchor"] == "center" else 0

    def reverse(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Let index i be the read index n - 1 - i."""
        size = array.shape[step["axis"]]
        return np.take(array, [size - 1 - index for index in range(size)], axis=step["axis"])

    def tokenize(self, array: Array, step: Mapping[str, Any]) -> tuple[Array, ...]:
        """Cut texts into pieces and number them."""
        lines = {line.decode(): number for number, line in enumerate(self.lines(step))}
        rows, length = step["shape"]
        self.sizes.fit([rows], array.shape)

        def width(least: int) -> int:
            return self.sizes.smallest(length, least)

        return wordpiece.tables(list(array), lines, step, width)

    def nms(self, boxes: Array, scores: Array, step: Mapping[str, Any]) -> Array:
        """Keep boxes that no better one overlaps."""
        return np.array(selection.kept_boxes(boxes, scores, step), dtype="<i8")

    def lookup(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Replace numbers by lines."""
        lines = self.lines(step)
        texts = np.empty(array.shape, dtype=object)
        for place in np.ndindex(*array.shape):
            number = int(array[place])
            if number == step.get("skip"):
                texts[place] = b""
                continue
            if not 0 <= number < len(lines):
                raise Refused(f"found {number}, expected the number of a line")
            texts[place] = lines[number]
        if not step["join"]:
            return texts
        joined = np.empty(array.shape[:-1], dtype=object)
        for place in np.ndindex(*joined.shape):
            joined[place] = b"".join(texts[place])
        return joined

    def graph(self, *reads: Any) -> tuple[Array, ...]:
        """Run a graph; its inputs and outputs are what the step names, by position."""
        import onnx
        from onnx.reference import ReferenceEvaluator

        *arrays, step = reads
        model = onnx.load_from_string(self.files[step["file"]])
        constants = {tensor.name for tensor in model.graph.initializer}
        names = [entry.name for entry in model.graph.input if entry.name not in constants]
        answers = ReferenceEvaluator(model).run(None, dict(zip(names, arrays, strict=True)))
        return tuple(np.asarray(answer) for answer in answers)
