"""Health: live, ready, model ready. Only the status is judged (contradiction 2 of chapter `inference`)."""

from lepton_conformance.outcome import SubjectFault
from lepton_conformance.subject.http import Answer, HttpSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import available

READY = 200


def _expect_ready(answer: Answer, what: str) -> None:
    if answer.status != READY:
        raise SubjectFault(f"{what}: found status {answer.status}, expected {READY}")


@requirement("INF-HLT-01")
def test_live_server_answers_200(http: HttpSubject, budget: Budget) -> None:
    each(budget, ["v2/health/live"], lambda path: _expect_ready(http.get(path), f"GET {path}"))


@requirement("INF-HLT-02")
def test_ready_server_answers_200(http: HttpSubject, budget: Budget) -> None:
    each(budget, ["v2/health/ready"], lambda path: _expect_ready(http.get(path), f"GET {path}"))


@requirement("INF-HLT-03")
def test_ready_model_answers_200(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        path = http.model_path(name) + "/ready"
        _expect_ready(http.get(path), f"GET {path}")

    each(budget, available(http), body)
