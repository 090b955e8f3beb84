"""What an ONNX file says about itself, read without `onnx` and without loading weights.

Owns the meaning of the messages that a validator needs (versions, inputs, outputs, tensors, external data)
and walks all others so that every known field has its wire type; leaves bytes to `protobuf` and the table of
messages to `onnx_messages`. Serves PKG-ART-01 to PKG-ART-06 and the control `weights-reversed`.
"""

from collections.abc import Callable

from lepton.formats.onnx_facts import (
    OnnxDim,
    OnnxFunction,
    OnnxModel,
    OnnxTensor,
    OnnxValue,
    Operator,
    item_bits,
)
from lepton.formats.onnx_messages import MESSAGES, PACKABLE
from lepton.formats.protobuf import FIXED32, FIXED64, LENGTH, VARINT, Wire, WireError, WireLimit, signed
from lepton.formats.source import Source

__all__ = [
    "OnnxDim",
    "OnnxFunction",
    "OnnxModel",
    "OnnxTensor",
    "OnnxValue",
    "Operator",
    "item_bits",
    "read_onnx",
]

MIN_IR_VERSION = 3
#: Nested messages; protobuf's own readers stop at the same depth.
MAX_DEPTH = 100
MAX_TENSORS = 500_000
MAX_VALUES = 100_000
MAX_RANK = 4096
MAX_TYPED_RANGES = 65_536
#: The field of the values of each element type that a weight may have; the other fields are passed over.
WEIGHT_FIELDS = {1: 4, 2: 5, 3: 5, 10: 5, 11: 10, 16: 5}

STRING = 8
EXTERNAL = 1
_FLOAT_DATA, _INT32_DATA, _STRING_DATA, _INT64_DATA, _DOUBLE_DATA, _UINT64_DATA = 4, 5, 6, 7, 10, 11
_COUNTED = frozenset([_FLOAT_DATA, _INT32_DATA, _STRING_DATA, _INT64_DATA, _DOUBLE_DATA, _UINT64_DATA])


def read_onnx(source: Source) -> OnnxModel:
    """Read a serialised ModelProto.

    Raises: WireError when it is none, WireLimit when it is larger than this implementation reads.
    """
    return _Reader(source).model()


