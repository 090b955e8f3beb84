"""Health: live, ready, model ready. Only the status is judged (contradiction 2 of chapter `inference`)."""

from lepton_conformance.outcome import SubjectFault
from lepton_conformance.subject.http import Answer, HttpSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import UNKNOWN_MODELS, available

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


@requirement("INF-HLT-04")
def test_unknown_model_is_not_ready(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        path = http.model_path(name) + "/ready"
        answer = http.get(path)
        if 200 <= answer.status < 400:
            raise SubjectFault(
                f"GET {path}, a model that nobody has: found {answer.status}, expected neither 2xx nor 3xx"
            )

    each(budget, UNKNOWN_MODELS, body)


@requirement("INF-HLT-05", needs=("INF-HLT-04",))
def test_readiness_of_unknown_model_is_404(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        path = http.model_path(name) + "/ready"
        answer = http.get(path)
        if answer.status != 404:
            raise SubjectFault(f"GET {path}, a model that nobody has: found {answer.status}, expected 404")

    each(budget, UNKNOWN_MODELS, body)
