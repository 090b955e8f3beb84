"""What the operators of processing compute with numbers, one element at a time, rounded where it is due.

Owns conversion, scaling, softmax, sigmoid, order and the comparison of answers; leaves layout, files and
sizes to `steps`. Products, sums and quotients of two binary32 numbers are computed in binary64 and rounded
once, which gives the correctly rounded binary32 result. Serves PKG-PRO-04.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.oracle.refusal import Refused

__all__ = ["Arithmetic", "agrees", "rounded"]

#: How far softmax and sigmoid may be from the exact value: a few roundings of binary32.
SOFT_TOLERANCE = 1e-6


def rounded(value: float) -> float:
    """Round to binary32, ties to even."""
    with np.errstate(all="ignore"):
        return float(np.float32(value))


class Arithmetic:
    """The operators that compute with numbers; a subclass may compute one wrongly."""

    def cast(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Convert each element."""
        target = dtype(step["datatype"])
        values = [self.converted(value, array.dtype, target) for value in array.reshape(-1)]
        return np.array(values, dtype=target).reshape(array.shape)

    def converted(self, value: Any, source: "np.dtype[Any]", target: "np.dtype[Any]") -> Any:
        """Return one element in another datatype."""
        plain = value.item()
        if target.kind == "b":
            return plain != 0
        if target.kind == "f":
            with np.errstate(all="ignore"):
                return target.type(plain)
        if source.kind == "f":
            return self.truncated(plain, target)
        return self.wrapped(int(plain), target)

    def truncated(self, value: float, target: "np.dtype[Any]") -> int:
        """Cut a float to an integer, towards zero."""
        limits = np.iinfo(target)
        if not math.isfinite(value) or not limits.min <= math.trunc(value) <= limits.max:
            raise Refused(f"{value!r} is no {target}")
        return math.trunc(value)

    def wrapped(self, value: int, target: "np.dtype[Any]") -> int:
        """Reduce an integer modulo 2^bits."""
        bits = target.itemsize * 8
        value %= 2**bits
        return value - 2**bits if target.kind == "i" and value >= 2 ** (bits - 1) else value

    def rescale(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Multiply, round, add, round."""
        scale, offset = rounded(step["scale"]), rounded(step["offset"])
        values = [rounded(rounded(float(x) * scale) + offset) for x in array.reshape(-1)]
        return np.array(values, dtype="<f4").reshape(array.shape)

    def normalize(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Subtract, round, divide, round, by the index on the axis."""
        axis = step["axis"] % array.ndim
        answer = np.empty(array.shape, dtype="<f4")
        for place in np.ndindex(*array.shape):
            mean, deviation = rounded(step["mean"][place[axis]]), rounded(step["std"][place[axis]])
            answer[place] = rounded(rounded(float(array[place]) - mean) / deviation)
        return answer

    def softmax(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Divide exponentials by their sum, in binary64."""
        with np.errstate(all="ignore"):
            wide = array.astype(np.float64)
            powers = np.exp(wide - wide.max(axis=step["axis"], keepdims=True))
            return np.asarray((powers / powers.sum(axis=step["axis"], keepdims=True)).astype("<f4"))

    def sigmoid(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Return 1 / (1 + exp(-x)), in binary64."""
        with np.errstate(all="ignore"):
            return np.asarray((1 / (1 + np.exp(-array.astype(np.float64)))).astype("<f4"))

    def argmax(self, array: Array, step: Mapping[str, Any]) -> Array:
        """Find the first of the largest; a NaN is larger than every number."""
        axis = step["axis"] % array.ndim
        rest = array.shape[:axis] + array.shape[axis + 1 :]
        answer = np.empty(rest, dtype="<i8")
        for place in np.ndindex(*rest):
            line = [array[(*place[:axis], index, *place[axis:])].item() for index in range(array.shape[axis])]
            answer[place] = self.largest(line)
        return answer

    def largest(self, line: list[Any]) -> int:
        """Return the index of the largest element of a line."""
        for index, value in enumerate(line):
            if value != value:
                return index
        return line.index(max(line))

    def topk(self, array: Array, step: Mapping[str, Any]) -> tuple[Array, Array]:
        """Order each line by size, NaN first, and keep the first k."""
        axis, k = step["axis"] % array.ndim, step["k"]
        shape = (*array.shape[:axis], k, *array.shape[axis + 1 :])
        values, indices = np.empty(shape, dtype="<f4"), np.empty(shape, dtype="<i8")
        for place in np.ndindex(*array.shape[:axis], *array.shape[axis + 1 :]):
            at = (*place[:axis], slice(None), *place[axis:])
            line = array[at]
            order = self.descending([float(value) for value in line])[:k]
            values[at], indices[at] = line[order], order
        return values, indices

    def descending(self, line: Sequence[float]) -> list[int]:
        """Return the indices of a line, the largest element first, the smaller index among equals."""
        return sorted(
            range(len(line)), key=lambda i: (line[i] == line[i], -line[i] if line[i] == line[i] else 0, i)
        )

    def ctc_greedy(self, array: Array, step: Mapping[str, Any]) -> tuple[Array, Array]:
        """Take the best class at each time, once where it repeats, without the blank."""
        best = self.argmax(array, {"axis": 2})
        classes, lengths = np.full(best.shape, -1, dtype="<i8"), np.zeros(best.shape[0], dtype="<i8")
        for number, line in enumerate(best.tolist()):
            once = [value for place, value in enumerate(line) if place == 0 or value != line[place - 1]]
            kept = [value for value in once if value != step["blank"]]
            classes[number, : len(kept)] = kept
            lengths[number] = len(kept)
        return classes, lengths


def agrees(step: Mapping[str, Any], found: Array, right: Array) -> bool:
    """Say whether an answer is right: the same bits (NaNs alike), or close for softmax and sigmoid."""
    if found.shape != right.shape or found.dtype != right.dtype:
        return False
    if right.dtype.kind != "f":
        return bool((found == right).all())
    if step["op"] in ("softmax", "sigmoid"):
        return bool(np.allclose(found, right, rtol=SOFT_TOLERANCE, atol=SOFT_TOLERANCE, equal_nan=True))
    bits = np.dtype(f"u{right.dtype.itemsize}")
    same = np.ascontiguousarray(found).view(bits) == np.ascontiguousarray(right).view(bits)
    return bool((same | (np.isnan(found) & np.isnan(right))).all())
