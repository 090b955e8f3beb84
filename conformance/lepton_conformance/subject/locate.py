"""From a SUBJECT argument to something that tests can talk to.

Owns the forms of SUBJECT and which tests and profiles fit them; leaves talking to the transports. Serves
`conformance`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lepton_conformance.description import describe_program
from lepton_conformance.outcome import AdapterFault
from lepton_conformance.subject.description import describe_grpc, describe_http
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.subject.http import HttpSubject, Unreachable
from lepton_conformance.subject.lines import MAX_MEMORY_BYTES
from lepton_conformance.subject.program import ProgramSubject
from lepton_conformance.subject.stdio import StdioSubject, command_of
from lepton_conformance.subject.validator import ValidatorSubject
from lepton_conformance.suite import (
    DATASET_MODULES,
    GRPC_MODULES,
    HTTP_MODULES,
    PACKAGE_MODULES,
    RUNTIME_MODULES,
)
from lepton_conformance.verdict import DATA_VALIDATORS, VALIDATORS

__all__ = ["FORMS", "Located", "is_validator", "locate"]

FORMS = "http://HOST:PORT, grpc://HOST:PORT, python:MODULE:ATTR or exec:COMMAND"


@dataclass(frozen=True, slots=True)
class Located:
    """A subject that has not been reached yet."""

    kind: str
    modules: tuple[str, ...]
    profiles: tuple[str, ...]
    default_profiles: tuple[str, ...]
    open: Callable[[], Any]
    describe: Callable[[Any], dict[str, Any]]


def locate(
    subject: str,
    companion: str | None = None,
    memory_bytes: int | None = None,
    profiles: Sequence[str] = (),
) -> Located:
    """Return the way to a subject.

    `companion` is the URL of a gRPC subject's REST form, `memory_bytes` the limit of a program's process.
    With the profile `package` among `profiles`, a program is taken as a validator.

    Raises: Unreachable for a form that there is not.
    """
    scheme = subject.partition(":")[0]
    if memory_bytes is not None and scheme not in ("python", "exec"):
        raise Unreachable(
            f"found a memory limit for the subject {subject!r}, expected python:MODULE:ATTR or exec:COMMAND: "
            "the suite starts runtimes only, and limits what it starts"
        )
    if scheme == "http" and companion is None:
        return Located(
            "http",
            HTTP_MODULES,
            ("oip-rest", "inference-rest", "inference-binary", "inference-repository"),
            ("inference-rest",),
            lambda: _open_http(subject),
            describe_http,
        )
    if scheme == "grpc":
        return Located(
            "grpc",
            GRPC_MODULES,
            ("inference-grpc",),
            ("inference-grpc",),
            lambda: _open_grpc(subject, companion),
            describe_grpc,
        )
    if companion is not None:
        raise Unreachable(
            f"found the companion {companion!r} for the subject {subject!r}, "
            "expected a subject grpc://HOST:PORT: the companion is its REST form"
        )
    if scheme == "exec" and VALIDATORS in profiles:
        return Located(
            scheme,
            PACKAGE_MODULES,
            (VALIDATORS,),
            (VALIDATORS,),
            lambda: ValidatorSubject(command_of(subject), memory_bytes=memory_bytes or MAX_MEMORY_BYTES),
            lambda opened: _describe_program(subject, opened),
        )
    if scheme == "exec" and DATA_VALIDATORS in profiles:
        return Located(
            scheme,
            DATASET_MODULES,
            (DATA_VALIDATORS,),
            (DATA_VALIDATORS,),
            lambda: ValidatorSubject(
                command_of(subject), memory_bytes=memory_bytes or MAX_MEMORY_BYTES, profile=DATA_VALIDATORS
            ),
            lambda opened: _describe_program(subject, opened),
        )
    if scheme in ("python", "exec"):
        return Located(
            scheme,
            RUNTIME_MODULES,
            ("runtime",),
            ("runtime",),
            lambda: StdioSubject(command_of(subject), memory_bytes=memory_bytes or MAX_MEMORY_BYTES),
            lambda opened: _describe_program(subject, opened),
        )
    if scheme == "https":
        raise Unreachable(
            "cannot reach https:// subjects: this suite speaks HTTP without TLS; "
            "certify the port behind the proxy that ends TLS: http://HOST:PORT"
        )
    raise Unreachable(f"cannot use {subject!r} as a subject: expected {FORMS}")


def is_validator(subject: str) -> bool:
    """Say whether a program says that it validates packages; it is started to see. Raises: Unreachable."""
    if not subject.startswith("exec:"):
        return False
    program = ProgramSubject(command_of(subject))
    try:
        capabilities = program.hello().get("capabilities")
        return isinstance(capabilities, dict) and "validate" in capabilities
    except AdapterFault:
        return False
    finally:
        program.close()


def _open_http(subject: str) -> HttpSubject:
    http = HttpSubject(subject)
    http.probe()
    return http


def _open_grpc(subject: str, companion: str | None) -> GrpcSubject:
    grpc = GrpcSubject(subject, companion=None if companion is None else _open_http(companion))
    grpc.probe()
    return grpc


def _describe_program(subject: str, opened: ProgramSubject) -> dict[str, Any]:
    try:
        hello = opened.hello()
    except AdapterFault:
        hello = {}
    return describe_program(subject, hello, opened.hello_line)
