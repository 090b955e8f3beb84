"""A few plain questions that tell a broken adapter from a broken runtime.

Owns the steps; judges nothing by the standard and gives no verdict. Serves `conformance`.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from lepton_conformance.forge import VALID, VIOLATIONS
from lepton_conformance.forge.draft import Forged
from lepton_conformance.models.catalog import model
from lepton_conformance.models.graphs import model_bytes
from lepton_conformance.outcome import AdapterFault, NotTested, SubjectFault
from lepton_conformance.strategies.grpc_requests import typed_request
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import given
from lepton_conformance.subject.capabilities import GROUPS
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.subject.grpc_messages import read_response, read_server_metadata
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.subject.locate import is_validator, locate
from lepton_conformance.subject.protobuf import NotAMessage
from lepton_conformance.subject.stdio import Rejection, StdioSubject
from lepton_conformance.subject.validator import LEVELS, ValidatorReport, ValidatorSubject
from lepton_conformance.verdict import VALIDATORS

__all__ = ["smoke"]

MODEL = "lepton_id_fp32"

Step = tuple[str, Callable[[], str]]


def smoke(subject: str, say: Callable[[str], None]) -> int:
    """Ask the questions in order and stop at the first that fails; return 0 or 1.

    Raises: Unreachable.
    """
    opened = locate(subject, profiles=[VALIDATORS] if is_validator(subject) else []).open()
    try:
        steps = _steps(opened)
        for name, question in steps:
            try:
                say(f"ok    {name}: {question()}")
            except AdapterFault as fault:
                say(f"FAIL  {name}: the adapter breaks the protocol: {fault}")
                return 1
            except (SubjectFault, NotTested) as fault:
                say(f"FAIL  {name}: {fault}")
                return 1
    finally:
        opened.close()
    return 0


def _steps(opened: HttpSubject | GrpcSubject | StdioSubject | ValidatorSubject) -> Iterator[Step]:
    if isinstance(opened, ValidatorSubject):
        return _validator(opened)
    if isinstance(opened, HttpSubject):
        return _server(opened)
    return _grpc_server(opened) if isinstance(opened, GrpcSubject) else _program(opened)


def _server(http: HttpSubject) -> Iterator[Step]:
    yield "live", lambda: f"status {http.get('v2/health/live').status}"
    yield "server metadata", lambda: http.metadata().excerpt()
    yield f"metadata of {MODEL}", lambda: f"inputs {http.model(MODEL).inputs}"

    def infer() -> str:
        answer = http.infer(MODEL, infer_request(given(MODEL)))
        if answer.status != 200:
            raise SubjectFault(f"found status {answer.status} with {answer.excerpt()}, expected 200")
        return answer.excerpt()

    yield f"inference with {MODEL}", infer


def _grpc_server(grpc: GrpcSubject) -> Iterator[Step]:
    def metadata() -> str:
        reply = grpc.call("ServerMetadata")
        if reply.code != "OK":
            raise SubjectFault(f"found {reply.excerpt()}, expected OK")
        try:
            return str(read_server_metadata(reply.body))
        except NotAMessage as error:
            raise SubjectFault(f"found bytes that are no ServerMetadataResponse: {error}") from error

    def infer() -> str:
        reply = grpc.call("ModelInfer", typed_request(given(MODEL)).encode())
        if reply.code != "OK":
            raise SubjectFault(f"found {reply.excerpt()}, expected OK")
        try:
            return str(read_response(reply.body))
        except NotAMessage as error:
            raise SubjectFault(f"found bytes that are no ModelInferResponse: {error}") from error

    yield "live", lambda: grpc.call("ServerLive").excerpt()
    yield "server metadata", metadata
    yield f"metadata of {MODEL}", lambda: f"inputs {grpc.model(MODEL).inputs}"
    yield f"inference with {MODEL}", infer


def _program(runtime: StdioSubject) -> Iterator[Step]:
    loaded: list[Any] = []

    def load() -> str:
        found = runtime.load(runtime.file(f"{MODEL}.onnx", model_bytes(model(MODEL))))
        if isinstance(found, Rejection):
            raise SubjectFault(f"found the error {found.code}: {found.message}, expected a loaded model")
        loaded.append(found)
        return f"inputs {found.inputs}"

    def infer() -> str:
        found = runtime.infer(loaded[0], given(MODEL).inputs)
        if isinstance(found, Rejection):
            raise SubjectFault(f"found the error {found.code}: {found.message}, expected outputs")
        return f"outputs {', '.join(found.outputs)}"

    def unload() -> str:
        found = runtime.unload(loaded[0])
        if found is not None:
            raise SubjectFault(f"found the error {found.code}: {found.message}")
        return "done"

    yield "hello", lambda: f"{runtime.hello().get('name')} {runtime.hello().get('version')}"
    yield "declares", lambda: _declared(runtime)
    yield f"load {MODEL}", load
    yield "infer", infer
    yield "unload", unload


def _validator(validator: ValidatorSubject) -> Iterator[Step]:
    def ask(package: Forged, level: str, verdict: str, requirement: str) -> str:
        found = validator.validate(package, level)
        if not isinstance(found, ValidatorReport):
            raise SubjectFault(f"found {found!r:.300}, expected a report")
        if found.verdict != verdict or (requirement and requirement not in found.violated()):
            raise SubjectFault(
                f"found the verdict {found.verdict!r:.40} with {', '.join(found.violated()) or 'no findings'}"
                f", expected {verdict!r}" + (f" with {requirement}" if requirement else "")
            )
        return f"{found.verdict}, {', '.join(found.violated()) or 'no findings'}"

    altered = next(one for one in VIOLATIONS if one.requirement == "PKG-DIG-03")
    yield "hello", lambda: f"{validator.hello().get('name')} {validator.hello().get('version')}"
    yield "declares", lambda: f"the levels {', '.join(validator.levels())}"
    for level in LEVELS:
        if level in validator.levels():
            yield f"a valid package, {level}", partial(ask, VALID[0].forge(), level, "pass", "")
            yield f"an altered file, {level}", partial(ask, altered.forge(), level, "fail", "PKG-DIG-03")


def _declared(runtime: StdioSubject) -> str:
    """Return in words what will be judged. Raises: AdapterFault."""
    found = runtime.declared()
    missing = [group for group in GROUPS if group not in found.operators]
    groups = "all groups of operators" if not missing else f"operators without {', '.join(missing)}"
    low, high = found.opsets
    sizes = "sizes that are not fixed" if found.dynamic else "fixed sizes"
    datatypes = ", ".join(sorted(runtime.capabilities("datatypes")))
    return f"{groups}; operator sets {low} to {high}; {sizes}; {datatypes or 'no datatypes'}"
