"""What the Open Inference Protocol calls an answer, a refusal, an output.

Owns the reading of answers that many tests share, and which models a subject has; leaves single rules to the
test modules. Serves `inference`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from lepton_conformance.models.catalog import BF16, MODELS, model
from lepton_conformance.oracle.answers import Array, disagreement, judgeable
from lepton_conformance.oracle.elements import WrongData, from_json
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject import strict_json
from lepton_conformance.subject.http import Answer, HttpSubject

__all__ = [
    "ALL_MODELS",
    "CORE_MODELS",
    "JSON_MODELS",
    "PLAIN_MODELS",
    "UNKNOWN_MODELS",
    "accepted",
    "answers",
    "array_of",
    "available",
    "core",
    "error_text",
    "expect_json",
    "expect_right",
    "goes_on",
    "has",
    "has_bf16",
    "outputs_of",
    "plain",
    "refused",
    "require",
    "sent",
    "silent",
]

MEDIA_TYPE = "application/json"
ALL_MODELS = tuple(entry.name for entry in MODELS)
#: Those with tensors that JSON is made for: FP16 in JSON is a matter of INF-DAT-13 alone.
JSON_MODELS = tuple(name for name in ALL_MODELS if name != "lepton_id_fp16")
#: A few unlike ones for what does not depend on the datatype, so that a fault of one datatype stays there.
CORE_MODELS = (
    "lepton_id_fp32",
    "lepton_id_int32",
    "lepton_split",
    "lepton_sub",
    "lepton_affine",
    "lepton_transpose",
)
#: Models for what any model shows, the likeliest first.
PLAIN_MODELS = (*CORE_MODELS, *JSON_MODELS)
#: Names that no server has.
UNKNOWN_MODELS = ("lepton_nothing", "lepton_id_fp32x", "unknown", "modèle inconnu")


def has(http: HttpSubject, name: str) -> bool:
    """Say whether the subject has a conformance model with the tensors that it should have."""
    try:
        facts = http.model(name)
    except NotTested:
        return False
    entry = model(name)
    return {(fact[0], fact[1]) for fact in facts.inputs} == {
        (tensor.name, tensor.datatype) for tensor in entry.inputs
    } and {fact[0] for fact in facts.outputs} == {tensor.name for tensor in entry.outputs}


def require(http: HttpSubject, *names: str) -> None:
    """Raise NotTested unless the subject has all these conformance models."""
    for name in names:
        http.model(name)
        if not has(http, name):
            raise NotTested(
                f"the model {name} of the subject has other tensors than the conformance model of that name"
            )


def has_bf16(http: HttpSubject) -> bool:
    """Say whether the subject has the model with BF16 tensors."""
    try:
        facts = http.model(BF16.name)
    except NotTested:
        return False
    return all(datatype == "BF16" for _, datatype, _ in (*facts.inputs, *facts.outputs))


def available(http: HttpSubject, names: Iterable[str] = ALL_MODELS) -> tuple[str, ...]:
    """Return those of the conformance models that the subject has. Raises: NotTested when it has none."""
    found = tuple(dict.fromkeys(name for name in names if has(http, name)))
    if not found:
        raise NotTested(
            "the subject has none of the conformance models that this requirement is judged with; "
            "load them: lepton certify export-models DIR --layout plain"
        )
    return found


def core(http: HttpSubject) -> tuple[str, ...]:
    """Return the few unlike models that the subject has, or some other one. Raises: NotTested."""
    found = available(http, PLAIN_MODELS)
    return tuple(name for name in found if name in CORE_MODELS) or found[:1]


def plain(http: HttpSubject) -> Given:
    """Return an ordinary request to a model that the subject has."""
    return given(available(http, PLAIN_MODELS)[0])


# -- answers ---------------------------------------------------------------------------------------


def accepted(answer: Answer, sent: str) -> dict[str, Any]:
    """Return the JSON object of a successful answer. Raises: SubjectFault."""
    if answer.status != 200:
        raise SubjectFault(f"sent {sent}; found status {answer.status} with {answer.excerpt()}, expected 200")
    value = answer.json()
    if not isinstance(value, dict):
        raise SubjectFault(f"sent {sent}; found {answer.excerpt()}, expected a JSON object")
    return value


def outputs_of(value: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the outputs of an answer by name. Raises: SubjectFault."""
    outputs = value.get("outputs")
    if not isinstance(outputs, list) or not all(
        isinstance(output, dict) and isinstance(output.get("name"), str) for output in outputs
    ):
        raise SubjectFault(f"found outputs {_shown(outputs)}, expected an array of objects with a name")
    return {output["name"]: output for output in outputs}


