"""Metadata of the server and of its models."""

from collections.abc import Iterator
from typing import Any

import lepton_spec
from lepton_conformance.outcome import NotApplicable, NotTested, SubjectFault
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import given
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    ALL_MODELS,
    JSON_MODELS,
    UNKNOWN_MODELS,
    accepted,
    core,
)

BINARY_EXTENSION = "binary_tensor_data"


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _present(http: HttpSubject) -> list[str]:
    """Return the conformance models that the subject has, by its own word on either of two routes."""
    twin = http.twin()

    def ready(name: str) -> bool:
        return twin.get(twin.model_path(name) + "/ready").status == 200

    try:
        found = [name for name in ALL_MODELS if twin.get(twin.model_path(name)).status == 200]
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


def _tensors(name: str, metadata: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for member in ("inputs", "outputs"):
        tensors = metadata.get(member)
        if not isinstance(tensors, list):
            raise SubjectFault(f"metadata of {name}: found {member} {tensors!r:.80}, expected an array")
        for tensor in tensors:
            if not isinstance(tensor, dict):
                raise SubjectFault(
                    f"metadata of {name}: found in {member} {tensor!r:.80}, expected an object"
                )
            yield tensor


@requirement("INF-MET-01")
def test_server_metadata_has_name_version_and_extensions(http: HttpSubject, budget: Budget) -> None:
    def body(path: str) -> None:
        metadata = accepted(http.metadata(), f"GET {path}")
        for member in ("name", "version"):
            if not isinstance(metadata.get(member), str):
                raise SubjectFault(
                    f"server metadata: found {member} {metadata.get(member)!r:.80}, expected a string"
                )
        if not _is_text_list(metadata.get("extensions")):
            raise SubjectFault(
                f"server metadata: found extensions {metadata.get('extensions')!r:.80}, "
                "expected an array of strings"
            )

    each(budget, ["v2"], body)


@requirement("INF-MET-02")
def test_model_metadata_has_the_required_members(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        metadata = accepted(http.get(http.model_path(name)), f"GET {http.model_path(name)}")
        if metadata.get("name") != name:
            raise SubjectFault(
                f"metadata of {name}: found name {metadata.get('name')!r:.80}, expected {name!r}"
            )
        if not isinstance(metadata.get("platform"), str):
            raise SubjectFault(
                f"metadata of {name}: found platform {metadata.get('platform')!r:.80}, expected a string"
            )
        if "versions" in metadata and not _is_text_list(metadata["versions"]):
            raise SubjectFault(
                f"metadata of {name}: found versions {metadata['versions']!r:.80}, "
                "expected an array of strings, or no such member"
            )
        for tensor in _tensors(name, metadata):
            for member, kind, wanted in (
                ("name", str, "a string"),
                ("datatype", str, "a string"),
                ("shape", list, "an array"),
            ):
                if not isinstance(tensor.get(member), kind):
                    raise SubjectFault(
                        f"metadata of {name}: found a tensor with {member} {tensor.get(member)!r:.80}, "
                        f"expected {wanted}"
                    )

    each(budget, _present(http), body)


@requirement("INF-MET-03", needs=("INF-MET-02",))
def test_metadata_names_registered_datatypes_and_integer_shapes(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        metadata = accepted(http.get(http.model_path(name)), f"GET {http.model_path(name)}")
        for tensor in _tensors(name, metadata):
            if tensor.get("datatype") not in lepton_spec.datatypes():
                raise SubjectFault(
                    f"metadata of {name}: found datatype {tensor.get('datatype')!r:.80}, expected one of "
                    f"{', '.join(lepton_spec.datatypes())}"
                )
            for size in tensor.get("shape", []):
                whole = type(size) is int or (isinstance(size, float) and size.is_integer())
                if not whole or size < -1:
                    raise SubjectFault(
                        f"metadata of {name}: found size {size!r:.80} in the shape of "
                        f"{tensor.get('name')!r:.80}, expected an integer >= -1"
                    )

    each(budget, _present(http), body)


@requirement("INF-MET-05", needs=("INF-MET-02", "INF-HLT-03", "INF-RSP-01"))
def test_listed_versions_are_reachable(http: HttpSubject, budget: Budget) -> None:
    versioned = [(name, version) for name in core(http) for version in http.model(name).versions]
    if not versioned:
        raise NotApplicable("the metadata of no model lists versions")

    def body(item: tuple[str, str]) -> None:
        name, version = item
        path = http.model_path(name, version)
        http.get(http.model_path(name))  # for the report: it lists the version
        asked = [(http.get(path), f"GET {path}"), (http.get(f"{path}/ready"), f"GET {path}/ready")]
        if name in JSON_MODELS:
            request = infer_request(given(name))
            asked.append((http.infer(name, request, version=version), f"POST {path}/infer"))
        for answer, what in asked:
            if answer.status != 200:
                raise SubjectFault(
                    f"{what}, a version that the metadata lists: found status {answer.status}, expected 200"
                )

    each(budget, versioned, body)


@requirement("INF-MET-06", needs=("INF-MET-01",))
def test_binary_extension_is_announced(http: HttpSubject, budget: Budget) -> None:
    def body(path: str) -> None:
        found = accepted(http.metadata(), f"GET {path}").get("extensions")
        if not isinstance(found, list) or BINARY_EXTENSION not in found:
            raise SubjectFault(
                f"server metadata: found extensions {found!r:.200}, expected {BINARY_EXTENSION!r} among them"
            )

    each(budget, ["v2"], body)
