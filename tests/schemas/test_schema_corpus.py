"""Every schema judges the shared corpus as the folder says, and three validators agree: two general ones, and
the evaluator that `lepton validate` uses for speed.

`<schema>/valid/*.json` and `<schema>/invalid/*.json` hold one instance a file; a name `DEFINITION--x.json` is
judged by that definition of the schema.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource

import lepton_spec
from lepton.package.schema import schema_faults
from lepton_conformance.strategies.documents import mutated

HERE = Path(__file__).resolve().parent
SCHEMAS = lepton_spec.schemas()
NAMES = sorted(identifier.rsplit("/", 1)[1].removesuffix(".schema.json") for identifier in SCHEMAS)
BASE = "https://lepton-standard.org/schemas/1.0/"


class Instance(NamedTuple):
    """One file of the corpus."""

    schema: str
    definition: str
    valid: bool
    file: Path

    @property
    def reference(self) -> str:
        pointer = f"#/$defs/{self.definition}" if self.definition else ""
        return f"{BASE}{self.schema}.schema.json{pointer}"

    def value(self) -> Any:
        return json.loads(self.file.read_bytes())


def corpus() -> list[Instance]:
    found = []
    for file in sorted(HERE.glob("*/*/*.json")):
        schema, folder = file.parent.parent.name, file.parent.name
        definition, separator, _ = file.stem.partition("--")
        found.append(Instance(schema, definition if separator else "", folder == "valid", file))
    return found


CORPUS = corpus()
VALID = [instance for instance in CORPUS if instance.valid]


def name(instance: Instance) -> str:
    return str(instance.file.relative_to(HERE).with_suffix(""))


class Judges:
    """The validators, compiled once for each reference."""

    def __init__(self) -> None:
        resources = [(key, Resource.from_contents(value)) for key, value in SCHEMAS.items()]
        self.registry: Any = Registry().with_resources(resources)
        self.fast_registry = jsonschema_rs.Registry(list(SCHEMAS.items()))
        self.compiled: dict[str, tuple[Any, Any]] = {}

    def verdicts(self, reference: str, value: Any) -> tuple[bool, bool, bool]:
        if reference not in self.compiled:
            schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": reference}
            self.compiled[reference] = (
                jsonschema.Draft202012Validator(schema, registry=self.registry),
                jsonschema_rs.Draft202012Validator(schema, registry=self.fast_registry),
            )
        one, other = self.compiled[reference]
        own = not schema_faults(value, reference.removeprefix(BASE))
        return one.is_valid(value), other.is_valid(value), own


JUDGES = Judges()


@pytest.mark.parametrize("schema", NAMES)
def test_each_schema_has_instances_that_pass_and_instances_that_fail(schema: str) -> None:
    instances = [instance for instance in CORPUS if instance.schema == schema]
    assert sum(instance.valid for instance in instances) >= 2
    assert sum(not instance.valid for instance in instances) >= 8


@pytest.mark.parametrize("schema", NAMES)
def test_each_schema_is_a_schema_of_the_2020_12_draft(schema: str) -> None:
    jsonschema.Draft202012Validator.check_schema(lepton_spec.schema(schema))


def keyword_values(node: Any, keyword: str) -> list[Any]:
    """Return each value of a keyword anywhere in a schema."""
    found = []
    if isinstance(node, dict):
        found += [value for key, value in node.items() if key == keyword]
        found += [each for value in node.values() for each in keyword_values(value, keyword)]
    elif isinstance(node, list):
        found += [each for value in node for each in keyword_values(value, keyword)]
    return found


@pytest.mark.parametrize("schema", NAMES)
def test_references_are_relative_and_resolve_without_fetching(schema: str) -> None:
    for reference in keyword_values(lepton_spec.schema(schema), "$ref"):
        assert "://" not in reference
        target, _, pointer = reference.partition("#")
        node: Any = SCHEMAS[BASE + (target or f"{schema}.schema.json")]
        for part in pointer.split("/")[1:]:
            node = node[part]
        assert isinstance(node, dict)


@pytest.mark.parametrize("schema", NAMES)
def test_patterns_use_only_what_all_engines_read_alike(schema: str) -> None:
    """`$` matches before a last line feed in Python; `\\d`, `\\w` and `\\s` differ in Unicode."""
    for pattern in keyword_values(lepton_spec.schema(schema), "pattern"):
        assert isinstance(pattern, str)
        bare = pattern.replace("(?![\\s\\S])", "")
        assert "\\d" not in bare
        assert "\\w" not in bare
        assert "\\s" not in bare
        assert "\\p" not in bare
        assert "$" not in bare.replace("&^_", "").replace("#$", "")


@pytest.mark.parametrize("instance", CORPUS, ids=name)
def test_the_validators_judge_as_the_folder_says(instance: Instance) -> None:
    assert JUDGES.verdicts(instance.reference, instance.value()) == (instance.valid,) * 3


@st.composite
def cases(draw: st.DrawFn) -> tuple[Instance, Any]:
    """Draw a valid instance of the corpus and change it in one to three places."""
    instance = draw(st.sampled_from(VALID))
    return instance, draw(mutated(instance.value()))


@settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cases())
def test_the_validators_agree_on_mutated_instances(case: tuple[Instance, Any]) -> None:
    instance, value = case
    assert len(set(JUDGES.verdicts(instance.reference, value))) == 1
