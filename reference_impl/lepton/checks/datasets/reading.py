"""Which record sets and mappings of a data set can be read through, and why not the others.

Owns that decision, which all checks of records share. Serves the table of causes of the chapter `data`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from lepton.checks.registry import NotChecked
from lepton.data.dataset import Dataset, MappingDocument
from lepton.data.nodes import RECORDS
from lepton.data.records import CSV, FILES, INLINE, LINES, Plan, plan_of, type_fault

__all__ = ["Closed", "applicable", "mapping_documents", "place_of", "plans", "sound_mapping"]


class Closed(NamedTuple):
    """A record set that is not read. `judged` says whether its own requirements wait for it, too."""

    reason: str
    judged: bool


def plans(dataset: Dataset) -> Iterator[tuple[str, Plan | Closed]]:
    """Yield how each record set is read, or why it is not."""
    for identifier, _, _ in dataset.nodes.of_kind(RECORDS):
        plan = plan_of(dataset.nodes, identifier)
        if isinstance(plan, str):
            yield identifier, Closed(f"the record set is not read: {plan}", judged=False)
        else:
            yield identifier, _reason_against(dataset, plan) or plan


def _reason_against(dataset: Dataset, plan: Plan) -> Closed | None:
    """Return why a readable record set is not read: its types, or its files."""
    if any(type_fault(one, plan.kind) for one in plan.fields):
        return Closed("blocked by DAT-REC-01", judged=True)
    if plan.kind == INLINE:
        return None
    if plan.kind == FILES:
        paths = dataset.nodes.included(plan.source)
        if not paths:
            return Closed("blocked by DAT-REF-04", judged=True)
    else:
        path = dataset.nodes.place(plan.source)
        if path is None:
            return Closed("the file of the record set is not in the folder", judged=False)
        paths = [path]
    for path in paths:
        if path not in dataset.container.entries:
            return Closed("blocked by DAT-DST-03", judged=True)
        if not dataset.sound(path):
            return Closed("blocked by DAT-DST-04", judged=True)
    return None


def applicable(dataset: Dataset, plan: Plan) -> list[str]:
    """Return the requirements on records that bind this record set."""
    found = ["DAT-REC-05"]
    found += {CSV: ["DAT-REC-02", "DAT-REC-04"], LINES: ["DAT-REC-03"]}.get(plan.kind, [])
    if "key" in dataset.nodes.entries[plan.record_set]:
        found.append("DAT-REC-06")
    if any("references" in one.entry for one in plan.fields):
        found.append("DAT-REC-07")
    return found


def place_of(dataset: Dataset, plan: Plan, number: int) -> tuple[str, str]:
    """Return file and pointer of a record."""
    if plan.kind == INLINE:
        return "croissant.json", f"{dataset.nodes.pointers[plan.record_set]}/data/{number}"
    if plan.kind == FILES:
        return dataset.nodes.included(plan.source)[number], ""
    return dataset.nodes.place(plan.source) or "", f"record {number}"


def mapping_documents(dataset: Dataset, *ids: str) -> Iterator[MappingDocument | NotChecked]:
    """Yield each mapping that is there and is what the document says, or why not, for each of `ids`."""
    for path, _ in dataset.nodes.mappings():
        if path in dataset.container.entries and dataset.sound(path):
            yield dataset.mapping(path)
            continue
        cause = "DAT-DST-04" if path in dataset.container.entries else "DAT-DST-03"
        for one in ids:
            yield NotChecked(one, f"blocked by {cause}")


def sound_mapping(document: MappingDocument) -> Any:
    """Return the value of a mapping that is valid against its schema, else None."""
    if document.text.fault is not None or document.faults:
        return None
    return document.text.value
