"""Tests of what a validator says of the rules of the chapter `core` (Spec: COR).

Owns the citations, one test a requirement; leaves cases and expectations to `suite.judging`.
"""

from lepton_conformance.subject.validator import ValidatorSubject
from lepton_conformance.suite.driver import Budget
from lepton_conformance.suite.judging import judge
from lepton_conformance.suite.marks import requirement


@requirement("COR-VER-01")
def test_version_of_the_standard(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "COR-VER-01")


@requirement("COR-TYP-01")
def test_registered_datatypes(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "COR-TYP-01")


@requirement("COR-TYP-02")
def test_bytes_of_a_vector_s_tensor(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "COR-TYP-02")


@requirement("COR-TXT-01")
def test_the_default_language_is_always_there(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "COR-TXT-01")


@requirement("COR-TXT-02")
def test_names_are_in_nfc(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "COR-TXT-02")


@requirement("COR-EXT-01")
def test_unknown_members(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "COR-EXT-01")


@requirement("COR-LIM-01")
def test_limits_of_json_documents(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "COR-LIM-01")
