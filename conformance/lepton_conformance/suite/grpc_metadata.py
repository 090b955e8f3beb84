"""Metadata over gRPC: of the server, of its models, of what there is not."""

import lepton_spec
from lepton_conformance.models.catalog import model
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.subject.grpc_messages import (
    ModelMetadata,
    model_query,
    read_model_metadata,
    read_server_metadata,
)
from lepton_conformance.subject.protobuf import flag, read
from lepton_conformance.suite.calls import (
    ALL_MODELS,
    NOT_FOUND,
    UNKNOWN_MODELS,
    UNKNOWN_VERSIONS,
    accepted,
    available,
    message_of,
    refused,
)
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement


def _present(grpc: GrpcSubject) -> list[str]:
    """Return the conformance models that the subject has, by its word on metadata or on readiness."""
    twin = grpc.twin()

    def ready(name: str) -> bool:
        reply = twin.call("ModelReady", model_query(name))
        return reply.code == "OK" and flag(message_of(read, reply.body, "ModelReady"), 1)

    try:
        found = [name for name in ALL_MODELS if twin.call("ModelMetadata", model_query(name)).code == "OK"]
        lost = [name for name in ALL_MODELS if name not in found and ready(name)]
        if lost and not ready(UNKNOWN_MODELS[0]):
            found += lost
    finally:
        twin.close()
    if not found:
        raise NotTested(
            "the subject has none of the conformance models; "
            "load them: lepton certify export-models DIR --layout plain"
        )
    return found


@requirement("INF-GRP-05")
def test_server_metadata_has_name_and_version(grpc: GrpcSubject, budget: Budget) -> None:
    def body(what: str) -> None:
        found = message_of(read_server_metadata, accepted(grpc.call(what), what), what)
        for member, value in (("name", found.name), ("version", found.version)):
            if not value:
                raise SubjectFault(f"sent {what}; found an empty {member}, expected one")

    each(budget, ["ServerMetadata"], body)


@requirement("INF-GRP-06")
def test_model_metadata_names_every_tensor(grpc: GrpcSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        what = f"ModelMetadata of {name}"
        reply = grpc.call("ModelMetadata", model_query(name))
        found = message_of(read_model_metadata, accepted(reply, what), what)
        if found.name != name:
            raise SubjectFault(f"sent {what}; found the name {found.name!r:.80}, expected {name!r}")
        _judge_tensors(found, name, what)

    each(budget, _present(grpc), body)


def _judge_tensors(found: ModelMetadata, name: str, what: str) -> None:
    entry = model(name)
    for member, tensors, wanted in (
        ("inputs", found.inputs, entry.inputs),
        ("outputs", found.outputs, entry.outputs),
    ):
        for tensor in tensors:
            if tensor.datatype not in lepton_spec.datatypes():
                raise SubjectFault(
                    f"sent {what}; found for {tensor.name!r:.80} the datatype {tensor.datatype!r:.80}, "
                    f"expected one of {', '.join(lepton_spec.datatypes())}"
                )
            if any(size < -1 for size in tensor.shape):
                raise SubjectFault(
                    f"sent {what}; found for {tensor.name!r:.80} the shape {list(tensor.shape)}, "
                    "expected sizes of at least -1"
                )
        names = sorted(tensor.name for tensor in tensors)
        if names != sorted(tensor.name for tensor in wanted):
            raise SubjectFault(
                f"sent {what}; found the {member} {names!r:.200}, "
                f"expected {sorted(tensor.name for tensor in wanted)}, those of the conformance model"
            )


@requirement("INF-GRP-07", needs=("INF-GRP-06",))
def test_metadata_of_what_there_is_not_are_not_found(grpc: GrpcSubject, budget: Budget) -> None:
    asked = [(name, "") for name in UNKNOWN_MODELS]
    asked += [(available(grpc)[0], version) for version in UNKNOWN_VERSIONS]

    def body(item: tuple[str, str]) -> None:
        what = f"ModelMetadata of {item[0]!r}" + (f" version {item[1]!r}" if item[1] else "")
        refused(grpc.call("ModelMetadata", model_query(*item)), what, NOT_FOUND)

    each(budget, asked, body)
