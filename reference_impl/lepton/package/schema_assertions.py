"""The keywords of JSON Schema that look at one value alone: types, bounds, patterns, required names.

Owns those that the standard's schemas use; leaves keywords with schemas inside them to
`lepton.package.schema`.
"""

import json
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from lepton.package.jsontext import escape_pointer
from lepton.package.schema_fault import Builder, Check, SchemaFault, shown

__all__ = ["ASSERTIONS", "type_check"]

Measure = Callable[[Any], Any]
Holds = Callable[[Any, Any], bool]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "number": (int, float),
    "integer": (int, float),
}
#: How the standard's patterns say "the end of the text", which `$` does not say in every dialect.
_END = "(?![\\s\\S])"
_NUMBER = (int, float)


def type_check(argument: str | list[str], here: str) -> Callable[[Any, str], SchemaFault | None]:
    """Compile the keyword `type` of the schema at `here`: a function that answers its one fault, or None."""
    names = [argument] if isinstance(argument, str) else argument
    fault = SchemaFault("", (f"{here}/type",), "type", "")

    def check(value: Any, pointer: str) -> SchemaFault | None:
        for name in names:
            if isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool)):
                if name == "integer" and isinstance(value, float) and not value.is_integer():
                    continue
                return None
        return fault._replace(pointer=pointer, message=f"found {shown(value)}, expected {' or '.join(names)}")

    return check


def _required(schema: Any, argument: list[str], file: str, at: str) -> Check:
    properties = schema.get("properties", {})

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if not isinstance(value, dict):
            return
        for name in argument:
            if name not in value:
                locations = [f"{file}#{at}/required", f"{file}#{at}/properties/{escape_pointer(name)}"]
                reference = properties.get(name, {}).get("$ref")
                if reference is not None:
                    locations.append(reference if not reference.startswith("#") else file + reference)
                yield SchemaFault(
                    pointer, tuple(locations), "required", f"found no member {name!r}, expected one"
                )

    return check


def _dependent_required(schema: Any, argument: dict[str, list[str]], file: str, at: str) -> Check:
    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if not isinstance(value, dict):
            return
        for name, needed in argument.items():
            for other in needed:
                if name in value and other not in value:
                    location = f"{file}#{at}/dependentRequired/{escape_pointer(name)}"
                    message = f"found the member {name!r} without {other!r}, expected both or none"
                    yield SchemaFault(pointer, (location,), "dependentRequired", message)

    return check


def _spelling(value: Any) -> str:
    """Return one text for all values that JSON Schema takes for equal: 1 and 1.0, any order of members."""

    def plain(value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, list):
            return [plain(child) for child in value]
        if isinstance(value, dict):
            return {name: plain(child) for name, child in value.items()}
        return value

    return json.dumps(plain(value), sort_keys=True)


def _unique(schema: Any, argument: bool, file: str, at: str) -> Check:
    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if not isinstance(value, list) or not argument:
            return
        seen: dict[str, int] = {}
        for index, child in enumerate(value):
            first = seen.setdefault(_spelling(child), index)
            if first != index:
                message = f"found {shown(child)} again, already at index {first}"
                yield SchemaFault(f"{pointer}/{index}", (f"{file}#{at}/uniqueItems",), "uniqueItems", message)

    return check


def _bound(keyword: str, kinds: tuple[type, ...], measure: Measure, holds: Holds, expected: str) -> Builder:
    """Build a keyword that compares one measure of a value of some kind with the keyword's argument."""

    def build(schema: Any, argument: Any, file: str, at: str) -> Check:
        location = (f"{file}#{at}/{keyword}",)

        def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
            if (
                isinstance(value, kinds)
                and not isinstance(value, bool)
                and not holds(measure(value), argument)
            ):
                message = f"found {shown(value)}, expected {expected.format(argument)}"
                yield SchemaFault(pointer, location, keyword, message)

        return check

    return build


def _enum(schema: Any, argument: list[Any], file: str, at: str) -> Check:
    return _one_among(argument, f"{file}#{at}/enum", "enum")


def _const(schema: Any, argument: Any, file: str, at: str) -> Check:
    return _one_among([argument], f"{file}#{at}/const", "const")


def _one_among(allowed: list[Any], location: str, keyword: str) -> Check:
    strings = frozenset(one for one in allowed if isinstance(one, str))
    others = [one for one in allowed if not isinstance(one, str)]

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if isinstance(value, str):
            if value in strings:
                return
        elif any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in others):
            return
        expected = " or ".join(shown(one) for one in allowed)
        yield SchemaFault(pointer, (location,), keyword, f"found {shown(value)}, expected {expected}")

    return check


def _pattern(schema: Any, argument: str, file: str, at: str) -> Check:
    location = (f"{file}#{at}/pattern",)

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if isinstance(value, str) and re.search(argument, value) is None:
            message = f"found {shown(value)}, expected text of the form {argument.removesuffix(_END)}"
            yield SchemaFault(pointer, location, "pattern", message)

    return check


ASSERTIONS: dict[str, Builder] = {
    "required": _required,
    "dependentRequired": _dependent_required,
    "minProperties": _bound("minProperties", (dict,), len, operator.ge, "at least {} members"),
    "maxProperties": _bound("maxProperties", (dict,), len, operator.le, "at most {} members"),
    "minItems": _bound("minItems", (list,), len, operator.ge, "at least {} elements"),
    "maxItems": _bound("maxItems", (list,), len, operator.le, "at most {} elements"),
    "uniqueItems": _unique,
    "minLength": _bound("minLength", (str,), len, operator.ge, "at least {} characters"),
    "maxLength": _bound("maxLength", (str,), len, operator.le, "at most {} characters"),
    "pattern": _pattern,
    "minimum": _bound("minimum", _NUMBER, operator.pos, operator.ge, "at least {}"),
    "maximum": _bound("maximum", _NUMBER, operator.pos, operator.le, "at most {}"),
    "exclusiveMinimum": _bound("exclusiveMinimum", _NUMBER, operator.pos, operator.gt, "more than {}"),
    "exclusiveMaximum": _bound("exclusiveMaximum", _NUMBER, operator.pos, operator.lt, "less than {}"),
    "enum": _enum,
    "const": _const,
}
