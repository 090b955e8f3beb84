"""Health: of the server, of a model, of what there is not; the services that gRPC tools ask."""

from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.subject.grpc import SERVICE, GrpcSubject, Reply
from lepton_conformance.subject.grpc_messages import model_query
from lepton_conformance.subject.protobuf import (
    VARINT,
    Field,
    assemble,
    bounded,
    flag,
    messages,
    read,
    scalars,
    text,
)
from lepton_conformance.suite.calls import (
    ALL_MODELS,
    UNKNOWN_MODELS,
    UNKNOWN_VERSIONS,
    accepted,
    message_of,
    plain,
)
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement

HEALTH = "grpc.health.v1.Health"
SERVING = 1
REFLECTION = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


def _true(reply: Reply, what: str, member: str) -> None:
    fields: tuple[Field, ...] = message_of(read, accepted(reply, what), what)
    if not flag(fields, 1):
        raise SubjectFault(f"sent {what}; found {member} false, expected true")


@requirement("INF-GRP-01")
def test_server_says_that_it_is_live(grpc: GrpcSubject, budget: Budget) -> None:
    each(budget, ["ServerLive"], lambda what: _true(grpc.call(what), what, "live"))


@requirement("INF-GRP-02")
def test_server_says_that_it_is_ready(grpc: GrpcSubject, budget: Budget) -> None:
    each(budget, ["ServerReady"], lambda what: _true(grpc.call(what), what, "ready"))


@requirement("INF-GRP-03")
def test_a_model_that_there_is_is_ready(grpc: GrpcSubject, budget: Budget) -> None:
    asked = []
    for name in ALL_MODELS:
        try:
            facts = grpc.model(name)
        except NotTested:
            continue
        asked += [(name, version) for version in ("", *facts.versions)]
    if not asked:
        raise NotTested(
            "the subject has none of the conformance models; "
            "load them: lepton certify export-models DIR --layout plain"
        )

    def body(item: tuple[str, str]) -> None:
        what = f"ModelReady of {item[0]}" + (f" version {item[1]}" if item[1] else "")
        _true(grpc.call("ModelReady", model_query(*item)), what, "ready")

    each(budget, asked, body)


@requirement("INF-GRP-04")
def test_what_there_is_not_is_not_ready(grpc: GrpcSubject, budget: Budget) -> None:
    asked = [(name, "") for name in (*UNKNOWN_MODELS, "")]
    asked += [(name, "1") for name in UNKNOWN_MODELS[:1]]
    try:
        known = plain(grpc).model.name
    except NotTested:
        known = ""
    if known:
        asked += [(known, version) for version in UNKNOWN_VERSIONS]

    def body(item: tuple[str, str]) -> None:
        reply = grpc.call("ModelReady", model_query(*item))
        what = f"ModelReady of {item[0]!r}" + (f" version {item[1]!r}" if item[1] else "")
        if reply.code == "OK" and flag(message_of(read, reply.body, what), 1):
            raise SubjectFault(f"sent {what}, which there is not; found ready true")

    each(budget, asked, body)


@requirement("INF-GRP-42", needs=("INF-GRP-02",))
def test_the_health_service_says_serving(grpc: GrpcSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        what = f"{HEALTH}/Check for the service {name!r}"
        reply = grpc.call("Check", assemble(text(1, name)), service=HEALTH)
        fields: tuple[Field, ...] = message_of(read, accepted(reply, what), what)
        status = [value for value in scalars(fields, 1, VARINT) if isinstance(value, int)]
        if not status or status[-1] != SERVING:
            raise SubjectFault(f"sent {what}; found the status {status[-1:] or [0]}, expected SERVING")

    each(budget, ["", SERVICE], body)


@requirement("INF-GRP-43")
def test_reflection_lists_the_service(grpc: GrpcSubject, budget: Budget) -> None:
    question = assemble([bounded(7, b"")])

    def body(_: str) -> None:
        seen = []
        for service in REFLECTION:
            reply = grpc.converse("ServerReflectionInfo", question, service=service)
            if reply.code != "OK":
                seen.append(f"{service}: {reply.code}")
                continue
            what = f"the list of services to {service}"
            names = []
            for answer in messages(message_of(read, reply.body, what), 6):
                for listed in messages(message_of(read, answer, what), 1):
                    names += messages(message_of(read, listed, what), 1)
            if SERVICE.encode() in names:
                return
            seen.append(f"{service}: {[name.decode('utf-8', 'replace') for name in names][:10]}")
        raise SubjectFault(
            f"sent the question for the list of services; found {'; '.join(seen)}, expected {SERVICE}"
        )

    each(budget, ["list of services"], body)
