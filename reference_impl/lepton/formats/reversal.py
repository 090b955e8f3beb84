"""Whether an ONNX model has weights that change when their elements are reversed.

Owns finding the first such initializer without loading more than a window of it; leaves reversing to
`lepton.vectors`. Serves PKG-VEC-07 (the control `weights-reversed`).
"""

from collections.abc import Callable

from lepton.formats.onnx import OnnxModel, OnnxTensor
from lepton.formats.source import Source

__all__ = ["ExternalSource", "has_reversible_weights"]

#: TensorProto types of floating-point weights: FLOAT, FLOAT16, DOUBLE, BFLOAT16; bytes of an element.
_SIZES = {1: 4, 10: 2, 11: 8, 16: 2}
#: Array type codes by bytes of an element, to turn the bytes of each element round at once.
_CODES = {2: "H", 4: "I", 8: "Q"}
WINDOW_ELEMENTS = 131_072

#: Opens the external data of a tensor, or answers None when it cannot be read.
ExternalSource = Callable[[OnnxTensor], tuple[Source, int] | None]


def has_reversible_weights(model: OnnxModel, source: Source, external: ExternalSource) -> bool | None:
    """Say whether some floating-point initializer of the main graph is not the same backwards.

    None when that depends on data that cannot be read.
    """
    unknown = False
    candidates = [one for one in model.initializers if one.data_type in _SIZES and one.elements > 1]
    for tensor in sorted(candidates, key=lambda one: -one.elements):
        if any(size < 0 for size in tensor.dims):
            continue
        answer = _changes(tensor, source, external)
        if answer:
            return True
        unknown = unknown or answer is None
    return None if unknown else False


def _changes(tensor: OnnxTensor, source: Source, external: ExternalSource) -> bool | None:
    size = _SIZES[tensor.data_type]
    if tensor.external is not None:
        found = external(tensor)
        return None if found is None else _range_changes(found[0], found[1], tensor.elements, size)
    if tensor.raw is not None:
        return _range_changes(source, tensor.raw[0], tensor.raw[1] // size, size)
    return _typed_changes(tensor, source, size)


def _range_changes(source: Source, start: int, count: int, size: int) -> bool:
    """Compare a run of elements with itself backwards, a window from each end at a time."""
    if source.read_at(start, size) != source.read_at(start + (count - 1) * size, size):
        return True
    low, high = 0, count
    while low < high:
        step = min(WINDOW_ELEMENTS, high - low)
        first = source.read_at(start + low * size, step * size)
        last = source.read_at(start + (high - step) * size, step * size)
        if len(first) != step * size or first != _backwards(last, size):
            return len(first) == step * size
        low += step
        high -= step
    return False


def _backwards(data: bytes, size: int) -> bytes:
    import array

    turned = array.array(_CODES[size], data[::-1])
    turned.byteswap()
    return turned.tobytes()


def _typed_changes(tensor: OnnxTensor, source: Source, size: int) -> bool | None:
    """Compare data in a typed field; 16-bit floats are there as varints, one number an element."""
    data = b"".join(source.read_at(start, end - start) for start, end in tensor.typed)
    if size > 2:
        whole = len(data) - len(data) % size
        return data[:whole] != _backwards(data[:whole], size) if whole else None
    values: list[int] = []
    value = shift = 0
    for mark in data:
        value |= (mark & 0x7F) << shift
        shift += 7
        if mark < 0x80:
            values.append(value)
            value = shift = 0
    return values != values[::-1] if values else None