class _Reader:
    """Walks one file. The lists grow while it walks; nothing else changes."""

    def __init__(self, source: Source) -> None:
        self._wire = Wire(source)
        self._tensors: list[OnnxTensor] = []
        self._domains: set[str] = set()
        self._functions: list[OnnxFunction] = []
        self._constants: list[tuple[str, OnnxTensor]] = []
        #: The operators called in the function that is being read; None outside functions.
        self._calls: dict[Operator, None] | None = None
        self._special: dict[str, Callable[[int, int, int], None]] = {
            "Graph": self._subgraph,
            "Node": self._node,
            "Tensor": self._any_tensor,
        }

    def model(self) -> OnnxModel:
        ir_version: int | None = None
        opsets: list[tuple[str, int]] = []
        graph: tuple[int, int] | None = None
        end = self._wire.size
        for number, kind, first, after in self._wire.fields(0, end):
            self._expect("Model", number, kind, first)
            if number == 1:
                ir_version = signed(first)
            elif number == 7:
                if graph is not None:
                    raise WireError(first, "found a second graph, expected one")
                graph = (first, after)
            elif number == 8:
                opsets.append(self._opset(first, after))
            elif number == 25:
                self._functions.append(self._function(first, after))
            else:
                self._descend("Model", number, kind, first, after, 1)
        if ir_version is None or ir_version < MIN_IR_VERSION:
            found = "no ir_version" if ir_version is None else f"the ir_version {ir_version}"
            raise WireError(0, f"found {found}, expected {MIN_IR_VERSION} or more: an ONNX model")
        if graph is None:
            raise WireError(0, "found no graph, expected an ONNX model with one")
        if not opsets:
            raise WireError(0, "found no opset_import, expected at least one")
        inputs, outputs = self._main_graph(*graph)
        domains = tuple(sorted(self._domains))
        tensors, functions = tuple(self._tensors), tuple(self._functions)
        constants = tuple(self._constants)
        return OnnxModel(ir_version, tuple(opsets), inputs, outputs, tensors, domains, functions, constants)

    def _main_graph(self, start: int, end: int) -> tuple[tuple[OnnxValue, ...], tuple[OnnxValue, ...]]:
        inputs: list[OnnxValue] = []
        outputs: list[OnnxValue] = []
        filled: set[str] = set()
        for number, kind, first, after in self._wire.fields(start, end):
            self._expect("Graph", number, kind, first)
            if number == 1:
                self._main_node(first, after)
            elif number == 5:
                filled.add(self._tensor(first, after, main=True).name)
            elif number == 11:
                inputs.append(self._value(first, after))
            elif number == 12:
                outputs.append(self._value(first, after))
            elif number == 15:
                filled.add(self._sparse_name(first, after))
                self._message("SparseTensor", first, after, 3)
            else:
                self._descend("Graph", number, kind, first, after, 2)
            if len(inputs) + len(outputs) > MAX_VALUES:
                raise WireLimit(f"more than {MAX_VALUES} inputs and outputs, the limit of this validator")
        return tuple(one for one in inputs if one.name not in filled), tuple(outputs)

    def _expect(self, message: str, number: int, kind: int, place: int) -> None:
        known = MESSAGES[message].get(number)
        if known is None or known[0] == kind or (kind == LENGTH and (message, number) in PACKABLE):
            return
        raise WireError(
            place, f"found field {number} of {message}Proto with wire type {kind}, not {known[0]}"
        )

    def _message(self, message: str, start: int, end: int, depth: int) -> None:
        """Walk a message that says nothing a validator needs, but may hold some that do."""
        if depth > MAX_DEPTH:
            raise WireLimit(f"messages nested more than {MAX_DEPTH} deep, the limit of this validator")
        for number, kind, first, after in self._wire.fields(start, end):
            self._expect(message, number, kind, first)
            self._descend(message, number, kind, first, after, depth)

    def _descend(self, message: str, number: int, kind: int, first: int, after: int, depth: int) -> None:
        known = MESSAGES[message].get(number)
        if known is None or kind != LENGTH:
            return
        inner = known[1]
        if not inner:
            self._check_packed(message, number, first, after)
            return
        special = self._special.get(inner)
        if special is not None:
            special(first, after, depth + 1)
        else:
            self._message(inner, first, after, depth + 1)

    def _check_packed(self, message: str, number: int, first: int, after: int) -> None:
        unit = PACKABLE.get((message, number))
        if unit is not None:
            self._packed_count(unit, first, after)

    def _packed_count(self, unit: int, first: int, after: int) -> int:
        if unit in (FIXED32, FIXED64):
            size = 4 if unit == FIXED32 else 8
            if (after - first) % size:
                raise WireError(
                    first, f"found {after - first} bytes of packed numbers, not a multiple of {size}"
                )
            return (after - first) // size
        return self._wire.count_varints(first, after)

    def _subgraph(self, first: int, after: int, depth: int) -> None:
        self._message("Graph", first, after, depth)

    def _any_tensor(self, first: int, after: int, depth: int) -> None:
        self._tensor(first, after, main=False)

    def _node(self, start: int, end: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise WireLimit(f"messages nested more than {MAX_DEPTH} deep, the limit of this validator")
        domain = name = overload = ""
        for number, kind, first, after in self._wire.fields(start, end):
            if kind != LENGTH:
                self._expect("Node", number, kind, first)
            elif number == 7:
                domain = self._wire.text(first, after)
            elif number in (5, 9, 10):
                self._descend("Node", number, kind, first, after, depth)
            elif self._calls is not None and number == 4:
                name = self._wire.text(first, after)
            elif self._calls is not None and number == 8:
                overload = self._wire.text(first, after)
        self._domains.add(domain or "ai.onnx")
        if self._calls is not None:
            self._calls[domain or "ai.onnx", name, overload] = None

    def _main_node(self, start: int, end: int) -> None:
        """Walk a node of the main graph, and note what it gives if it is a constant tensor."""
        before = len(self._tensors)
        self._descend("Graph", 1, LENGTH, start, end, 2)
        if len(self._tensors) != before + 1:
            return
        output = operator = domain = attribute = ""
        for number, kind, first, after in self._wire.fields(start, end):
            if kind != LENGTH:
                continue
            if number == 2 and not output:
                output = self._wire.text(first, after)
            elif number == 4:
                operator = self._wire.text(first, after)
            elif number == 5:
                attribute = self._first_text(first, after)
            elif number == 7:
                domain = self._wire.text(first, after)
        if (domain or "ai.onnx", operator, attribute) == ("ai.onnx", "Constant", "value"):
            self._constants.append((output, self._tensors[-1]))

    def _first_text(self, start: int, end: int) -> str:
        name = ""
        for number, kind, first, after in self._wire.fields(start, end):
            if number == 1 and kind == LENGTH:
                name = self._wire.text(first, after)
        return name

    def _function(self, start: int, end: int) -> OnnxFunction:
        texts = {1: "", 10: "", 13: ""}
        self._calls = {}
        for number, kind, first, after in self._wire.fields(start, end):
            self._expect("Function", number, kind, first)
            if number in texts:
                texts[number] = self._wire.text(first, after)
            else:
                self._descend("Function", number, kind, first, after, 2)
        calls, self._calls = tuple(self._calls), None
        return OnnxFunction((texts[10] or "ai.onnx", texts[1], texts[13]), calls, start)

    def _opset(self, start: int, end: int) -> tuple[str, int]:
        domain, version = "", 0
        for number, kind, first, after in self._wire.fields(start, end):
            self._expect("OperatorSetId", number, kind, first)
            if number == 1:
                domain = self._wire.text(first, after)
            elif number == 2:
                version = signed(first)
        return domain or "ai.onnx", version

    def _sparse_name(self, start: int, end: int) -> str:
        for number, kind, first, after in self._wire.fields(start, end):
            if number == 1 and kind == LENGTH:
                return self._name_of(first, after)
        return ""

    def _name_of(self, start: int, end: int) -> str:
        name = ""
        for number, kind, first, after in self._wire.fields(start, end):
            if number == 8 and kind == LENGTH:
                name = self._wire.text(first, after)
        return name

    def _tensor(self, start: int, end: int, *, main: bool) -> OnnxTensor:
        name = ""
        data_type = location = 0
        dims: list[int] = []
        raw: tuple[int, int] | None = None
        counts: dict[int, int] = {}
        external: list[tuple[str, str]] = []
        typed: dict[int, list[tuple[int, int]]] = {}
        for number, kind, first, after in self._wire.fields(start, end):
            self._expect("Tensor", number, kind, first)
            if number == 1:
                packed = kind == LENGTH
                dims.extend(self._wire.packed_varints(first, after, MAX_RANK) if packed else [first])
                if len(dims) > MAX_RANK:
                    raise WireLimit(f"a tensor of rank {len(dims)} or more, beyond this validator")
            elif number == 2:
                data_type = first
            elif number == 8:
                name = self._wire.text(first, after)
            elif number == 9:
                raw = (first, after - first)
            elif number in _COUNTED:
                unit = PACKABLE.get(("Tensor", number))
                packed = unit is not None and kind == LENGTH
                count = self._packed_count(unit or 0, first, after) if packed else 1
                counts[number] = counts.get(number, 0) + count
                ranges = typed.setdefault(number, [])
                if len(ranges) < MAX_TYPED_RANGES:
                    ranges.append((self._wire.varint_start(after) if kind == VARINT else first, after))
            elif number == 13:
                external.append(self._pair(first, after))
            elif number == 14:
                location = first
            else:
                self._descend("Tensor", number, kind, first, after, 4)
        tensor = OnnxTensor(
            name,
            data_type,
            tuple(signed(size) for size in dims),
            raw,
            tuple(sorted(counts.items())),
            tuple(external) if location == EXTERNAL else None,
            main,
            start,
            tuple(typed.get(WEIGHT_FIELDS.get(data_type, 0), ())),
        )
        self._tensors.append(tensor)
        if len(self._tensors) > MAX_TENSORS:
            raise WireLimit(f"more than {MAX_TENSORS} tensors, the limit of this validator")
        return tensor

    def _pair(self, start: int, end: int) -> tuple[str, str]:
        key = value = ""
        for number, kind, first, after in self._wire.fields(start, end):
            self._expect("StringStringEntry", number, kind, first)
            if number == 1:
                key = self._wire.text(first, after)
            elif number == 2:
                value = self._wire.text(first, after)
        return key, value

    def _value(self, start: int, end: int) -> OnnxValue:
        name = ""
        tensor: tuple[int, int] | None = None
        other = False
        for number, kind, first, after in self._wire.fields(start, end):
            self._expect("ValueInfo", number, kind, first)
            if number == 1:
                name = self._wire.text(first, after)
            elif number == 2:
                for inner, inner_kind, low, high in self._wire.fields(first, after):
                    self._expect("Type", inner, inner_kind, low)
                    if inner == 1 and tensor is not None:
                        raise WireError(low, f"found a second tensor type for {name!r}, expected one")
                    if inner == 1:
                        tensor = (low, high)
                    other = other or inner in (4, 5, 7, 8, 9)
                    if inner != 1:
                        self._descend("Type", inner, inner_kind, low, high, 5)
            else:
                self._descend("ValueInfo", number, kind, first, after, 4)
        if tensor is None or other:
            return OnnxValue(name, None, None, start)
        return OnnxValue(name, *self._tensor_type(*tensor), start)

    def _tensor_type(self, start: int, end: int) -> tuple[int | None, tuple[OnnxDim, ...] | None]:
        elem_type = 0
        shape: list[OnnxDim] | None = None
        for number, kind, first, after in self._wire.fields(start, end):
            self._expect("TensorType", number, kind, first)
            if number == 1:
                elem_type = first
            elif number == 2:
                shape = [] if shape is None else shape
                for inner, inner_kind, low, high in self._wire.fields(first, after):
                    self._expect("TensorShape", inner, inner_kind, low)
                    if inner == 1:
                        shape.append(self._dim(low, high))
                    if len(shape) > MAX_RANK:
                        raise WireLimit(f"a shape of rank {len(shape)} or more, beyond this validator")
        return elem_type, None if shape is None else tuple(shape)

    def _dim(self, start: int, end: int) -> OnnxDim:
        dim: OnnxDim = None
        for number, kind, first, after in self._wire.fields(start, end):
            self._expect("Dimension", number, kind, first)
            if number == 1:
                dim = signed(first)
            elif number == 2:
                dim = self._wire.text(first, after) or None
        return None if isinstance(dim, int) and dim < 0 else dim
