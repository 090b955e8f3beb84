"""gRPC requests that are wrong in exactly one way, made from valid ones.

Owns the ways; leaves which requirement demands what to the suite. Each function takes a valid case of a model
and returns the wrong requests with a few words that name the fault. Bytes that are no message at all stand in
`grpc_broken`. Serves `inference` (INF-GRP).
"""

import dataclasses
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import lepton_spec
from lepton_conformance.oracle.contents import FIELDS, to_contents
from lepton_conformance.oracle.elements import to_binary
from lepton_conformance.strategies.grpc_requests import raw_request, request, typed_request, typed_tensors
from lepton_conformance.strategies.tensors import Given
from lepton_conformance.subject.grpc_messages import Input, Request
from lepton_conformance.subject.protobuf import (
    varint,
)

__all__ = [
    "NARROW",
    "Wrong",
    "both_forms",
    "counts",
    "datatypes",
    "entries",
    "fields",
    "inputs",
    "lengths",
    "narrow",
    "of_each_kind",
    "outputs",
    "shapes",
    "sixteen_bits",
]

#: Datatypes that are narrower than their field, and values outside them.
NARROW: Mapping[str, Sequence[int]] = {
    "INT8": (128, -129, 300, 255, 256, 65536, 2**31 - 1, -(2**31)),
    "INT16": (32768, -32769, 65535, 65536, 2**31 - 1, -(2**31)),
    "UINT8": (256, 300, 257, 65536, 2**32 - 1),
    "UINT16": (65536, 65537, 2**31, 2**32 - 1),
}
#: An element of each field, encoded.
_ELEMENT: Mapping[str, bytes] = {
    "bool_contents": varint(1),
    "int_contents": varint(1),
    "int64_contents": varint(1),
    "uint_contents": varint(1),
    "uint64_contents": varint(1),
    "fp32_contents": struct.pack("<f", 1.0),
    "fp64_contents": struct.pack("<d", 1.0),
    "bytes_contents": b"1",
}
_SIXTEEN_BITS_IN = ("fp32_contents", "fp64_contents", "uint_contents", "int_contents", "bytes_contents")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong request: the valid case it was made from, what is wrong, the message."""

    case: Given
    what: str
    message: bytes

    @property
    def model(self) -> str:
        """Return the model's name."""
        return self.case.model.name


def _wrong(case: Given, what: str, made: Request) -> Wrong:
    return Wrong(case, what, made.encode())


def _typed(case: Given) -> list[tuple[str, Request]]:
    """Return the valid requests of a case by form."""
    made = [("raw", raw_request(case))]
    return [("typed", typed_request(case)), *made] if typed_tensors(case.model) else made


def both_forms(case: Given) -> list[Wrong]:
    """Return requests with raw entries and typed elements."""
    if not typed_tensors(case.model):
        return []
    typed, raw = typed_request(case), raw_request(case)
    made = [_wrong(case, "typed and raw elements of each input", dataclasses.replace(typed, raw=raw.raw))]
    if len(typed.inputs) > 1:
        for index, entry in enumerate(typed.inputs):
            mixed = raw.with_input(index, contents=entry.contents)
            made.append(_wrong(case, f"raw elements, and typed ones of {entry.name}", mixed))
        rest = dataclasses.replace(
            raw.with_input(0, contents=typed.inputs[0].contents), raw=raw.raw[1:]
        )  # what a reader would need that takes raw entries for the inputs without contents
        made.append(_wrong(case, f"typed elements of {typed.inputs[0].name}, raw ones of the rest", rest))
    else:
        one = typed.inputs[0].contents or ()
        short = tuple((field, elements[:1]) for field, elements in one)
        made.append(_wrong(case, "raw elements and one typed element", raw.with_input(0, contents=short)))
    return made


