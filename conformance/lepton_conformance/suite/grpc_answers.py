"""Answers over gRPC: their members, their form, their outputs and the order of them."""

import dataclasses
import itertools
from dataclasses import dataclass

from lepton_conformance.models.catalog import Tensor
from lepton_conformance.oracle.answers import expected
from lepton_conformance.oracle.elements import WrongData, from_binary
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.grpc_requests import (
    Written,
    raw_request,
    request,
    typed_request,
    typed_tensors,
    written,
)
from lepton_conformance.strategies.tensors import Given, given, shapes, smaller
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.subject.grpc_messages import Request, Response, read_response
from lepton_conformance.suite.calls import (
    ALL_MODELS,
    CORE_MODELS,
    TYPED_MODELS,
    accepted,
    answered,
    array_of,
    available,
    core,
    expect_right,
    expect_whole,
    infer,
    is_raw,
    message_of,
    plain,
    require,
    sent,
)
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement

SPLIT = "lepton_split"
IDS = (
    "42",
    'quote " backslash \\ slash /',
    "é ü 中文 Ω",
    "e\u0301",
    "\U0001f600 \U0001d11e",
    "line\nfeed\ttab",
    "a\0b",
    " padded ",
    "null",
    "0",
    "x" * 1024,
)
_ID_CHARACTERS = 'aZ09-_ "\\/<>&%{}[]é中\u2028\U0001f680'


def _ordered(grpc: GrpcSubject, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those models that there are, the core first: a fault of one datatype is INF-GRP-16's matter."""
    return available(grpc, tuple(dict.fromkeys((*CORE_MODELS, *names))))


def _valid_cases(names: tuple[str, ...]) -> list[Given]:
    """Return an ordinary case and a large one of each model, the first model's first."""
    large = [given(name, *sizes) for sizes in ((2, 4), (17, 9)) for name in names]
    return [given(name) for name in names] + [
        case for case in large if case.shapes() != given(case.model.name).shapes()
    ]


def _backwards(asked: Request) -> Request:
    """Return a request with its inputs, and their raw entries, in the other order."""
    return dataclasses.replace(asked, inputs=asked.inputs[::-1], raw=asked.raw[::-1])


def _in_both_orders(grpc: GrpcSubject, wrong: Written, asked: Request, form: str) -> list[Response]:
    """Send a request, and again with its inputs in the other order; return the answers.

    Raises: SubjectFault for an error, and for elements that change with the order.
    """
    answers: list[Response] = []
    for one in (asked, _backwards(asked)) if len(asked.inputs) > 1 else (asked,):
        order = ", ".join(entry.name for entry in one.inputs)
        what = sent(wrong.case, f"{form}, in the order {order}, {wrong.style}")
        reply = grpc.call("ModelInfer", one.encode(wrong.style))
        answers.append(message_of(read_response, accepted(reply, what), what))
        first, last = answers[0], answers[-1]
        if is_raw(first) == is_raw(last) and (first.outputs, first.raw) != (last.outputs, last.raw):
            raise SubjectFault(f"sent {what}; found another answer than in the model's order")
    return answers


def _right_shapes(case: Given) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in expected(case.model, case.inputs).items()}


@requirement("INF-GRP-08")
def test_a_valid_typed_call_is_answered(grpc: GrpcSubject, budget: Budget) -> None:
    names = _ordered(grpc, TYPED_MODELS)
    domain = shapes(names)
    assert domain.decode is not None

    def body(wrong: Written) -> None:
        case = wrong.case
        asked = typed_request(case)
        for response in _in_both_orders(grpc, wrong, asked, "typed"):
            expect_whole(case, response, _right_shapes(case))

    examples(budget, written(_valid_cases(names), domain.decode), body)


@requirement("INF-GRP-09")
def test_a_valid_raw_call_is_answered(grpc: GrpcSubject, budget: Budget) -> None:
    names = _ordered(grpc, ALL_MODELS)
    domain = shapes(names)
    assert domain.decode is not None

    def body(wrong: Written) -> None:
        # Lengths are INF-GRP-11's matter, elements INF-GRP-17's.
        _in_both_orders(grpc, wrong, raw_request(wrong.case), "raw")

    examples(budget, written(_valid_cases(names), domain.decode), body)


