"""Every constraint of a published schema, violated once at each place of a document where it binds.

Owns the walk along a schema and a value beside each other, and what a value just beyond and just within each
keyword is; leaves documents and attribution to `documents`. Serves whatever is verified by `schema`.
"""

import copy
import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import jsonschema_rs

import lepton_spec
from lepton_conformance.forge.boundaries.patterns import texts_of

__all__ = ["Break", "breaks", "is_valid", "limits", "replaced"]

#: Numbers and members of one step in a document.
Place = tuple[str | int, ...]
_ROOT = "https://lepton-standard.org/schemas/1.0/"
_SAMPLES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": "text",
    "array": [],
    "object": {},
}
#: Lists longer than that are not made.
MAX_ITEMS = 5000


@dataclass(frozen=True, slots=True)
class Break:
    """A constraint at a place. `missing` and `unknown` name the member where that is the failure.

    `inside` is set in an alternative: the place of the failure is then that of the alternative. `rule` is the
    place in the schemas that binds.
    """

    place: Place
    name: str
    value: Any
    missing: str = ""
    unknown: str = ""
    inside: Place | None = None
    rule: str = ""


@functools.cache
def _schemas() -> dict[str, Any]:
    return dict(lepton_spec.schemas())


@functools.cache
def _judge(reference: str) -> Any:
    registry = jsonschema_rs.Registry(list(_schemas().items()))
    return jsonschema_rs.Draft202012Validator({"$ref": _ROOT + reference}, registry=registry)


def is_valid(reference: str, value: Any) -> bool:
    """Say whether a value is valid against a schema, by its name."""
    return bool(_judge(reference).is_valid(value))


def _resolved(schema: Any, file: str, at: str) -> tuple[dict[str, Any], str, str]:
    """Follow `$ref` to the schema that it names; what stands beside it is joined."""
    while "$ref" in schema:
        other, _, pointer = schema["$ref"].partition("#")
        file = other or file
        target: Any = _schemas()[_ROOT + file]
        for token in pointer.split("/")[1:]:
            target = target[int(token) if isinstance(target, list) else token]
        rest = {key: one for key, one in schema.items() if key != "$ref"}
        schema, at = {**rest, **target}, pointer
    return schema, file, at


def breaks(reference: str, value: Any) -> Iterator[Break]:
    """Yield every constraint that a value could break: one at each place. Some leave it valid."""
    yield from _walk({"$ref": reference}, value, reference.partition("#")[0], "", (), None)


def limits(reference: str, value: Any) -> Iterator[tuple[Place, list[Any]]]:
    """Yield the places of scalars, with values that the schema just admits there."""
    yield from _within({"$ref": reference}, value, reference.partition("#")[0], "", ())


def replaced(document: Any, place: Place, value: Any) -> Any:
    """Return a document with another value at a place; what is not changed is shared."""
    if not place:
        return value
    first, *rest = place
    changed = copy.copy(document)
    changed[first] = replaced(document[first], tuple(rest), value) if rest else value
    return changed


def _branch(schema: dict[str, Any], value: Any, file: str, at: str) -> tuple[dict[str, Any], str, str]:
    """Return the alternative that a value takes."""
    for number, one in enumerate(schema["oneOf"]):
        found, where, place = _resolved(one, file, f"{at}/oneOf/{number}")
        if is_valid(f"{where}#{place}", value):
            return found, where, place
    raise AssertionError(f"{file}#{at} has no alternative for {value!r:.80}")


def _walk(schema: Any, value: Any, file: str, at: str, place: Place, inside: Place | None) -> Iterator[Break]:
    schema, file, at = _resolved(schema, file, at)
    if "oneOf" in schema:
        inside = place if inside is None else inside
        schema, file, at = _branch(schema, value, file, at)
    rule = f"{file}#{at}"
    yield from (replace(one, rule=rule) for one in _wrong_types(schema, value, place, inside))
    for name, wrong in _wrong_values(schema, value):
        yield Break(place, name, wrong, inside=inside, rule=rule)
    if isinstance(value, dict):
        yield from _object(schema, value, file, at, place, inside)
    elif isinstance(value, list):
        yield from _array(schema, value, file, at, place, inside)


def _wrong_types(schema: dict[str, Any], value: Any, place: Place, inside: Place | None) -> Iterator[Break]:
    allowed = schema.get("type")
    if allowed is None and not {"enum", "const", "oneOf"} & schema.keys():
        return
    names = [allowed] if isinstance(allowed, str) else allowed or []
    for name, sample in _SAMPLES.items():
        if name not in names and not (name == "integer" and "number" in names):
            yield Break(place, f"type-{name}", sample, inside=inside)
    if isinstance(value, str) and "string" in names:
        yield Break(place, "type-list-of-it", [value], inside=inside)


def _wrong_values(schema: dict[str, Any], value: Any) -> Iterator[tuple[str, Any]]:
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    for number, one in enumerate(values):
        beside = list(_beside(one))
        for word, other in (
            beside if number == 0 else (beside[number % len(beside)], beside[(number + 1) % len(beside)])
        ):
            if not any(type(other) is type(each) and other == each for each in values):
                yield f"enum-{number}-{word}", other
    if "pattern" in schema and isinstance(value, str):
        for number, text in enumerate(texts_of(schema["pattern"])[0]):
            yield f"pattern-{number}", text
    if isinstance(value, str):
        if schema.get("minLength", 0) > 0:
            yield "empty", ""
        if "maxLength" in schema:
            yield "too-long", "x" * (schema["maxLength"] + 1)
            yield "too-long-beyond-ascii", "😀" * (schema["maxLength"] + 1)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in schema:
            yield "below", schema["minimum"] - 1
            yield "just-below", schema["minimum"] - 0.5
        if "exclusiveMinimum" in schema:
            yield "at-the-bound", schema["exclusiveMinimum"]
            yield "below", schema["exclusiveMinimum"] - 1
        if "maximum" in schema:
            yield (
                "above",
                float(schema["maximum"] + 1) if schema["maximum"] > 1 << 40 else schema["maximum"] + 1,
            )
        if schema.get("type") == "integer":
            yield "fraction", schema.get("minimum", 0) + 1.5


