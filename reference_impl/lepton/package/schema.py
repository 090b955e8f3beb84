"""Judge a JSON value by one of the standard's schemas, and say where and why it fails.

Owns an evaluator for exactly the keywords of JSON Schema 2020-12 that the standard's schemas use: importing a
general engine costs more than all else that `validate --level quick` does, and a general engine cannot say
which requirement a fault breaks. A keyword that it does not know is a fault of ours. A test compares its
verdicts with two general engines. Leaves the schemas to `lepton_spec`.
"""

import functools
import itertools
import json
from collections.abc import Iterator
from typing import Any

import lepton_spec
from lepton.package.jsontext import escape_pointer
from lepton.package.schema_assertions import ASSERTIONS, type_check
from lepton.package.schema_fault import Builder, Check, SchemaFault, shown

__all__ = ["SchemaFault", "schema_faults"]

#: Faults reported of one document: a document that breaks its schema everywhere needs no longer list.
MAX_FAULTS = 50

_ANNOTATIONS = frozenset(
    ["$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "deprecated"]
)
#: Keywords that another keyword's check takes care of.
_JOINED = frozenset(["type", "then", "else"])


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
    guard = type_check(schema["type"], here) if "type" in schema else None
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
    yield SchemaFault(pointer, (), "false", f"found {shown(value)}, expected nothing here")


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
                message = f"found the unknown member {shown(name)}"
                yield SchemaFault(
                    f"{pointer}/{escape_pointer(name)}", (location,), "additionalProperties", message
                )
            else:
                yield from rest(child, f"{pointer}/{escape_pointer(name)}")

    return check


def _additional(schema: Any, argument: Any, file: str, at: str) -> Check:
    return _properties({"additionalProperties": argument}, {}, file, at)


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


def _one_of(schema: Any, argument: list[Any], file: str, at: str) -> Check:
    return _choice(argument, file, f"{at}/oneOf", most=1)


def _any_of(schema: Any, argument: list[Any], file: str, at: str) -> Check:
    return _choice(argument, file, f"{at}/anyOf", most=len(argument))


def _choice(argument: list[Any], file: str, at: str, *, most: int) -> Check:
    branches = [_compile(one, file, f"{at}/{index}") for index, one in enumerate(argument)]

    def check(value: Any, pointer: str) -> Iterator[SchemaFault]:
        matching = sum(next(one(value, pointer), None) is None for one in branches)
        if matching > most:
            message = f"found {shown(value)}, which has more than one of the forms that exclude each other"
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
    yield SchemaFault(pointer, (location,), "oneOf", f"found {shown(value)}, expected {expected}")


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
            message = f"found {shown(value)}, which is excluded here"
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


def _suggested(fault: SchemaFault) -> SchemaFault:
    """Add the known member that an unknown one resembles, else all. Only for faults that are reported."""
    import difflib

    file, pointer = _split(fault.locations[-1].removesuffix("/additionalProperties"))
    known = _at(file, pointer).get("properties", {})
    name = fault.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    close = difflib.get_close_matches(name[:128], known, n=1)
    if close:
        return fault._replace(message=f"{fault.message}, expected {close[0]!r}?")
    one_of = f"one of {', '.join(known)}" if known else "no member here"
    return fault._replace(message=f"{fault.message}, expected {one_of}")


_KEYWORDS: dict[str, Builder] = {
    **ASSERTIONS,
    "$ref": _ref,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _property_names,
    "items": _items,
    "prefixItems": _prefix_items,
    "oneOf": _one_of,
    "anyOf": _any_of,
    "allOf": _all_of,
    "not": _not,
    "if": _if,
}