def entries(case: Given) -> list[Wrong]:
    """Return raw requests with more or fewer entries than inputs."""
    raw = raw_request(case)
    lists = {
        "a raw entry too many": (*raw.raw, raw.raw[-1]),
        "an empty raw entry too many": (*raw.raw, b""),
        "an empty raw entry first": (b"", *raw.raw),
        "100 raw entries too many": (*raw.raw, *[raw.raw[-1]] * 100),
    }
    if len(raw.raw) > 1:
        lists["a raw entry too few"] = raw.raw[:-1]
        lists["all raw elements in one entry"] = (b"".join(raw.raw),)
    return [_wrong(case, what, dataclasses.replace(raw, raw=given)) for what, given in lists.items()]


def lengths(case: Given) -> list[Wrong]:
    """Return raw requests whose first entry has another length, or what no element can be."""
    datatype = case.model.inputs[0].datatype
    raw = raw_request(case)
    own = raw.raw[0]
    wrong: dict[str, bytes]
    if datatype == "BYTES":
        count = math.prod(raw.inputs[0].shape)
        wrong = {
            "without its last byte": own[:-1],
            "with a byte too many": own + b"\0",
            "cut within a length": own[:2],
            "with an element too many": own + b"\1\0\0\0x",
            "with an element too few": to_binary(case.inputs[case.model.inputs[0].name].reshape(-1)[:-1]),
            "with a length beyond its end": b"\xff\xff\xff\x7f" + own[4:],
            "with a length of 2^32 - 1": b"\xff\xff\xff\xff" + own[4:],
            "with a length of 2^31": b"\0\0\0\x80" + own[4:],
            "that ends in a length of 2^32 - 1": _without_last(own) + b"\xff\xff\xff\xff",
            "that ends in a length of 2^31": _without_last(own) + b"\0\0\0\x80",
            "of lengths of 2^32 - 1 alone": b"\xff\xff\xff\xff" * count,
            "of lengths of 2^31 alone": b"\0\0\0\x80" * count,
            "of the elements without lengths": b"a" * count,
            "empty": b"",
        }
    else:
        size = len(own) // max(1, math.prod(raw.inputs[0].shape))
        wrong = {
            "without its last byte": own[:-1],
            "with a byte too many": own + own[:1],
            "with an element too few": own[:-size],
            "with an element too many": own + own[:size],
            "twice as long": own * 2,
            "empty": b"",
        }
        if datatype == "BOOL":
            wrong["with the byte 2 for a BOOL"] = b"\2" + own[1:]
            wrong["with the byte 255 for a BOOL at the end"] = own[:-1] + b"\xff"
            wrong["with the byte 128 for a BOOL"] = b"\x80" + own[1:]
    return [
        _wrong(case, f"a raw entry of {datatype} {what}", dataclasses.replace(raw, raw=(data, *raw.raw[1:])))
        for what, data in wrong.items()
        if data != own
    ]


def _without_last(entry: bytes) -> bytes:
    """Return a raw entry of BYTES without its last element."""
    at = last_at = 0
    while at < len(entry):
        last_at, at = at, at + 4 + int.from_bytes(entry[at : at + 4], "little")
    return entry[:last_at]


def narrow(case: Given) -> list[Wrong]:
    """Return typed requests with a value outside the datatype of the input, alone and amid others."""
    datatype = case.model.inputs[0].datatype
    typed = typed_request(case)
    count = math.prod(typed.inputs[0].shape)
    made = []
    for value in NARROW[datatype]:
        for position in sorted({0, count - 1}):
            elements = to_contents(case.inputs[case.model.inputs[0].name])
            elements[position] = varint(value)
            contents = ((FIELDS[datatype], elements),)
            what = f"the element {value} of {datatype} at {position} of {count}"
            made.append(_wrong(case, what, typed.with_input(0, contents=contents)))
    return made


