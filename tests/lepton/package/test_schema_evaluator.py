"""The evaluator of the standard's schemas agrees with two general engines, and says where a value fails."""

import copy
import json
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource

import lepton_spec
from lepton.package.jsontext import walk
from lepton.package.schema import schema_faults
from lepton_conformance.forge.package import CARD, VECTORS
from lepton_conformance.forge.valid import threshold_draft, vision_draft

REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in lepton_spec.schemas().items()
)
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -1,
        1.5,
        2**53,
        "",
        "N",
        "FP32",
        "x" * 300,
        "N\n",
        [],
        {},
        [1],
        ["N"],
        {"a": 1},
        {"en": "x"},
    ]
)


def documents() -> list[tuple[str, Any]]:
    vision, threshold = vision_draft(), threshold_draft()
    found = []
    for draft in (vision, threshold):
        found.append(("manifest", draft.sealed()))
        found.append(("card", json.loads(draft.member(CARD).data)))
        found.append(("vectors", json.loads(draft.member(VECTORS).data)))
    return found


DOCUMENTS = documents()
RUST = {
    name: jsonschema_rs.validator_for(
        lepton_spec.schema(name),
        registry=jsonschema_rs.Registry(list(lepton_spec.schemas().items())),
    )
    for name in ("manifest", "card", "vectors")
}
PYTHON = {
    name: jsonschema.Draft202012Validator(lepton_spec.schema(name), registry=REGISTRY)
    for name in ("manifest", "card", "vectors")
}


@pytest.mark.parametrize("name", ["manifest", "card", "vectors", "findings", "requirements", "recipe"])
def test_knows_every_keyword_of_the_published_schemas(name: str) -> None:
    schema_faults({}, f"{name}.schema.json")
    schema_faults([], f"{name}.schema.json")


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    """A valid document in which one value is replaced, removed, or joined by an unknown member."""
    name, document = draw(st.sampled_from(DOCUMENTS))
    document = copy.deepcopy(document)
    places = [(pointer, value) for pointer, value in walk(document) if pointer]
    pointer = draw(st.sampled_from([pointer for pointer, _ in places]))
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    holder = document
    for part in parents:
        holder = holder[int(part) if isinstance(holder, list) else part]
    key: Any = int(last) if isinstance(holder, list) else last
    change = draw(st.sampled_from(["replace", "remove", "add", "twice"]))
    if change == "remove":
        del holder[key]
    elif change == "add" and isinstance(holder, dict):
        holder[draw(st.sampled_from(["unknown", "optional", "default", "note", "unbounded"]))] = draw(JUNK)
    elif change == "twice" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        holder[key] = draw(JUNK)
    return name, document


@settings(max_examples=600, deadline=None)
@given(mutated())
def test_agrees_with_two_general_engines(case: tuple[str, Any]) -> None:
    name, document = case
    ours = not schema_faults(document, f"{name}.schema.json")
    assert ours == RUST[name].is_valid(document)
    assert ours == PYTHON[name].is_valid(document)


@pytest.mark.parametrize(
    ("pointer", "change", "location"),
    [
        ("", lambda m: m.pop("title"), "manifest.schema.json#/required"),
        ("/files/0/size", lambda m: m["files"][0].update(size="3"), "common.schema.json#/$defs/size/type"),
        ("/licence", lambda m: m.update(licence=1), "manifest.schema.json#/additionalProperties"),
    ],
)
def test_names_the_place_in_the_document_and_in_the_schema(pointer: str, change: Any, location: str) -> None:
    manifest = copy.deepcopy(vision_draft().sealed())
    change(manifest)
    (fault,) = schema_faults(manifest, "manifest.schema.json")
    assert fault.pointer == pointer
    assert location in fault.locations
    assert fault.message.startswith("found ")


def test_suggests_the_member_that_was_meant() -> None:
    manifest = copy.deepcopy(vision_draft().sealed())
    manifest["licence"] = "MIT"
    (fault,) = schema_faults(manifest, "manifest.schema.json")
    assert "'license'" in fault.message


def test_a_document_that_breaks_everywhere_gets_a_short_list() -> None:
    manifest = copy.deepcopy(vision_draft().sealed())
    manifest["files"] = [{}] * 5000
    assert len(schema_faults(manifest, "manifest.schema.json")) <= 50
