"""Read JSON as RFC 8259 has it: integers exact, no NaN tokens, duplicate names seen.

Owns parsing on the suite's side; leaves what the value means to the suite. Serves `inference` (INF-RSP-07).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Document", "NotJson", "parse", "parse_leniently"]


class NotJson(ValueError):
    """The bytes are not a JSON text; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed JSON text; `duplicates` are the member names that an object held twice."""

    value: Any
    duplicates: tuple[str, ...]


def parse(data: bytes) -> Document:
    """Parse a JSON text in UTF-8 without a byte order mark. Raises: NotJson."""
    return _parse(data, _refuse_constant)


def parse_leniently(data: bytes) -> Any:
    """Parse what INF-RSP-07 forbids too: a byte order mark, bare NaN and infinities. Raises: NotJson.

    For tests of other requirements, so that one fault does not fail them all.
    """
    return _parse(data.removeprefix(b"\xef\xbb\xbf"), float).value


def _refuse_constant(token: str) -> Any:
    raise NotJson(f"the token {token} is not JSON (RFC 8259 has no NaN and no infinities)")


def _parse(data: bytes, constant: Callable[[str], Any]) -> Document:
    duplicates: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(items)
        if len(members) < len(items):
            names = [name for name, _ in items]
            duplicates.extend(sorted({name for name in names if names.count(name) > 1}))
        return members

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise NotJson("nested too deeply to be read") from error
    except NotJson:
        raise
    except ValueError as error:
        raise NotJson(f"not JSON: {error}") from error
    return Document(value, tuple(duplicates))
