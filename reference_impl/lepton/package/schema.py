"""Judge a JSON value by one of the standard's schemas, and say where and why it fails.

Owns an evaluator for exactly the keywords of JSON Schema 2020-12 that the standard's schemas use: importing a
general engine costs more than all else that `validate --level quick` does, and a general engine cannot say
which requirement a fault breaks. A keyword that it does not know is a fault of ours. A test compares its
verdicts with two general engines. Leaves the schemas to `lepton_spec`.
"""

import functools
import itertools
import json
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import lepton_spec
from lepton.package.jsontext import escape_pointer

__all__ = ["SchemaFault", "schema_faults"]

#: Faults reported of one document: a document that breaks its schema everywhere needs no longer list.
MAX_FAULTS = 50
#: Characters of a value that a message shows.
MAX_SHOWN = 60

_ANNOTATIONS = frozenset(
    ["$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "deprecated"]
)
#: Keywords that another keyword's check takes care of.
_JOINED = frozenset(["type", "then", "else"])
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "number": (int, float),
    "integer": (int, float),
}


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
Measure = Callable[[Any], Any]
Holds = Callable[[Any, Any], bool]


def schema_faults(value: Any, name: str, pointer: str = "") -> tuple[SchemaFault, ...]:
    """Return how `value` breaks the schema `name` (`manifest.schema.json`, optionally with `#/$defs/...`)."""
    found = itertools.islice(_compiled(*_split(name))(value, pointer), MAX_FAULTS)
    return tuple(_suggested(fault) if fault.keyword == "additionalProperties" else fault for fault in found)


def _split(reference: str) -> tuple[str, str]:
    file, _, pointer = reference.partition("#")
    return file, pointer


@functools.cache
def _document(file: str) -> Any:
    return json.loads(lepton_spec.path(file).read_bytes())


@functools.cache
def _compiled(file: str, pointer: str) -> Check:
    return _compile(_at(file, pointer), file, pointer)


def _at(file: str, pointer: str) -> Any:
    schema = _document(file)
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        schema = schema[int(name) if isinstance(schema, list) else name]
    return schema


def _compile(schema: Any, file: str, at: str) -> Check:
    if isinstance(schema, bool):
        return _never if not schema else _always
    here = f"{file}#{at}"
    guard = _type(schema["type"], here) if "type" in schema else None
    checks: list[Check] = []
    for keyword, argument in schema.items():
        if keyword in _ANNOTATIONS or keyword in _JOINED:
            continue
        if keyword == "additionalProperties" and "properties" in schema:
            continue
        build = _KEYWORDS.get(keyword)
        assert build is not None, f"{here}: the evaluator lacks the keyword {keyword!r}"
        checks.append(build(schema, argument, file, at))

    def everything(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if guard is not None:
            wrong = guard(value, pointer)
            if wrong is not None:
                yield wrong
                return
        for check in checks:
            yield from check(value, pointer)

    return everything


def _always(value: Any, pointer: str) -> Iterator[SchemaFault]:
    return iter(())


def _never(value: Any, pointer: str) -> Iterator[SchemaFault]:
    yield SchemaFault(pointer, (), "false", f"found {_shown(value)}, expected nothing here")


def _type(argument: str | list[str], here: str) -> Callable[[Any, str], SchemaFault | None]:
    names = [argument] if isinstance(argument, str) else argument
    fault = SchemaFault("", (f"{here}/type",), "type", "")

    def check(value: Any, pointer: str) -> SchemaFault | None:
        for name in names:
            if isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool)):
                if name == "integer" and isinstance(value, float) and not value.is_integer():
                    continue
                return None
        return fault._replace(
            pointer=pointer, message=f"found {_shown(value)}, expected {' or '.join(names)}"
        )

    return check


def _ref(schema: Any, argument: str, file: str, at: str) -> Check:
    target_file, target_pointer = _split(argument)
    target_file = target_file or file
    here = f"{file}#{at}"
    target: Check | None = None

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        nonlocal target
        if target is None:
            target = _compiled(target_file, target_pointer)
        for fault in target(value, pointer):
            yield fault._replace(locations=(here, *fault.locations))

    return check