def array_of(output: dict[str, Any], datatype: str) -> Array:
    """Return the elements of an output in JSON as an array. Raises: SubjectFault."""
    shape = output.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int and 0 <= size < 2**31 for size in shape):
        raise SubjectFault(
            f"output {output['name']}: found shape {_shown(shape)}, expected an array of sizes"
        )
    try:
        return from_json(datatype, shape, output.get("data"))
    except WrongData as error:
        raise SubjectFault(f"output {output['name']}: {error}") from error


def answers(http: HttpSubject, case: Given, body: Any = None, **how: Any) -> dict[str, dict[str, Any]]:
    """Send the request of a case and return the outputs by name. Raises: SubjectFault."""
    request = infer_request(case) if body is None else body
    answer = http.infer(case.model.name, request, **how)
    return outputs_of(accepted(answer, sent(case)))


def expect_right(case: Given, outputs: dict[str, dict[str, Any]], names: Sequence[str] | None = None) -> None:
    """Compare outputs in JSON with the right answers. Raises: SubjectFault."""
    for tensor in case.model.outputs:
        if names is not None and tensor.name not in names:
            continue
        if tensor.name not in outputs:
            raise SubjectFault(f"sent {sent(case)}; found no output {tensor.name}")
        found = array_of(outputs[tensor.name], tensor.datatype)
        if judgeable(case.model, case.inputs):
            wrong = disagreement(case.model, case.inputs, tensor.name, found)
            if wrong is not None:
                raise SubjectFault(f"sent {sent(case)}; output {tensor.name}: {wrong}")


def sent(case: Given) -> str:
    """Return what was sent, for a message."""
    return f"{case.model.name} the inputs {case.shapes()}"


def expect_json(answer: Answer, what: str) -> None:
    """Check that a body, if there is one, is a JSON text and says so. Raises: SubjectFault."""
    if not answer.body:
        return
    try:
        strict_json.parse(answer.body)
    except strict_json.NotJson as error:
        raise SubjectFault(
            f"sent {what}; found a body that is no JSON text ({error}): {answer.excerpt()}"
        ) from error
    found = answer.header("Content-Type")
    if (found or "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise SubjectFault(f"sent {what}; found Content-Type {found!r}, expected {MEDIA_TYPE}")


# -- refusals --------------------------------------------------------------------------------------


def error_text(answer: Answer) -> str:
    """Return the `error` of an error object. Raises: SubjectFault when there is none."""
    value = answer.json()
    if not isinstance(value, dict) or not isinstance(value.get("error"), str):
        raise SubjectFault(
            f"found status {answer.status} with {answer.excerpt()}, expected an object with a string `error`"
        )
    text: str = value["error"]
    return text


def refused(answer: Answer, what: str, status: int | None = None) -> None:
    """Check that a request was refused: an error status, the one given if any, and an error object.

    Raises: SubjectFault.
    """
    wanted = "a status from 400 to 599" if status is None else str(status)
    if not 400 <= answer.status < 600 or (status is not None and answer.status != status):
        raise SubjectFault(
            f"sent {what}; found status {answer.status} with {answer.excerpt()}, expected {wanted}"
        )
    error_text(answer)


def goes_on(
    http: HttpSubject, case: Given, after: str, timeout: float | None = None, *, rightly: bool = False
) -> None:
    """Check that a model still answers, on the same connection and on a new one. Raises: SubjectFault.

    A connection that the server closed, announced or not, is replaced by a new one. `rightly` compares the
    elements, too.
    """
    for fresh in (False, True):
        answer = http.infer(case.model.name, infer_request(case), fresh=fresh, timeout=timeout)
        where = "on a new connection" if fresh else "on the same connection"
        if answer.status != 200:
            raise SubjectFault(
                f"after {after}: sent a valid request {where}; found status {answer.status} with "
                f"{answer.excerpt()}, expected 200"
            )
        if rightly:
            try:
                expect_right(case, outputs_of(accepted(answer, sent(case))))
            except SubjectFault as fault:
                raise SubjectFault(f"after {after}, {where}: {fault}") from fault


def silent(http: HttpSubject) -> tuple[str, ...]:
    """Return those of the core models that answer no ordinary request any more, asked twice.

    None where the server says no longer which models it has.
    """

    def answers_now(name: str) -> bool:
        try:
            return http.infer(name, infer_request(given(name)), fresh=True).status == 200
        except SubjectFault:
            return False

    try:
        names = core(http)
    except (NotTested, SubjectFault):
        return ()
    return tuple(name for name in names if not answers_now(name) and not answers_now(name))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "..."
