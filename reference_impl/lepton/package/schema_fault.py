"""What a failure of a schema is, and the shape of a compiled schema.

Owns the vocabulary between `schema` and `schema_assertions`.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = ["Builder", "Check", "SchemaFault", "shown"]

#: Characters of a value that a message shows.
MAX_SHOWN = 60


class SchemaFault(NamedTuple):
    """One way in which a value breaks its schema.

    `pointer` is a JSON pointer into the document. `locations` are the places in the schemas that failed, from
    the outermost `$ref` to the innermost, for example `manifest.schema.json#/$defs/file/properties/size` and
    `common.schema.json#/$defs/size/minimum`. `keyword` is the schema keyword.
    """

    pointer: str
    locations: tuple[str, ...]
    keyword: str
    message: str


#: A compiled schema: yields the faults of a value at a pointer.
Check = Callable[[Any, str], Iterator[SchemaFault]]
#: Compiles one keyword: (the whole schema, the keyword's argument, file, pointer of the schema) -> check.
Builder = Callable[[Any, Any, str, str], Check]


def shown(value: Any) -> str:
    """Return `value` as short JSON text."""
    if isinstance(value, dict):
        return f"an object of {len(value)} members"
    if isinstance(value, list):
        return f"an array of {len(value)} elements"
    if isinstance(value, str) and len(value) > MAX_SHOWN:
        value = value[:MAX_SHOWN] + "..."
    return json.dumps(value, ensure_ascii=False)
