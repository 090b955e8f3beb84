"""Checks of the tensors inside ONNX artifacts: their bytes are there, no more and no less.

Owns the arithmetic on declared sizes, exact at any size and before anything is allocated; leaves where data
lies to `lepton.formats.onnx`. Serves PKG-ART-05 and PKG-ART-06.
"""

from collections.abc import Iterator
from typing import Any

from lepton.checks.artifacts import external_path, models
from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.formats.onnx import OnnxTensor, item_bits
from lepton.package.read import Package

__all__ = ["CHECKS", "tensor_fault"]

#: The largest element count that any tensor may have.
MAX_ELEMENTS = 2**63 - 1
MAX_DIGITS = 40
_STRING = 8
#: The field of typed data by TensorProto type; all other types are in `int32_data` (5).
_FIELDS = {1: 4, 14: 4, 8: 6, 7: 7, 11: 10, 15: 10, 12: 11, 13: 11}
_INT32_DATA = 5
_COMPLEX = frozenset([14, 15])


@check("PKG-ART-05")
def external_ranges(package: Package) -> Iterator[Finding | NotChecked]:
    """Every range of external data lies in its file and has the tensor's length."""
    for one in models(package, "PKG-ART-05"):
        if isinstance(one, NotChecked):
            yield one
            continue
        _, artifact, model = one
        for tensor in model.tensors:
            if tensor.external is None:
                continue
            path, _ = external_path(artifact["entry"], tensor)
            fact = package.files.get(path) if path is not None else None
            if fact is None:
                yield NotChecked("PKG-ART-05", "blocked by PKG-ART-04")
            elif fact.broken or fact.size is None:
                yield NotChecked("PKG-ART-05", f"blocked by {fact.broken}")
            elif _count_fault(tensor) is None:
                problem = _range_fault(tensor, fact.size)
                if problem is not None:
                    message = f"tensor {tensor.name[:60]!r}: {problem}"
                    yield Finding("PKG-ART-05", artifact["entry"], f"byte {tensor.place}", message, "")


def _range_fault(tensor: OnnxTensor, file_size: int) -> str | None:
    given: dict[str, Any] = {}
    for key, value in tensor.external or ():
        if key not in ("offset", "length"):
            continue
        if key in given:
            return f"found {key} twice, expected it once"
        if not (value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS):
            return f"found the {key} {value[:40]!r}, expected a decimal number of 0 or more"
        given[key] = int(value)
    offset = given.get("offset", 0)
    length = given.get("length", file_size - offset)
    if length < 0 or offset + length > file_size:
        return f"found the range {offset} to {offset + length}, expected it in the file of {file_size}"
    expected = tensor.byte_count
    if expected is None:
        return f"found external data for the type {tensor.data_type}, which has no byte count"
    if length != expected:
        return f"found {length} bytes of external data, expected {expected} for {list(tensor.dims)}"
    return None


@check("PKG-ART-06")
def tensor_data(package: Package) -> Iterator[Finding | NotChecked]:
    """Every tensor has sound sizes and, inside the file, exactly the data for them."""
    for one in models(package, "PKG-ART-06"):
        if isinstance(one, NotChecked):
            yield one
            continue
        _, artifact, model = one
        for tensor in model.tensors:
            problem = tensor_fault(tensor)
            if problem is not None:
                message = f"tensor {tensor.name[:60]!r}: {problem}"
                yield Finding("PKG-ART-06", artifact["entry"], f"byte {tensor.place}", message, "")


def tensor_fault(tensor: OnnxTensor) -> str | None:
    """Say what is wrong with the sizes or the data of a tensor."""
    return _count_fault(tensor) or _data_fault(tensor)


def _count_fault(tensor: OnnxTensor) -> str | None:
    negative = [size for size in tensor.dims if size < 0]
    if negative:
        return f"found the size {negative[0]}, expected 0 or more"
    if tensor.elements > MAX_ELEMENTS:
        return f"found {list(tensor.dims)[:8]}, more than 2^63 - 1 elements"
    return None


def _data_fault(tensor: OnnxTensor) -> str | None:
    if tensor.external is not None:
        return None
    bits = item_bits(tensor.data_type)
    if bits is None and tensor.data_type != _STRING:
        return f"found the element type {tensor.data_type}, expected one of onnx.proto"
    if tensor.raw is not None:
        if tensor.raw[1] != tensor.byte_count:
            shape = list(tensor.dims)
            return f"found {tensor.raw[1]} bytes of data, expected {tensor.byte_count} for the shape {shape}"
        return None
    field = _FIELDS.get(tensor.data_type, _INT32_DATA)
    found = dict(tensor.counts).get(field, 0)
    expected = tensor.elements
    if tensor.data_type in _COMPLEX:
        expected *= 2
    elif bits is not None and bits < 8:
        expected = (expected * bits + 7) // 8
    if found != expected:
        return f"found {found} values, expected {expected} for the shape {list(tensor.dims)}"
    return None


CHECKS: tuple[Check, ...] = (external_ranges, tensor_data)
