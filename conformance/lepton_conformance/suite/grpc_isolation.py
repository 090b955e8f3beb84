"""Isolation over gRPC: calls at once, calls that are given up, additions without meaning, the REST form."""

import dataclasses
import struct
import threading
from collections.abc import Callable, Sequence

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.oracle.answers import disagreement, judgeable
from lepton_conformance.outcome import NotApplicable, SubjectFault
from lepton_conformance.strategies.grpc_requests import raw_request, request, typed_request, typed_tensors
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given, merged
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.subject.grpc_messages import Request, Response
from lepton_conformance.subject.protobuf import Piece, assemble, bounded, number, text
from lepton_conformance.suite import protocol
from lepton_conformance.suite.calls import (
    TYPED_MODELS,
    answered,
    array_of,
    available,
    core,
    expect_right,
    infer,
    plain,
    sent,
)
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement

CLIENTS = 8
CALLS_PER_CLIENT = 12
#: After how many seconds a client gives its call up.
LEAVING = (0.0005, 0.001, 0.002, 0.005, 0.02)
#: Columns of a tensor that takes a server some time: 4 MiB of FP32, below every library's limit when raw.
LONG_COLUMNS = 900_000
_MIXED = ("lepton_id_fp32", "lepton_id_int32", "lepton_split", "lepton_sub")


def _distinct(names: Sequence[str], client: int) -> list[Given]:
    """Return cases that no other client sends, of several models and sizes."""
    made = []
    for index in range(CALLS_PER_CLIENT):
        base = given(names[index % len(names)], 1 + (index + client) % 3, 5)
        inputs = {}
        for key, array in base.inputs.items():
            if array.dtype == object:
                changed = array.copy()
                changed[...] = f"client {client} call {index}".encode()
                inputs[key] = changed
            else:
                inputs[key] = (array + array.dtype.type(client * 16 + index)).astype(array.dtype)
        made.append(Given(base.model, inputs))
    return made


def _ask_all(grpc: GrpcSubject, own: Sequence[Given], client: int) -> None:
    for index, case in enumerate(own):
        identifier = f"client {client} call {index}"
        make = raw_request if index % 2 or not typed_tensors(case.model) else typed_request
        names = [tensor.name for tensor in case.model.outputs]
        # Of several outputs each client asks for others.
        wanted = names[(client + index) % len(names) :][:2] if len(names) > 1 else []
        response = answered(grpc, case, make(case, outputs=wanted, identifier=identifier))
        if response.identifier != identifier:
            raise SubjectFault(f"sent the id {identifier!r}; found {response.identifier!r:.200}")
        found = [entry.name for entry in response.outputs]
        if wanted and found != wanted:
            raise SubjectFault(f"sent {sent(case)} for the outputs {wanted}; found {found!r:.200}")
        expect_right(case, response, wanted or None)


