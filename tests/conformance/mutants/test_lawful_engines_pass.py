"""Where the section on numbers leaves an engine a choice, every choice is judged right."""

import pytest

from lepton_conformance.certify import certify
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.lawful_engines import ALL

JUDGED = ("RUN-OPS-02", "RUN-OPS-03", "RUN-OPS-05", "RUN-OPS-12")


@pytest.mark.parametrize("engine", ALL, ids=lambda engine: engine.id)
def test_lawful_engine_raises_no_alarm(engine: type[GraphEngine]) -> None:
    subject = f"python:{engine.__module__}:{engine.__qualname__}"
    report = certify(subject, ["runtime"], max_examples=5, only=JUDGED)
    found = {entry["id"]: entry["tests"] for entry in report["requirements"] if entry["id"] in JUDGED}
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"] if entry["id"] in JUDGED}
    assert set(verdicts.values()) == {"pass"}, found
