"""What the tests of gRPC servers share: which models there are, answers, refusals.

Owns the reading of answers and the calls that many tests make; leaves single rules to the test modules.
Serves `inference` (INF-GRP).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from lepton_conformance.models.catalog import MODELS, Tensor, model
from lepton_conformance.oracle.answers import Array, disagreement, judgeable
from lepton_conformance.oracle.contents import from_contents
from lepton_conformance.oracle.elements import WrongData, from_binary
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.grpc_requests import request, typed_tensors
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.grpc import GrpcSubject, Reply
from lepton_conformance.subject.grpc_messages import Request, Response, read_response
from lepton_conformance.subject.protobuf import NotAMessage

__all__ = [
    "ALL_MODELS",
    "CORE_MODELS",
    "IDENTITY_MODELS",
    "TYPED_MODELS",
    "UNKNOWN_MODELS",
    "UNKNOWN_VERSIONS",
    "accepted",
    "answered",
    "array_of",
    "available",
    "core",
    "expect_right",
    "expect_whole",
    "goes_on",
    "has",
    "infer",
    "is_raw",
    "message_of",
    "plain",
    "refused",
    "require",
    "sent",
    "silent",
]

Message = TypeVar("Message")

INVALID_ARGUMENT = "INVALID_ARGUMENT"
NOT_FOUND = "NOT_FOUND"
ALL_MODELS = tuple(entry.name for entry in MODELS)
IDENTITY_MODELS = tuple(name for name in ALL_MODELS if name.startswith("lepton_id_"))
#: Those whose elements have a typed field.
TYPED_MODELS = tuple(entry.name for entry in MODELS if typed_tensors(entry))
#: A few unlike ones for what does not depend on the datatype, so that a fault of one datatype stays there.
CORE_MODELS = (
    "lepton_id_fp32",
    "lepton_id_int32",
    "lepton_split",
    "lepton_sub",
    "lepton_affine",
    "lepton_transpose",
)
#: Names and versions that no server has.
UNKNOWN_MODELS = ("lepton_nothing", "lepton_id_fp32x", "unknown", "modèle inconnu", "LEPTON_ID_FP32")
UNKNOWN_VERSIONS = ("99999", "lepton-none", "v0")


def has(grpc: GrpcSubject, name: str) -> bool:
    """Say whether the subject has a conformance model with the tensors that it should have."""
    try:
        facts = grpc.model(name)
    except NotTested:
        return False
    entry = model(name)
    return {(fact.name, fact.datatype) for fact in facts.inputs} == {
        (tensor.name, tensor.datatype) for tensor in entry.inputs
    } and {fact.name for fact in facts.outputs} == {tensor.name for tensor in entry.outputs}


def require(grpc: GrpcSubject, *names: str) -> None:
    """Raise NotTested unless the subject has all these conformance models."""
    for name in names:
        grpc.model(name)
        if not has(grpc, name):
            raise NotTested(
                f"the model {name} of the subject has other tensors than the conformance model of that name"
            )


def available(grpc: GrpcSubject, names: Iterable[str] = ALL_MODELS) -> tuple[str, ...]:
    """Return those of the conformance models that the subject has. Raises: NotTested when it has none."""
    found = tuple(dict.fromkeys(name for name in names if has(grpc, name)))
    if not found:
        raise NotTested(
            "the subject has none of the conformance models that this requirement is judged with; "
            "load them: lepton certify export-models DIR --layout plain"
        )
    return found


def core(grpc: GrpcSubject) -> tuple[str, ...]:
    """Return the few unlike models that the subject has, or some other one. Raises: NotTested."""
    found = available(grpc, (*CORE_MODELS, *TYPED_MODELS))
    return tuple(name for name in found if name in CORE_MODELS) or found[:1]


def plain(grpc: GrpcSubject) -> Given:
    """Return an ordinary request to a model that the subject has."""
    return given(core(grpc)[0])


def sent(case: Given, how: str = "") -> str:
    """Return what was sent, for a message."""
    return f"{case.model.name} the inputs {case.shapes()}{f' ({how})' if how else ''}"


# -- answers ---------------------------------------------------------------------------------------


def accepted(reply: Reply, what: str) -> bytes:
    """Return the message of a successful call. Raises: SubjectFault."""
    if reply.code != "OK":
        raise SubjectFault(f"sent {what}; found {reply.excerpt()}, expected OK")
    return reply.body


def message_of(read: Callable[[bytes], Message], data: bytes, what: str) -> Message:
    """Read an answer. Raises: SubjectFault when it is not the message that it should be."""
    try:
        return read(data)
    except NotAMessage as error:
        raise SubjectFault(
            f"sent {what}; found {len(data)} bytes that are not the answer's message ({error})"
        ) from error


def infer(grpc: GrpcSubject, asked: Request, what: str, *, fresh: bool = False) -> Response:
    """Make a call that must be answered and return the answer. Raises: SubjectFault."""
    reply = grpc.call("ModelInfer", asked.encode(), fresh=fresh)
    return message_of(read_response, accepted(reply, what), what)


def answered(grpc: GrpcSubject, case: Given, asked: Request | None = None) -> Response:
    """Send a case, as `asked` or plainly, and return the answer. Raises: SubjectFault."""
    return infer(grpc, request(case) if asked is None else asked, sent(case))


def is_raw(response: Response) -> bool:
    """Say whether an answer carries raw elements."""
    return bool(response.raw)


def array_of(response: Response, tensor: Tensor) -> Array:
    """Return the elements of an output, typed or raw. Raises: SubjectFault."""
    index = next((i for i, entry in enumerate(response.outputs) if entry.name == tensor.name), None)
    if index is None:
        found = [entry.name for entry in response.outputs]
        raise SubjectFault(f"found the outputs {found}, expected {tensor.name} among them")
    entry = response.outputs[index]
    if entry.datatype != tensor.datatype:
        raise SubjectFault(
            f"output {tensor.name}: found the datatype {entry.datatype!r:.40}, expected {tensor.datatype}"
        )
    if not all(0 <= size < 2**31 for size in entry.shape):
        raise SubjectFault(f"output {tensor.name}: found the shape {list(entry.shape)}, expected sizes")
    try:
        if not is_raw(response):
            return from_contents(tensor.datatype, entry.shape, entry.contents)
        if index >= len(response.raw):
            raise SubjectFault(
                f"output {tensor.name}: found {len(response.raw)} raw entries for "
                f"{len(response.outputs)} outputs"
            )
        return from_binary(tensor.datatype, entry.shape, response.raw[index])
    except WrongData as error:
        raise SubjectFault(f"output {tensor.name}: {error}") from error


def expect_right(case: Given, response: Response, names: Sequence[str] | None = None, how: str = "") -> None:
    """Compare outputs with the right answers. Raises: SubjectFault."""
    for tensor in case.model.outputs:
        if names is not None and tensor.name not in names:
            continue
        found = array_of(response, tensor)
        if judgeable(case.model, case.inputs):
            wrong = disagreement(case.model, case.inputs, tensor.name, found)
            if wrong is not None:
                raise SubjectFault(f"sent {sent(case, how)}; output {tensor.name}: {wrong}")


def expect_whole(case: Given, response: Response, shapes: dict[str, tuple[int, ...]]) -> None:
    """Check name, datatype, shape and element count of the outputs that came, no element.

    Which outputs come is INF-GRP-14's and INF-GRP-15's matter. Raises: SubjectFault.
    """
    if response.model_name != case.model.name:
        raise SubjectFault(
            f"sent {sent(case)}; found model_name {response.model_name!r:.80}, expected {case.model.name!r}"
        )
    known = {tensor.name: tensor for tensor in case.model.outputs}
    names = [entry.name for entry in response.outputs]
    if not names or not set(names) <= set(known):
        raise SubjectFault(f"sent {sent(case)}; found the outputs {names!r:.200}, expected {list(known)}")
    for name in names:
        found = array_of(response, known[name])
        if found.shape != shapes[name]:
            raise SubjectFault(
                f"sent {sent(case)}; output {name}: found shape {list(found.shape)}, "
                f"expected {list(shapes[name])}"
            )


# -- refusals --------------------------------------------------------------------------------------


def refused(reply: Reply, what: str, code: str = INVALID_ARGUMENT) -> None:
    """Check that a call was refused with a code. Raises: SubjectFault."""
    if reply.code != code:
        raise SubjectFault(f"sent {what}; found {reply.excerpt()}, expected {code}")


def goes_on(grpc: GrpcSubject, case: Given, after: str) -> None:
    """Check that a model still answers rightly, on the same channel and on a new one. Raises: SubjectFault.

    The elements are those of the case in the other order, so that none of a refused request is taken for one.
    """
    turned = Given(
        case.model,
        {name: np.ascontiguousarray(np.flip(array)) for name, array in case.inputs.items()},
    )
    message = request(turned).encode()
    for fresh in (False, True):
        reply = grpc.call("ModelInfer", message, fresh=fresh)
        if reply.code != "OK":
            where = "on a new channel" if fresh else "on the same channel"
            raise SubjectFault(
                f"after {after}: sent a valid request {where}; found {reply.excerpt()}, expected OK"
            )
        expect_right(turned, message_of(read_response, reply.body, sent(turned)), how=f"after {after}")


def silent(grpc: GrpcSubject) -> tuple[str, ...]:
    """Return those of the core models that answer no ordinary call any more, asked twice.

    None where the server says no longer which models it has.
    """

    def answers(name: str) -> bool:
        try:
            return grpc.call("ModelInfer", request(given(name)).encode(), fresh=True).code == "OK"
        except SubjectFault:
            return False
        except NotTested:  # no connection came about, so nothing is known of the model
            return True

    try:
        names = core(grpc)
    except (NotTested, SubjectFault):
        return ()
    return tuple(name for name in names if not answers(name) and not answers(name))