def _at_once(
    grpc: GrpcSubject, clients: Sequence[GrpcSubject], work: Callable[[GrpcSubject, int], None]
) -> None:
    """Let clients work at once and report the fault of the first of them that found one."""
    faults: dict[int, SubjectFault] = {}
    strange: list[BaseException] = []

    def run(client: GrpcSubject, key: int) -> None:
        try:
            work(client, key)
        except SubjectFault as fault:
            client.recorder.keep()
            faults[key] = fault
        except BaseException as error:
            strange.append(error)

    threads = [threading.Thread(target=run, args=(client, key)) for key, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    if strange:
        raise strange[0]
    if faults:
        _, fault = min(faults.items())
        grpc.recorder.together([client.recorder for client in clients])
        raise SubjectFault(f"while {len(clients)} clients asked at once: {fault}") from fault


@requirement("INF-GRP-38", needs=("INF-GRP-08", "INF-GRP-09", "INF-GRP-12"))
def test_calls_at_once_do_not_mix(grpc: GrpcSubject, budget: Budget) -> None:
    names = available(grpc, (*_MIXED, *TYPED_MODELS))[: len(_MIXED)]
    work = {key: _distinct(names, key) for key in range(CLIENTS)}

    def body(how: str) -> None:
        make = grpc.neighbour if how == "one channel" else grpc.twin
        clients = [make() for _ in range(CLIENTS)]
        _at_once(grpc, clients, lambda client, key: _ask_all(client, work[key], key))

    each(budget, ["one channel", "a channel each", "one channel"], body)


def _long(grpc: GrpcSubject) -> bytes:
    name = plain(grpc).model.name
    case = given(name, 1, LONG_COLUMNS) if name in _MIXED else given(name)
    return raw_request(case).encode()


@requirement("INF-GRP-37", needs=("INF-GRP-08", "INF-GRP-09"))
def test_calls_that_are_given_up_disturb_no_other(grpc: GrpcSubject, budget: Budget) -> None:
    names = available(grpc, (*_MIXED, *TYPED_MODELS))[: len(_MIXED)]
    message = _long(grpc)
    others = _distinct(names, 1)

    def body(cancel: bool) -> None:
        shared = [grpc.neighbour(), grpc.neighbour()]

        def work(client: GrpcSubject, key: int) -> None:
            if key == 0:
                for seconds in LEAVING * 2:
                    client.leave("ModelInfer", message, seconds, cancel=cancel)
            else:
                _ask_all(client, others, key)

        try:
            _at_once(grpc, shared, work)
            for case in others[:4]:
                expect_right(case, answered(grpc, case))
            expect_right(others[0], infer(grpc, request(others[0]), sent(others[0]), fresh=True))
        except SubjectFault as fault:
            how = "were cancelled" if cancel else "passed their deadlines"
            raise type(fault)(f"while and after calls {how}: {fault}") from fault

    each(budget, [False, True], body)


def _parameters(field: int) -> list[Piece]:
    """Return entries of a map of parameters, one of each kind, all unknown; the last one has no value."""
    kinds = {
        "lepton_bool": assemble([number(1, 1)]),
        "lepton_int64": assemble([number(2, -7)]),
        "lepton_string": assemble(text(3, "中 value")),
        "lepton_double": bytes([4 << 3 | 1]) + struct.pack("<d", 1.5),
        "lepton_uint64": assemble([number(5, 2**64 - 1)]),
    }
    return [bounded(field, assemble([*text(1, key), bounded(2, value)])) for key, value in kinds.items()]


#: Fields that no version of the protocol has, of every wire type.
_STRANGE: tuple[Piece, ...] = (
    number(1999, 7),
    bounded(2001, b"lepton unknown"),
    (2002, b"\x91\x7d" + b"12345678"),
    (2003, b"\x9d\x7d" + b"1234"),
    number(536870911, 1),
    (2004, b"\xa3\x7d\xa4\x7d"),
    (2005, b"\xab\x7d" + b"\x08\x01" + b"\x13\x14" + b"\xac\x7d"),
)


def _dressed(asked: Request, how: str) -> Request:
    """Return a request with additions that mean nothing."""
    if how == "unknown fields of the request":
        return dataclasses.replace(asked, extra=_STRANGE)
    if how == "unknown parameters of the request":
        return dataclasses.replace(asked, extra=tuple(_parameters(4)))
    if how == "unknown fields of the inputs":
        extra = _STRANGE
    elif how == "unknown parameters of the inputs":
        extra = tuple(_parameters(4))
    else:
        more = tuple(_parameters(2)) if how == "unknown parameters of the outputs" else _STRANGE
        return dataclasses.replace(asked, output_extra=more)
    inputs = tuple(dataclasses.replace(entry, extra=extra) for entry in asked.inputs)
    return dataclasses.replace(asked, inputs=inputs)


def _beside_elements(response: Response) -> tuple[object, ...]:
    """Return what an answer says beside its elements, whose form is the server's choice."""
    outputs = [(entry.name, entry.datatype, tuple(entry.shape)) for entry in response.outputs]
    return response.model_name, response.model_version, response.identifier, outputs


_ADDITIONS = (
    "unknown fields of the request",
    "unknown parameters of the request",
    "unknown fields of the inputs",
    "unknown parameters of the inputs",
    "unknown parameters of the outputs",
    "unknown fields of the outputs",
)


@requirement("INF-GRP-39", needs=("INF-GRP-08", "INF-GRP-09"))
def test_what_a_server_does_not_know_changes_no_answer(grpc: GrpcSubject, budget: Budget) -> None:
    names = core(grpc)

    def body(item: tuple[str, str, str]) -> None:
        name, form, how = item
        case = given(name)
        wanted = tuple(tensor.name for tensor in case.model.outputs) if "outputs" in how else ()
        make = typed_request if form == "typed" else raw_request
        plainly = infer(grpc, make(case, outputs=wanted), sent(case, form))
        what = sent(case, f"{form}, with {how}")
        dressed = infer(grpc, _dressed(make(case, outputs=wanted), how), what)
        one, two = _beside_elements(plainly), _beside_elements(dressed)
        if one != two:
            raise SubjectFault(f"sent {what}; found {two!r:.300}, expected {one!r:.300}")
        expect_right(case, dressed, how=f"{form}, with {how}")

    each(
        budget,
        [(name, form, how) for name in names for form in ("typed", "raw") for how in _ADDITIONS],
        body,
    )


@requirement("INF-GRP-41", needs=("INF-GRP-08", "INF-GRP-15"))
def test_rest_and_grpc_give_the_same_outputs(grpc: GrpcSubject, budget: Budget) -> None:
    http = grpc.companion
    if http is None:
        raise NotApplicable("no REST form was given: --companion http://HOST:PORT")
    names = tuple(name for name in available(grpc, TYPED_MODELS) if protocol.has(http, name))
    if not names:
        raise NotApplicable("the REST form has none of the conformance models of the gRPC form")

    def body(case: Given) -> None:
        over_grpc = answered(grpc, case)
        value = protocol.accepted(http.infer(case.model.name, infer_request(case)), f"{sent(case)} over REST")
        over_rest = protocol.outputs_of(value)
        found = [entry.name for entry in over_grpc.outputs]
        if found != list(over_rest):
            raise SubjectFault(
                f"sent {sent(case)}; found the outputs {found} over gRPC, {list(over_rest)} over REST"
            )
        for entry, tensor in (
            (e, t) for e in over_grpc.outputs for t in case.model.outputs if t.name == e.name
        ):
            rest = over_rest[tensor.name]
            if rest.get("datatype") != entry.datatype:
                raise SubjectFault(
                    f"sent {sent(case)}; output {tensor.name}: found {entry.datatype} over gRPC, "
                    f"{rest.get('datatype')!r:.40} over REST"
                )
            one, two = array_of(over_grpc, tensor), protocol.array_of(rest, tensor.datatype)
            if one.shape != two.shape:
                raise SubjectFault(
                    f"sent {sent(case)}; output {tensor.name}: found shape {list(one.shape)} over gRPC, "
                    f"{list(two.shape)} over REST"
                )
            if not judgeable(case.model, case.inputs):
                continue
            if not case.model.exact:
                for form, array in (("gRPC", one), ("REST", two)):
                    wrong = disagreement(case.model, case.inputs, tensor.name, array)
                    if wrong is not None:
                        raise SubjectFault(f"sent {sent(case)}; output {tensor.name} over {form}: {wrong}")
            elif one.dtype == object:
                if (one != two).any():
                    raise SubjectFault(
                        f"sent {sent(case)}; output {tensor.name}: found other strings over REST"
                    )
            elif one.tobytes() != two.tobytes():
                raise SubjectFault(
                    f"sent {sent(case)}; output {tensor.name}: found {one.ravel()[:4].tolist()} over gRPC, "
                    f"{two.ravel()[:4].tolist()} over REST"
                )

    domain = merged(names)
    tenths = [
        Given(case.model, {key: array * np.float32(0.1) for key, array in case.inputs.items()})
        for case in (given(name, 3) for name in names if not model(name).exact)
    ]
    examples(budget, dataclasses.replace(domain, boundary=[*domain.boundary, *tenths]), body)
