"""Checks of record sets and splits; those that read all records do so in one pass a record set.

Owns what is remembered of records: digests of keys and of referenced values, counts, and the elements of
vectors. Serves DAT-REC, DAT-SPL and DAT-MAP-04 to DAT-MAP-06.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from lepton.checks.datasets.mapped import MappedRecords, mapped_records
from lepton.checks.datasets.reading import Closed, applicable, place_of, plans
from lepton.checks.datasets.registry import DatasetCheck, Stage, check
from lepton.checks.registry import NotChecked
from lepton.data.batches import in_split
from lepton.data.dataset import DOCUMENT, Dataset
from lepton.data.nodes import BeyondLimit, as_list, references
from lepton.data.records import Plan, RecordFault, Row, plan_of, records, type_fault
from lepton.data.values import Value
from lepton.finding import Finding

__all__ = ["CHECKS", "FULL"]

#: Digests of keys and referenced values that are kept in memory, of all record sets together.
MAX_DIGESTS = 20_000_000
_ROLES = ("train", "validation", "test")
_SCANNED = (
    "DAT-REC-02",
    "DAT-REC-03",
    "DAT-REC-04",
    "DAT-REC-05",
    "DAT-REC-06",
    "DAT-REC-07",
    "DAT-SPL-02",
    "DAT-SPL-04",
    "DAT-MAP-04",
    "DAT-MAP-05",
    "DAT-MAP-06",
)


@check("DAT-REC-01", stage=Stage.NODES)
def types(dataset: Dataset) -> Iterator[Finding]:
    """Fields of readable record sets have one registered data type."""
    for identifier in dataset.nodes.record_sets:
        plan = plan_of(dataset.nodes, identifier)
        if isinstance(plan, str):
            continue
        for field in plan.fields:
            fault = type_fault(field, plan.kind)
            if fault is not None:
                yield Finding("DAT-REC-01", DOCUMENT, f"{field.pointer}/dataType", fault, "")


def _key(dataset: Dataset, record_set: str) -> list[str]:
    return [one for one, _ in references(dataset.nodes.entries[record_set].get("key"))]


def _separated(dataset: Dataset) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the splits whose roles are to share no records, with their places; none if one role is alone."""
    found = [(at, one) for at, one in enumerate(dataset.nodes.profile["splits"]) if one["role"] in _ROLES]
    return found if len({one["role"] for _, one in found}) > 1 else []


@check("DAT-SPL-03", stage=Stage.NODES)
def keys_of_splits(dataset: Dataset) -> Iterator[Finding]:
    """Splits of different roles have keys with as many fields."""
    first = 0
    told = set()
    for at, split in _separated(dataset):
        if split["recordSet"] in told:
            continue
        told.add(split["recordSet"])
        width = len(_key(dataset, split["recordSet"]))
        first = first or width
        if width == 0 or width != first:
            message = f"found a record set with {width} fields in its key, expected {first or 'one or more'}"
            yield Finding("DAT-SPL-03", DOCUMENT, f"/lepton/splits/{at}/recordSet", message, "")


def _digest(values: object) -> bytes:
    return hashlib.blake2b(repr(values).encode(), digest_size=16).digest()


