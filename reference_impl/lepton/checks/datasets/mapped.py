"""What a mapping makes of the records of its record set, while they are read.

Owns the comparison of vectors; leaves elements to `lepton.data.mapper`. Serves DAT-MAP-04 to DAT-MAP-06.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from lepton.checks.datasets.mappings import blocker
from lepton.checks.datasets.reading import mapping_documents, place_of
from lepton.checks.registry import NotChecked
from lepton.data.dataset import Dataset, MappingDocument
from lepton.data.mapper import Mapper, Refused, element_bytes
from lepton.data.records import Plan, Row, plan_of
from lepton.finding import Finding

__all__ = ["MappedRecords", "mapped_records"]

#: Elements of the records of all vectors of one mapping.
MAX_KEPT = 8 * 1024 * 1024
_IDS = ("DAT-MAP-04", "DAT-MAP-05", "DAT-MAP-06")


class MappedRecords:
    """One sound mapping: the first record that it refuses, and the elements of the records of its vectors."""

    def __init__(self, dataset: Dataset, document: MappingDocument, plan: Plan) -> None:
        self.dataset = dataset
        self.path = document.path
        self.mapping: Any = document.text.value
        self.record_set = plan.record_set
        self._plan = plan
        self._mapper = Mapper(self.mapping, plan.columns())
        self._wanted = {number for vector in self.mapping["vectors"] for number in vector["records"]}
        self._elements: dict[int, list[list[Any]] | None] = {}
        self._refused: tuple[int, str] | None = None
        self._count = 0
        self._kept = 0
        self._beyond = False

    @property
    def fields(self) -> set[str]:
        """Return the fields that the mapping reads."""
        sides = (*self.mapping["inputs"], *self.mapping.get("targets", []))
        return {name for one in sides for name in one["fields"]}

    def take(self, number: int, row: Row) -> None:
        """Map one record."""
        self._count = number + 1
        if self._refused is not None:
            return
        try:
            elements = self._mapper.elements(row)
        except Refused as refusal:
            self._refused = (number, str(refusal))
            return
        if number in self._wanted and not self._beyond:
            self._elements[number] = elements
            self._kept += sum(map(len, elements or []))
            self._beyond = self._kept > MAX_KEPT

    def result(self, closed: str | None) -> Iterator[Finding | NotChecked]:
        """Yield what was found once all records were read; `closed` says why they were not."""
        if closed is not None:
            yield from (NotChecked(one, closed) for one in _IDS)
            return
        if self._refused is not None:
            number, message = self._refused
            file, pointer = place_of(self.dataset, self._plan, number)
            yield Finding("DAT-MAP-04", self.path, "", f"{file} {pointer}: {message}", "")
            yield from (NotChecked(one, "blocked by DAT-MAP-04") for one in _IDS[1:])
            return
        if self._beyond:
            reason = f"the vectors have more than {MAX_KEPT} elements, a limit of this validator"
            yield from (NotChecked(one, reason) for one in _IDS[1:])
            return
        wrong = False
        for at, vector in enumerate(self.mapping["vectors"]):
            for pointer, message in self._differences(vector):
                wrong = True
                yield Finding("DAT-MAP-05", self.path, f"/vectors/{at}{pointer}", message, "")
        if wrong:
            yield NotChecked("DAT-MAP-06", "blocked by DAT-MAP-05")
        elif self._count > 1:
            yield from self._alike()

    def _differences(self, vector: Any) -> Iterator[tuple[str, str]]:
        """Yield the first difference between a vector and what the mapping makes."""
        beyond = next((one for one in vector["records"] if one not in self._elements), None)
        if beyond is not None:
            yield "/records", f"found the record {beyond}, expected one of {self._count}"
            return
        rows = [row for row in (self._elements[one] for one in vector["records"]) if row is not None]
        given = {one["name"]: (at, one) for at, one in enumerate(vector["tensors"])}
        names = [one.name for one in self._mapper.bindings]
        if len(vector["tensors"]) != len(names) or set(given) != set(names):
            yield "/tensors", f"found the tensors {', '.join(given)[:200]}, expected {', '.join(names)[:200]}"
            return
        for place, binding in enumerate(self._mapper.bindings):
            at, tensor = given[binding.name]
            shape = [len(rows), *binding.shape]
            if tensor["datatype"] != binding.datatype or tensor["shape"] != shape:
                message = f"found {tensor['datatype']} {tensor['shape']}, expected {binding.datatype} {shape}"
                yield f"/tensors/{at}", message
                return
            made = element_bytes(binding.datatype, [one for row in rows for one in row[place]])
            if base64.b64encode(made).decode() != tensor["data"]:
                yield f"/tensors/{at}/data", _difference(made, tensor["data"])
                return

    def _alike(self) -> Iterator[Finding]:
        kept = [row for row in self._elements.values() if row is not None]
        for place, binding in enumerate(self._mapper.bindings):
            elements = {element for row in kept for element in row[place]}
            if len(elements) < 2:
                message = f"found the same element everywhere in {binding.name[:60]!r}, in all vectors"
                yield Finding("DAT-MAP-06", self.path, "/vectors", message, "")
                return


def _difference(made: bytes, text: str) -> str:
    try:
        given = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "found no canonical Base64"
    if given == made:
        return "found Base64 that is not canonical"
    at = next((one for one, (a, b) in enumerate(zip(given, made, strict=False)) if a != b), None)
    place = min(len(given), len(made)) if at is None else at
    return f"found other bytes than the mapping makes ({len(made)} bytes), first at byte {place}"


def mapped_records(dataset: Dataset) -> Iterator[MappedRecords | NotChecked]:
    """Yield each mapping that can be followed while its records are read, or why not."""
    for document in mapping_documents(dataset, *_IDS):
        if isinstance(document, NotChecked):
            yield document
            continue
        reason = blocker(dataset, document)
        if reason is not None:
            yield from (NotChecked(one, reason) for one in _IDS)
            continue
        plan = plan_of(dataset.nodes, document.text.value["recordSet"])
        assert isinstance(plan, Plan)
        yield MappedRecords(dataset, document, plan)
