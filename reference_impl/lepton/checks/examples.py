"""Checks of the examples of an application document: typed, tied to vectors, and bound without an engine.

Owns comparing what bindings make with vectors and answers; leaves bindings to `lepton.application`, imported
where a package has examples. Serves APP-EXA.
"""

import binascii
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lepton.checks.application import MODEL, PROFILE, SHAPE, TENSORS, Application, application, fitting, unfit
from lepton.checks.attribution import VECTORS
from lepton.checks.documents import blocked_by
from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.jsontext import escape_pointer
from lepton.package.read import Package

if TYPE_CHECKING:
    from lepton.application.elements import Tensor
    from lepton.application.failure import Work

__all__ = ["CHECKS"]

#: Elements that the bindings of all examples of a package may read and write.
MAX_ELEMENTS = 10_000_000
#: Bytes of inputs that are compared for the work of one element: they are compared, not read one by one.
_BYTES_OF_ONE = 8


@check("APP-EXA-01", needs=SHAPE, profile=PROFILE)
def answered(package: Package) -> Iterator[Finding]:
    """Every task has an example with an answer."""
    found = application(package)
    for at, task in enumerate(found.tasks):
        if not any("answer" in one for one in task["examples"]):
            message = "found no example with an answer, expected one"
            yield Finding("APP-EXA-01", found.path, f"/tasks/{at}/examples", message, "")


@check("APP-EXA-02", needs=SHAPE, profile=PROFILE)
def typed(package: Package) -> Iterator[Finding | NotChecked]:
    """Requests and answers are of their task; one finding an example."""
    found = application(package)
    for at, task in enumerate(found.tasks):
        if unfit(found, task, ("APP-BND-01",)) is not None:
            yield NotChecked("APP-EXA-02", "blocked by APP-BND-01")
            continue
        for place, example in enumerate(task["examples"]):
            problem = _typing_fault(task["task"], example)
            if problem is not None:
                pointer = f"/tasks/{at}/examples/{place}{problem[0]}"
                yield Finding("APP-EXA-02", found.path, pointer, problem[1], "")


def _typing_fault(task: str, example: Mapping[str, Any]) -> tuple[str, str] | None:
    from lepton.application.validity import invalid_answer, invalid_request

    if example.get("error") != "invalid-request":
        fault = invalid_request(task, example["request"])
        if fault is not None:
            return f"/request{fault[0]}", fault[1]
    if "answer" in example:
        fault = invalid_answer(task, example["answer"])
        if fault is not None:
            return f"/answer{fault[0]}", fault[1]
    return None


@check("APP-EXA-03", needs=SHAPE, profile=PROFILE)
def tied(package: Package) -> Iterator[Finding | NotChecked]:
    """The vector of each example is there and of the stage that users see."""
    found = application(package)
    for at, task in enumerate(found.tasks):
        if unfit(found, task, ("APP-BND-01",)) is not None:
            yield NotChecked("APP-EXA-03", "blocked by APP-BND-01")
            continue
        for place, example in enumerate(task["examples"]):
            if "vector" not in example:
                continue
            if _typing_fault(task["task"], example) is not None:
                yield NotChecked("APP-EXA-03", "blocked by APP-EXA-02")
                continue
            one = _vector(package, example["vector"])
            if isinstance(one, NotChecked):
                yield one
            elif isinstance(one, str):
                yield Finding("APP-EXA-03", found.path, f"/tasks/{at}/examples/{place}/vector", one, "")