def fields(case: Given) -> list[Wrong]:
    """Return typed requests with elements in another field than the datatype's, or in several."""
    typed = typed_request(case)
    datatype = case.model.inputs[0].datatype
    own = FIELDS[datatype]
    elements = to_contents(case.inputs[case.model.inputs[0].name])
    made = []
    for other, element in _ELEMENT.items():
        if other == own:
            continue
        moved = ((other, [element] * len(elements)),)
        made.append(_wrong(case, f"{datatype} in {other}", typed.with_input(0, contents=moved)))
        for extra in (1, len(elements)):
            both = ((own, elements), (other, [element] * extra))
            what = f"{datatype} in {own}, and {extra} elements in {other}"
            made.append(_wrong(case, what, typed.with_input(0, contents=both)))
    return made


def counts(case: Given) -> list[Wrong]:
    """Return typed requests with more or fewer elements than the shape says."""
    typed = typed_request(case)
    field = FIELDS[case.model.inputs[0].datatype]
    own = to_contents(case.inputs[case.model.inputs[0].name])
    lists: tuple[list[bytes], ...] = (
        own[:-1],
        [*own, own[0]],
        [],
        own[:1],
        own * 2,
        [*own, *[own[0]] * 100],
    )
    made = [
        _wrong(
            case,
            f"{len(given)} elements for {len(own)}",
            typed.with_input(0, contents=((field, given),)),
        )
        for given in lists
        if len(given) != len(own)
    ]
    made.append(_wrong(case, "no contents", typed.with_input(0, contents=None)))
    if all(isinstance(size, str) for size in case.model.inputs[0].shape) and len(case.model.inputs) == 1:
        none = typed.with_input(0, shape=(0, *typed.inputs[0].shape[1:]))
        made.append(_wrong(case, f"{len(own)} elements for a shape of none", none))
    return made


def inputs(case: Given) -> list[Wrong]:
    """Return requests that name an unknown input, lack one, or name one twice; typed and raw."""
    made = []
    for form, valid in _typed(case):
        first, rest, raw = valid.inputs[0], valid.inputs[1:], valid.raw
        stranger = dataclasses.replace(first, name="lepton_stranger")
        unnamed = dataclasses.replace(first, name="")
        capitals = dataclasses.replace(first, name=first.name.upper())
        lists: dict[str, tuple[tuple[Input, ...], tuple[bytes, ...]]] = {
            "an unknown input besides": ((first, *rest, stranger), (*raw, *raw[:1])),
            "an unknown input first": ((stranger, first, *rest), (*raw[:1], *raw)),
            "an input under an unknown name": ((stranger, *rest), raw),
            "an input without a name": ((unnamed, *rest), raw),
            "an input's name in capitals": ((capitals, *rest), raw),
            "an input twice": ((first, *rest, first), (*raw, *raw[:1])),
            "no input at all": ((), ()),
        }
        if rest:
            twice = dataclasses.replace(rest[0], name=first.name)
            lists |= {
                f"no input {first.name}": (rest, raw[1:]),
                f"no input {rest[-1].name}": (valid.inputs[:-1], raw[:-1]),
                "an input twice, another not at all": ((first, twice, *rest[1:]), raw),
            }
        for what, (listed, entries_of) in lists.items():
            changed = dataclasses.replace(valid, inputs=listed, raw=entries_of)
            made.append(_wrong(case, f"{what} ({form})", changed))
    return made


def datatypes(case: Given) -> list[Wrong]:
    """Return requests whose input has a datatype other than the model's, registered or not; typed and raw."""
    own = case.model.inputs[0].datatype
    others = [name for name in lepton_spec.datatypes() if name != own]
    made = []
    for form, valid in _typed(case):
        for name in (*others, own.lower(), f" {own}", "TENSOR", ""):
            shown = name or "''"
            what = f"the datatype {shown} for {own} ({form})"
            made.append(_wrong(case, what, valid.with_input(0, datatype=name)))
    return made


