"""Requests with an element that its datatype cannot hold, made from valid ones.

Owns the elements; leaves the rest of a request to `malformed` and which requirement demands what to the
suite. Serves `inference` (INF-DAT).
"""

import copy
import json
from collections.abc import Iterable

import numpy as np

from lepton_conformance.oracle.elements import dtype
from lepton_conformance.strategies.malformed import Wrong
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given
from lepton_conformance.subject.http import encode

__all__ = [
    "bare_tokens",
    "beyond_floats",
    "no_booleans",
    "no_floats",
    "no_integers",
    "no_strings",
    "with_tokens",
]

_MARK = "@lepton-token@"


def with_tokens(case: Given, tokens: Iterable[str], what: str) -> list[Wrong]:
    """Return requests in which one element is a given JSON token, alone and amid others."""
    request = infer_request(case)
    made = []
    for token in tokens:
        shown = token if len(token) <= 40 else f"{token[:20]}... ({len(token)} characters)"
        for position in {0, len(request["inputs"][0]["data"]) - 1}:
            data = list(request["inputs"][0]["data"])
            data[position] = _MARK
            changed = copy.deepcopy(request)
            changed["inputs"][0]["data"] = data
            body = encode(changed).replace(json.dumps(_MARK).encode(), token.encode())
            made.append(Wrong(case, f"the {what} {shown}", body))
    return made


def no_integers(case: Given) -> list[Wrong]:
    """Return requests with elements that the integer datatype of the input cannot hold."""
    kind = dtype(case.model.inputs[0].datatype)
    limits = np.iinfo(kind)
    tokens = [str(limits.max + 1), str(limits.min - 1), str(2**64), str(-(2**63) - 1), str(10**30)]
    tokens += ["1.5", "-0.5", "1e30", '"1"', '""', "true", "false"]
    # Fractions that a reader of doubles cannot see, or sees as next to nothing.
    tokens += ["1.0000000000000000000001", "1e-10", "-1e-10", "1e-400", "1.000000000001"]
    return with_tokens(case, dict.fromkeys(tokens), "element")


def beyond_floats(case: Given) -> list[Wrong]:
    """Return requests with numbers that round to an infinity of the floating-point datatype."""
    datatype = case.model.inputs[0].datatype
    tokens = {
        "FP16": ["65520", "-65520", "65520.0", "1e5", "1e39", "1e400"],
        "FP32": ["3.5e38", "-3.5e38", "3.4028235677973366e38", "1e39", "1e400", "-1e400"],
        "FP64": ["1e309", "-1e309", "1.797693134862315808e308", "1e400", "1e999"],
    }[datatype]
    return with_tokens(case, [*tokens, "1" + "0" * 400], "number")


def no_floats(case: Given) -> list[Wrong]:
    """Return requests with elements of a floating-point tensor that are no numbers nor name one."""
    strings = ("1.5", "1", "abc", "", "nan", "inf", "+Infinity", "infinity", "NaN ", "0x1p0")
    tokens = ["true", "false", "null", "{}", *map(json.dumps, strings)]
    return with_tokens(case, tokens, "element")


def no_strings(case: Given) -> list[Wrong]:
    """Return requests with elements of a BYTES tensor that are no strings."""
    return with_tokens(case, ("1", "0", "1.5", "true", "false", "null", "{}"), "element")


def no_booleans(case: Given) -> list[Wrong]:
    """Return requests with elements of a BOOL tensor that are not booleans."""
    return with_tokens(case, ("0", "1", "2", "0.0", '"true"', '"false"', '""', '"1"'), "element")


def bare_tokens(case: Given) -> list[Wrong]:
    """Return requests with bare NaN and infinities, which are no JSON, and with null elements."""
    made = with_tokens(case, ("NaN", "Infinity", "-Infinity"), "bare token")
    made += with_tokens(case, ("null",), "element")
    request = infer_request(case)
    request["parameters"] = {"lepton_unknown": _MARK}
    body = encode(request).replace(json.dumps(_MARK).encode(), b"NaN")
    return [*made, Wrong(case, "a bare NaN in the parameters", body)]