class _Pass:
    """One pass over the records of one record set, and what it leaves."""

    def __init__(self, dataset: Dataset, plan: Plan, referenced: set[str]) -> None:
        self.plan = plan
        self.dataset = dataset
        places = {one.entry["@id"]: at for at, one in enumerate(plan.fields)}
        self.key = [places[one] for one in _key(dataset, plan.record_set)]
        self.keys: set[bytes] = set()
        self.values: dict[str, set[bytes]] = {one: set() for one in places if one in referenced}
        self.links: dict[tuple[str, str], dict[bytes, int]] = {}
        for field in plan.fields:
            for one in as_list(field.entry.get("references")):
                target = one.get("field", one)["@id"]
                self.links[field.entry["@id"], target] = {}
        separated = {at for at, _ in _separated(dataset)}
        self.splits = {
            at: (one, set[bytes]() if at in separated and self.key else None)
            for at, one in enumerate(dataset.nodes.profile["splits"])
            if one["recordSet"] == plan.record_set
        }
        self.counts = dict.fromkeys(self.splits, 0)
        self.places = places
        self.fault: RecordFault | None = None
        self.limit = ""
        self.key_fault: Finding | None = None
        self.full = False
        self.left = MAX_DIGESTS

    def read(self, mapped: list[MappedRecords]) -> None:
        """Read all records; what breaks the reading off is `fault`."""
        used = {name for one in mapped for name in one.fields} | set(self.values)
        used |= {name for name, _ in self.links} | {
            name for name, at in self.places.items() if at in self.key
        }
        unread = frozenset(self.places) - used
        try:
            for number, row in enumerate(records(self.dataset, self.plan, unread)):
                self._take(number, row)
                for one in mapped:
                    one.take(number, row)
        except RecordFault as fault:
            self.fault = fault
        except BeyondLimit as limit:
            self.limit = str(limit)

    def _take(self, number: int, row: Row) -> None:
        digest = self._take_key(number, row) if self.key else b""
        for at, (split, kept) in self.splits.items():
            if in_split(split, self.places, row):
                self.counts[at] += 1
                if kept is not None and digest and self._room():
                    kept.add(digest)
        for name, seen in self.values.items():
            for value in _flat(row[self.places[name]]):
                if self._room():
                    seen.add(_digest(value))
        for (name, _), first in self.links.items():
            for value in _flat(row[self.places[name]]):
                if self._room():
                    first.setdefault(_digest(value), number)

    def _take_key(self, number: int, row: Row) -> bytes:
        values = [row[at] for at in self.key]
        if None in values:
            self._bad_key(number, "found a record without a value for its key")
            return b""
        digest = _digest(values)
        if digest in self.keys:
            self._bad_key(number, "found a record with the key of an earlier one")
        elif self._room():
            self.keys.add(digest)
        return digest

    def _bad_key(self, number: int, message: str) -> None:
        if self.key_fault is None:
            file, pointer = place_of(self.dataset, self.plan, number)
            self.key_fault = Finding("DAT-REC-06", file, pointer, message, "")

    def _room(self) -> bool:
        self.left -= 1
        self.full = self.full or self.left < 0
        return not self.full


def _flat(value: Value | list[Value] | None) -> list[Value]:
    return value if isinstance(value, list) else [] if value is None else [value]


@check(*_SCANNED, stage=Stage.NODES, full=True)
def scanned(dataset: Dataset) -> Iterator[Finding | NotChecked]:
    """Tables, values, keys, splits and mappings hold for every record."""
    referenced = {
        one.get("field", one)["@id"]
        for field in dataset.nodes.fields.values()
        for one in as_list(field.entry.get("references"))
    }
    mapped = list(mapped_records(dataset))
    yield from (one for one in mapped if isinstance(one, NotChecked))
    mappings = [one for one in mapped if isinstance(one, MappedRecords)]
    passes: dict[str, _Pass] = {}
    closed: dict[str, str] = {}
    for identifier, plan in plans(dataset):
        mine = [one for one in mappings if one.record_set == identifier]
        if isinstance(plan, Closed):
            closed[identifier] = plan.reason
            if plan.judged:
                readable = plan_of(dataset.nodes, identifier)
                assert isinstance(readable, Plan)
                for requirement in applicable(dataset, readable):
                    yield NotChecked(requirement, plan.reason)
        else:
            one_pass = _Pass(dataset, plan, referenced)
            one_pass.read(mine)
            passes[identifier] = one_pass
            yield from _of_pass(dataset, one_pass, closed)
        for one in mine:
            yield from one.result(closed.get(identifier))
    yield from _foreign_keys(passes, closed)
    yield from _splits(dataset, passes, closed)


