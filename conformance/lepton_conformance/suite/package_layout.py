"""Tests of what a validator says of paths, files and ZIP containers (Spec: PKG-LAY, PKG-ZIP).

Owns the citations, one test a requirement; leaves cases and expectations to `suite.judging`.
"""

from lepton_conformance.subject.validator import ValidatorSubject
from lepton_conformance.suite.driver import Budget
from lepton_conformance.suite.judging import judge
from lepton_conformance.suite.marks import requirement


@requirement("PKG-LAY-01")
def test_the_manifest(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-LAY-01")


@requirement("PKG-LAY-02")
def test_form_of_a_path(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-LAY-02")


@requirement("PKG-LAY-03")
def test_no_two_paths_that_a_file_system_confuses(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-LAY-03")


@requirement("PKG-LAY-04")
def test_names_that_windows_reserves(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-LAY-04")


@requirement("PKG-LAY-05")
def test_only_regular_files(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-LAY-05")


@requirement("PKG-LAY-06")
def test_every_file_is_listed(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-LAY-06")


@requirement("PKG-LAY-07")
def test_number_of_files(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-LAY-07")


@requirement("PKG-ZIP-01")
def test_methods_flags_one_disk(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ZIP-01")


@requirement("PKG-ZIP-02")
def test_names_are_unique(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ZIP-02")


@requirement("PKG-ZIP-03")
def test_local_and_central_header_agree(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ZIP-03")


@requirement("PKG-ZIP-04")
def test_no_byte_outside(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ZIP-04")


@requirement("PKG-ZIP-05")
def test_the_manifest_comes_first(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ZIP-05")


@requirement("PKG-ZIP-06")
def test_weights_can_be_mapped(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ZIP-06")


@requirement("PKG-ZIP-07")
def test_declared_and_real_content(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ZIP-07")


@requirement("PKG-ZIP-09")
def test_extra_fields(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ZIP-09")
