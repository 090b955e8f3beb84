"""Checks of the application document: its shape, its tasks, bindings and labels.

Owns what is judged without a vector; leaves metrics to `measured`, examples to `examples`, and what bindings
mean to `lepton.application`, which is imported where a package has such a document: most have none. Serves
APP-DOC, APP-TSK, APP-BND and APP-LBL.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.jsontext import Kind
from lepton.package.paths import MANIFEST
from lepton.package.read import Package

__all__ = ["CHECKS", "MODEL", "PROFILE", "SHAPE", "TENSORS", "Application", "application", "fitting", "unfit"]

PROFILE = "application"
#: What has to be sound before tensors are compared with bindings, and what would explain that they differ.
TENSORS = ("PKG-MAN-05", "PKG-SIG-02", "PKG-SIG-03", "PKG-PRO-02")
MODEL = ("PKG-ART-03", "PKG-SIG-08")
SHAPE = ("APP-DOC-01", "APP-DOC-02", "APP-TSK-01")
_TASK = re.compile(r"/tasks/\d+/(?:task|version)")


class Application(NamedTuple):
    """The application document of a package and the tensors that its bindings name."""

    path: str
    tasks: Sequence[Mapping[str, Any]]
    inputs: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    symbols: Mapping[str, Mapping[str, Any]]

    def side(self, side: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the tensors of `request` or `answer` by name."""
        return self.inputs if side == "request" else self.outputs


def application(package: Package) -> Application:
    """Return the application of a package in which nothing of `SHAPE` is violated."""
    manifest = package.manifest
    assert manifest is not None
    path = _paths(package)[0]
    document = package.files[path].document
    assert document is not None
    served = manifest.get("interface", manifest["signature"])
    inputs, outputs = ({one["name"]: one for one in served[side]} for side in ("inputs", "outputs"))
    return Application(path, document.value["tasks"], inputs, outputs, manifest["symbols"])


def _paths(package: Package) -> list[str]:
    assert package.manifest is not None
    # A path that is listed twice is read in its last role; that it is listed twice is PKG-MAN-05's matter.
    roles = {one["path"]: one["role"] for one in package.manifest["files"]}
    return [path for path, role in roles.items() if role == PROFILE]


@check("APP-DOC-01", after=("PKG-MAN-05",), profile=PROFILE)
def one_document(package: Package) -> Iterator[Finding]:
    """There is one application document."""
    paths = _paths(package)
    if len(paths) != 1:
        message = f"found {len(paths)} files of the role 'application', expected exactly one"
        yield Finding("APP-DOC-01", MANIFEST, "/files", message, "")


@check("APP-DOC-02", "APP-TSK-01", needs=("APP-DOC-01",), profile=PROFILE)
def schema(package: Package) -> Iterator[Finding | NotChecked]:
    """The document is I-JSON within its limits, and valid."""
    path = _paths(package)[0]
    fact = package.files[path]
    if fact.broken or fact.document is None:
        for requirement in ("APP-DOC-02", "APP-TSK-01"):
            yield NotChecked(requirement, f"blocked by {fact.broken}" if fact.broken else fact.unread)
        return
    fault = fact.document.text.fault
    if fault is not None:
        yield NotChecked("APP-TSK-01", "blocked by APP-DOC-02")
        if fault.kind is Kind.LIMIT:
            yield NotChecked("APP-DOC-02", f"{path}: {fault.message}")
        else:
            yield Finding("APP-DOC-02", path, fault.pointer, fault.message, "")
    for one in fact.document.faults:
        kind = "APP-TSK-01" if _TASK.fullmatch(one.pointer) and one.keyword != "required" else "APP-DOC-02"
        yield Finding(kind, path, one.pointer, one.message, "")


@check("APP-DOC-03", needs=SHAPE, profile=PROFILE)
def default_language(package: Package) -> Iterator[Finding]:
    """Every human text is there in the manifest's language."""
    assert package.manifest is not None
    language = package.manifest["language"]
    found = application(package)
    for pointer, text in _human_texts(found.tasks):
        if language not in text:
            message = f"found the languages {', '.join(sorted(text))}, expected {language!r} among them"
            yield Finding("APP-DOC-03", found.path, pointer, message, "")