@requirement("INF-GRP-10", needs=("INF-GRP-09",))
def test_raw_elements_are_answered_raw(grpc: GrpcSubject, budget: Budget) -> None:
    names = _ordered(grpc, ALL_MODELS)

    def body(case: Given) -> None:
        if typed_tensors(case.model):
            grpc.call("ModelInfer", typed_request(case).encode())  # one form must not decide the next
        response = infer(grpc, raw_request(case), sent(case, "raw"))
        if not is_raw(response):
            fields = {name for entry in response.outputs for name in entry.contents}
            raise SubjectFault(
                f"sent {sent(case, 'raw')}; found {', '.join(sorted(fields)) or 'no elements'}, "
                "expected raw_output_contents"
            )

    examples(budget, shapes(names), body)


def _one_form(case: Given, response: Response, how: str) -> None:
    """Check that an answer is typed or raw as a whole, and its raw entries. Raises: SubjectFault."""
    if not is_raw(response):
        for tensor in case.model.outputs:
            if any(entry.name == tensor.name for entry in response.outputs):
                array_of(response, tensor)
        return
    typed = [entry.name for entry in response.outputs if entry.contents]
    if typed:
        raise SubjectFault(
            f"sent {sent(case, how)}; found raw_output_contents and typed elements of {', '.join(typed)}"
        )
    if len(response.raw) != len(response.outputs):
        raise SubjectFault(
            f"sent {sent(case, how)}; found {len(response.raw)} raw entries for {len(response.outputs)} "
            "outputs, expected one for each"
        )
    known: dict[str, Tensor] = {tensor.name: tensor for tensor in case.model.outputs}
    for entry, data in zip(response.outputs, response.raw, strict=True):
        if entry.name not in known or any(not 0 <= size < 2**31 for size in entry.shape):
            raise SubjectFault(
                f"sent {sent(case, how)}; found the output {entry.name!r:.80} of shape {list(entry.shape)}, "
                f"expected one of {', '.join(known)}"
            )
        try:
            from_binary(known[entry.name].datatype, entry.shape, data)
        except WrongData as error:
            raise SubjectFault(f"sent {sent(case, how)}; raw output {entry.name}: {error}") from error


@requirement("INF-GRP-11", needs=("INF-GRP-08", "INF-GRP-09"))
def test_an_answer_has_one_form(grpc: GrpcSubject, budget: Budget) -> None:
    names = _ordered(grpc, ALL_MODELS)

    def body(case: Given) -> None:
        how = {"raw": raw_request(case)}
        if typed_tensors(case.model):
            how["typed"] = typed_request(case)
        if case.model.name == SPLIT:
            how["raw, two outputs"] = raw_request(case, outputs=("negative", "plus"))
            how["typed, two outputs"] = typed_request(case, outputs=("negative", "plus"))
        answers = {name: infer(grpc, asked, sent(case, name)) for name, asked in how.items()}
        for name, response in answers.items():
            _one_form(case, response, name)
        if case.model.name == SPLIT and is_raw(answers["raw"]) and not is_raw(answers["typed"]):
            # Whose entry is which shows in the elements alone; right ones are INF-GRP-14 and 15's matter.
            for tensor in case.model.outputs:
                raw, typed = (array_of(answers[form], tensor).tolist() for form in ("raw", "typed"))
                if raw != typed:
                    raise SubjectFault(
                        f"sent {sent(case, 'raw')}; output {tensor.name}: found {raw!r:.80}, "
                        f"expected {typed!r:.80} as in the typed answer"
                    )

    examples(budget, shapes(names), body)


