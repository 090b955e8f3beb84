"""The pages of the schemas: members, definitions, examples, and the requirements that point there.

Owns a readable view of each JSON Schema; leaves the schemas to `schemas/1.0` and the examples to the prose.
"""

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pages.links import card_link, link_identifiers
from pages.words import FILES, WORDS
from specification import Book
from specification.published import Example

__all__ = ["schema_page", "schemas_index"]

#: The raw file, as seen from the page of a schema.
_RAW = "../../../schemas/1.0"
#: The raw file, as seen from the list of schemas.
_RAW_FROM_INDEX = "../../schemas/1.0"
#: A longer pattern is shown only in the whole schema.
MAX_PATTERN_CHARACTERS = 48


def schemas_index(language: str, schemas: Mapping[str, Mapping[str, Any]], others: Sequence[str]) -> str:
    """Return the Markdown of the list of schemas, by file name, and of the other published files."""
    words = WORDS[language]
    lines = [f"# {words['schemas']}", "", f"| {words['schema']} | {words['meaning']} |", "|---|---|"]
    for name, schema in schemas.items():
        stem = name.removesuffix(".json").removesuffix(".schema")
        lines.append(f"| [{name}]({stem}.md) | {_cell(schema.get('title', ''))} |")
    lines += ["", f"## {words['others']}", "", f"| {words['file']} | {words['meaning']} |", "|---|---|"]
    for name in others:
        lines.append(f'| <a href="{_RAW_FROM_INDEX}/{name}">{name}</a> | {FILES[language].get(name, "")} |')
    return "\n".join(lines) + "\n"


def schema_page(
    language: str, name: str, schema: Mapping[str, Any], book: Book, examples: Sequence[Example]
) -> str:
    """Return the Markdown of one schema's page. `name` is its file name."""
    words = WORDS[language]
    stem = name.removesuffix(".schema.json")
    lines = [f"# {schema.get('title', stem)}", "", schema.get("description", ""), ""]
    if "$id" in schema:
        lines += [f'`{schema["$id"]}` (<a href="{_RAW}/{name}">{words["raw"]}</a>)', ""]
    if "properties" in schema:
        lines += [f"## {words['document']}", "", *_members(language, schema, book), ""]
    lines += _bound(language, f"{name}#", "", book) + _examples(language, name, "", examples)
    if schema.get("$defs"):
        lines += [f"## {words['definitions']}", ""]
    for key, definition in schema.get("$defs", {}).items():
        pointer = f"/$defs/{key}"
        title = definition.get("title")
        lines += [f"### {key} {{#{key}}}", ""]
        meaning = link_identifiers(language, definition.get("description", ""), book, "../")
        lines += [f"{'**' + title + '.** ' if title else ''}{meaning}", ""]
        lines += _members(language, definition, book) if "properties" in definition else [_type(definition)]
        lines += [
            "",
            *_bound(language, f"{name}#", pointer, book),
            *_examples(language, name, pointer, examples),
        ]
    raw = json.dumps(schema, ensure_ascii=False, indent=2)
    return "\n".join([*lines, f"## {words['whole']}", "", "```json", raw, "```", ""])


def _members(language: str, schema: Mapping[str, Any], book: Book) -> list[str]:
    words = WORDS[language]
    head = f"| {words['member']} | {words['type']} | {words['required']} | {words['meaning']} |"
    rows = [
        f"| `{key}` | {_type(value)} | {words['yes'] if key in schema.get('required', ()) else ''} "
        f"| {link_identifiers(language, _cell(value.get('description', '')), book, '../')} |"
        for key, value in schema["properties"].items()
        if isinstance(value, dict)
    ]
    return [head, "|---|---|---|---|", *rows, ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _type(schema: Mapping[str, Any]) -> str:
    """Return the type in one short line of Markdown, with links to definitions."""
    if "$ref" in schema:
        name, _, pointer = schema["$ref"].partition("#")
        parts = pointer.split("/")
        page = name.removesuffix(".schema.json")
        target = f"{page}.md" if page else ""
        target += f"#{parts[2]}" if parts[1:2] == ["$defs"] else ""
        label = parts[-1] or page or "the document"
        return f"[{label}]({target})" if target else label
    if "const" in schema:
        return f"`{json.dumps(schema['const'], ensure_ascii=False)}`"
    if "enum" in schema:
        values = [f"`{json.dumps(value, ensure_ascii=False)}`" for value in schema["enum"]]
        return " ".join(values[:24]) + (f" and {len(values) - 24} more" if len(values) > 24 else "")
    for key, word in (("oneOf", "one of"), ("anyOf", "any of"), ("allOf", "all of")):
        if key in schema:
            return f"{word}: {'; '.join(_type(each) for each in schema[key])}"
    kind = schema.get("type", "any value")
    kinds = [kind] if isinstance(kind, str) else kind
    text = " or ".join(kinds)
    if "items" in schema and isinstance(schema["items"], dict):
        text += f" of {_type(schema['items'])}"
    elif isinstance(schema.get("additionalProperties"), dict):
        text += f" of {_type(schema['additionalProperties'])}"
    limits = [
        f"{word} {schema[key]}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("minLength", "at least"),
            ("maxLength", "at most"),
            ("minItems", "at least"),
            ("maxItems", "at most"),
        )
        if key in schema
    ]
    if "pattern" in schema:
        pattern = (
            html.escape(schema["pattern"].removesuffix("(?![\\s\\S])"))
            .replace("|", "&#124;")
            .replace("[", "&#91;")
        )
        short = len(pattern) <= MAX_PATTERN_CHARACTERS
        limits.append(f"<code>{pattern}</code>" if short else "a pattern, see below")
    return text + (f" ({', '.join(limits)})" if limits else "")


def _bound(language: str, name: str, pointer: str, book: Book) -> list[str]:
    """Return the line that names the requirements whose schema pointer leads to this definition."""
    here = f"{name}{pointer}"
    found = [
        card_link(language, each.id, book, "../")
        for each in book.requirements
        if each.schema is not None
        and (
            each.schema in (here, here.removesuffix("#")) or (pointer and each.schema.startswith(here + "/"))
        )
    ]
    return [f"{WORDS[language]['bound']}: {', '.join(found)}", ""] if found else []


def _examples(language: str, name: str, pointer: str, examples: Sequence[Example]) -> list[str]:
    wanted = {f"{name}#{pointer}"} | ({name} if not pointer else set())
    lines = []
    for example in examples:
        if example.reference in wanted:
            kind = "valid" if example.valid else "invalid"
            lines += [
                f'<p class="example {kind}">{WORDS[language][kind]} {example.reference}</p>',
                "",
                "```json",
                example.source,
                "```",
                "",
            ]
    return lines
