"""The members of a JSON Schema as a tree that opens and closes, in HTML without blank lines.

Owns what one member shows: its type and limits in words, whether it is required, its description, the
requirements that point at it, and its pointer. Leaves the page around the tree to `schemas`.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pages.words import WORDS
from specification.vocabulary import IDENTIFIER

__all__ = ["MAX_PATTERN_CHARACTERS", "MAX_REFERENCES", "Tree", "prose"]

#: A longer pattern is shown only in the whole schema.
MAX_PATTERN_CHARACTERS = 72
MAX_VALUES = 24
#: So many references after one another are shown in place; deeper ones below their definition.
MAX_REFERENCES = 2
_CODE = re.compile(r"`([^`]+)`")
_END = r"(?![\s\S])"
#: Keyword -> what it says, by language, before its value.
_LIMITS = {
    "en": {
        "minimum": "from {}",
        "exclusiveMinimum": "above {}",
        "maximum": "to {}",
        "exclusiveMaximum": "below {}",
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minItems": "at least {} elements",
        "maxItems": "at most {} elements",
        "minProperties": "at least {} members",
        "maxProperties": "at most {} members",
        "multipleOf": "a multiple of {}",
    },
    "zh": {
        "minimum": "不小于 {}",
        "exclusiveMinimum": "大于 {}",
        "maximum": "不大于 {}",
        "exclusiveMaximum": "小于 {}",
        "minLength": "至少 {} 个字符",
        "maxLength": "至多 {} 个字符",
        "minItems": "至少 {} 个元素",
        "maxItems": "至多 {} 个元素",
        "minProperties": "至少 {} 个成员",
        "maxProperties": "至多 {} 个成员",
        "multipleOf": "{} 的倍数",
    },
}
_WORDS = {
    "en": {
        "any": "any value",
        "of": "{} of {}",
        "one of": "one of",
        "any of": "any of",
        "all of": "all of",
        "unique": "no element twice",
        "pattern": "pattern",
        "long": "a pattern, in the whole schema",
        "more": "and {} more",
        "closed": "no other members",
        "names": "names",
        "any name": "any name",
        "default": "default",
        "copy": "copy pointer",
        "document": "the document",
        "deprecated": "deprecated",
    },
    "zh": {
        "any": "任意值",
        "of": "{}，元素为 {}",
        "one of": "其中之一",
        "any of": "至少其一",
        "all of": "全部",
        "unique": "元素不重复",
        "pattern": "正则表达式",
        "long": "正则表达式见完整模式",
        "more": "等，另有 {} 个",
        "closed": "没有其他成员",
        "names": "名称",
        "any name": "任意名称",
        "default": "默认",
        "copy": "复制指针",
        "document": "整个文档",
        "deprecated": "已弃用",
    },
}
_COMBINED = {"oneOf": "one of", "anyOf": "any of", "allOf": "all of"}


def prose(text: str) -> str:
    """Return a description as HTML: code set as code, identifiers linked to their requirement's page."""
    parts = _CODE.split(text)
    return "".join(
        f"<code>{html.escape(part)}</code>"
        if index % 2
        else IDENTIFIER.sub(lambda found: _requirement(found.group()), html.escape(part, quote=False))
        for index, part in enumerate(parts)
    )


def _requirement(identifier: str) -> str:
    return f'<a href="../../requirements/{identifier}/">{identifier}</a>'