@requirement("INF-GRP-12", needs=("INF-GRP-08",))
def test_the_id_comes_back(grpc: GrpcSubject, budget: Budget) -> None:
    case = plain(grpc)

    def body(identifier: str) -> None:
        response = answered(grpc, case, request(case, identifier=identifier))
        if response.identifier != identifier:
            raise SubjectFault(
                f"sent the id {identifier!r:.80}; found {response.identifier!r:.80}, expected the same"
            )

    def decode(number: int) -> str:
        digits = Digits(number)
        length = digits.take(16)
        return "".join(
            _ID_CHARACTERS[digits.take(len(_ID_CHARACTERS)) % len(_ID_CHARACTERS)] for _ in range(length)
        )

    def shorter(text: str) -> list[str]:
        return [text[: len(text) // 2], text[len(text) // 2 :]] if len(text) > 1 else []

    examples(budget, Cases(("", *IDS, ""), decode, shorter), body)


@requirement("INF-GRP-13", needs=("INF-GRP-08",))
def test_the_version_is_one_of_the_metadata(grpc: GrpcSubject, budget: Budget) -> None:
    def body(item: tuple[str, str]) -> None:
        name, version = item
        case = given(name)
        listed = grpc.model(name).versions
        found = answered(grpc, case, typed_request(case, version=version)).model_version
        allowed = (version,) if version else listed or ("",)
        if found not in allowed:
            raise SubjectFault(
                f"sent {sent(case)}" + (f" for version {version}" if version else "") + f"; found the "
                f"model_version {found!r:.80}, expected {' or '.join(repr(one) for one in allowed)}"
            )

    each(
        budget, [(name, version) for name in core(grpc) for version in ("", *grpc.model(name).versions)], body
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """A case and the outputs that are asked for, in this order."""

    case: Given
    wanted: tuple[str, ...]


def _expect_outputs(response: Response, wanted: tuple[str, ...], what: str) -> None:
    found = tuple(entry.name for entry in response.outputs)
    if found != wanted:
        raise SubjectFault(f"sent {what}; found the outputs {list(found)}, expected {list(wanted)}")


@requirement("INF-GRP-14", needs=("INF-GRP-08", "INF-GRP-09", "INF-GRP-11"))
def test_requested_outputs_come_in_the_order_of_the_request(grpc: GrpcSubject, budget: Budget) -> None:
    require(grpc, SPLIT)
    names = [tensor.name for tensor in given(SPLIT).model.outputs]
    orders = [order for size in (1, 2, 3) for order in itertools.permutations(names, size)]
    domain = shapes((SPLIT,))
    assert domain.decode is not None
    decode = domain.decode

    def body(choice: _Choice) -> None:
        for how, make in (("typed", typed_request), ("raw", raw_request)):
            asked = make(choice.case, outputs=choice.wanted)
            what = f"{sent(choice.case, how)} for the outputs {list(choice.wanted)}"
            response = infer(grpc, asked, what)
            _expect_outputs(response, choice.wanted, what)
            right = expected(choice.case.model, choice.case.inputs)
            for tensor in choice.case.model.outputs:
                # Which elements stand under which name; their values are INF-GRP-16's matter.
                if tensor.name in choice.wanted:
                    found = array_of(response, tensor)
                    if found.shape != right[tensor.name].shape or found.size != right[tensor.name].size:
                        raise SubjectFault(
                            f"sent {what}; output {tensor.name}: found the shape {list(found.shape)}"
                        )
                    if (found != right[tensor.name]).any():
                        raise SubjectFault(
                            f"sent {what}; output {tensor.name}: found {found.ravel()[:4].tolist()}, "
                            f"expected {right[tensor.name].ravel()[:4].tolist()}"
                        )

    def decode_choice(number: int) -> _Choice:
        digits = Digits(number)
        wanted = orders[digits.take(len(orders))]
        return _Choice(decode(digits.rest), wanted)

    examples(
        budget,
        Cases(
            [_Choice(given(SPLIT), order) for order in orders],
            decode_choice,
            lambda choice: (_Choice(case, choice.wanted) for case in smaller(choice.case)),
        ),
        body,
    )


@requirement("INF-GRP-15", needs=("INF-GRP-08", "INF-GRP-09"))
def test_all_outputs_come_in_the_order_of_the_metadata(grpc: GrpcSubject, budget: Budget) -> None:
    names = _ordered(grpc, TYPED_MODELS)

    def body(name: str) -> None:
        case = given(name)
        wanted = tuple(fact.name for fact in grpc.model(name).outputs)
        for how, make in (("typed", typed_request), ("raw", raw_request)):
            if len(wanted) > 1:
                grpc.call("ModelInfer", make(case, outputs=wanted[-1:]).encode())  # holds for this call alone
            what = f"{sent(case, how)} for no outputs by name"
            response = infer(grpc, make(case), what)
            _expect_outputs(response, wanted, what)
            if name == SPLIT:
                expect_right(case, response, how=f"{how}, for no outputs by name")

    each(budget, names, body)
