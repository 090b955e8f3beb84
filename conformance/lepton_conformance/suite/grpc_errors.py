"""Errors over gRPC: what there is not, what is no message, and that a server goes on after a refusal."""

from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies import grpc_broken, grpc_malformed
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.grpc_malformed import Wrong
from lepton_conformance.strategies.grpc_requests import request, typed_request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.grpc import SERVICE, GrpcSubject
from lepton_conformance.subject.grpc_messages import Request, model_query
from lepton_conformance.suite.calls import (
    NOT_FOUND,
    UNKNOWN_MODELS,
    UNKNOWN_VERSIONS,
    core,
    expect_right,
    goes_on,
    has,
    infer,
    plain,
    refused,
    sent,
)
from lepton_conformance.suite.disclosure import disclosed
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement

UNIMPLEMENTED = "UNIMPLEMENTED"
#: So many wrong requests come one after the other.
IN_A_ROW = 12
MODELS = ("lepton_id_int8", "lepton_id_bool", "lepton_id_bytes")


@requirement("INF-GRP-30", needs=("INF-GRP-08",))
def test_inference_with_what_there_is_not_is_not_found(grpc: GrpcSubject, budget: Budget) -> None:
    case = plain(grpc)
    valid = request(case)

    def asked(name: str, version: str) -> bytes:
        return Request(name, valid.inputs, (), valid.raw, version, valid.identifier).encode()

    listed = grpc.model(case.model.name).versions
    near = [f"0{version}" for version in listed if f"0{version}" not in listed]
    wrong = [(name, "") for name in (*UNKNOWN_MODELS, "")]
    wrong += [(case.model.name, version) for version in (*UNKNOWN_VERSIONS, *near)]

    def body(item: tuple[str, str]) -> None:
        what = f"ModelInfer of {item[0]!r}" + (f" version {item[1]!r}" if item[1] else "")
        refused(grpc.call("ModelInfer", asked(*item)), what, NOT_FOUND)

    each(budget, wrong, body)


@requirement("INF-GRP-31")
def test_unknown_methods_are_unimplemented(grpc: GrpcSubject, budget: Budget) -> None:
    wrong = [
        (SERVICE, "LeptonNothing"),
        (SERVICE, "modelInfer"),
        (SERVICE, "ModelInferX"),
        ("lepton.Nothing", "ModelInfer"),
        ("GRPCInferenceService", "ServerLive"),
        ("inference.grpcinferenceservice", "ServerLive"),
    ]

    def body(item: tuple[str, str]) -> None:
        refused(grpc.call(item[1], service=item[0]), f"/{item[0]}/{item[1]}", UNIMPLEMENTED)

    each(budget, wrong, body)


@requirement("INF-GRP-33", needs=("INF-GRP-08",))
def test_a_valid_call_succeeds_after_every_kind_of_refusal(grpc: GrpcSubject, budget: Budget) -> None:
    names = core(grpc)
    extra = [name for name in MODELS if name not in names and has(grpc, name)]
    wrong = [
        item
        for name in (*names, *extra)
        for item in grpc_malformed.of_each_kind(given(name), grpc.model(name).inputs[0].shape)
    ]
    case = given(names[0])
    wrong += [
        Wrong(case, f"the model {name!r}", Request(name, request(case).inputs).encode())
        for name in UNKNOWN_MODELS[:1]
    ]

    def body(item: Wrong) -> None:
        grpc.call("ModelInfer", item.message)
        goes_on(grpc, item.case, f"{item.model} {item.what}")

    each(budget, wrong, body)


@requirement("INF-GRP-33", needs=("INF-GRP-08",))
def test_refusals_in_a_row_leave_nothing_behind(grpc: GrpcSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        case = given(name)
        wrong = [*grpc_malformed.outputs(case), *grpc_malformed.datatypes(case)][:IN_A_ROW]
        for item in wrong:
            grpc.call("ModelInfer", item.message)
        # Of the same shapes as what was refused, with other elements.
        other = Given(case.model, {key: array[::-1, ::-1].copy() for key, array in case.inputs.items()})
        how = f"after {len(wrong)} requests that are to be refused"
        expect_right(other, infer(grpc, request(other), sent(other, how)), how=how)

    each(budget, core(grpc), body)


@requirement("INF-GRP-32", needs=("INF-GRP-08",))
def test_bytes_that_are_no_message_end_the_call_alone(grpc: GrpcSubject, budget: Budget) -> None:
    case = plain(grpc)
    valid = request(case).encode()

    def body(wrong: Wrong) -> None:
        reply = grpc.call("ModelInfer", wrong.message)
        if reply.code == "OK":
            raise SubjectFault(f"sent {wrong.what}; found OK, expected another code")
        goes_on(grpc, case, wrong.what)

    def decode(number: int) -> Wrong:
        digits = Digits(number)
        cut = digits.take(1 << 12) % max(1, len(valid))
        byte, value = digits.take(1 << 12) % len(valid), digits.take(256)
        for message, what in (
            (valid[:cut], f"the first {cut} of {len(valid)} bytes of a request"),
            (
                valid[:byte] + bytes([value]) + valid[byte + 1 :],
                f"a request with the byte {value:#x} at {byte}",
            ),
        ):
            if not grpc_broken.may_be_request(message):
                return Wrong(case, what, message)
        return Wrong(case, "a request without its last byte", valid[:-1])

    examples(budget, Cases(tuple(grpc_broken.broken(case)), decode), body)


@requirement("INF-GRP-40", needs=("INF-GRP-08", "INF-GRP-33"))
def test_messages_of_refusals_help_and_do_not_leak(grpc: GrpcSubject, budget: Budget) -> None:
    names = core(grpc)
    asked: list[tuple[str, str, bytes]] = []
    for name in names:
        asked += [
            ("ModelInfer", f"{name} {wrong.what}", wrong.message)
            for wrong in grpc_malformed.of_each_kind(given(name), grpc.model(name).inputs[0].shape)
        ]
    for name in UNKNOWN_MODELS:
        asked.append(("ModelInfer", f"the model {name!r}", Request(name, ()).encode()))
        asked.append(("ModelMetadata", f"the metadata of {name!r}", model_query(name)))
    version = typed_request(given(names[0]), version=UNKNOWN_VERSIONS[0])
    asked.append(("ModelInfer", f"version {UNKNOWN_VERSIONS[0]}", version.encode()))

    def body(item: tuple[str, str, bytes]) -> None:
        method, what, message = item
        reply = grpc.call(method, message)
        if reply.code == "OK":
            return  # whether it is refused is for other requirements to say
        if not reply.details.strip():
            raise SubjectFault(
                f"sent {what}; found {reply.code} with an empty message, expected one that helps"
            )
        leaked = disclosed(reply.details)
        if leaked is not None:
            raise SubjectFault(f"sent {what}; found {leaked} in the message {reply.details!r:.300}")

    each(budget, asked, body)