def _beside(one: Any) -> Iterator[tuple[str, Any]]:
    """Yield values that are almost the one that is meant."""
    if isinstance(one, str):
        yield from (("upper", one.upper()), ("lower", one.lower()), ("title", one.title()))
        yield from (("and-more", f"{one}x"), ("cut", one[:-1]), ("space", f"{one} "), ("line", f"{one}\n"))
    elif isinstance(one, bool):
        yield from (("other", not one), ("number", int(one)))
    else:
        yield from (("more", one + 1), ("less", one - 1), ("text", str(one)))


def _object(
    schema: dict[str, Any], value: dict[str, Any], file: str, at: str, place: Place, inside: Place | None
) -> Iterator[Break]:
    for name in schema.get("required", ()):
        rest = {key: one for key, one in value.items() if key != name}
        yield Break(place, f"without-{name}", rest, missing=name, inside=inside, rule=f"{file}#{at}")
    if schema.get("minProperties") and value:
        yield Break(place, "no-member", {}, inside=inside, rule=f"{file}#{at}")
    members = schema.get("properties", {})
    if schema.get("additionalProperties") is False:
        for name in _unknown_names(members):
            yield Break(
                place, f"member-{name}", {**value, name: 1}, unknown=name, inside=inside, rule=f"{file}#{at}"
            )
    if "propertyNames" in schema and value:
        names, _, _ = _resolved(schema["propertyNames"], file, at)
        sample = next(iter(value.values()))
        for word, name in _wrong_values(names, next(iter(value))):
            if isinstance(name, str):
                yield Break(
                    place,
                    f"name-{word}",
                    {**value, name: sample},
                    unknown=name,
                    inside=inside,
                    rule=f"{file}#{at}",
                )
    others = schema.get("additionalProperties")
    for name, one in value.items():
        if name in members and members[name] is not False:
            yield from _walk(members[name], one, file, f"{at}/properties/{name}", (*place, name), inside)
        elif isinstance(others, dict):
            yield from _walk(others, one, file, f"{at}/additionalProperties", (*place, name), inside)


def _unknown_names(members: dict[str, Any]) -> Iterator[str]:
    """Yield names that no object has, and some that look like those that it has."""
    yield from ("x", "$schema", "", "é")
    for number, name in enumerate(list(members)[:4]):
        yield (name.upper(), f"{name}s", f" {name}", f"{name}_")[number]


def _array(
    schema: dict[str, Any], value: list[Any], file: str, at: str, place: Place, inside: Place | None
) -> Iterator[Break]:
    if value and schema.get("minItems", 0) > 0:
        yield Break(place, "too-few", value[: schema["minItems"] - 1], inside=inside, rule=f"{file}#{at}")
    if value and schema.get("maxItems", MAX_ITEMS) < MAX_ITEMS:
        count = schema["maxItems"] + 1
        yield Break(
            place,
            "too-many",
            [value[number % len(value)] for number in range(count)],
            inside=inside,
            rule=f"{file}#{at}",
        )
    if value and schema.get("uniqueItems"):
        yield Break(place, "twice", [*value, value[0]], inside=inside, rule=f"{file}#{at}")
        yield Break(place, "twice-in-a-row", [value[0], *value], inside=inside, rule=f"{file}#{at}")
    if isinstance(schema.get("items"), dict):
        for number, one in enumerate(value):
            if number in (0, len(value) - 1):
                yield from _walk(schema["items"], one, file, f"{at}/items", (*place, number), inside)


def _within(schema: Any, value: Any, file: str, at: str, place: Place) -> Iterator[tuple[Place, list[Any]]]:
    schema, file, at = _resolved(schema, file, at)
    if "oneOf" in schema:
        schema, file, at = _branch(schema, value, file, at)
    if isinstance(value, dict):
        members, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, one in value.items():
            below = members.get(name, others)
            if isinstance(below, dict):
                step = f"properties/{name}" if name in members else "additionalProperties"
                yield from _within(below, one, file, f"{at}/{step}", (*place, name))
    elif isinstance(value, list):
        if isinstance(schema.get("items"), dict):
            for number, one in enumerate(value):
                yield from _within(schema["items"], one, file, f"{at}/items", (*place, number))
    else:
        found = list(_right_values(schema, value))
        if found:
            yield place, found


def _right_values(schema: dict[str, Any], value: Any) -> Iterator[Any]:
    yield from schema.get("enum", ())
    if "pattern" in schema and isinstance(value, str):
        yield from (
            text for text in texts_of(schema["pattern"])[1] if len(text) <= schema.get("maxLength", 999)
        )
    elif isinstance(value, str) and "maxLength" in schema:
        yield from ("x", "x" * schema["maxLength"], "😀" * schema["maxLength"], "e\u0301\0\u202e")
    if isinstance(value, int | float) and not isinstance(value, bool):
        for key in ("minimum", "maximum"):
            if key in schema:
                yield schema[key]
        if schema.get("type") == "number":
            yield from (-1e300, 5e-324, 0.1) if "minimum" not in schema else (5e-324,)
