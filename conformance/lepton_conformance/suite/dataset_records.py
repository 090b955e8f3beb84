"""Tests of what a validator says of records, splits and mappings (Spec: DAT-REC, DAT-SPL, DAT-MAP).

Owns the citations, one test a requirement; leaves cases and expectations to `suite.dataset_judging`.
"""

from lepton_conformance.subject.validator import ValidatorSubject
from lepton_conformance.suite.dataset_judging import judge
from lepton_conformance.suite.driver import Budget
from lepton_conformance.suite.marks import requirement


@requirement("DAT-REC-01")
def test_registered_data_types(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REC-01")


@requirement("DAT-REC-02")
def test_tables_in_csv(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REC-02")


@requirement("DAT-REC-03")
def test_tables_in_json_lines(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REC-03")


@requirement("DAT-REC-04")
def test_columns_exist(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REC-04")


@requirement("DAT-REC-05")
def test_values_are_of_their_type(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REC-05")


@requirement("DAT-REC-06")
def test_keys(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REC-06")


@requirement("DAT-REC-07")
def test_foreign_keys(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REC-07")


@requirement("DAT-SPL-01")
def test_splits_are_declared(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-SPL-01")


@requirement("DAT-SPL-02")
def test_numbers_of_records(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-SPL-02")


@requirement("DAT-SPL-03")
def test_splits_have_keys(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-SPL-03")


@requirement("DAT-SPL-04")
def test_splits_share_no_records(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-SPL-04")


@requirement("DAT-MAP-01")
def test_schema_of_a_mapping(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-MAP-01")


@requirement("DAT-MAP-02")
def test_names_in_a_mapping(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-MAP-02")


@requirement("DAT-MAP-03")
def test_types_sizes_and_units_fit(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-MAP-03")


@requirement("DAT-MAP-04")
def test_every_record_maps(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-MAP-04")


@requirement("DAT-MAP-05")
def test_vectors_hold(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-MAP-05")


@requirement("DAT-MAP-06")
def test_vectors_cover_the_mapping(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-MAP-06")