def _human_texts(entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for at, task in enumerate(entries):
        here = f"/tasks/{at}"
        for member in ("title", "description"):
            if member in task:
                yield f"{here}/{member}", task[member]
        if "labels" in task:
            yield f"{here}/labels/names", task["labels"]["names"]
        for place, example in enumerate(task["examples"]):
            if "description" in example:
                yield f"{here}/examples/{place}/description", example["description"]
        for place, binding in enumerate(task["request"]):
            for column, one in enumerate(binding.get("columns", [])):
                if "description" in one:
                    yield f"{here}/request/{place}/columns/{column}/description", one["description"]


@check("APP-TSK-02", needs=SHAPE, profile=PROFILE)
def unique_identifiers(package: Package) -> Iterator[Finding]:
    """No identifier of a task, or of an example in its task, is given twice."""
    found = application(package)
    lists = [("/tasks", found.tasks)]
    lists += [(f"/tasks/{at}/examples", task["examples"]) for at, task in enumerate(found.tasks)]
    for pointer, entries in lists:
        first: dict[str, int] = {}
        for at, entry in enumerate(entries):
            before = first.setdefault(entry["id"], at)
            if before != at:
                message = f"found the id {entry['id']!r} again, already at {pointer}/{before}"
                yield Finding("APP-TSK-02", found.path, f"{pointer}/{at}/id", message, "")


@check("APP-BND-01", needs=SHAPE, profile=PROFILE)
def bindings(package: Package) -> Iterator[Finding]:
    """The bindings of each task are those of its kind; one finding a task."""
    from lepton.application.fit import binding_faults

    found = application(package)
    for at, task in enumerate(found.tasks):
        for pointer, message in binding_faults(task):
            yield Finding("APP-BND-01", found.path, f"/tasks/{at}{pointer}", message, "")
            break


@check("APP-LBL-01", needs=SHAPE, profile=PROFILE)
def labels(package: Package) -> Iterator[Finding | NotChecked]:
    """Labels are there where they are needed, each with an id of its own."""
    from lepton.application.fit import binding_faults

    found = application(package)
    for at, task in enumerate(found.tasks):
        if next(binding_faults(task), None) is not None:
            yield NotChecked("APP-LBL-01", "blocked by APP-BND-01")
            continue
        fault = _labels_fault(task)
        if fault is not None:
            yield Finding("APP-LBL-01", found.path, f"/tasks/{at}{fault[0]}", fault[1], "")


def _labels_fault(task: Mapping[str, Any]) -> tuple[str, str] | None:
    from lepton.application.fit import LABELLED

    wanted = any(one["bind"] in LABELLED for one in task["answer"])
    if wanted != ("labels" in task):
        return (
            ("", "found no labels, expected them") if wanted else ("/labels", "found labels, expected none")
        )
    seen: set[str] = set()
    for at, one in enumerate(task.get("labels", {}).get("ids", [])):
        if one in seen:
            return f"/labels/ids/{at}", f"found the id {one!r} again, expected each once"
        seen.add(one)
    return None


@check("APP-LBL-02", needs=SHAPE, profile=PROFILE)
def label_names(package: Package) -> Iterator[Finding]:
    """The names of labels are complete in every language."""
    found = application(package)
    for at, task in enumerate(found.tasks):
        for language, names in _incomplete(task):
            pointer = f"/tasks/{at}/labels/names/{language}"
            message = f"found {len(names)} names, expected {len(task['labels']['ids'])}"
            yield Finding("APP-LBL-02", found.path, pointer, message, "")


def _incomplete(task: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    entry = task.get("labels", {"ids": [], "names": {}})
    for language, names in entry["names"].items():
        if len(names) != len(entry["ids"]):
            yield language, names


@check("APP-BND-02", needs=(*SHAPE, *TENSORS), after=MODEL, profile=PROFILE)
def bound_once(package: Package) -> Iterator[Finding | NotChecked]:
    """Every named tensor exists, every input is bound as often as it has to be; one finding a task."""
    from lepton.application.fit import binding_faults

    found = application(package)
    for at, task in enumerate(found.tasks):
        if next(binding_faults(task), None) is not None:
            yield NotChecked("APP-BND-02", "blocked by APP-BND-01")
            continue
        for pointer, message in _naming_faults(found, task):
            yield Finding("APP-BND-02", found.path, f"/tasks/{at}{pointer}", message, "")
            break


def _naming_faults(found: Application, task: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    from lepton.application.fit import named_tensors

    taken: set[str] = set()
    for side in ("request", "answer"):
        known = found.side(side)
        for at, binding in enumerate(task[side]):
            for member, name in named_tensors(binding, side):
                pointer = f"/{side}/{at}/{member}"
                if name not in known:
                    yield pointer, f"found {name!r}, expected one of: {', '.join(known)}"
                elif side == "request" and name in taken:
                    yield pointer, f"found the input {name!r} again, expected it bound once"
                elif side == "request":
                    taken.add(name)
    for name, spec in found.inputs.items():
        if name not in taken and not spec.get("optional"):
            yield "/request", f"found no binding of the input {name!r}, expected one"


@check("APP-BND-03", needs=(*SHAPE, *TENSORS), after=MODEL, profile=PROFILE)
def fitting_tensors(package: Package) -> Iterator[Finding | NotChecked]:
    """Datatypes, ranks and fixed dimensions are those of the bindings; one finding a binding."""
    from lepton.application.fit import tensor_faults

    found = application(package)
    for at, task in enumerate(found.tasks):
        reason = unfit(found, task, ("APP-BND-01", "APP-LBL-01", "APP-LBL-02", "APP-BND-02"))
        if reason is not None:
            yield NotChecked("APP-BND-03", f"blocked by {reason}")
            continue
        for side in ("request", "answer"):
            for place in range(len(task[side])):
                for member, message in tensor_faults(task, side, place, found.side(side), found.symbols):
                    pointer = f"/tasks/{at}/{side}/{place}/{member}"
                    yield Finding("APP-BND-03", found.path, pointer, message, "")
                    break


def unfit(found: Application, task: Mapping[str, Any], requirements: Sequence[str]) -> str | None:
    """Return the first of some requirements on bindings and labels that a task violates, or None."""
    for requirement in requirements:
        if _VIOLATED[requirement](found, task):
            return requirement
    return None


def fitting(found: Application, task: Mapping[str, Any]) -> str | None:
    """Return what keeps the bindings of a task from being run, or None."""
    return unfit(found, task, tuple(_VIOLATED))


def _bindings_violated(found: Application, task: Mapping[str, Any]) -> bool:
    from lepton.application.fit import binding_faults

    return next(binding_faults(task), None) is not None


def _tensors_violated(found: Application, task: Mapping[str, Any]) -> bool:
    from lepton.application.fit import tensor_faults

    return any(
        next(tensor_faults(task, side, place, found.side(side), found.symbols), None) is not None
        for side in ("request", "answer")
        for place in range(len(task[side]))
    )


_VIOLATED = {
    "APP-BND-01": _bindings_violated,
    "APP-LBL-01": lambda found, task: _labels_fault(task) is not None,
    "APP-LBL-02": lambda found, task: next(_incomplete(task), None) is not None,
    "APP-BND-02": lambda found, task: next(_naming_faults(found, task), None) is not None,
    "APP-BND-03": _tensors_violated,
}


@check("APP-LBL-03", needs=(*SHAPE, *TENSORS), after=MODEL, profile=PROFILE)
def agreeing_labels(package: Package) -> Iterator[Finding | NotChecked]:
    """The names of labels are those of the manifest's tensor, in every language that both have."""
    found = application(package)
    for at, task in enumerate(found.tasks):
        reason = fitting(found, task)
        if reason is not None:
            yield NotChecked("APP-LBL-03", f"blocked by {reason}")
            continue
        for binding in task["answer"]:
            if binding["bind"] != "label-scores" or "labels" not in found.outputs[binding["output"]]:
                continue
            theirs = found.outputs[binding["output"]]["labels"]["names"]
            for language, names in task["labels"]["names"].items():
                if language in theirs and list(theirs[language]) != list(names):
                    pointer = f"/tasks/{at}/labels/names/{language}"
                    message = (
                        "found names that are not those of the tensor in the manifest, expected the same"
                    )
                    yield Finding("APP-LBL-03", found.path, pointer, message, "")


CHECKS: tuple[Check, ...] = (
    one_document,
    schema,
    default_language,
    unique_identifiers,
    bindings,
    labels,
    label_names,
    bound_once,
    fitting_tensors,
    agreeing_labels,
)
