"""Checks of mappings against their schema and the fields of their record set, without reading records.

Serves DAT-MAP-01 to DAT-MAP-03.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from lepton.checks.datasets.reading import mapping_documents, sound_mapping
from lepton.checks.datasets.registry import DatasetCheck, Stage, check
from lepton.checks.elements import element_fault
from lepton.checks.registry import NotChecked
from lepton.data.dataset import Dataset, MappingDocument
from lepton.data.mapper import convertible
from lepton.data.nodes import RECORDS
from lepton.data.records import Column, Plan, plan_of, type_fault
from lepton.finding import Finding

__all__ = ["CHECKS", "blocker", "name_faults", "type_faults"]

#: Elements that one binding makes of one record.
MAX_ELEMENTS = 4_194_304
_LATER = ("DAT-MAP-02", "DAT-MAP-03")


@check("DAT-MAP-01")
def schemas(dataset: Dataset) -> Iterator[Finding | NotChecked]:
    """Every mapping is I-JSON within its limits, and valid."""
    for document in mapping_documents(dataset, "DAT-MAP-01"):
        if isinstance(document, NotChecked):
            yield document
        elif document.text.fault is not None:
            fault = document.text.fault
            yield Finding("DAT-MAP-01", document.path, fault.pointer, fault.message, "")
        else:
            for one in document.faults:
                yield Finding("DAT-MAP-01", document.path, one.pointer, one.message, "")


def name_faults(dataset: Dataset, document: MappingDocument) -> Iterator[Finding]:
    """Yield what is wrong with the names of a mapping that is valid against its schema."""
    mapping = document.text.value
    nodes = dataset.nodes

    def finding(pointer: str, message: str) -> Finding:
        return Finding("DAT-MAP-02", document.path, pointer, message, "")

    identifier = mapping["recordSet"]
    if nodes.kinds.get(identifier) != RECORDS:
        yield finding("/recordSet", f"found {identifier[:80]!r}, expected the @id of a record set")
        return
    plan = plan_of(nodes, identifier)
    if isinstance(plan, str):
        yield finding("/recordSet", f"found {identifier[:80]!r}, which is not readable: {plan}")
        return
    fields = {one.entry["@id"] for one in plan.fields}
    names = set()
    for pointer, binding in _bindings(mapping):
        if binding["name"] in names:
            yield finding(f"{pointer}/name", f"found the tensor {binding['name'][:60]!r} twice")
        names.add(binding["name"])
        if binding["shape"][0] != mapping["batch"]["symbol"]:
            message = f"found {binding['shape'][0]!r}, expected {mapping['batch']['symbol']!r}"
            yield finding(f"{pointer}/shape/0", message)
        for at, one in enumerate(binding["fields"]):
            if one not in fields:
                message = f"found {one[:80]!r}, expected a field of {identifier[:80]!r}"
                yield finding(f"{pointer}/fields/{at}", message)
    vectors = set()
    for at, vector in enumerate(mapping["vectors"]):
        if vector["id"] in vectors:
            yield finding(f"/vectors/{at}/id", f"found the vector {vector['id']!r} twice")
        vectors.add(vector["id"])


def _bindings(mapping: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for side in ("inputs", "targets"):
        for at, one in enumerate(mapping.get(side, [])):
            yield f"/{side}/{at}", one


def type_faults(plan: Plan, document: MappingDocument) -> Iterator[Finding]:
    """Yield where the bindings of a mapping whose names are sound do not fit the fields."""
    columns = {one.field.entry["@id"]: one for one in plan.columns()}
    for pointer, binding in _bindings(document.text.value):
        for place, message in _binding_faults(binding, [columns[one] for one in binding["fields"]]):
            yield Finding("DAT-MAP-03", document.path, pointer + place, message, "")


def _binding_faults(binding: Mapping[str, Any], columns: list[Column]) -> Iterator[tuple[str, str]]:
    for at, column in enumerate(columns):
        if not convertible(column, binding):
            how = " by categories" if "categories" in binding else ""
            message = f"found a field of {column.type.name}, which no rule makes {binding['datatype']}{how}"
            yield f"/fields/{at}", message
            return
        if column.shape is not None and -1 in column.shape:
            yield f"/fields/{at}", f"found an array of the open shape {list(column.shape)}"
            return
    count = sum(1 if one.shape is None else math.prod(one.shape) for one in columns)
    wanted = math.prod(binding["shape"][1:])
    if count != wanted:
        yield "/shape", f"found {count} elements a record, expected {wanted}, the product of the shape"
    elif count > MAX_ELEMENTS:
        yield "/shape", f"found {count} elements a record, expected at most {MAX_ELEMENTS}"
    if binding["missing"]["rule"] == "fill":
        fault = element_fault(binding["missing"]["value"], binding["datatype"])
        if fault is not None:
            yield "/missing/value", fault
    if "otherCategory" in binding:
        fault = element_fault(binding["otherCategory"], binding["datatype"])
        if fault is not None:
            yield "/otherCategory", fault
    fault = _unit_fault(binding, columns)
    if fault is not None:
        yield "/unit", fault


def _unit_fault(binding: Mapping[str, Any], columns: list[Column]) -> str | None:
    unit = binding["unit"]
    declared = [one.field.entry.get("unitText") for one in columns]
    if unit == "none":
        with_unit = next((one for one in declared if one is not None), None)
        if with_unit is None or "categories" in binding:
            return None
        return f"found no unit, and a field in {with_unit!r}"
    if "categories" in binding:
        return "found a unit of categories, expected none"
    if any(one.type.kind not in ("integer", "float") for one in columns):
        return "found the unit of a field that is no number"
    other = next((one for one in declared if one not in (None, unit["field"])), None)
    if other is not None:
        return f"found {unit['field']!r}, and a field in {other!r}"
    if ("scale" in unit) != (unit["tensor"] != unit["field"]):
        return "found a conversion of one unit into itself, or two units without a conversion"
    if "scale" in unit and binding["datatype"] not in ("FP16", "FP32", "FP64"):
        return f"found a conversion of units into {binding['datatype']}, expected a floating-point datatype"
    return None


def blocker(dataset: Dataset, document: MappingDocument) -> str | None:
    """Return why the records of a mapping cannot be mapped, by the order of checks; None when they can."""
    mapping = sound_mapping(document)
    if mapping is None:
        return "blocked by DAT-MAP-01"
    if next(name_faults(dataset, document), None) is not None:
        return "blocked by DAT-MAP-02"
    plan = plan_of(dataset.nodes, mapping["recordSet"])
    assert isinstance(plan, Plan)
    if any(type_fault(one, plan.kind) for one in plan.fields):
        return "blocked by DAT-REC-01"
    if next(type_faults(plan, document), None) is not None:
        return "blocked by DAT-MAP-03"
    return None


@check("DAT-MAP-02", "DAT-MAP-03", stage=Stage.NODES)
def fitting(dataset: Dataset) -> Iterator[Finding | NotChecked]:
    """Names resolve; types, sizes and units fit."""
    for document in mapping_documents(dataset, *_LATER):
        if isinstance(document, NotChecked):
            yield document
            continue
        if sound_mapping(document) is None:
            for one in _LATER:
                yield NotChecked(one, "blocked by DAT-MAP-01")
            continue
        found = list(name_faults(dataset, document))
        yield from found
        reason = blocker(dataset, document)
        if reason in ("blocked by DAT-MAP-02", "blocked by DAT-REC-01"):
            yield NotChecked("DAT-MAP-03", reason)
            continue
        plan = plan_of(dataset.nodes, document.text.value["recordSet"])
        assert isinstance(plan, Plan)
        yield from type_faults(plan, document)


CHECKS: tuple[DatasetCheck, ...] = (schemas, fitting)
