"""The suite and the standard agree on what there is to test."""

import lepton_spec
from lepton_conformance import edition, suite
from lepton_conformance.collect import SUITE_DIR


def test_every_tested_requirement_of_servers_and_runtimes_has_a_test() -> None:
    wanted = {
        key
        for key, entry in lepton_spec.requirements().items()
        if entry["role"] in ("server", "runtime") and "test" in entry["verify"] and key[:3] in ("INF", "RUN")
    }
    assert wanted - set(edition.tests()) == set()


def test_every_test_cites_a_requirement_that_there_is() -> None:
    assert set(edition.tests()) - set(lepton_spec.requirements()) == set()


def test_every_module_with_tests_is_run() -> None:
    listed = {*suite.GRPC_MODULES, *suite.HTTP_MODULES, *suite.RUNTIME_MODULES}
    written = {
        path.stem
        for path in SUITE_DIR.glob("*.py")
        if path.stem.startswith(("grpc_", "inference_", "repository_", "runtime_"))
    }
    assert listed == written
