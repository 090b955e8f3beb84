"""Tests of what a validator says of vectors, documentation and signatures (Spec: PKG-VEC, PKG-DOC, PKG-SGN).

Owns the citations, one test a requirement; leaves cases and expectations to `suite.judging`.
"""

from lepton_conformance.subject.validator import ValidatorSubject
from lepton_conformance.suite.driver import Budget
from lepton_conformance.suite.judging import judge
from lepton_conformance.suite.marks import requirement


@requirement("PKG-VEC-01")
def test_enough_vectors(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-01")


@requirement("PKG-VEC-02")
def test_schema_of_the_vectors(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-02")


@requirement("PKG-VEC-03")
def test_vectors_fit_the_signature(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-03")


@requirement("PKG-VEC-04")
def test_vectors_pass(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-04")


@requirement("PKG-VEC-05")
def test_sizes_are_exercised(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-05")


@requirement("PKG-VEC-06")
def test_exact_datatypes_are_compared_exactly(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-06")


@requirement("PKG-VEC-07")
def test_controls_are_declared(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-07")


@requirement("PKG-VEC-08")
def test_controls_are_killed(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-08")


@requirement("PKG-VEC-09")
def test_the_oracle_is_another_program(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-09")


@requirement("PKG-DOC-01")
def test_licence(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-DOC-01")


@requirement("PKG-DOC-02")
def test_schema_of_the_card(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-DOC-02")


@requirement("PKG-DOC-03")
def test_uses_and_limits_are_stated(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-DOC-03")


@requirement("PKG-DOC-04")
def test_evaluations_can_be_read_as_numbers(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-DOC-04")


@requirement("PKG-DOC-05")
def test_a_description(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-DOC-05")


@requirement("PKG-DOC-06")
def test_evaluation_data_can_be_identified(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-DOC-06")


@requirement("PKG-PRV-01")
def test_personal_data(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-PRV-01")


@requirement("PKG-SGN-01")
def test_bundles_are_of_one_form(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SGN-01")


@requirement("PKG-SGN-02")
def test_everything_is_signed(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SGN-02")


@requirement("PKG-SGN-03")
def test_the_subject_is_this_package(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SGN-03")


@requirement("PKG-SGN-06")
def test_attestations_name_the_package(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SGN-06")


@requirement("PKG-VEC-10")
def test_every_stage_has_a_vector(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-10")


@requirement("PKG-VEC-11")
def test_the_mutation_score_is_declared(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-11")


@requirement("PKG-VEC-12")
def test_the_mutants_are_killed(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-VEC-12")
