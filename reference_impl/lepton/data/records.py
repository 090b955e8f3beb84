"""Records of the readable record sets, one after another.

Owns which record sets are readable, and the three kinds of them; leaves the grammar of tables to `tables` and
that of values to `values`. Serves DAT-REC.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lepton.data.nodes import BeyondLimit, Field, Nodes, as_list
from lepton.data.tables import TableFault, csv_records, json_records
from lepton.data.values import DataType, Value, ValueFault, data_types, from_json, from_text

if TYPE_CHECKING:
    from lepton.data.dataset import Dataset

__all__ = [
    "CSV",
    "FILES",
    "INLINE",
    "LINES",
    "Column",
    "Plan",
    "RecordFault",
    "Row",
    "plan_of",
    "records",
    "type_fault",
]

#: What one field has in one record: a value, the values of an array in row-major order, or nothing.
Row = Sequence[Value | list[Value] | None]

#: Bytes of a file whose content is the value of a field.
MAX_CONTENT_BYTES = 256 * 1024 * 1024

INLINE, CSV, LINES, FILES = "inline", "text/csv", "application/jsonlines", "files"


class RecordFault(Exception):
    """A record set cannot be read further: the requirement that is broken, where, and the message."""

    def __init__(self, requirement: str, file: str, pointer: str, message: str) -> None:
        super().__init__(message)
        self.requirement = requirement
        self.file = file
        self.pointer = pointer
        self.message = message


class Column(NamedTuple):
    """One field of a plan: its name in the source, its type, and the shape of an array (-1: open)."""

    field: Field
    name: str
    type: DataType
    shape: tuple[int, ...] | None
    constant: Any
    has_constant: bool


class Plan(NamedTuple):
    """How a readable record set is read. `source` is the `@id` of its file or files, empty for inline."""

    record_set: str
    kind: str
    source: str
    fields: tuple[Field, ...]

    def columns(self) -> tuple[Column, ...]:
        """Return the columns; the types of the fields are sound (DAT-REC-01)."""
        return tuple(_column(one, self.kind) for one in self.fields)


def plan_of(nodes: Nodes, record_set: str) -> Plan | str:
    """Return how a record set is read, or why it is not readable; its references resolve."""
    entry = nodes.entries[record_set]
    fields = tuple(nodes.record_sets[record_set])
    if any("subField" in one.entry for one in fields):
        return "it has fields inside fields"
    drawn = [one.entry for one in fields if "value" not in one.entry]
    if "data" in entry:
        return (
            "it has data and sources"
            if any("source" in one for one in drawn)
            else Plan(record_set, INLINE, "", fields)
        )
    sources = set()
    for one in drawn:
        source = one.get("source", {})
        if "extract" not in source or {"transform", "format", "samplingRate"} & set(source):
            return "a field is not taken as it is from a column or a file"
        kind = next((name for name in ("fileObject", "fileSet") if name in source), "")
        member = {"fileObject": "column", "fileSet": "fileProperty"}.get(kind, "")
        if member not in source["extract"]:
            return "a field is not taken from a column of a file or a property of files"
        if kind == "fileSet" and source["extract"]["fileProperty"] not in ("content", "filename", "fullpath"):
            return "a field is taken from the lines of files"
        sources.add((kind, source[kind]["@id"]))
    if len(sources) != 1:
        return "its fields have no source, or several"
    ((kind, identifier),) = sources
    node = nodes.entries[identifier]
    if "containedIn" in node:
        return "its files are inside another file"
    if kind == "fileSet":
        return Plan(record_set, FILES, identifier, fields)
    form = next((one for one in as_list(node["encodingFormat"]) if one in (CSV, LINES)), None)
    if form is None:
        return "its file is neither text/csv nor application/jsonlines"
    return Plan(record_set, form, identifier, fields)


def type_fault(field: Field, kind: str) -> str | None:
    """Say what is wrong with the data types of a field, or None. Spec: DAT-REC-01."""
    entry = field.entry
    found = data_types(entry.get("dataType", []))
    content = _member(entry) == "content"
    if not content:
        found = [one for one in found if one.kind != "content"]
    if len(found) != 1:
        names = ", ".join(one.name for one in found) or "none"
        return f"found {names} of the registered data types, expected exactly one"
    if entry.get("isArray") and kind == CSV:
        return "found isArray in a table in CSV, which has no arrays"
    if entry.get("isArray") and kind == FILES:
        return "found isArray for a property of files"
    if content and found[0].kind not in ("text", "content"):
        return f"found {found[0].name} for the content of a file, expected a text or an object type"
    if kind == FILES and not content and "value" not in entry and found[0].kind != "text":
        return f"found {found[0].name} for the name of a file, expected a text type"
    return None


def _member(entry: Mapping[str, Any]) -> str:
    extract = entry.get("source", {}).get("extract", {})
    return str(extract.get("column", extract.get("fileProperty", "")))


def _column(field: Field, kind: str) -> Column:
    entry = field.entry
    content = _member(entry) == "content"
    (found,) = [one for one in data_types(entry["dataType"]) if content or one.kind != "content"]
    shape = None
    if entry.get("isArray"):
        sizes = entry.get("arrayShape", "-1").strip("()").split(",")
        shape = tuple(int(size) for size in sizes if size.strip())
    name = entry["@id"] if kind == INLINE else _member(entry)
    return Column(field, name, found, shape, entry.get("value"), "value" in entry)


def records(dataset: "Dataset", plan: Plan, unread: frozenset[str] = frozenset()) -> Iterator[Row]:
    """Yield the records of a readable record set whose file is sound.

    The content of files is left empty in the fields `unread`, by `@id`: it may be long.
    Raises: RecordFault, SourceError, BeyondLimit.
    """
    columns = plan.columns()
    constants = [_constant(one) for one in columns]
    if plan.kind == FILES:
        yield from _of_files(dataset, plan, columns, constants, unread)
        return
    if plan.kind == INLINE:
        for number, record in enumerate(dataset.nodes.entries[plan.record_set]["data"]):
            at = f"{dataset.nodes.pointers[plan.record_set]}/data/{number}"
            yield _row_of_json(record, columns, constants, "croissant.json", at)
        return
    path = dataset.nodes.place(plan.source)
    assert path is not None
    opened = dataset.open(path)
    try:
        read = _of_csv if plan.kind == CSV else _of_lines
        yield from read(dataset, path, opened.chunks(), columns, constants)
    except TableFault as fault:
        requirement = "DAT-REC-02" if plan.kind == CSV else "DAT-REC-03"
        pointer = "" if fault.record is None else f"record {fault.record}"
        raise RecordFault(requirement, path, pointer, fault.message) from fault
    finally:
        opened.close()


def _of_csv(
    dataset: "Dataset", path: str, chunks: Any, columns: Sequence[Column], constants: Row
) -> Iterator[Row]:
    rows = csv_records(chunks)
    header = next(rows)
    places = {name: at for at, name in enumerate(header)}
    for one in columns:
        if not one.has_constant and one.name not in places:
            message = (
                f"found no column {one.name[:60]!r} in {path}, expected one of its {len(header)} columns"
            )
            raise RecordFault("DAT-REC-04", "croissant.json", f"{one.field.pointer}/source/extract", message)
    missing = frozenset(["", *dataset.nodes.profile.get("missingValues", [])])
    taken = [(None if one.has_constant else places[one.name], one.type) for one in columns]
    for number, fields in enumerate(rows):
        row: list[Value | list[Value] | None] = []
        try:
            for at, (place, kind) in enumerate(taken):
                if place is None:
                    row.append(constants[at])
                else:
                    text = fields[place]
                    row.append(None if text in missing else from_text(text, kind))
        except ValueFault as fault:
            message = f"in the column {columns[len(row)].name[:60]!r}, {fault}"
            raise RecordFault("DAT-REC-05", path, f"record {number}", message) from fault
        yield row


def _of_lines(
    dataset: "Dataset", path: str, chunks: Any, columns: Sequence[Column], constants: Row
) -> Iterator[Row]:
    for number, record in enumerate(json_records(chunks)):
        yield _row_of_json(record, columns, constants, path, f"record {number}")


def _row_of_json(
    record: Mapping[str, Any], columns: Sequence[Column], constants: Row, file: str, pointer: str
) -> Row:
    row: list[Value | list[Value] | None] = []
    try:
        for at, one in enumerate(columns):
            if one.has_constant:
                row.append(constants[at])
                continue
            value = record.get(one.name)
            if value is None:
                row.append(None)
            else:
                row.append(from_json(value, one.type) if one.shape is None else _array(value, one))
    except ValueFault as fault:
        message = f"in {columns[len(row)].name[:60]!r}, {fault}"
        raise RecordFault("DAT-REC-05", file, pointer, message) from fault
    return row


def _array(value: Any, column: Column) -> list[Value]:
    assert column.shape is not None
    level = [value]
    sizes = []
    for wanted in column.shape:
        if not all(isinstance(one, list) for one in level):
            raise ValueFault(f"found no array, expected one of the shape {list(column.shape)}")
        lengths = {len(one) for one in level}
        if len(lengths) > 1:
            raise ValueFault("found an array whose parts have different lengths")
        sizes.append(lengths.pop() if lengths else max(wanted, 0))
        if wanted not in (-1, sizes[-1]):
            raise ValueFault(f"found an array of the length {sizes[-1]}, expected {wanted}")
        level = [inner for one in level for inner in one]
    return [from_json(one, column.type) for one in level]


def _constant(column: Column) -> Value | list[Value] | None:
    if not column.has_constant or column.constant is None:
        return None
    try:
        if column.shape is not None:
            return _array(column.constant, column)
        if isinstance(column.constant, str) and column.type.kind != "text":
            return from_text(column.constant, column.type)
        return from_json(column.constant, column.type)
    except ValueFault as fault:
        raise RecordFault(
            "DAT-REC-05", "croissant.json", f"{column.field.pointer}/value", str(fault)
        ) from fault


def _of_files(
    dataset: "Dataset", plan: Plan, columns: Sequence[Column], constants: Row, unread: frozenset[str]
) -> Iterator[Row]:
    wanted = any(one.name == "content" and one.field.entry["@id"] not in unread for one in columns)
    for path in dataset.nodes.included(plan.source):
        properties = {"fullpath": path.encode(), "filename": path.rpartition("/")[2].encode(), "content": b""}
        if wanted:
            if dataset.container.entries[path].size > MAX_CONTENT_BYTES:
                raise BeyondLimit(
                    f"a file has more than {MAX_CONTENT_BYTES} bytes, a limit of this validator"
                )
            properties["content"] = dataset.read(path)
        yield [constants[at] if one.has_constant else properties[one.name] for at, one in enumerate(columns)]