def _vector(package: Package, name: Mapping[str, str]) -> Mapping[str, Any] | NotChecked | str:
    """Return the vector of an example, why it cannot be judged, or what is wrong with the reference."""
    manifest = package.manifest
    assert manifest is not None
    path = name["file"]
    if path not in manifest["vectors"]:
        return f"found {path!r}, expected one of: {', '.join(manifest['vectors'][:9])}"
    reason = blocked_by(package, path, VECTORS)
    if reason is not None:
        return NotChecked("APP-EXA-03", reason)
    document = package.files[path].document
    assert document is not None
    vector = next((one for one in document.value["vectors"] if one["id"] == name["id"]), None)
    if vector is None:
        return f"found the vector {name['id']!r}, which is not in {path!r}"
    stage = "raw" if "interface" in manifest else "model"
    if vector["stage"] != stage:
        return f"found the vector {name['id']!r} of the stage {vector['stage']!r}, expected {stage!r}"
    return dict(vector)


@check(
    "APP-EXA-04",
    "APP-EXA-05",
    needs=(*SHAPE, *TENSORS, "COR-TYP-02", "PKG-VEC-03"),
    after=MODEL,
    profile=PROFILE,
)
def bound(package: Package) -> Iterator[Finding | NotChecked]:
    """The request of each example gives the vector's inputs, its outputs the answer."""
    from lepton.application.failure import TooMuchWorkError, Work

    found = application(package)
    work = Work(MAX_ELEMENTS)
    for at, task in enumerate(found.tasks):
        reason = fitting(found, task)
        if reason is not None:
            yield from _both(f"blocked by {reason}")
            continue
        for place, example in enumerate(task["examples"]):
            if "vector" not in example:
                continue
            if _typing_fault(task["task"], example) is not None:
                yield from _both("blocked by APP-EXA-02")
                continue
            vector = _vector(package, example["vector"])
            if isinstance(vector, NotChecked | str):
                yield from _both("blocked by APP-EXA-03" if isinstance(vector, str) else vector.reason)
                continue
            pointer = f"/tasks/{at}/examples/{place}"
            try:
                problem = _difference(found, task, example, vector, work)
            except TooMuchWorkError as error:
                yield from _both(f"{error}, the limit of this validator")
                return
            if problem is not None:
                requirement, where, message = problem
                yield Finding(requirement, found.path, pointer + where, message, "")
                if requirement == "APP-EXA-04":
                    yield NotChecked("APP-EXA-05", "blocked by APP-EXA-04")


def _both(reason: str) -> Iterator[NotChecked]:
    for requirement in ("APP-EXA-04", "APP-EXA-05"):
        yield NotChecked(requirement, reason)