def _properties(schema: Any, argument: dict[str, Any], file: str, at: str) -> Check:
    known = {
        name: _compile(child, file, f"{at}/properties/{escape_pointer(name)}")
        for name, child in argument.items()
    }
    additional = schema.get("additionalProperties", True)
    rest = _compile(additional, file, f"{at}/additionalProperties")
    location = f"{file}#{at}/additionalProperties"

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if not isinstance(value, dict):
            return
        for name, child in value.items():
            one = known.get(name)
            if one is not None:
                yield from one(child, f"{pointer}/{name}")
            elif additional is False:
                message = f"found the unknown member {_shown(name)}"
                yield SchemaFault(
                    f"{pointer}/{escape_pointer(name)}", (location,), "additionalProperties", message
                )
            else:
                yield from rest(child, f"{pointer}/{escape_pointer(name)}")

    return check


def _additional(schema: Any, argument: Any, file: str, at: str) -> Check:
    return _properties({"additionalProperties": argument}, {}, file, at)


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


def _property_names(schema: Any, argument: Any, file: str, at: str) -> Check:
    inner = _compile(argument, file, f"{at}/propertyNames")

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if isinstance(value, dict):
            for name in value:
                for fault in inner(name, f"{pointer}/{escape_pointer(name)}"):
                    yield fault._replace(message=f"as the name of a member, {fault.message}")

    return check


def _items(schema: Any, argument: Any, file: str, at: str) -> Check:
    inner = _compile(argument, file, f"{at}/items")
    skipped = len(schema.get("prefixItems", ()))

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if isinstance(value, list):
            for index in range(skipped, len(value)):
                yield from inner(value[index], f"{pointer}/{index}")

    return check


def _prefix_items(schema: Any, argument: list[Any], file: str, at: str) -> Check:
    inner = [_compile(one, file, f"{at}/prefixItems/{index}") for index, one in enumerate(argument)]

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if isinstance(value, list):
            for index, (one, child) in enumerate(zip(inner, value, strict=False)):
                yield from one(child, f"{pointer}/{index}")

    return check


def _unique(schema: Any, argument: bool, file: str, at: str) -> Check:
    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if not isinstance(value, list) or not argument:
            return
        seen: dict[str, int] = {}
        for index, child in enumerate(value):
            first = seen.setdefault(json.dumps(child, sort_keys=True), index)
            if first != index:
                message = f"found {_shown(child)} again, already at index {first}"
                yield SchemaFault(f"{pointer}/{index}", (f"{file}#{at}/uniqueItems",), "uniqueItems", message)

    return check


def _one_of(schema: Any, argument: list[Any], file: str, at: str) -> Check:
    return _choice(argument, file, f"{at}/oneOf", most=1)


def _any_of(schema: Any, argument: list[Any], file: str, at: str) -> Check:
    return _choice(argument, file, f"{at}/anyOf", most=len(argument))


def _choice(argument: list[Any], file: str, at: str, *, most: int) -> Check:
    branches = [_compile(one, file, f"{at}/{index}") for index, one in enumerate(argument)]

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        matching = sum(next(one(value, pointer), None) is None for one in branches)
        if matching > most:
            message = f"found {_shown(value)}, which has more than one of the forms that exclude each other"
            yield SchemaFault(pointer, (f"{file}#{at}",), at.rpartition("/")[2], message)
        if matching:
            return
        verdicts = [tuple(itertools.islice(one(value, pointer), MAX_FAULTS)) for one in branches]
        yield from _nearest(verdicts, value, pointer, f"{file}#{at}")

    return check


