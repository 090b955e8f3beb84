"""Read YAML of an author strictly: what a person would not see on reading it is refused.

Owns the bounds (size, depth, values) and the refusal of anchors, aliases, tags, duplicate keys and keys that
are not strings; leaves the shape of recipes to `recipe`. YAML is an authoring form only and never part of a
package.
"""

import math
from collections.abc import Iterator
from typing import Any

import yaml

from lepton.errors import RecipeError

__all__ = ["MAX_RECIPE_BYTES", "read_yaml"]

#: Bytes of a recipe.
MAX_RECIPE_BYTES = 1024 * 1024
#: Nesting of lists and maps in a recipe.
MAX_RECIPE_DEPTH = 64

#: The resolver's types that JSON has, too.
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null"))


def read_yaml(data: bytes, name: str) -> Any:
    """Return the value of the one YAML document in `data`; `name` stands in messages.

    Raises: RecipeError saying line, found, expected and remedy.
    """
    if len(data) > MAX_RECIPE_BYTES:
        raise RecipeError(f"{name}: found {len(data)} bytes, expected at most {MAX_RECIPE_BYTES}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{name}: found bytes that are not UTF-8 at byte {error.start}") from error
    try:
        _refuse_deep_nesting(yaml.parse(text, Loader=yaml.SafeLoader), name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_specials(yaml.parse(text, Loader=yaml.SafeLoader), name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}, line {mark.line + 1}" if mark is not None else name
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise RecipeError(f"{place}: found no YAML ({problem})") from error
    if node is None:
        raise RecipeError(f"{name}: found an empty file, expected a recipe; see `lepton pack --help`")
    return _value(node, name)


def _place(name: str, mark: Any) -> str:
    return f"{name}, line {mark.line + 1}"


def _refuse_deep_nesting(events: Iterator[Any], name: str) -> None:
    """Walk the events one by one, which needs no memory, before anything recurses over the tree."""
    depth = 0
    for event in events:
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > MAX_RECIPE_DEPTH:
                raise RecipeError(
                    f"{_place(name, event.start_mark)}: found nesting deeper than {MAX_RECIPE_DEPTH}"
                )
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            raise RecipeError(
                f"{_place(name, event.start_mark)}: found the alias *{event.anchor}, expected none; "
                "write the value out"
            )


def _refuse_specials(events: Iterator[Any], name: str) -> None:
    for event in events:
        if getattr(event, "anchor", None) is not None:
            raise RecipeError(
                f"{_place(name, event.start_mark)}: found the anchor &{event.anchor}, expected none; "
                "write the value out"
            )
        if getattr(event, "tag", None) is not None:
            raise RecipeError(
                f"{_place(name, event.start_mark)}: found the tag {event.tag}, expected none; "
                "write a plain value"
            )


def _value(node: yaml.Node, name: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, name)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, name) for child in node.value]
    assert isinstance(node, yaml.ScalarNode)
    if node.tag not in _PLAIN_TAGS:
        kind = node.tag.rpartition(":")[2]
        raise RecipeError(
            f"{_place(name, node.start_mark)}: found {node.value[:40]!r}, which YAML reads as a {kind}; "
            "put it in quotes"
        )
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except ValueError as error:
        raise RecipeError(f"{_place(name, node.start_mark)}: found {node.value[:40]!r} ({error})") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise RecipeError(f"{_place(name, node.start_mark)}: found {node.value!r}, expected a finite number")
    return value


def _mapping(node: yaml.MappingNode, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        place = _place(name, key.start_mark)
        if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
            shown = getattr(key, "value", "a list or map")
            raise RecipeError(f"{place}: found the key {shown!r}, expected text; put it in quotes")
        if key.value in found:
            raise RecipeError(f"{place}: found the key {key.value!r} twice, expected it once")
        found[key.value] = _value(value, name)
    return found
