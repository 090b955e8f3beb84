"""Tensor specifications and the binding of named dimensions.

Owns datatypes, `TensorSpec`, `Symbol` and the rule that equal symbols bind equal sizes; leaves arrays to the
runtimes (numpy is imported only where an array is touched). Serves `core` (COR-TYP) and `package` (PKG-SIG).
"""

import functools
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import lepton_spec
from lepton.errors import BindError

__all__ = ["Datatype", "Dim", "Symbol", "TensorSpec", "bind_shapes", "datatype", "element_count"]

#: One dimension: a fixed size or the name of a symbol.
Dim = int | str

#: The largest element count that any tensor may have (Spec: PKG-ART-06).
MAX_ELEMENTS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Datatype:
    """A registered datatype. `item_size` is in bytes and None for BYTES; `onnx` is its TensorProto number.

    `numpy` is None where numpy has no such type (BF16).
    """

    name: str
    kind: str
    item_size: int | None
    numpy: str | None
    onnx: int


@functools.cache
def _registry() -> dict[str, Datatype]:
    return {
        name: Datatype(name, entry["kind"], entry["itemSize"], entry["numpy"], entry["onnx"])
        for name, entry in lepton_spec.datatypes().items()
    }


def datatype(name: str) -> Datatype:
    """Return a registered datatype.

    Raises: KeyError for a name that is not registered. Spec: COR-TYP-01.
    """
    return _registry()[name]


@dataclass(frozen=True, slots=True)
class Symbol:
    """The sizes that a named dimension may take; `max` is None for an explicitly unbounded one."""

    min: int
    max: int | None
    multiple_of: int = 1

    def admits(self, size: int) -> bool:
        """Say whether `size` lies within the bounds."""
        return size >= self.min and (self.max is None or size <= self.max) and size % self.multiple_of == 0


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """What a package promises of one tensor. `shape` mixes fixed sizes and symbol names.

    `default` is the element that fills an absent optional input, and None unless `optional`.
    """

    name: str
    datatype: str
    shape: tuple[Dim, ...]
    axes: tuple[str, ...] | None = None
    optional: bool = False
    default: bool | int | float | str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "TensorSpec":
        """Read a tensor entry of a manifest that is valid against the schema."""
        axes = value.get("axes")
        return cls(
            value["name"],
            value["datatype"],
            tuple(value["shape"]),
            tuple(axes) if axes is not None else None,
            bool(value.get("optional", False)),
            value.get("default"),
        )


def element_count(shape: Iterable[int]) -> int:
    """Return the product of `shape` (1 for a scalar), exact at any size."""
    count = 1
    for size in shape:
        count *= size
    return count


def bind_shapes(
    specs: Sequence[TensorSpec],
    symbols: Mapping[str, Symbol],
    shapes: Mapping[str, Sequence[int]],
    bound: MutableMapping[str, int] | None = None,
) -> MutableMapping[str, int]:
    """Match concrete shapes against specs and return the size of each symbol.

    Tensors absent from `shapes` are passed over: whether they may be absent is the caller's question. Sizes
    that were bound before, in `bound`, hold on, and it grows.
    Raises: BindError on another rank or fixed size, a size outside a symbol's bounds, or two sizes for one
    symbol. Spec: PKG-SIG-02, PKG-SIG-10.
    """
    bound = {} if bound is None else bound
    for spec in specs:
        shape = shapes.get(spec.name)
        if shape is None:
            continue
        if len(shape) != len(spec.shape):
            raise BindError(
                f"tensor {spec.name!r}: found shape {list(shape)} of rank {len(shape)}, expected rank "
                f"{len(spec.shape)} as in {list(spec.shape)}"
            )
        for axis, (size, dim) in enumerate(zip(shape, spec.shape, strict=True)):
            if isinstance(dim, int):
                if size != dim:
                    raise BindError(f"tensor {spec.name!r}: found size {size} on axis {axis}, expected {dim}")
                continue
            symbol = symbols[dim]
            if not symbol.admits(size):
                upper = "unbounded" if symbol.max is None else symbol.max
                raise BindError(
                    f"tensor {spec.name!r}: found size {size} on axis {axis}, expected {dim} in "
                    f"{symbol.min}..{upper} (a multiple of {symbol.multiple_of})"
                )
            if bound.setdefault(dim, size) != size:
                raise BindError(
                    f"tensor {spec.name!r}: found size {size} on axis {axis}, expected {bound[dim]}, the "
                    f"size that {dim} has in another place of the same request"
                )
    return bound
