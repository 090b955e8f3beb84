"""A certificate of an earlier edition: its holder is told which edition it is, and what to run again."""

import json

import lepton_spec
from lepton_conformance.certificate.earlier import advise, run_again
from lepton_conformance.edition import PACKAGE_DIR, sources_of_tests


def entry(**changes: object) -> dict[str, object]:
    return {"rev": 1, "profiles": ["runtime"], "level": "MUST", "text": "A runtime MUST.", **changes}


def test_a_reworded_demand_brings_all_its_tests_back() -> None:
    tests = {"RUN-ONE-01": {"a.py::test_a": "1", "a.py::test_b": "2"}}
    again = run_again(({"RUN-ONE-01": entry()}, tests), ({"RUN-ONE-01": entry(rev=2)}, tests))
    assert again == {"RUN-ONE-01": ("a.py::test_a", "a.py::test_b")}


def test_of_an_unchanged_demand_only_new_and_rewritten_tests_come_back() -> None:
    before = {"RUN-ONE-01": {"a.py::test_a": "1", "a.py::test_b": "2"}}
    after = {"RUN-ONE-01": {"a.py::test_a": "1", "a.py::test_b": "3", "a.py::test_c": "4"}}
    held = {"RUN-ONE-01": entry()}
    assert run_again((held, before), (held, after)) == {"RUN-ONE-01": ("a.py::test_b", "a.py::test_c")}


def test_another_remedy_brings_nothing_back() -> None:
    tests = {"RUN-ONE-01": {"a.py::test_a": "1"}}
    before, after = {"RUN-ONE-01": entry(remedy="Try.")}, {"RUN-ONE-01": entry(remedy="Try harder.")}
    assert run_again((before, tests), (after, tests)) == {}


def test_a_requirement_of_another_profile_is_left_out() -> None:
    tests = {"RUN-ONE-01": {"a.py::test_a": "1"}}
    assert run_again(({}, {}), ({"RUN-ONE-01": entry()}, tests), ("oip-rest",)) == {}
    assert run_again(({}, {}), ({"RUN-ONE-01": entry()}, tests), ("runtime",)) != {}


def test_a_withdrawn_requirement_has_no_test_to_run() -> None:
    tests = {"RUN-ONE-01": {"a.py::test_a": "1"}}
    assert run_again(({"RUN-ONE-01": entry()}, tests), ({}, tests)) == {}


def test_the_holder_is_told_the_edition_and_the_tests() -> None:
    folder = lepton_spec.editions()[0]
    edition = json.loads((folder / "edition.json").read_bytes())
    said = advise(edition["requirementSet"], ["package"])
    assert f"edition {edition['edition']} of {edition['date']}: certify again" in said


def test_an_unknown_requirement_set_is_of_no_published_edition() -> None:
    assert "of no published edition" in advise("sha256:" + "0" * 64, ["package"])


def test_every_test_of_the_suite_has_a_digest() -> None:
    sources = sources_of_tests(PACKAGE_DIR / "suite")
    assert all(len(digest) == 64 for tests in sources.values() for digest in tests.values())
    assert len(sources) > 300