def _nearest(
    verdicts: list[tuple[SchemaFault, ...]], value: Any, pointer: str, location: str
) -> Iterator[SchemaFault]:
    """Yield the faults of the branch that `value` was meant for, as its type or its constant member tells."""
    meant = [faults for faults in verdicts if not any(_tells_apart(fault, pointer) for fault in faults)]
    if meant:
        # One fault for one value: what is wrong inside an alternative is wrong with the whole of it.
        yield min(meant, key=len)[0]
        return
    constants = [
        fault
        for faults in verdicts
        for fault in faults
        if fault.keyword in ("const", "enum") and _tells_apart(fault, pointer)
    ]
    if constants:
        expected = " or ".join(dict.fromkeys(one.message.partition("expected ")[2] for one in constants))
        found = constants[0].message.partition(", expected ")[0]
        yield constants[0]._replace(message=f"{found}, expected {expected}")
        return
    expected = " or ".join(
        dict.fromkeys(one.message.partition("expected ")[2] for f in verdicts for one in f)
    )
    yield SchemaFault(pointer, (location,), "oneOf", f"found {_shown(value)}, expected {expected}")


def _tells_apart(fault: SchemaFault, pointer: str) -> bool:
    if fault.keyword == "type":
        return fault.pointer == pointer
    if fault.keyword in ("const", "enum"):
        return fault.pointer.rpartition("/")[0] == pointer or fault.pointer == pointer
    return False


def _all_of(schema: Any, argument: list[Any], file: str, at: str) -> Check:
    inner = [_compile(one, file, f"{at}/allOf/{index}") for index, one in enumerate(argument)]

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        for one in inner:
            yield from one(value, pointer)

    return check


def _not(schema: Any, argument: Any, file: str, at: str) -> Check:
    inner = _compile(argument, file, f"{at}/not")

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if next(inner(value, pointer), None) is None:
            message = f"found {_shown(value)}, which is excluded here"
            yield SchemaFault(pointer, (f"{file}#{at}/not",), "not", message)

    return check


def _if(schema: Any, argument: Any, file: str, at: str) -> Check:
    condition = _compile(argument, file, f"{at}/if")
    then = _compile(schema.get("then", True), file, f"{at}/then")
    otherwise = _compile(schema.get("else", True), file, f"{at}/else")

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        holds = next(condition(value, pointer), None) is None
        yield from (then if holds else otherwise)(value, pointer)

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
                message = f"found {_shown(value)}, expected {expected.format(argument)}"
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
        expected = " or ".join(_shown(one) for one in allowed)
        yield SchemaFault(pointer, (location,), keyword, f"found {_shown(value)}, expected {expected}")

    return check


def _pattern(schema: Any, argument: str, file: str, at: str) -> Check:
    location = (f"{file}#{at}/pattern",)

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        if isinstance(value, str) and re.search(argument, value) is None:
            message = f"found {_shown(value)}, expected text of the form {argument.removesuffix(_END)}"
            yield SchemaFault(pointer, location, "pattern", message)

    return check


def _shown(value: Any) -> str:
    """Return `value` as short JSON text."""
    if isinstance(value, dict):
        return f"an object of {len(value)} members"
    if isinstance(value, list):
        return f"an array of {len(value)} elements"
    if isinstance(value, str) and len(value) > MAX_SHOWN:
        value = value[:MAX_SHOWN] + "..."
    return json.dumps(value, ensure_ascii=False)


def _suggested(fault: SchemaFault) -> SchemaFault:
    """Add the known member that an unknown one resembles. Only for faults that are reported: it is slow."""
    import difflib

    file, pointer = _split(fault.locations[-1].removesuffix("/additionalProperties"))
    known = _at(file, pointer).get("properties", {})
    name = fault.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    close = difflib.get_close_matches(name[:128], known, n=1)
    return fault._replace(message=f"{fault.message}, expected {close[0]!r}?") if close else fault


#: How the standard's patterns say "the end of the text", which `$` does not say in every dialect.
_END = "(?![\\s\\S])"
_NUMBER = (int, float)

_KEYWORDS: dict[str, Builder] = {
    "$ref": _ref,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "dependentRequired": _dependent_required,
    "propertyNames": _property_names,
    "minProperties": _bound("minProperties", (dict,), len, operator.ge, "at least {} members"),
    "maxProperties": _bound("maxProperties", (dict,), len, operator.le, "at most {} members"),
    "items": _items,
    "prefixItems": _prefix_items,
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
    "oneOf": _one_of,
    "anyOf": _any_of,
    "allOf": _all_of,
    "not": _not,
    "if": _if,
}
