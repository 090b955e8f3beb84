"""The application document of a package that is being made: the recipe's tasks, with examples from vectors.

Owns the choice of vectors for examples; leaves turning inputs into requests and outputs into answers to
`lepton.application`. Serves the role producer of the chapter `application`.
"""

import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from lepton.application.answer import answer_of
from lepton.application.elements import Tensor
from lepton.application.failure import Failure, Work
from lepton.application.fit import binding_faults, named_tensors, tensor_faults
from lepton.application.inverse import request_of
from lepton.application.request import inputs_of
from lepton.errors import RecipeError
from lepton.package.schema import schema_faults

__all__ = ["application_document"]

#: Examples that a task gets, with different answers.
MOST_EXAMPLES = 2
#: Elements that making the examples of a task may take.
MAX_ELEMENTS = 20_000_000


def application_document(
    name: str, said: Mapping[str, Any], manifest: Mapping[str, Any], vectors: Mapping[str, Any], file: str
) -> dict[str, Any]:
    """Return the document for what a recipe says.

    `vectors` is the vectors document at the path `file` of the package. A task without examples that have an
    answer gets some. Raises: RecipeError when no vector gives one, or the document would be invalid.
    """
    tasks = []
    for at, task in enumerate(said["tasks"]):
        series = task.get("series")
        made = {key: value for key, value in task.items() if key != "series"}
        examples = list(made.get("examples", []))
        if not any("answer" in one for one in examples):
            _refuse_misfit(f"{name}, at /application/tasks/{at}", made, manifest)
            found = list(_examples(made, manifest, vectors, file, series))
            if not found:
                raise RecipeError(
                    f"{name}, at /application/tasks/{at}: found no golden vector whose inputs a request "
                    f"of {made['task']} gives, expected one; give samples of one item, or write an example"
                )
            examples = found + examples
        tasks.append({**made, "examples": examples})
    document = {"lepton": "1.0", "tasks": tasks}
    faults = schema_faults(document, "application.schema.json")
    if faults:
        raise RecipeError(
            f"{name}: the application document would be invalid at {faults[0].pointer}: {faults[0].message}"
        )
    return document


def _served(manifest: Mapping[str, Any], side: str) -> dict[str, Mapping[str, Any]]:
    tensors = manifest.get("interface", manifest["signature"])[side]
    return {one["name"]: one for one in tensors}


def _refuse_misfit(place: str, task: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Refuse bindings that cannot be run. Raises: RecipeError."""
    for pointer, message in binding_faults(task):
        raise RecipeError(f"{place}{pointer}: {message}")
    for side, tensors in (("request", "inputs"), ("answer", "outputs")):
        specs = _served(manifest, tensors)
        for at, binding in enumerate(task[side]):
            for member, tensor in named_tensors(binding, side):
                if tensor not in specs:
                    raise RecipeError(
                        f"{place}/{side}/{at}/{member}: found {tensor!r}, expected one of: {', '.join(specs)}"
                    )
            if "labels" not in task and ("label" in binding["bind"] or binding["bind"] == "boxes"):
                raise RecipeError(f"{place}: found no labels, expected them for {binding['bind']!r}")
            for member, message in tensor_faults(task, side, at, specs, manifest["symbols"]):
                raise RecipeError(f"{place}/{side}/{at}/{member}: {message}")


def _examples(
    task: Mapping[str, Any],
    manifest: Mapping[str, Any],
    vectors: Mapping[str, Any],
    file: str,
    series: Mapping[str, str] | None,
) -> Iterator[dict[str, Any]]:
    """Yield examples with different answers, or, if all are the same, the first one."""
    stage = "raw" if "interface" in manifest else "model"
    specs, symbols = _served(manifest, "inputs"), manifest["symbols"]
    work = Work(MAX_ELEMENTS)
    seen: list[Any] = []
    for vector in vectors["vectors"]:
        if vector["stage"] != stage or len(seen) == MOST_EXAMPLES:
            continue
        inputs = {one["name"]: _tensor(one) for one in vector["inputs"]}
        outputs = {one["name"]: _tensor(one) for one in vector["expected"]}
        request = request_of(task, inputs, specs, series)
        if request is None:
            continue
        if task["task"] == "forecasting" and "horizon" not in request:
            values = next(one for one in task["answer"] if one["bind"] == "values")
            request["horizon"] = outputs[values["output"]].size
        bound = inputs_of(task, request, list(specs.values()), symbols, work)
        if isinstance(bound, Failure) or {one.name for one in bound} != inputs.keys():
            continue
        if not all(one.gives(inputs[one.name]) for one in bound):
            continue
        answer = answer_of(task, request, outputs, work)
        if isinstance(answer, Failure) or answer in seen:
            continue
        seen.append(answer)
        tie = {"file": file, "id": vector["id"]}
        yield {"id": vector["id"], "vector": tie, "request": request, "answer": answer}


def _tensor(value: Mapping[str, Any]) -> Tensor:
    data = binascii.a2b_base64(value["data"])
    return Tensor(value["name"], value["datatype"], tuple(int(one) for one in value["shape"]), data)
