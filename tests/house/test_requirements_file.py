"""requirements.json is what its schema says, and the schema's lists are those of the tool."""

import jsonschema

import lepton_spec
from specification.vocabulary import CHAPTERS, LEVELS, PROFILES, ROLES, VERIFICATIONS

SCHEMA = lepton_spec.schema("requirements")


def test_the_published_requirements_are_valid() -> None:
    document = {"spec": "1.0", "requirements": list(lepton_spec.requirements().values())}
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_the_schema_lists_what_the_tool_knows() -> None:
    entry = SCHEMA["$defs"]["requirement"]["properties"]
    assert tuple(SCHEMA["$defs"]["level"]["enum"]) == LEVELS
    assert tuple(SCHEMA["$defs"]["role"]["enum"]) == ROLES
    assert tuple(SCHEMA["$defs"]["profile"]["enum"]) == PROFILES
    assert set(entry["chapter"]["enum"]) == set(CHAPTERS)
    assert tuple(entry["verify"]["items"]["enum"]) == VERIFICATIONS


def test_every_requirement_has_a_row_of_evidence() -> None:
    table = lepton_spec.traceability()
    assert list(table) == list(lepton_spec.requirements())
    assert all(set(row) == {"checks", "tests", "mutants"} for row in table.values())