@dataclass(frozen=True, slots=True)
class Tree:
    """Draws the members of one schema. `name` is its file, `bound` the requirements of each pointer there."""

    language: str
    name: str
    schema: Mapping[str, Any]
    bound: Mapping[str, tuple[str, ...]]

    def draw(self, schema: Mapping[str, Any], pointer: str, references: int) -> str:
        """Return the members of a schema at a pointer; nothing where it has none.

        So many `references` after one another are followed in place; the rest is linked.
        """
        inner = "".join(self._members(schema, pointer, (pointer,), references))
        return f'<div class="lepton-tree">{inner}</div>' if inner else ""

    def says(self, schema: Mapping[str, Any], pointer: str) -> str:
        """Return what a place says beside its members: limits, requirements, and the pointer to copy."""
        parts = []
        foreign = "" if self.language == "en" else ' lang="en"'
        if schema.get("description"):
            parts.append(f"<p{foreign}>{prose(schema['description'])}</p>")
        limits = list(self._limits(schema))
        if limits:
            parts.append(f"<p>{'; '.join(limits)}</p>")
        found = self.bound.get(pointer, ())
        if found:
            words = WORDS[self.language]
            links = ", ".join(map(_requirement, found))
            parts.append(f"<p>{words['bound']}{words['colon']} {links}</p>")
        reference = html.escape(f"{self.name}#{pointer}")
        button = f'<button type="button" class="lepton-copy" data-copy="{reference}">'
        parts.append(
            f'<p class="lepton-pointer"><code>{reference}</code> {button}{self._word("copy")}</button></p>'
        )
        return "".join(parts)

    def type_of(self, schema: Any) -> str:
        """Return the type in one short line of HTML, with links to definitions."""
        if not isinstance(schema, Mapping):
            return self._word("any")
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        if "const" in schema:
            return _value(schema["const"])
        if "enum" in schema:
            values = " ".join(map(_value, schema["enum"][:MAX_VALUES]))
            left = len(schema["enum"]) - MAX_VALUES
            return values + (f" {self._word('more').format(left)}" if left > 0 else "")
        for key, word in _COMBINED.items():
            if key in schema and "type" not in schema:
                each = " | ".join(dict.fromkeys(map(self.type_of, schema[key])))
                return f"{self._word(word)}: {each}"
        kind = schema.get("type", self._word("any"))
        text = kind if isinstance(kind, str) else " | ".join(kind)
        content = schema.get("items", schema.get("additionalProperties"))
        return self._word("of").format(text, self.type_of(content)) if isinstance(content, dict) else text

    def _word(self, key: str) -> str:
        return _WORDS[self.language][key]

    def _reference(self, reference: str) -> str:
        file, _, pointer = reference.partition("#")
        parts = pointer.split("/")
        page = file.removesuffix(".schema.json")
        anchor = f"#{parts[2]}" if parts[1:2] == ["$defs"] else ""
        label = html.escape(parts[-1] or page or self._word("document"))
        address = f"../{page}/{anchor}" if page else anchor or "#"
        return f'<a href="{address}">{label}</a>'

    def _limits(self, schema: Mapping[str, Any]) -> Iterator[str]:
        for key, word in _LIMITS[self.language].items():
            if key in schema:
                yield word.format(schema[key])
        if schema.get("uniqueItems"):
            yield self._word("unique")
        if "pattern" in schema:
            pattern = schema["pattern"].removesuffix(_END)
            short = len(pattern) <= MAX_PATTERN_CHARACTERS
            shown = f"{self._word('pattern')} <code>{html.escape(pattern)}</code>"
            yield shown if short else self._word("long")
        if isinstance(schema.get("propertyNames"), Mapping):
            yield f"{self._word('names')}: {self.type_of(schema['propertyNames'])}"
        if "properties" in schema and schema.get("additionalProperties") is False:
            yield self._word("closed")
        if "default" in schema:
            yield f"{self._word('default')} {_value(schema['default'])}"
        if schema.get("deprecated"):
            yield self._word("deprecated")

    def _members(self, schema: Any, pointer: str, way: tuple[str, ...], left: int) -> Iterator[str]:
        """Yield the list of the members of a schema. `way` are the pointers that led here."""
        target, place = self._target(schema, pointer)
        if place != pointer:
            if left == 0 or place in way:
                return
            left, way = left - 1, (*way, place)
        schema, pointer = target, place
        if not isinstance(schema, Mapping):
            return
        rows = []
        for key, value in schema.get("properties", {}).items():
            if isinstance(value, Mapping):
                at = f"{pointer}/properties/{_escaped(key)}"
                inner = "".join(self._members(value, at, way, left))
                needed = key in schema.get("required", ())
                rows.append(self._row(key, value, at, inner, required=needed, code=True))
        for key in ("items", "additionalProperties"):
            inner = "".join(self._members(schema.get(key), f"{pointer}/{key}", way, left))
            if inner:
                label = "[ ]" if key == "items" else self._word("any name")
                at = f"{pointer}/{key}"
                rows.append(self._row(label, schema[key], at, inner, required=False, code=False))
        if rows:
            yield f"<ul>{''.join(rows)}</ul>"

    def _row(
        self, label: str, schema: Mapping[str, Any], pointer: str, inner: str, *, required: bool, code: bool
    ) -> str:
        name = f"<code>{html.escape(label)}</code>" if code else html.escape(label)
        kind = self.type_of(schema)
        # What opens a row holds no link: a reader's tool would announce either the one or the other.
        head = (
            f'<span class="member">{name}</span> <span class="type">{re.sub("</?a[^>]*>", "", kind)}</span>'
        )
        if required:
            head += f' <span class="must-have">{WORDS[self.language]["required"]}</span>'
        target = self._target(schema, pointer)[0]
        described = schema if schema.get("description") or not isinstance(target, Mapping) else target
        says = self.says({**described, **{k: v for k, v in schema.items() if k != "$ref"}}, pointer)
        if "<a" in kind:
            says = f"<p>{WORDS[self.language]['type']}{WORDS[self.language]['colon']} {kind}</p>{says}"
        return f'<li><details><summary>{head}</summary><div class="says">{says}</div>{inner}</details></li>'

    def _target(self, schema: Any, pointer: str) -> tuple[Any, str]:
        """Return the definition that a reference within this file leads to, and its pointer."""
        seen = set()
        while isinstance(schema, Mapping) and str(schema.get("$ref", "")).startswith("#/"):
            pointer = schema["$ref"][1:]
            if pointer in seen:
                break
            seen.add(pointer)
            schema = self.schema
            for part in pointer.split("/")[1:]:
                schema = schema[part.replace("~1", "/").replace("~0", "~")]
        return schema, pointer


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _value(value: Any) -> str:
    return f"<code>{html.escape(json.dumps(value, ensure_ascii=False))}</code>"
