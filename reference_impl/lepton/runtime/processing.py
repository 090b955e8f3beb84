"""The closed list of processing steps, version 1, with float32 arithmetic; compiled once per package.

Owns what each step computes and which tensor it yields; leaves where a chain starts and ends to `pipeline`.
Serves PKG-PRO-02 and PKG-PRO-04.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton.errors import BindError, RuntimeRefusal
from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.tensor import Dim, TensorSpec, datatype, element_count

__all__ = ["OPERATORS", "Operation", "compile_steps"]

#: Computes a step: the tensor read -> the tensor written, which shares no memory with it.
Apply = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Operation:
    """One compiled step: it reads `source` and writes the tensor that `yields` describes."""

    source: str
    yields: TensorSpec
    apply: Apply


def compile_steps(steps: Sequence[Mapping[str, Any]], start: Iterable[TensorSpec]) -> tuple[Operation, ...]:
    """Compile `steps` (entries of a valid manifest) over the tensors `start`.

    Raises: RuntimeRefusal when a step reads a tensor that does not exist, writes one twice, or cannot take
    what it reads. Spec: PKG-PRO-02.
    """
    known = {spec.name: spec for spec in start}
    operations = []
    for number, step in enumerate(steps):
        place = f"step {number} ({step['op']} v{step['version']})"
        if step["in"] not in known:
            raise RuntimeRefusal(f"{place}: reads {step['in']!r}, expected one of {sorted(known)}")
        if step["out"] in known:
            raise RuntimeRefusal(f"{place}: writes {step['out']!r}, which exists already; name it anew")
        if (step["op"], step["version"]) not in OPERATORS:
            raise RuntimeRefusal(f"{place}: not a registered step; expected one of {sorted(OPERATORS)}")
        try:
            operation = OPERATORS[step["op"], step["version"]](known[step["in"]], step)
        except _UnfitError as unfit:
            raise RuntimeRefusal(f"{place}: {unfit}") from None
        known[step["out"]] = operation.yields
        operations.append(operation)
    return tuple(operations)


class _UnfitError(Exception):
    """A step cannot take the tensor it reads."""


def _operation(spec: TensorSpec, step: Mapping[str, Any], apply: Apply, **changed: Any) -> Operation:
    yields = TensorSpec(
        step["out"], changed.get("datatype", spec.datatype), tuple(changed.get("shape", spec.shape))
    )
    if not yields.shape:
        # Arithmetic on an array without dimensions makes numpy scalars; tensors stay arrays.
        return Operation(spec.name, yields, lambda array: np.asarray(apply(array)))
    return Operation(spec.name, yields, apply)


def _require_fp32(spec: TensorSpec) -> None:
    if spec.datatype != "FP32":
        raise _UnfitError(f"found {spec.datatype} in {spec.name!r}, expected FP32; put a cast before it")


def _axis(axis: int, spec: TensorSpec) -> int:
    rank = len(spec.shape)
    if not -rank <= axis < rank:
        raise _UnfitError(f"found axis {axis}, expected {-rank}..{rank - 1} for shape {list(spec.shape)}")
    return axis % rank


def _cast(spec: TensorSpec, step: Mapping[str, Any]) -> Operation:
    target = numpy_dtype(step["datatype"])
    for name in (spec.datatype, step["datatype"]):
        if name in ("BYTES", "BF16"):
            raise _UnfitError(f"found {name}, expected a datatype other than BYTES and BF16 on both sides")
    if datatype(spec.datatype).kind == "float" and datatype(step["datatype"]).kind in ("integer", "unsigned"):
        return _operation(spec, step, _truncation(target), datatype=step["datatype"])
    return _operation(spec, step, lambda array: array.astype(target), datatype=step["datatype"])


def _truncation(target: "np.dtype[Any]") -> Apply:
    """Cast float to integer toward zero; what does not fit has no integer and is refused."""
    limits = np.iinfo(target)

    def apply(array: Array) -> Array:
        whole = np.trunc(array.astype(np.float64))
        # The upper bound is exclusive and a power of two, hence exact in float64.
        if not ((whole >= float(limits.min)) & (whole < float(limits.max + 1))).all():
            raise BindError(
                f"cast: found a value that {target} cannot hold, expected {limits.min}..{limits.max}"
            )
        cast: Array = whole.astype(target)
        return cast

    return apply


def _rescale(spec: TensorSpec, step: Mapping[str, Any]) -> Operation:
    _require_fp32(spec)
    scale, offset = np.float32(step["scale"]), np.float32(step["offset"])

    def apply(array: Array) -> Array:
        scaled = array * scale
        scaled += offset
        return scaled

    return _operation(spec, step, apply)


def _normalize(spec: TensorSpec, step: Mapping[str, Any]) -> Operation:
    _require_fp32(spec)
    axis = _axis(step["axis"], spec)
    count, size = len(step["mean"]), spec.shape[axis]
    if len(step["std"]) != count or count != size:
        raise _UnfitError(
            f"found {count} means and {len(step['std'])} deviations, expected as many of each as the size "
            f"{size} of axis {axis}"
        )
    broadcast = [count if number == axis else 1 for number in range(len(spec.shape))]
    mean = np.array(step["mean"], np.float32).reshape(broadcast)
    std = np.array(step["std"], np.float32).reshape(broadcast)
    if not ((std > 0) & np.isfinite(std)).all():
        raise _UnfitError("found a deviation that is not positive and finite in float32")

    def apply(array: Array) -> Array:
        centred = array - mean
        centred /= std
        return centred

    return _operation(spec, step, apply)


def _transpose(spec: TensorSpec, step: Mapping[str, Any]) -> Operation:
    perm = tuple(step["perm"])
    if sorted(perm) != list(range(len(spec.shape))):
        raise _UnfitError(f"found perm {list(perm)}, expected an order of 0..{len(spec.shape) - 1}")
    return _operation(
        spec,
        step,
        lambda array: np.array(array.transpose(perm), order="C"),
        shape=(spec.shape[axis] for axis in perm),
    )


def _reshape(spec: TensorSpec, step: Mapping[str, Any]) -> Operation:
    shape: tuple[Dim, ...] = tuple(step["shape"])
    if _factors(shape) != _factors(spec.shape):
        raise _UnfitError(
            f"found shape {list(shape)}, expected as many elements as in {list(spec.shape)}, each symbol as "
            "often as there"
        )

    def apply(array: Array) -> Array:
        # Every symbol of the new shape stands in the old one, so the array itself tells its size.
        sizes = dict(zip(spec.shape, array.shape, strict=True))
        return array.reshape([dim if isinstance(dim, int) else sizes[dim] for dim in shape]).copy()

    return _operation(spec, step, apply, shape=shape)


def _factors(shape: Sequence[Dim]) -> tuple[int, list[str]]:
    """Return what makes the element count: the product of the fixed sizes, and the symbols."""
    return element_count(dim for dim in shape if isinstance(dim, int)), sorted(
        dim for dim in shape if isinstance(dim, str)
    )


def _softmax(spec: TensorSpec, step: Mapping[str, Any]) -> Operation:
    _require_fp32(spec)
    axis = _axis(step["axis"], spec)

    def apply(array: Array) -> Array:
        if array.size == 0:
            return array.copy()
        powers: Array = np.exp(array - array.max(axis=axis, keepdims=True))
        powers /= powers.sum(axis=axis, keepdims=True)
        return powers

    return _operation(spec, step, apply)


def _sigmoid(spec: TensorSpec, step: Mapping[str, Any]) -> Operation:
    _require_fp32(spec)
    one = np.float32(1)

    def apply(array: Array) -> Array:
        # exp of a non-positive number only: no overflow at either end.
        power = np.exp(-np.abs(array))
        answer: Array = np.where(array >= 0, one / (one + power), power / (one + power))
        return answer

    return _operation(spec, step, apply)


def _argmax(spec: TensorSpec, step: Mapping[str, Any]) -> Operation:
    if spec.datatype in ("BYTES", "BF16", "BOOL"):
        raise _UnfitError(f"found {spec.datatype}, expected a number other than BF16")
    axis = _axis(step["axis"], spec)
    if spec.shape[axis] == 0:
        raise _UnfitError(f"found size 0 on axis {axis}, expected at least 1")

    def apply(array: Array) -> Array:
        answer: Array = np.asarray(array.argmax(axis=axis), np.int64)
        return answer

    return _operation(spec, step, apply, datatype="INT64", shape=spec.shape[:axis] + spec.shape[axis + 1 :])


#: Every registered step: (op, version) -> its compiler. Closed: the standard alone adds to it.
OPERATORS: dict[tuple[str, int], Callable[[TensorSpec, Mapping[str, Any]], Operation]] = {
    ("cast", 1): _cast,
    ("rescale", 1): _rescale,
    ("normalize", 1): _normalize,
    ("transpose", 1): _transpose,
    ("reshape", 1): _reshape,
    ("softmax", 1): _softmax,
    ("sigmoid", 1): _sigmoid,
    ("argmax", 1): _argmax,
}
