"""Tests of what a validator says of artifacts, signatures and steps (Spec: PKG-ART, PKG-SIG, PKG-PRO).

Owns the citations, one test a requirement; leaves cases and expectations to `suite.judging`.
"""

from lepton_conformance.subject.validator import ValidatorSubject
from lepton_conformance.suite.driver import Budget
from lepton_conformance.suite.judging import judge
from lepton_conformance.suite.marks import requirement


@requirement("PKG-ART-01")
def test_content_of_the_declared_format(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-01")


@requirement("PKG-ART-02")
def test_declared_versions_are_those_in_the_file(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-02")


@requirement("PKG-ART-03")
def test_declared_signature_is_that_of_the_graph(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-03")


@requirement("PKG-ART-04")
def test_external_data_is_listed(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-04")


@requirement("PKG-ART-05")
def test_external_data_is_inside_its_file(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-05")


@requirement("PKG-ART-06")
def test_initializers_have_the_bytes_that_their_shapes_say(
    validator: ValidatorSubject, budget: Budget
) -> None:
    judge(validator, budget, "PKG-ART-06")


@requirement("PKG-ART-07")
def test_data_holds_no_code(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-07")


@requirement("PKG-ART-08")
def test_executable_formats_are_declared(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-08")


@requirement("PKG-ART-10")
def test_standard_operators(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-10")


@requirement("PKG-SIG-02")
def test_symbols_are_declared(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SIG-02")


@requirement("PKG-SIG-03")
def test_bounds_can_be_met(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SIG-03")


@requirement("PKG-SIG-04")
def test_symbols_are_used(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SIG-04")


@requirement("PKG-SIG-05")
def test_images_say_how_they_are_laid_out(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SIG-05")


@requirement("PKG-SIG-06")
def test_as_many_labels_as_places(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SIG-06")


@requirement("PKG-SIG-07")
def test_labels_in_every_language(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SIG-07")


@requirement("PKG-SIG-08")
def test_one_meaning_for_each_axis(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SIG-08")


@requirement("PKG-SIG-09")
def test_optional_inputs_have_defaults(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-SIG-09")


@requirement("PKG-PRO-01")
def test_registered_operators(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-PRO-01")


@requirement("PKG-PRO-02")
def test_the_chain_leads_from_end_to_end(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-PRO-02")


@requirement("PKG-PRO-03")
def test_interface_and_processing_go_together(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-PRO-03")


@requirement("PKG-ART-12")
def test_safetensors_files_are_strict(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-12")


@requirement("PKG-ART-13")
def test_no_function_calls_itself(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-ART-13")


@requirement("PKG-PRO-05")
def test_files_of_steps(validator: ValidatorSubject, budget: Budget) -> None:
    judge(validator, budget, "PKG-PRO-05")