def _of_pass(dataset: Dataset, done: _Pass, closed: dict[str, str]) -> Iterator[Finding | NotChecked]:
    if done.fault is not None:
        fault = done.fault
        yield Finding(fault.requirement, fault.file, fault.pointer, fault.message, "")
        closed[done.plan.record_set] = f"blocked by {fault.requirement}"
        for requirement in applicable(dataset, done.plan):
            if requirement > fault.requirement:
                yield NotChecked(requirement, f"blocked by {fault.requirement}")
    elif done.limit:
        closed[done.plan.record_set] = done.limit
        for requirement in applicable(dataset, done.plan):
            yield NotChecked(requirement, done.limit)
    elif done.full:
        yield NotChecked("DAT-REC-06", f"more than {MAX_DIGESTS} digests, the limit of this validator")
    if done.fault is None and done.key_fault is not None:
        yield done.key_fault


def _foreign_keys(passes: Mapping[str, _Pass], closed: Mapping[str, str]) -> Iterator[Finding | NotChecked]:
    known = {name: seen for one in passes.values() for name, seen in one.values.items()}
    for identifier, one in passes.items():
        if identifier in closed:
            continue
        for (_, target), first in one.links.items():
            owner = one.dataset.nodes.fields[target].record_set
            if owner in closed:
                if not closed[owner].startswith(("the record set", "the file of")):
                    yield NotChecked("DAT-REC-07", closed[owner])
                continue
            if one.full or passes[owner].full:
                yield NotChecked(
                    "DAT-REC-07", f"more than {MAX_DIGESTS} digests, the limit of this validator"
                )
                continue
            lost = [number for digest, number in first.items() if digest not in known[target]]
            if lost:
                file, pointer = place_of(one.dataset, one.plan, min(lost))
                message = f"found a value that no record has in {target[:80]!r}, which it references"
                yield Finding("DAT-REC-07", file, pointer, message, "")


def _splits(
    dataset: Dataset, passes: Mapping[str, _Pass], closed: Mapping[str, str]
) -> Iterator[Finding | NotChecked]:
    keyless = next(keys_of_splits.find(dataset), None) is not None
    for at, split in enumerate(dataset.nodes.profile["splits"]):
        identifier = split["recordSet"]
        if identifier in closed:
            yield NotChecked("DAT-SPL-02", closed[identifier])
            continue
        found = passes[identifier].counts[at]
        if found != split["records"]:
            message = (
                f"found {found} records in the split {split['name'][:60]!r}, expected {split['records']}"
            )
            yield Finding("DAT-SPL-02", DOCUMENT, f"/lepton/splits/{at}/records", message, "")
    separated = _separated(dataset)
    for later, (at, split) in enumerate(separated):
        for before, other in separated[:later]:
            if other["role"] == split["role"]:
                continue
            reason = _unjudged(dataset, passes, closed, split, other, keyless=keyless)
            if reason is not None:
                yield NotChecked("DAT-SPL-04", reason)
                continue
            one, another = (passes[each["recordSet"]] for each in (split, other))
            shared = (one.splits[at][1] or set()) & (another.splits[before][1] or set())
            if shared:
                message = (
                    f"found {len(shared)} records of the split {split['name'][:60]!r} in "
                    f"{other['name'][:60]!r}, too"
                )
                yield Finding("DAT-SPL-04", DOCUMENT, f"/lepton/splits/{at}", message, "")


def _unjudged(
    dataset: Dataset,
    passes: Mapping[str, _Pass],
    closed: Mapping[str, str],
    *splits: Mapping[str, Any],
    keyless: bool,
) -> str | None:
    if keyless:
        return "blocked by DAT-SPL-03"
    for one in splits:
        identifier = one["recordSet"]
        if identifier in closed:
            return closed[identifier]
        if passes[identifier].key_fault is not None:
            return "blocked by DAT-REC-06"
        if passes[identifier].full:
            return f"more than {MAX_DIGESTS} digests, the limit of this validator"
    return None


CHECKS: tuple[DatasetCheck, ...] = (types, keys_of_splits)
FULL: tuple[DatasetCheck, ...] = (scanned,)
