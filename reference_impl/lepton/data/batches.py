"""Batches of arrays from the records of a data set, one after another.

Owns which records belong to a split, and how a batch is put together; leaves elements to `mapper`. Serves the
section on batches of the chapter `data`.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lepton.data.mapper import Mapper, Refused, element_bytes
from lepton.data.records import RecordFault, Row, plan_of, records
from lepton.errors import LeptonError

if TYPE_CHECKING:
    import numpy as np

    from lepton.data.dataset import Dataset

__all__ = ["array", "batches", "in_split"]


def in_split(split: Mapping[str, Any], places: Mapping[str, int], row: Row) -> bool:
    """Say whether a record of a split's record set belongs to it; `places` are those of fields in a row."""
    where = split.get("where")
    if where is None:
        return True
    value = row[places[where["field"]]]
    return isinstance(value, bytes) and value == where["value"].encode()


def batches(
    dataset: "Dataset", mapping: Mapping[str, Any], split: str | None = None
) -> Iterator[dict[str, "np.ndarray[Any, Any]"]]:
    """Yield the batches that a sound mapping makes of its record set, or of one split of it.

    A batch has one array a binding: `(records, ...)`, BYTES as objects. At most one batch is in memory.
    Raises: LeptonError for a record that cannot be read or is refused, or a split that is not there.
    """
    plan = plan_of(dataset.nodes, mapping["recordSet"])
    if isinstance(plan, str):
        raise LeptonError(f"the record set {mapping['recordSet']!r} cannot be read: {plan}")
    chosen: Mapping[str, Any] | None = None
    if split is not None:
        named = [one for one in dataset.nodes.profile["splits"] if one["name"] == split]
        if not named or named[0]["recordSet"] != plan.record_set:
            raise LeptonError(f"found no split {split!r} of the record set {plan.record_set!r}")
        chosen = named[0]
    mapper = Mapper(mapping, plan.columns())
    places = {one.entry["@id"]: at for at, one in enumerate(plan.fields)}
    size = mapping["batch"]["size"]
    waiting: list[list[list[Any]]] = []
    try:
        for row in records(dataset, plan):
            if chosen is not None and not in_split(chosen, places, row):
                continue
            elements = mapper.elements(row)
            if elements is not None:
                waiting.append(elements)
            if len(waiting) == size:
                yield _batch(mapper, waiting)
                waiting = []
    except (RecordFault, Refused) as fault:
        raise LeptonError(f"{dataset.path}: {fault}; see lepton validate") from fault
    if waiting and mapping["batch"]["last"] == "keep":
        yield _batch(mapper, waiting)


def _batch(mapper: Mapper, waiting: list[list[list[Any]]]) -> dict[str, "np.ndarray[Any, Any]"]:
    found = {}
    for at, binding in enumerate(mapper.bindings):
        flat = [element for record in waiting for element in record[at]]
        found[binding.name] = array(binding.datatype, (len(waiting), *binding.shape), flat)
    return found


def array(datatype: str, shape: tuple[int, ...], elements: list[Any]) -> "np.ndarray[Any, Any]":
    """Return elements in row-major order as an array."""
    import numpy as np

    import lepton_spec

    if datatype == "BYTES":
        made = np.empty(len(elements), dtype=object)
        made[:] = elements
        return made.reshape(shape)
    kind = np.dtype(lepton_spec.datatypes()[datatype]["numpy"]).newbyteorder("<")
    return np.frombuffer(element_bytes(datatype, elements), dtype=kind).reshape(shape)
