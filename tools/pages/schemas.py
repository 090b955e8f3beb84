"""The pages of the schemas: members, definitions, examples, and the requirements that point there.

Owns the page of each JSON Schema and the list of all; leaves the tree of members to `members`, the schemas to
`schemas/1.0` and the examples to the prose.
"""

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pages.members import MAX_REFERENCES, Tree, prose
from pages.words import FILES, SCHEMA_TITLES, WORDS
from specification import Book
from specification.published import Example

__all__ = ["schema_page", "schemas_index"]

#: The raw file, as seen from the page of a schema.
_RAW = "../../../schemas/1.0"
#: The raw file, as seen from the list of schemas.
_RAW_FROM_INDEX = "../../schemas/1.0"


def schemas_index(language: str, schemas: Mapping[str, Mapping[str, Any]], others: Sequence[str]) -> str:
    """Return the Markdown of the list of schemas, by file name, and of the other published files."""
    words = WORDS[language]
    lines = [f"# {words['schemas']}", "", words["about_schemas"], ""]
    lines += [f"| {words['schema']} | {words['meaning']} |", "|---|---|"]
    for name, schema in schemas.items():
        stem = name.removesuffix(".json").removesuffix(".schema")
        title = _title(language, name, schema).replace("|", "\\|")
        lines.append(f"| [{name}]({stem}.md) | {title} |")
    lines += ["", f"## {words['others']}", "", f"| {words['file']} | {words['meaning']} |", "|---|---|"]
    for name in others:
        lines.append(f'| <a href="{_RAW_FROM_INDEX}/{name}">{name}</a> | {FILES[language].get(name, "")} |')
    return "\n".join(lines) + "\n"


def _title(language: str, name: str, schema: Mapping[str, Any]) -> str:
    own = " ".join(schema.get("title", name.removesuffix(".schema.json")).split())
    return SCHEMA_TITLES.get(name, own) if language == "zh" else own


def schema_page(
    language: str, name: str, schema: Mapping[str, Any], book: Book, examples: Sequence[Example]
) -> str:
    """Return the Markdown of one schema's page. `name` is its file name."""
    words = WORDS[language]
    tree = Tree(language, name, schema, _bound(name, book))
    title = _title(language, name, schema)
    about = json.dumps(f"{title.replace('`', '')} ({name})", ensure_ascii=False)
    lines = ["---", f"description: {about}", "---", "", f"# {title}", ""]
    if "$id" in schema:
        raw = f'<a href="{_RAW}/{name}">{words["raw"]}</a>'
        lines += [f"<p><code>{html.escape(schema['$id'])}</code> ({raw})</p>", ""]
    if "properties" in schema or "$ref" in schema or "oneOf" in schema:
        lines += [f"## {words['document']}", "", f"<p>{tree.type_of(schema)}</p>", ""]
        lines += [f'<div class="says">{tree.says(schema, "")}</div>', "", _toggles(language)]
        lines += [tree.draw(schema, "", MAX_REFERENCES), ""]
    elif schema.get("description"):
        lines += [f"<p>{prose(schema['description'])}</p>", ""]
    lines += _examples(language, name, "", examples)
    if schema.get("$defs"):
        lines += [f"## {words['definitions']}", ""]
    for key, definition in schema.get("$defs", {}).items():
        pointer = f"/$defs/{key}"
        lines += [f"### {key} {{#{key}}}", ""]
        if definition.get("title"):
            lines += [f"<p><strong>{html.escape(definition['title'])}</strong></p>", ""]
        lines += [f"<p>{tree.type_of(definition)}</p>", ""]
        lines += [f'<div class="says">{tree.says(definition, pointer)}</div>', ""]
        lines += [tree.draw(definition, pointer, 0), "", *_examples(language, name, pointer, examples)]
    whole = json.dumps(schema, ensure_ascii=False, indent=2)
    lines += [f"## {words['whole']}", "", '<details class="lepton-whole" markdown="1">']
    lines += [f"<summary>{name}</summary>", "", "```json", whole, "```", "", "</details>", ""]
    return "\n".join(lines)


def _toggles(language: str) -> str:
    words = WORDS[language]
    buttons = "".join(
        f'<button type="button" class="lepton-copy" data-tree="{way}">{label}</button> '
        for way, label in (("open", words["open_all"]), ("close", words["close_all"]))
    )
    return f'<p class="lepton-pointer">{buttons}</p>\n'


def _bound(name: str, book: Book) -> dict[str, tuple[str, ...]]:
    """Return the requirements whose pointer leads to each place; a definition has those below it, too."""
    found: dict[str, tuple[str, ...]] = {}
    for each in book.requirements:
        if each.schema is None or each.schema.partition("#")[0] != name:
            continue
        pointer = each.schema.partition("#")[2]
        places = [pointer]
        parts = pointer.split("/")
        if parts[1:2] == ["$defs"] and len(parts) > 3:
            places.append("/".join(parts[:3]))
        for place in places:
            found[place] = (*found.get(place, ()), each.id)
    return found


def _examples(language: str, name: str, pointer: str, examples: Sequence[Example]) -> list[str]:
    wanted = {f"{name}#{pointer}"} | ({name} if not pointer else set())
    lines = []
    for example in examples:
        if example.reference in wanted:
            kind = "valid" if example.valid else "invalid"
            label = f"{WORDS[language][kind]} {example.reference}"
            lines += [f'<p class="example {kind}">{label}</p>', "", "```json", example.source, "```", ""]
    return lines
