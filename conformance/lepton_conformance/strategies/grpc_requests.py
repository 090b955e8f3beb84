"""gRPC requests: the valid one of a case, typed or raw, and its encodings.

Owns how a valid request is written; leaves wrong ones to `strategies.grpc_malformed`. Serves `inference`
(INF-GRP).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lepton_conformance.models.catalog import ConformanceModel
from lepton_conformance.oracle.contents import FIELDS, to_contents
from lepton_conformance.oracle.elements import to_binary
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.requests import PLAIN_ID
from lepton_conformance.strategies.tensors import Given, smaller
from lepton_conformance.subject.grpc_messages import Input, Request
from lepton_conformance.subject.protobuf import PLAIN, Style

__all__ = [
    "STYLES",
    "Written",
    "raw_request",
    "request",
    "tenths",
    "typed_request",
    "typed_tensors",
    "written",
]

#: One of each way to write a message, then several at once.
STYLES = (
    PLAIN,
    Style(packing=1),
    Style(packing=2),
    Style(packing=3),
    Style(order=1),
    Style(order=7),
    Style(doubled=True),
    Style(divided=True),
    Style(packing=2, order=3, doubled=True, divided=True),
)


def typed_tensors(model: ConformanceModel) -> bool:
    """Say whether every input of a model has a typed field: FP16 and BF16 have none."""
    return all(tensor.datatype in FIELDS for tensor in model.inputs)


def typed_request(
    case: Given, *, outputs: Sequence[str] = (), version: str = "", identifier: str = PLAIN_ID
) -> Request:
    """Return the request of a case with typed elements."""
    inputs = tuple(
        Input(
            tensor.name,
            tensor.datatype,
            case.inputs[tensor.name].shape,
            ((FIELDS[tensor.datatype], to_contents(case.inputs[tensor.name])),),
        )
        for tensor in case.model.inputs
    )
    return Request(case.model.name, inputs, tuple(outputs), (), version, identifier)


def raw_request(
    case: Given, *, outputs: Sequence[str] = (), version: str = "", identifier: str = PLAIN_ID
) -> Request:
    """Return the request of a case with raw elements."""
    inputs = tuple(
        Input(tensor.name, tensor.datatype, case.inputs[tensor.name].shape) for tensor in case.model.inputs
    )
    raw = tuple(to_binary(case.inputs[tensor.name]) for tensor in case.model.inputs)
    return Request(case.model.name, inputs, tuple(outputs), raw, version, identifier)


def request(case: Given, *, outputs: Sequence[str] = (), identifier: str = PLAIN_ID) -> Request:
    """Return the request of a case: typed where its datatypes have fields, else raw."""
    make = typed_request if typed_tensors(case.model) else raw_request
    return make(case, outputs=outputs, identifier=identifier)


def tenths(case: Given) -> Given:
    """Return a case whose FP32 elements need all their bits: a tenth of what they were."""
    tenth = np.float32(0.1)
    changed = {name: x * tenth if x.dtype == tenth.dtype else x for name, x in case.inputs.items()}
    return Given(case.model, changed)


@dataclass(frozen=True, slots=True)
class Written:
    """A case and the style in which its request is encoded."""

    case: Given
    style: Style


def written(first: Sequence[Given], decode: Callable[[int], Given]) -> Cases[Written]:
    """Return a domain of cases in every style: the first ones plainly, the first of all in each style."""
    boundary = [Written(case, PLAIN) for case in first]
    boundary += [Written(first[0], style) for style in STYLES[1:]]

    def decode_written(number: int) -> Written:
        digits = Digits(number)
        case = digits.take(1 << 24)
        style = Style(digits.take(4), digits.take(8), bool(digits.take(2)), bool(digits.take(2)))
        return Written(decode(case | digits.rest << 24), style)

    def smaller_written(wrong: Written) -> list[Written]:
        plainer = [] if wrong.style == PLAIN else [Written(wrong.case, PLAIN)]
        return [*plainer, *(Written(case, wrong.style) for case in smaller(wrong.case))]

    return Cases(boundary, decode_written, smaller_written)
