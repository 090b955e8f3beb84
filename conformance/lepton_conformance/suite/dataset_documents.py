"""Tests of what a validator says of folders, documents and statements of data sets (Spec: DAT).

Owns the citations, one test a requirement; leaves cases and expectations to `suite.dataset_judging`.
"""

from lepton_conformance.subject.validator import ValidatorSubject
from lepton_conformance.suite.dataset_judging import judge
from lepton_conformance.suite.driver import Budget
from lepton_conformance.suite.marks import requirement


@requirement("DAT-LAY-01")
def test_the_document(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-LAY-01")


@requirement("DAT-LAY-02")
def test_paths(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-LAY-02")


@requirement("DAT-LAY-03")
def test_only_regular_files(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-LAY-03")


@requirement("DAT-LAY-04")
def test_every_file_is_listed(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-LAY-04")


@requirement("DAT-LAY-05")
def test_number_of_files(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-LAY-05")


@requirement("DAT-DOC-01")
def test_size_and_depth(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DOC-01")


@requirement("DAT-DOC-02")
def test_well_formed_text(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DOC-02")


@requirement("DAT-DOC-03")
def test_schema_of_the_document(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DOC-03")


@requirement("DAT-DOC-04")
def test_edition(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DOC-04")


@requirement("DAT-DOC-05")
def test_what_the_document_conforms_to(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DOC-05")


@requirement("DAT-CTX-01")
def test_closed_form(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-CTX-01")


@requirement("DAT-CTX-02")
def test_terms_that_are_used_are_defined(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-CTX-02")


@requirement("DAT-CTX-03")
def test_no_other_keywords(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-CTX-03")


@requirement("DAT-REF-01")
def test_identifiers_are_unique(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REF-01")


@requirement("DAT-REF-02")
def test_references_resolve(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REF-02")


@requirement("DAT-REF-03")
def test_no_circles(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REF-03")


@requirement("DAT-REF-04")
def test_patterns_find_files(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-REF-04")


@requirement("DAT-DST-01")
def test_where_files_are(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DST-01")


@requirement("DAT-DST-02")
def test_every_file_has_a_digest(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DST-02")


@requirement("DAT-DST-03")
def test_listed_files_exist(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DST-03")


@requirement("DAT-DST-04")
def test_sizes_and_digests(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DST-04")


@requirement("DAT-DST-05")
def test_other_digests_agree(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DST-05")


@requirement("DAT-DES-01")
def test_licence(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DES-01")


@requirement("DAT-DES-02")
def test_the_default_language_is_always_there(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DES-02")


@requirement("DAT-DES-03")
def test_statements(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DES-03")


@requirement("DAT-DES-04")
def test_citation(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DES-04")


@requirement("DAT-DES-05")
def test_version(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DES-05")


@requirement("DAT-DES-06")
def test_provenance(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-DES-06")


@requirement("DAT-PRV-01")
def test_personal_data(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-PRV-01")


@requirement("DAT-PRV-02")
def test_kinds_of_personal_data(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "DAT-PRV-02")
