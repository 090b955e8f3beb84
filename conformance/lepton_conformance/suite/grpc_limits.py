"""Limits of gRPC messages: room for real ones, a proper refusal beyond. Runs last: it may hurt."""

import dataclasses
from collections.abc import Callable

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.grpc_requests import raw_request, request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.grpc import GrpcSubject, Reply
from lepton_conformance.subject.grpc_messages import Request, read_response
from lepton_conformance.subject.protobuf import bounded
from lepton_conformance.suite.calls import (
    accepted,
    array_of,
    available,
    expect_right,
    goes_on,
    message_of,
    plain,
    refused,
)
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement

MIB = 1 << 20
UPLOAD_SECONDS = 30.0
#: Messages of so many MiB look for a server's limit; one without a limit below the last keeps INF-GRP-36.
TRIED_MIB = (5, 17, 33, 65, 129)
RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
#: Elements of 4 bytes, or of 1, whose bits come back: the likeliest first.
_WIDE = ("lepton_id_fp32", "lepton_id_int32", "lepton_id_uint8", "lepton_id_int64")
#: A field that nobody knows fills a message up without work for the server.
_PADDING_FIELD = 1999


def _sized(name: str, size: int) -> tuple[Given, bytes]:
    """Return a raw request whose message has exactly so many bytes, or up to 8 fewer."""
    entry = model(name)
    kind = given(name).inputs["x"].dtype
    columns = size // kind.itemsize
    while True:
        values = (np.arange(columns) % 251).astype(kind).reshape(1, columns)
        case = Given(entry, {"x": values})
        message = raw_request(case).encode()
        if len(message) <= size:
            return case, message
        columns -= -(-(len(message) - size) // kind.itemsize)


def _large(grpc: GrpcSubject, message: bytes, judge: Callable[[Reply], None]) -> None:
    """Make a call of many bytes and judge how it ends; they are remembered only when that is wrong."""
    client = grpc.neighbour()
    try:
        judge(client.call("ModelInfer", message, timeout=UPLOAD_SECONDS))
    except SubjectFault:
        for exchange in client.recorder.failing:
            grpc.recorder.add(exchange)
        raise
    finally:
        client.close()


def _carries(grpc: GrpcSubject, budget: Budget, size: int) -> None:
    name = available(grpc, _WIDE)[0]
    case, message = _sized(name, size)

    def body(what: str) -> None:
        def judge(reply: Reply) -> None:
            response = message_of(read_response, accepted(reply, what), what)
            found = array_of(response, case.model.outputs[0])
            if found.shape != case.inputs["x"].shape or not np.array_equal(found, case.inputs["x"]):
                raise SubjectFault(f"sent {what}; found other elements than were sent")

        _large(grpc, message, judge)

    each(budget, [f"{name} a message of {len(message)} bytes"], body)


@requirement("INF-GRP-34", needs=("INF-GRP-09",))
def test_messages_of_16_mib_are_carried(grpc: GrpcSubject, budget: Budget) -> None:
    _carries(grpc, budget, 16 * MIB)


@requirement("INF-GRP-35", needs=("INF-GRP-09", "INF-GRP-34"))
def test_messages_of_64_mib_are_carried(grpc: GrpcSubject, budget: Budget) -> None:
    _carries(grpc, budget, 64 * MIB)


def _padded(asked: Request, size: int) -> bytes:
    padding = size - len(asked.encode()) - 16
    return dataclasses.replace(asked, extra=(bounded(_PADDING_FIELD, bytes(padding)),)).encode()


@requirement("INF-GRP-36", needs=("INF-GRP-08", "INF-GRP-33", "INF-GRP-39"))
def test_a_message_beyond_the_limit_is_resource_exhausted(grpc: GrpcSubject, budget: Budget) -> None:
    case = plain(grpc)
    found: list[int] = []

    def body(size: int) -> None:
        if found:
            return
        what = f"{case.model.name} a message of {size} MiB, most of it an unknown field"

        def judge(reply: Reply) -> None:
            if reply.code != "OK":
                found.append(size)
                refused(reply, what, RESOURCE_EXHAUSTED)
            else:
                expect_right(case, message_of(read_response, reply.body, what), how=what)

        _large(grpc, _padded(request(case), size * MIB), judge)
        if found:
            goes_on(grpc, case, what)

    each(budget, TRIED_MIB, body)
