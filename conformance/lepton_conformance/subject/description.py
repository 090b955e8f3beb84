"""Ask a server what it says of itself, for the member `subject` of a report.

Owns the asking; leaves the form and the digests to `lepton_conformance.description`. Serves `conformance`.
"""

from typing import Any

from lepton_conformance.description import describe_server, document_digest
from lepton_conformance.models.catalog import MODELS
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.subject.grpc_messages import (
    ModelMetadata,
    TensorMetadata,
    model_query,
    read_model_metadata,
    read_server_metadata,
)
from lepton_conformance.subject.http import Answer, HttpSubject
from lepton_conformance.subject.protobuf import NotAMessage

__all__ = ["describe_grpc", "describe_http"]


def describe_http(http: HttpSubject) -> dict[str, Any]:
    """Return what a server says of itself and of the conformance models; little, when it says little."""
    twin = http.twin()
    name = version = ""
    metadata = document_digest(None)
    models: dict[str, str] = {}
    try:
        answer = twin.metadata()
        found = _json(answer)
        metadata = document_digest(found, answer.body)
        if isinstance(found, dict):
            name, version = found.get("name", ""), found.get("version", "")
        for model in MODELS:
            answer = twin.get(twin.model_path(model.name))
            found = _json(answer) if answer.status == 200 else None
            if isinstance(found, dict):
                models[model.name] = document_digest(found, answer.body)
    except SubjectFault:
        pass  # The tests say what is wrong; the description says what could be learnt.
    finally:
        twin.close()
    return describe_server(http.url, name, version, metadata=metadata, models=models)


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except SubjectFault:
        return None


def describe_grpc(grpc: GrpcSubject) -> dict[str, Any]:
    """Return what a gRPC server says of itself and of the conformance models; little, when it says little."""
    twin = grpc.twin()
    name = version = ""
    metadata = document_digest(None)
    models: dict[str, str] = {}
    try:
        body = twin.call("ServerMetadata").body
        found = read_server_metadata(body)
        name, version = found.name, found.version
        metadata = document_digest(
            {"name": name, "version": version, "extensions": list(found.extensions)}, body
        )
        for model in MODELS:
            reply = twin.call("ModelMetadata", model_query(model.name))
            if reply.code == "OK":
                said = read_model_metadata(reply.body)
                models[model.name] = document_digest(_model_document(said), reply.body)
    except (SubjectFault, NotAMessage):
        pass  # The tests say what is wrong; the description says what could be learnt.
    finally:
        twin.close()
    return describe_server(grpc.url, name, version, metadata=metadata, models=models)


def _model_document(said: ModelMetadata) -> dict[str, Any]:
    def tensors(listed: tuple[TensorMetadata, ...]) -> list[dict[str, Any]]:
        return [
            {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
            for tensor in listed
        ]

    return {
        "name": said.name,
        "versions": list(said.versions),
        "platform": said.platform,
        "inputs": tensors(said.inputs),
        "outputs": tensors(said.outputs),
    }
