"""What reading an ONNX file yields: its versions, inputs, outputs, tensors and functions.

Owns the values; leaves reading them to `lepton.formats.onnx`, which hands them out as well.
"""

from typing import NamedTuple

__all__ = ["OnnxDim", "OnnxFunction", "OnnxModel", "OnnxTensor", "OnnxValue", "Operator", "item_bits"]

#: What a node calls and a function defines: domain, name, overload.
Operator = tuple[str, str, str]
#: One dimension of a graph's input or output: a size, a name, or None when nothing is said.
OnnxDim = int | str | None


#: Bits of one element by TensorProto type; strings have none.
_ITEM_BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128,
    16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip


def item_bits(data_type: int) -> int | None:
    """Return the bits of one element of a TensorProto type; None for strings and unknown types."""
    return _ITEM_BITS.get(data_type)


class OnnxValue(NamedTuple):
    """An input or output of the graph. `elem_type` is None for no tensor, `shape` None when not given."""

    name: str
    elem_type: int | None
    shape: tuple[OnnxDim, ...] | None
    place: int


class OnnxTensor(NamedTuple):
    """A tensor anywhere in the model; its data stays in the file.

    `raw` is (offset, length) of `raw_data` in the file; `counts` are (field number, values) of the typed data
    fields, `typed` where their bytes lie, (start, end); `external` are the entries of `external_data` when
    the tensor is EXTERNAL. `main` says that it is an initializer of the main graph, `place` where it begins.
    """

    name: str
    data_type: int
    dims: tuple[int, ...]
    raw: tuple[int, int] | None
    counts: tuple[tuple[int, int], ...]
    external: tuple[tuple[str, str], ...] | None
    main: bool
    place: int
    typed: tuple[tuple[int, int], ...] = ()

    @property
    def elements(self) -> int:
        """Return the number of elements, exact at any size."""
        count = 1
        for size in self.dims:
            count *= size
        return count

    @property
    def byte_count(self) -> int | None:
        """Return the bytes that the elements take, None for strings and unknown types. Spec: PKG-ART-05."""
        bits = item_bits(self.data_type)
        return None if bits is None else (self.elements * bits + 7) // 8


class OnnxFunction(NamedTuple):
    """A function of the model; `calls` are the operators of its nodes, in any depth of subgraphs."""

    operator: Operator
    calls: tuple[Operator, ...]
    place: int


class OnnxModel(NamedTuple):
    """A model. `inputs` leave out those that an initializer fills; `domains` are those of its operators.

    `constants` are the outputs of the `Constant` nodes of the main graph that have a tensor as `value`.
    """

    ir_version: int
    opsets: tuple[tuple[str, int], ...]
    inputs: tuple[OnnxValue, ...]
    outputs: tuple[OnnxValue, ...]
    tensors: tuple[OnnxTensor, ...]
    domains: tuple[str, ...]
    functions: tuple[OnnxFunction, ...] = ()
    constants: tuple[tuple[str, OnnxTensor], ...] = ()

    @property
    def initializers(self) -> tuple[OnnxTensor, ...]:
        """Return the (dense) initializers of the main graph, in the file's order."""
        return tuple(one for one in self.tensors if one.main)
