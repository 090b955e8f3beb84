"""Requests: the JSON of a valid one, flat or nested, and its spellings.

Owns how a request is written; leaves wrong ones to `strategies.malformed`. Serves `inference` (INF-REQ).
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import to_json
from lepton_conformance.strategies.cases import Digits
from lepton_conformance.strategies.tensors import Given

__all__ = ["PLAIN_ID", "STYLES", "infer_request", "nested", "spell", "tensor_entry"]

#: How many styles of spelling there are; a multiple of it more is another draw of the same style.
STYLES = 8
#: The id of requests that do not test ids.
PLAIN_ID = "lepton-1"


def tensor_entry(name: str, datatype: str, array: Array) -> dict[str, Any]:
    """Return an input of a request, its data flat."""
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": to_json(array)}


def infer_request(
    case: Given, *, outputs: Sequence[str] | None = None, identifier: str | None = PLAIN_ID
) -> dict[str, Any]:
    """Return the request of a case: every input once, data flat, outputs as named."""
    request: dict[str, Any] = {} if identifier is None else {"id": identifier}
    request["inputs"] = [
        tensor_entry(tensor.name, tensor.datatype, case.inputs[tensor.name]) for tensor in case.model.inputs
    ]
    if outputs is not None:
        request["outputs"] = [{"name": name} for name in outputs]
    return request


def nested(data: Sequence[Any], shape: Sequence[int]) -> list[Any]:
    """Return flat data nested as the shape."""
    if len(shape) == 1:
        return list(data)
    step = math.prod(shape[1:])
    return [nested(data[index * step : (index + 1) * step], shape[1:]) for index in range(shape[0])]


def spell(value: Any, number: int) -> bytes:
    """Write JSON in one of its many spellings: 0 is compact, others differ in space, escapes and numbers."""
    digits = Digits(number)
    style = digits.take(STYLES)
    if style == 0:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if style == 1:
        return json.dumps(value, ensure_ascii=True, separators=(" ,", " : ")).encode()
    if style == 2:
        return json.dumps(value, ensure_ascii=False, indent="\t").replace("\n", "\r\n").encode()
    random = np.random.default_rng(digits.rest)
    space = ("", " ", "\n", "\t", "\r\n  ")[style - 3]
    return (space + _spell(value, random, space) + space).encode()


def _spell(value: Any, random: np.random.Generator, space: str) -> str:
    if isinstance(value, Mapping):
        names = list(value)
        order = random.permutation(len(names))
        members = [
            f"{_text(names[i], random)}{space}:{space}{_spell(value[names[i]], random, space)}" for i in order
        ]
        return "{" + space + f"{space},{space}".join(members) + space + "}"
    if isinstance(value, list):
        return "[" + space + f"{space},".join(_spell(item, random, space) for item in value) + space + "]"
    if isinstance(value, str):
        return _text(value, random)
    if isinstance(value, float) and math.isfinite(value):
        return _float(value, random)
    return json.dumps(value)


def _text(value: str, random: np.random.Generator) -> str:
    """Return a JSON string in which some characters are escaped as UTF-16 code units."""
    parts = []
    for character in value:
        if random.integers(0, 4) == 0:
            units = character.encode("utf-16-be")
            parts.append("".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)))
        elif character == "/" and random.integers(0, 2):
            parts.append("\\/")
        else:
            parts.append(json.dumps(character, ensure_ascii=False)[1:-1])
    return '"' + "".join(parts) + '"'


def _float(value: float, random: np.random.Generator) -> str:
    """Return a decimal that is read back as the same FP64, in one of its spellings.

    Each has a fraction or an exponent: OIP tells integers from floating-point numbers among the elements,
    and lets a server refuse the one where it expects the other.
    """
    style = random.integers(0, 8)
    if style == 0 or value == 0:
        return repr(value)
    mantissa, _, power = f"{value:.16e}".partition("e")
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    digits = digits.replace(".", "")
    exponent = int(power)
    if style == 1:
        return f"{value:.17e}".replace("e", "E")
    if style == 2:
        return f"{value:.20e}"
    if style == 3:  # 0.1e1 for 1
        return f"{sign}0.{digits}e{exponent + 1}"
    if style == 4:  # 10000e-4 for 1: no fraction
        return f"{sign}{digits}e{exponent - len(digits) + 1}"
    if style == 5:  # 1.0E+0 for 1
        return f"{sign}{digits[0]}.{digits[1:]}E{exponent:+d}"
    if style == 6:  # leading zeros in the exponent, trailing ones in the fraction
        return f"{sign}{digits[0]}.{digits[1:]}000e{'-' if exponent < 0 else '+'}00{abs(exponent)}"
    text = f"{value:.17g}"
    return f"{text}.0" if text.lstrip("-").isdigit() else text
