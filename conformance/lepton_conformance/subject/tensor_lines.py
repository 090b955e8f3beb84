"""Tensors in the stdio protocol: base64 of little-endian row-major bytes, and their descriptions.

Owns reading and writing on the suite's side; leaves bytes of elements to `oracle.elements`. Serves `runtime`.
"""

import base64
import binascii
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

import lepton_spec
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import WrongData, from_binary, to_binary

__all__ = ["Array", "Spec", "WrongTensor", "datatype_of", "read_specs", "read_value", "write_value"]


class WrongTensor(ValueError):
    """A tensor is not written as the protocol says; the message says found and expected."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One tensor of a model as the adapter describes it; -1 stands for a size that is not fixed."""

    name: str
    datatype: str
    shape: tuple[int, ...]


def datatype_of(array: Array) -> str:
    """Return the datatype of an array. Raises: KeyError for a numpy type that no datatype has."""
    if array.dtype == object:
        return "BYTES"
    names = {
        np.dtype(entry["numpy"]): name
        for name, entry in lepton_spec.datatypes().items()
        if entry["numpy"] is not None and name != "BYTES"
    }
    return names[array.dtype.newbyteorder("=")]


def write_value(name: str, array: Array) -> dict[str, Any]:
    """Return a tensor as the protocol has it."""
    return {
        "name": name,
        "datatype": datatype_of(array),
        "shape": list(array.shape),
        "data": base64.b64encode(to_binary(array)).decode("ascii"),
    }


def read_value(entry: Any) -> tuple[str, Array]:
    """Return name and elements of a tensor. Raises: WrongTensor."""
    spec = _spec(entry, least=0)
    data = entry.get("data")
    if not isinstance(data, str):
        raise WrongTensor(f"data of {spec.name!r} is no string, expected base64")
    try:
        return spec.name, from_binary(spec.datatype, spec.shape, base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError) as error:
        kind = "data" if isinstance(error, WrongData) else "no base64"
        raise WrongTensor(f"{kind} of {spec.name!r}: {error}") from error
    except KeyError:
        raise WrongTensor(
            f"datatype {spec.datatype} of {spec.name!r}, which no conformance model has"
        ) from None


def read_specs(value: Any) -> tuple[Spec, ...]:
    """Return the tensors of a model in order. Raises: WrongTensor."""
    if not isinstance(value, list):
        raise WrongTensor(f"{value!r:.60}, expected an array of tensors")
    return tuple(_spec(entry, least=-1) for entry in value)


def _spec(entry: Any, *, least: int) -> Spec:
    if not isinstance(entry, dict):
        raise WrongTensor(f"a tensor {entry!r:.60}, expected an object")
    name, datatype, shape = entry.get("name"), entry.get("datatype"), entry.get("shape")
    if not isinstance(name, str):
        raise WrongTensor(f"the name {name!r:.60} of a tensor, expected a string")
    if datatype not in lepton_spec.datatypes():
        raise WrongTensor(f"the datatype {datatype!r:.60} of {name!r}, expected a registered one")
    if not isinstance(shape, list) or not all(type(size) is int and size >= least for size in shape):
        raise WrongTensor(f"the shape {shape!r:.60} of {name!r}, expected integers from {least}")
    if math.prod(size for size in shape if size > 0) >= 2**63:
        raise WrongTensor(f"the shape {shape!r:.60} of {name!r}, which is too large")
    return Spec(name, datatype, tuple(shape))