def shapes(case: Given, known: Sequence[int]) -> list[Wrong]:
    """Return requests with a shape that the model cannot take; `known` is the shape in the metadata.

    A size is changed only where the metadata fix it: a server that batches shows -1 in front.
    """
    tensor = case.model.inputs[0]
    array = case.inputs[tensor.name]
    shape = list(array.shape)
    count = math.prod(shape)
    wrong: list[list[int]] = []
    if len(known) == len(shape):
        wrong += [[count], [1, *shape], [*shape, 1], []]
    for axis, size in enumerate(known[: len(shape)]):
        if size >= 0:
            wrong += [
                [*shape[:axis], other, *shape[axis + 1 :]]
                for other in (size - 1, size + 1, 2 * size)
                if other > 0
            ]
    for other in ([count, 1], [1, count], shape[::-1]):
        # As many elements, of the right rank, but another size than a fixed one.
        fits = all(size in (-1, there) for size, there in zip(known, other, strict=False))
        if len(known) == len(shape) == 2 and not fits and other not in wrong:
            wrong.append(other)
    made = []
    flat = array.reshape(-1)
    for sizes in wrong:
        wanted = math.prod(sizes)
        fitting = Given(case.model, {**case.inputs, tensor.name: np.resize(flat, wanted).reshape(sizes)})
        made += [_wrong(case, f"the shape {sizes} ({form})", valid) for form, valid in _typed(fitting)]
    impossible = [
        [-shape[0], *shape[1:]],
        [-size for size in shape],
        [-1, *shape[1:]],
        [-(2**63), *shape[1:]],
        [2**32, 2**32],
        [2**62, 4],
        [2**63 - 1, 2**63 - 1],
        [2**33, 2**31 + 1],
        [2**40, 3],
    ]
    for sizes in impossible:
        for form, valid in _typed(case):
            made.append(_wrong(case, f"the shape {sizes} ({form})", valid.with_input(0, shape=sizes)))
            none = valid.with_input(0, shape=sizes, contents=None)
            empty = dataclasses.replace(none, raw=(b"", *valid.raw[1:]) if valid.raw else ())
            made.append(_wrong(case, f"the shape {sizes} without elements ({form})", empty))
    return made


def outputs(case: Given) -> list[Wrong]:
    """Return requests for an unknown output, or for one twice."""
    own = case.model.outputs[0].name
    lists = {
        "an unknown output": ["lepton_stranger"],
        "an unknown output besides": [own, "lepton_stranger"],
        "an unknown output first": ["lepton_stranger", own],
        "an output without a name": [""],
        "an output's name in capitals": [own.upper()],
        "an output twice": [own, own],
    }
    return [
        _wrong(case, f"a request for {what}", request(case, outputs=wanted)) for what, wanted in lists.items()
    ]


def sixteen_bits(case: Given) -> list[Wrong]:
    """Return typed requests for an input of FP16 or BF16, in each field that one may think of."""
    tensor = case.model.inputs[0]
    shape = case.inputs[tensor.name].shape if tensor.name in case.inputs else (2, 3)
    made = []
    for field in _SIXTEEN_BITS_IN:
        contents = ((field, [_ELEMENT[field]] * math.prod(shape)),)
        entry = Input(tensor.name, tensor.datatype, shape, contents)
        made.append(_wrong(case, f"{tensor.datatype} in {field}", Request(case.model.name, (entry,))))
    count = math.prod(shape)
    for what, elements in (("one by one", [b"\0\x3c"] * count), ("as a whole", [b"\0\x3c" * count])):
        entry = Input(tensor.name, tensor.datatype, shape, (("bytes_contents", elements),))
        request_of_bytes = Request(case.model.name, (entry,))
        made.append(
            _wrong(case, f"the bits of {tensor.datatype} in bytes_contents, {what}", request_of_bytes)
        )
    return made


def of_each_kind(case: Given, known: Sequence[int]) -> Iterator[Wrong]:
    """Yield wrong requests of each kind that this model can get, the first two of a kind."""
    datatype = case.model.inputs[0].datatype
    kinds = [entries, lengths, inputs, datatypes, outputs]
    if typed_tensors(case.model):
        kinds += [both_forms, fields, counts]
    if datatype in NARROW:
        kinds.append(narrow)
    for kind in kinds:
        yield from kind(case)[:2]
    listed = shapes(case, known)
    yield from [*listed[:2], *listed[-4:]]
