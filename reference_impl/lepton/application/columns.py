"""Rows of a typed request as a tensor of columns.

Serves the chapter `application` (the binding `columns`).
"""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from lepton.application.elements import Element, element, missing_element, text_element
from lepton.application.failure import Failure, Work

__all__ = ["bind_columns"]

Row = Mapping[str, Any]


def bind_columns(
    binding: Mapping[str, Any],
    rows: Sequence[Row],
    known: Set[str],
    spec: Mapping[str, Any],
    work: Work,
    place: str,
) -> tuple[tuple[int, ...], Callable[[], bytes]] | Failure:
    """Return shape and bytes of the tensor `spec` for `rows`; `known` are the columns of all bindings.

    The first value that cannot be taken is the error, `unsupported` before `out-of-range`.
    """
    columns = binding["columns"]
    places = {
        column["name"]: {text: at for at, text in enumerate(column["categories"])}
        for column in columns
        if "categories" in column
    }
    work.take(len(rows) * len(columns))
    made = bytearray()
    late: Failure | None = None
    for at, row in enumerate(rows):
        for name in row:
            if name not in known:
                return Failure("unsupported", f"/{place}/{at}: found {name[:40]!r}, which is no column")
        for column in columns:
            one = _value(row.get(column["name"]), column, places.get(column["name"]), spec["datatype"])
            if isinstance(one, Failure):
                one = one._replace(message=f"/{place}/{at}, column {column['name'][:40]!r}: {one.message}")
                if one.code == "unsupported":
                    return one
                late = late or one
                continue
            made += one
    if late is not None:
        return late
    shape = (len(rows), len(columns)) if len(spec["shape"]) == 2 else (len(rows),)
    return shape, lambda: bytes(made)


def _value(
    value: Any, column: Mapping[str, Any], categories: Mapping[str, int] | None, datatype: str
) -> Element | Failure:
    if value is None:
        if "missing" not in column:
            return Failure("unsupported", "found no value, expected one")
        if column["missing"] == "nan":
            return missing_element(datatype)
        return element(column["missing"], datatype)
    if isinstance(value, str) and categories is not None:
        if value not in categories:
            return Failure("unsupported", f"found {value[:40]!r}, expected one of the categories")
        return text_element(value) if datatype == "BYTES" else element(categories[value], datatype)
    return element(value, datatype)
