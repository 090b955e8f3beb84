"""Tests of what a validator says of manifests and digests (Spec: PKG-MAN, PKG-DIG).

Owns the citations, one test a requirement; leaves cases and expectations to `suite.judging`.
"""

from lepton_conformance.subject.validator import ValidatorSubject
from lepton_conformance.suite.driver import Budget
from lepton_conformance.suite.judging import judge
from lepton_conformance.suite.marks import requirement


@requirement("PKG-MAN-01")
def test_size_and_depth_of_the_manifest(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-MAN-01")


@requirement("PKG-MAN-02")
def test_well_formed_text(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-MAN-02")


@requirement("PKG-MAN-03")
def test_canonical_bytes(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-MAN-03")


@requirement("PKG-MAN-04")
def test_schema_of_the_manifest(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-MAN-04")


@requirement("PKG-MAN-05")
def test_identifiers_are_unique(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-MAN-05")


@requirement("PKG-MAN-06")
def test_references_resolve(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-MAN-06")


@requirement("PKG-DIG-01")
def test_listed_files_exist(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-DIG-01")


@requirement("PKG-DIG-02")
def test_size_of_every_file(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-DIG-02")


@requirement("PKG-DIG-03")
def test_digest_of_every_file(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-DIG-03")
