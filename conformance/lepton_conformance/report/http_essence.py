"""When two answers of a server say the same: what a reproducer compares, as source that it carries.

Owns `essence`; leaves the programs to `http_reproducer`. Compared are status, the header fields that tests
look at and, of JSON, the members that the protocol has. Not compared: members that it does not have, what
`parameters` say beside what is judged, the server's own version, numbers in error messages, in other text the
numbers and paths, and everywhere UUIDs, times and addresses of memory. Serves `conformance` (CNF-REP-03).
"""

import inspect
import json
import re

__all__ = ["essence", "source"]

MEMBERS = (
    "model_name model_version id outputs inputs error name versions platform extensions live ready state"
)
PARAMETERS = ("max_request_bytes", "binary_data_size")
VOLATILE = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:[\d.]+|0x[0-9a-f]{6,}"
LENGTH = "Inference-Header-Content-Length"


class Number(str):
    """A number as it is written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"number {self}"


class Members(list[tuple[str, object]]):
    """The members of an object, both of two with equal names."""


def essence(status: int, fields: dict[str, str | None], body: bytes) -> object:
    """Return what two answers have in common when they say the same."""
    length = fields.get(LENGTH)
    size = int(length) if length and re.fullmatch("[0-9]{1,9}", length) else len(body)
    try:
        text = re.sub(VOLATILE, "#", body[:size].decode())
        read = json.loads(text, parse_float=Number, parse_int=Number, object_pairs_hook=Members)
    except (ValueError, RecursionError):
        return status, fields, re.sub(f"{VOLATILE}|/[A-Za-z0-9_.+/-]+|[0-9]+".encode(), b"#", body)
    entries = read if isinstance(read, list) and not isinstance(read, Members) else [read]
    others = {name: value for name, value in fields.items() if name != LENGTH}
    return status, others, type(read).__name__, repr([_said(entry) for entry in entries]), body[size:]


def _said(entry: object) -> object:
    """Return what the protocol says of an object."""
    if not isinstance(entry, Members):
        return entry
    kept: list[tuple[str, object]] = []
    for name, value in entry:
        if name == "error" and isinstance(value, str):
            kept.append((name, re.sub("0x[0-9a-f]+|[0-9]+", "#", value)))
        elif name == "version":
            kept.append((name, (type(value).__name__, bool(value))))
        elif name == "parameters" and isinstance(value, Members):
            kept.extend(pair for pair in value if pair[0] in PARAMETERS)
        elif name == "parameters" or name in MEMBERS.split():
            kept.append((name, value))
    return sorted(kept, key=lambda pair: pair[0])


def source() -> str:
    """Return the source of `essence` and what it needs, beside the modules json and re."""
    values = {"MEMBERS": MEMBERS, "PARAMETERS": PARAMETERS, "VOLATILE": VOLATILE, "LENGTH": LENGTH}
    lines = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    parts = [inspect.getsource(part).rstrip() for part in (Number, Members, essence, _said)]
    return "\n\n\n".join([lines, *parts]) + "\n\n\n"
