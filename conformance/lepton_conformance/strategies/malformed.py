"""Requests that are wrong in exactly one way, made from valid ones.

Owns the ways; leaves which requirement demands what to the suite. Each function takes a valid request to a
model and returns the wrong ones with a few words that name the fault. Wrong elements stand in
`malformed_elements`. Serves `inference` (INF-ERR, INF-DAT).
"""

import copy
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lepton_spec
from lepton_conformance.oracle.elements import to_json
from lepton_conformance.strategies.requests import PLAIN_ID, infer_request, nested
from lepton_conformance.strategies.tensors import Given
from lepton_conformance.subject.http import encode

__all__ = [
    "Wrong",
    "counts",
    "datatypes",
    "dimensions",
    "duplicate_inputs",
    "duplicate_names",
    "extensions",
    "members",
    "names",
    "nestings",
    "not_objects",
    "outputs",
    "parameters",
    "shapes",
    "trailing",
    "truncated",
]

_MARK = "@lepton-token@"
_NOT_INPUTS: tuple[Any, ...] = (None, 7, "text", {"a": 1}, True)
_NOT_AN_INPUT: tuple[Any, ...] = (None, 7, "x", [])
_MISTYPED: dict[str, tuple[Any, ...]] = {
    "name": (None, 7, [], {}),
    "shape": (None, 6, "[2,3]", {}),
    "datatype": (None, 7, [], {}),
    "data": (None, 7, {}, "1"),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong request: to which model, what is wrong, the body."""

    case: Given
    what: str
    body: bytes

    @property
    def model(self) -> str:
        """Return the model's name."""
        return self.case.model.name


def _changed(case: Given, what: str, path: Sequence[Any], value: Any) -> Wrong:
    """Return the valid request with one member replaced; `...` as value removes it."""
    request: Any = infer_request(case)
    place = request
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return Wrong(case, what, encode(request))


def not_objects(case: Given) -> list[Wrong]:
    """Return bodies that are not JSON objects."""
    valid = encode(infer_request(case))
    bodies = {
        "an empty body": b"",
        "an unfinished object": b"{",
        "half a request": valid[: len(valid) // 2],
        "a request without its last byte": valid[:-1],
        "a request without its last two bytes": valid[:-2],
        "the JSON null": b"null",
        "an array": b"[]",
        "an array around the request": b"[" + valid + b"]",
        "a string": b'"request"',
        "a number": b"42",
        "text": b"inputs",
        "bytes that are no text": b"\xff\xfe\x00",
        "a sentence": b"Please classify the picture.",
        "an open string": b'{"inputs": "',
        "only white space": b" \n",
    }
    return [Wrong(case, what, body) for what, body in bodies.items()]


def truncated(case: Given, length: int) -> Wrong:
    """Return the first bytes of a valid body: never a whole JSON text."""
    body = encode(infer_request(case))
    kept = length % len(body)
    return Wrong(case, f"the first {kept} of {len(body)} bytes of a request", body[:kept])


def extensions(case: Given) -> list[Wrong]:
    """Return bodies that only readers of extended JSON understand, and bodies that are not UTF-8."""
    valid = encode(infer_request(case))
    marked = encode({**infer_request(case), "lepton_unknown": _MARK})
    name = json.dumps(PLAIN_ID).encode()
    data = valid.index(b'"data":[') + len(b'"data":[')
    end = valid.index(b"]", data)
    bodies = {
        "single quotation marks": valid.replace(b'"', b"'"),
        "a comma too many in an object": valid[:-1] + b",}",
        "a comma too many in an array": valid[:end] + b"," + valid[end:],
        "a comma too few": valid[:data] + valid[data:].replace(b",", b" ", 1),
        "two commas": valid[:data] + valid[data:].replace(b",", b",,", 1),
        "a leading comma": valid[:data] + b"," + valid[data:],
        "a name without quotation marks": valid.replace(b'"inputs"', b"inputs", 1),
        "a block comment": b"/* x */" + valid,
        "a block comment within": valid[:data] + b"/* x */" + valid[data:],
        "a line comment": b"// x\n" + valid,
        "a comment after #": b"# x\n" + valid,
        "no colon": valid.replace(b'"inputs":', b'"inputs" ', 1),
        "= for a colon": valid.replace(b'"inputs":', b'"inputs"=', 1),
        "a form feed between tokens": b"\x0c" + valid,
        "a no-break space between tokens": "\xa0".encode() + valid,
        "a string that is not UTF-8": valid.replace(name, b'"\xc3\x28"'),
        "a string in Latin-1": valid.replace(name, '"é"'.encode("latin-1")),
        "a string with an overlong NUL": valid.replace(name, b'"\xc0\x80"'),
        "a string with an encoded surrogate": valid.replace(name, b'"\xed\xa0\x80"'),
        "a string beyond U+10FFFF": valid.replace(name, b'"\xf4\x90\x80\x80"'),
        "a string cut within a character": valid.replace(name, b'"\xe4\xb8"'),
        "the request in UTF-16": valid.decode().encode("utf-16"),
        "the request in UTF-32": valid.decode().encode("utf-32-le"),
    }
    values = {
        "a control character in a string": b'"a\x01b"',
        "a line feed in a string": b'"a\nb"',
        "a tab in a string": b'"a\tb"',
        "NUL in a string": b'"a\0b"',
        "an unknown escape": b'"\\x41"',
        "an escaped single quotation mark": b'"\\\'"',
        "an escape of three digits": b'"\\u004"',
        "an escape without digits": b'"\\u"',
        "a leading zero": b"01",
        "a leading zero after a minus sign": b"-01",
        "two zeros": b"00",
        "a leading zero before a fraction": b"01.5",
        "a minus sign before the point": b"-.5",
        "a leading plus sign": b"+1",
        "a number without digits before the point": b".5",
        "a number without digits after the point": b"5.",
        "a number without digits in the exponent": b"1e",
        "a hexadecimal number": b"0x1",
        "an underscore in a number": b"1_0",
        "two minus signs": b"--1",
        "a minus sign alone": b"-",
        "True": b"True",
        "undefined": b"undefined",
        "nothing": b"",
    }
    mark = json.dumps(_MARK).encode()
    bodies |= {
        f"{what} (in an unknown member)": marked.replace(mark, token) for what, token in values.items()
    }
    return [Wrong(case, what, body) for what, body in bodies.items()]


def duplicate_names(case: Given) -> list[Wrong]:
    """Return requests with an object that has two members of one name, spelled alike or not."""
    valid = encode({**infer_request(case), "parameters": {"lepton_a": 1}})
    shape = encode(list(next(iter(case.inputs.values())).shape))
    first = b'{"name":'
    bodies = {
        "two ids": valid.replace(b"{", b'{"id":"other",', 1),
        "two members inputs": valid.replace(b"{", b'{"inputs":[],', 1),
        "two names of an input": valid.replace(first, b'{"name":"lepton_stranger","name":', 1),
        "two equal names of an input": valid.replace(b'"shape":', b'"name":"%b","shape":' % _name(case), 1),
        "two shapes": valid.replace(b'"shape":', b'"shape":%b,"shape":' % shape, 1),
        "two members data": valid.replace(b'"data":', b'"data":[],"data":', 1),
        "two members data, one in escapes": valid.replace(b'"data":', b'"d\\u0061ta":[],"data":', 1),
        "two parameters of one name": valid.replace(b'"lepton_a":1', b'"lepton_a":1,"lepton_a":2'),
        "two members that are unknown": valid.replace(b"{", b'{"lepton_b":1,"lepton_b":1,', 1),
    }
    return [Wrong(case, what, body) for what, body in bodies.items()]


def _name(case: Given) -> bytes:
    return case.model.inputs[0].name.encode()


def members(case: Given) -> list[Wrong]:
    """Return requests that lack a member, or have one of another type."""
    made = [_changed(case, "no member inputs", ["inputs"], ...)]
    made += [_changed(case, f"inputs {wrong!r}", ["inputs"], wrong) for wrong in _NOT_INPUTS]
    made.append(_changed(case, "inputs that is the input", ["inputs"], infer_request(case)["inputs"][0]))
    made += [_changed(case, f"the input {wrong!r}", ["inputs", 0], wrong) for wrong in _NOT_AN_INPUT]
    for member, values in _MISTYPED.items():
        made.append(_changed(case, f"an input without {member}", ["inputs", 0, member], ...))
        made += [
            _changed(case, f"an input with {member} {wrong!r}", ["inputs", 0, member], wrong)
            for wrong in values
        ]
    return made


def names(case: Given) -> list[Wrong]:
    """Return requests that name an unknown input or lack one."""
    request = infer_request(case)
    stranger = {**copy.deepcopy(request["inputs"][0]), "name": "lepton_stranger"}
    made = [
        Wrong(
            case, "an unknown input besides", encode({**request, "inputs": [*request["inputs"], stranger]})
        ),
        Wrong(case, "an unknown input first", encode({**request, "inputs": [stranger, *request["inputs"]]})),
        _changed(case, "an input under an unknown name", ["inputs", 0, "name"], "lepton_stranger"),
        _changed(case, "an input under an empty name", ["inputs", 0, "name"], ""),
        _changed(
            case, "an input's name in capitals", ["inputs", 0, "name"], case.model.inputs[0].name.upper()
        ),
        _changed(case, "no input at all", ["inputs"], []),
    ]
    if len(request["inputs"]) > 1:
        for index, entry in enumerate(request["inputs"]):
            rest = request["inputs"][:index] + request["inputs"][index + 1 :]
            made.append(_changed(case, f"no input {entry['name']}", ["inputs"], rest))
    return made


def datatypes(case: Given) -> list[Wrong]:
    """Return requests whose input has a datatype other than the model's, registered or not."""
    own = case.model.inputs[0].datatype
    others = [name for name in lepton_spec.datatypes() if name != own]
    return [
        _changed(case, f"the datatype {name} for {own}", ["inputs", 0, "datatype"], name)
        for name in (*others, own.lower(), "TENSOR", "")
    ]


def counts(case: Given) -> list[Wrong]:
    """Return requests whose data have more or fewer elements than the shape says."""
    data = infer_request(case)["inputs"][0]["data"]
    wanted = len(data)
    return [
        _changed(case, f"{len(given)} elements for {wanted}", ["inputs", 0, "data"], given)
        for given in (data[:-1], [*data, data[0]], [], data[:1], data * 2)
        if len(given) != wanted
    ]


def shapes(case: Given) -> list[Wrong]:
    """Return requests whose first input has another rank, or another size where the model fixes it."""
    shape = list(next(iter(case.inputs.values())).shape)
    count = math.prod(shape)
    wrong = [[count], [1, *shape], [*shape, 1]]
    for axis, size in enumerate(case.model.inputs[0].shape):
        if isinstance(size, int):
            wrong += [_replaced(shape, axis, size - 1), _replaced(shape, axis, size + 1)]
    made = []
    for candidate in wrong:
        request = infer_request(case)
        data = request["inputs"][0]["data"]
        request["inputs"][0]["shape"] = candidate
        request["inputs"][0]["data"] = (data * 2)[: math.prod(candidate)]
        made.append(Wrong(case, f"the shape {candidate}", encode(request)))
    return made


def _replaced(shape: Sequence[int], axis: int, size: int) -> list[int]:
    changed = list(shape)
    changed[axis] = size
    return changed


def duplicate_inputs(case: Given) -> list[Wrong]:
    """Return requests that name an input twice."""
    request = infer_request(case)
    again = copy.deepcopy(request["inputs"][0])
    made = [Wrong(case, "an input twice", encode({**request, "inputs": [*request["inputs"], again]}))]
    other = {**again, "data": list(reversed(again["data"]))}
    made.append(
        Wrong(
            case,
            "an input twice, with other data",
            encode({**request, "inputs": [other, *request["inputs"]]}),
        )
    )
    return made


def outputs(case: Given) -> list[Wrong]:
    """Return requests for an unknown output, or for one twice."""
    own = case.model.outputs[0].name
    lists = {
        "an unknown output": ["lepton_stranger"],
        "an unknown output besides": [own, "lepton_stranger"],
        "an output under an empty name": [""],
        "an output twice": [own, own],
    }
    return [
        Wrong(case, f"a request for {what}", encode(infer_request(case, outputs=wanted)))
        for what, wanted in lists.items()
    ]


def dimensions(case: Given) -> list[Wrong]:
    """Return requests with impossible dimensions, and with a product that overflows 64 bits."""
    shape = list(next(iter(case.inputs.values())).shape)
    made = []
    value: Any
    first = shape[0]
    for value in (-1, -2, first + 0.5, 2**63, 2**64, 2**64 + first, 10**30, str(first), True, None):
        made.append(_changed(case, f"the dimension {value!r}", ["inputs", 0, "shape"], [value, *shape[1:]]))
    request = infer_request(case)
    request["inputs"][0]["shape"] = [True, math.prod(shape)]
    made.append(Wrong(case, "the dimension True with as many elements as for 1", encode(request)))
    made.append(_changed(case, "negative dimensions", ["inputs", 0, "shape"], [-size for size in shape]))
    for sizes in ([2**32, 2**32], [2**62, 4], [2**63 - 1, 2**63 - 1]):
        request = infer_request(case)
        request["inputs"][0].update(shape=sizes, data=[])
        made.append(Wrong(case, f"the shape {sizes} without data", encode(request)))
    return made


def trailing(case: Given) -> list[Wrong]:
    """Return bodies that go on after the JSON object."""
    valid = encode(infer_request(case))
    return [
        Wrong(case, f"{tail!r} after the request", valid + tail)
        for tail in (b"{}", b"x", b"]", b"}", b"\0", b' "more"', b"\n" + valid, b"//")
    ]


def parameters(case: Given) -> list[Wrong]:
    """Return requests whose parameters are no object, or have a value that is no string, number, boolean."""
    made = []
    value: Any
    for value in ([], "text", 7, None, {"a": None}, {"a": []}, {"a": {}}, {"a": ["b"]}):
        made.append(_changed(case, f"the parameters {value!r}", ["parameters"], value))
        made.append(_changed(case, f"an input's parameters {value!r}", ["inputs", 0, "parameters"], value))
        request = infer_request(case, outputs=[case.model.outputs[0].name])
        request["outputs"][0]["parameters"] = value
        made.append(Wrong(case, f"a requested output's parameters {value!r}", encode(request)))
    return made


def nestings(case: Given) -> list[Wrong]:
    """Return requests whose data are neither flat nor nested as their shape, of two dimensions above 1."""
    array = next(iter(case.inputs.values()))
    rows, columns = array.shape
    flat = to_json(array)
    right = nested(flat, array.shape)
    wrong: dict[str, Any] = {
        "nested as the transposed shape": nested(flat, [columns, rows]),
        "ragged, with the right count": [flat[: columns - 1], *[flat[columns - 1 :]]],
        "with a short last row": [*right[:-1], right[-1][:-1]],
        "with a long last row": [*right[:-1], [*right[-1], flat[0]]],
        "nested one level too deep": [[[element] for element in line] for line in right],
        "within one array too many": [right],
        "flat within one array": [flat],
        "partly nested": [flat[0], flat[1:]],
        "nested, then flat": [*right[:-1], *right[-1]],
    }
    return [
        _changed(case, f"data {what}", ["inputs", 0, "data"], data)
        for what, data in wrong.items()
        if data != right
    ]
