"""The pages of schemas, datatypes and the API hold all that their sources hold, and link both ways."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

import lepton
import lepton_spec
from pages.api import api_pages
from pages.datatypes import SAFETENSORS, datatypes_page
from pages.members import Tree, prose
from pages.schemas import schema_page
from pages.words import LANGUAGES
from specification import Book, read_book
from specification.published import PublishedFiles

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {
    path.name: json.loads(path.read_bytes()) for path in sorted(lepton_spec.path(".").glob("*.schema.json"))
}


@pytest.fixture(scope="module")
def book() -> Book:
    return read_book(ROOT)


def pointers(page: str) -> set[str]:
    return {html.unescape(each) for each in re.findall(r'data-copy="([^"]*)"', page)}


def properties(schema: Any, pointer: str) -> set[str]:
    """Return the pointer of each member that a schema declares in the plain way."""
    found = set()
    for key, value in schema.get("properties", {}).items():
        place = f"{pointer}/properties/{key}"
        if isinstance(value, dict):
            found |= {place} | properties(value, place)
    if isinstance(schema.get("items"), dict):
        found |= properties(schema["items"], f"{pointer}/items")
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_member_has_its_pointer_and_every_pointer_leads_somewhere(name: str, book: Book) -> None:
    schema, published = SCHEMAS[name], PublishedFiles(lepton_spec.path("."))
    expected = properties(schema, "")
    for key, definition in schema.get("$defs", {}).items():
        expected |= {f"/$defs/{key}"} | properties(definition, f"/$defs/{key}")
    for language in LANGUAGES:
        shown = pointers(schema_page(language, name, schema, book, []))
        assert {f"{name}#{each}" for each in expected} <= shown
        for each in shown:
            published.resolve(each)


def test_every_requirement_is_linked_where_its_schema_pointer_leads(book: Book) -> None:
    pages = {name: schema_page("en", name, schema, book, []) for name, schema in SCHEMAS.items()}
    bound = [each for each in book.requirements if each.schema is not None]
    assert bound
    for each in bound:
        name = (each.schema or "").partition("#")[0]
        if name in pages:
            assert "Requirements: " in pages[name]
            assert f'href="../../requirements/{each.id}/"' in pages[name], each.id


def test_a_member_says_its_type_its_limits_and_whether_it_is_required() -> None:
    schema: dict[str, Any] = {
        "properties": {
            "n": {
                "type": "array",
                "items": {"$ref": "#/$defs/size"},
                "maxItems": 3,
                "description": "All `sizes` <.",
            },
            "me": {"$ref": "#/$defs/loop"},
        },
        "required": ["n"],
        "$defs": {
            "size": {"type": "integer", "minimum": 1},
            "loop": {"properties": {"me": {"$ref": "#/$defs/loop"}}},
        },
    }
    text = Tree("en", "x.schema.json", schema, {"/properties/n": ("PKG-DIG-03",)}).draw(schema, "", 2)
    assert '<span class="type">array of size</span> <span class="must-have">required</span></summary>' in text
    assert 'type: array of <a href="#size">size</a>' in text
    assert "<p>All <code>sizes</code> &lt;.</p>" in text
    assert "at most 3 elements" in text
    assert 'Requirements: <a href="../../requirements/PKG-DIG-03/">' in text
    assert text.count("x.schema.json#/$defs/loop/properties/me") == 2  # once followed: shown and to copy
    assert prose("see PKG-DIG-03") == 'see <a href="../../requirements/PKG-DIG-03/">PKG-DIG-03</a>'


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_datatypes_has_each_datatype_with_its_range(language: str) -> None:
    published = json.loads(lepton_spec.path("datatypes.json").read_bytes())
    page = datatypes_page(language, published)
    assert re.findall(r'<code id="(\w+)">', page) == [each["name"] for each in published["datatypes"]]
    for largest in ("65504", "3.40282e+38", "1.79769e+308", "3.38953e+38"):
        assert largest in page
    assert set(SAFETENSORS) == {each["name"] for each in published["datatypes"]} - {"BYTES"}


def test_every_public_name_of_the_packages_is_in_the_reference(book: Book) -> None:
    pages = api_pages(book)
    for module in (lepton, lepton_spec):
        headings = re.findall(r"^## (\w+) ", pages[f"{module.__name__}.md"], re.M)
        assert sorted(headings) == sorted(module.__all__)
    assert "def schema(name: str) -> dict[str, Any]" in pages["lepton_spec.md"]
    assert "lepton_conformance.certificate.md" in pages
