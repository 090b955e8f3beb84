"""Which tasks a package answers, in pairs of heading and text: the form in which `lepton inspect` shows them.

Owns the sentences; leaves how they look to `inspection_text` and `inspection_html`. Serves `application`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lepton.report.inspection import said

__all__ = ["task_facts"]

#: Members of bindings that name tensors.
_TENSORS = frozenset(
    [
        "input",
        "roles",
        "contents",
        "output",
        "scores",
        "indices",
        "boxes",
        "classes",
        "count",
        "texts",
        "spans",
    ]
)


def task_facts(document: Mapping[str, Any], language: str) -> Iterator[tuple[str, str]]:
    """Yield id and description of each task of a document that its schema admits."""
    for task in document["tasks"]:
        title = f", {said(task['title'], language)}" if "title" in task else ""
        yield task["id"], f"{task['task']} {task['version']}{title}"
        for heading, side in (("reads", "request"), ("answers", "answer")):
            yield f"{task['id']} {heading}", "; ".join(_bound(one) for one in task[side])
        if "labels" in task:
            languages = ", ".join(sorted(task["labels"]["names"]))
            yield f"{task['id']} labels", f"{len(task['labels']['ids'])}, named in {languages}"
        yield f"{task['id']} measured by", "; ".join(_measured(one) for one in task["metrics"])
        answered = sum("answer" in one for one in task["examples"])
        others = len(task["examples"]) - answered
        yield f"{task['id']} examples", f"{answered} with an answer, {others} with an error"


def _bound(binding: Mapping[str, Any]) -> str:
    member = f" of {binding['member']}" if "member" in binding else ""
    tensors = ", ".join(value for name, value in binding.items() if name in _TENSORS)
    return f"{binding['bind']}{member} ({tensors})"


def _measured(entry: Mapping[str, Any]) -> str:
    given = ", ".join(f"{name} {value}" for name, value in entry.get("parameters", {}).items())
    value = f" = {entry['value']}, n = {entry['n']}" if "value" in entry else ""
    return f"{entry['metric']}{f' ({given})' if given else ''}{value}"