def _difference(
    found: Application,
    task: Mapping[str, Any],
    example: Mapping[str, Any],
    vector: Mapping[str, Any],
    work: "Work",
) -> tuple[str, str, str] | None:
    """Return requirement, place and message of what differs first."""
    from lepton.application.answer import answer_of
    from lepton.application.failure import Failure
    from lepton.application.request import inputs_of

    request = example["request"]
    made = inputs_of(task, request, list(found.inputs.values()), found.symbols, work)
    if isinstance(made, Failure):
        return "APP-EXA-04", "/request", f"the request has the error {made.code!r}: {made.message}"
    expected = {one["name"]: one for one in vector["inputs"]}
    for name in sorted({one.name for one in made} ^ set(expected)):
        side = "no such input in the vector" if name not in expected else "no such input from the request"
        return "APP-EXA-04", "/request", f"the input {name!r}: found {side}, expected both to have it"
    for one in made:
        theirs = expected[one.name]
        if list(one.shape) != [int(size) for size in theirs["shape"]]:
            message = f"the input {one.name!r}: found the shape {list(one.shape)}, expected {theirs['shape']}"
            return "APP-EXA-04", "/request", message
        work.take(len(theirs["data"]) // _BYTES_OF_ONE)
        if not one.gives(_tensor(theirs)):
            return "APP-EXA-04", "/request", f"the input {one.name!r}: found other elements than the vector's"
    outputs = {one["name"]: _tensor(one) for one in vector["expected"]}
    answer = answer_of(task, request, outputs, work)
    if isinstance(answer, Failure):
        return "APP-EXA-05", "/answer", f"the outputs of the vector cannot be expressed: {answer.message}"
    where = _first_difference(example["answer"], answer)
    if where is not None:
        return "APP-EXA-05", f"/answer{where[0]}", f"found {where[1]}, expected {where[2]} from the vector"
    return None


def _tensor(value: Mapping[str, Any]) -> "Tensor":
    from lepton.application.elements import Tensor

    data = binascii.a2b_base64(value["data"])
    return Tensor(value["name"], value["datatype"], tuple(int(one) for one in value["shape"]), data)


def _first_difference(found: Any, expected: Any) -> tuple[str, str, str] | None:
    """Return where two JSON values differ first, and both, shortened; None when they are equal."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in sorted(found.keys() | expected.keys()):
            if name not in found or name not in expected:
                side = ("a member", "none") if name in found else ("no member", "one")
                return f"/{escape_pointer(name)}", *side
            inner = _first_difference(found[name], expected[name])
            if inner is not None:
                return f"/{escape_pointer(name)}{inner[0]}", inner[1], inner[2]
        return None
    if isinstance(found, list) and isinstance(expected, list):
        for at, (one, other) in enumerate(zip(found, expected, strict=False)):
            inner = _first_difference(one, other)
            if inner is not None:
                return f"/{at}{inner[0]}", inner[1], inner[2]
        if len(found) != len(expected):
            return "", f"{len(found)} elements", str(len(expected))
        return None
    if _plain(found) == _plain(expected):
        return None
    return "", repr(found)[:80], repr(expected)[:80]


def _plain(value: Any) -> Any:
    """Return a value that is equal to another one exactly when both mean the same."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    return ("number", float(value)) if isinstance(value, int | float) else ("other", repr(value))


@check("APP-EXA-06", needs=(*SHAPE, *TENSORS), after=MODEL, profile=PROFILE)
def errors(package: Package) -> Iterator[Finding | NotChecked]:
    """The requests that are said to have an error have it."""
    from lepton.application.failure import Failure, TooMuchWorkError, Work
    from lepton.application.request import inputs_of

    found = application(package)
    work = Work(MAX_ELEMENTS)
    for at, task in enumerate(found.tasks):
        reason = fitting(found, task)
        if reason is not None:
            yield NotChecked("APP-EXA-06", f"blocked by {reason}")
            continue
        for place, example in enumerate(task["examples"]):
            if "error" not in example:
                continue
            if _typing_fault(task["task"], example) is not None:
                yield NotChecked("APP-EXA-06", "blocked by APP-EXA-02")
                continue
            try:
                made = inputs_of(task, example["request"], list(found.inputs.values()), found.symbols, work)
            except TooMuchWorkError as error:
                yield NotChecked("APP-EXA-06", f"{error}, the limit of this validator")
                return
            code = made.code if isinstance(made, Failure) else None
            if code != example["error"]:
                shown = f"the error {code!r}" if code else "a request without error"
                message = f"found {shown}, expected {example['error']!r}"
                yield Finding("APP-EXA-06", found.path, f"/tasks/{at}/examples/{place}/error", message, "")


@check("APP-EXA-07", needs=SHAPE, profile=PROFILE)
def differing(package: Package) -> Iterator[Finding | NotChecked]:
    """Two answers of a task differ."""
    found = application(package)
    for at, task in enumerate(found.tasks):
        if unfit(found, task, ("APP-BND-01",)) is not None:
            yield NotChecked("APP-EXA-07", "blocked by APP-BND-01")
            continue
        answers = [one["answer"] for one in task["examples"] if "answer" in one]
        if not answers:
            yield NotChecked("APP-EXA-07", "blocked by APP-EXA-01")
        elif all(_first_difference(answers[0], one) is None for one in answers[1:]):
            message = "found one answer only, expected two examples whose answers differ"
            yield Finding("APP-EXA-07", found.path, f"/tasks/{at}/examples", message, "")


CHECKS: tuple[Check, ...] = (answered, typed, tied, bound, errors, differing)
