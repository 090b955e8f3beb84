"""Run the tests of the suite and collect what they saw.

Owns the order by prerequisites, blocking and blame; leaves pytest to `session` and verdicts to `verdict`.
Serves `conformance` (CNF-VER).
"""

import contextlib
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import pytest

from lepton_conformance.evidence import Evidence, Failure
from lepton_conformance.fingerprint import kind_of_fault
from lepton_conformance.loading import loaded_for_the_run
from lepton_conformance.models.folder import RepositoryFolder
from lepton_conformance.outcome import AdapterFault, NotApplicable, NotTested, SubjectFault, SubjectGone
from lepton_conformance.pace import Pace
from lepton_conformance.session import run_pytest
from lepton_conformance.subject.exchange import Recorder
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.subject.stdio import StdioSubject
from lepton_conformance.suite import calls, protocol
from lepton_conformance.suite.driver import Budget
from lepton_conformance.verdict import Blame, Outcome, Verdict, blockers, is_conditional, judge_requirement

__all__ = ["Plan", "Subject", "SuiteError", "collect"]

SUITE_DIR = Path(__file__).resolve().parent / "suite"
#: Requirements whose tests load and unload models.
LOADING = frozenset(("INF-REP-07", "INF-REP-09"))


class SuiteError(Exception):
    """The suite itself could not run (exit code 2)."""


class Subject(Protocol):
    """What the collector needs of a subject; the tests of its transport know more."""

    recorder: Recorder

    def responds(self) -> bool:
        """Say whether the subject still takes requests, after it failed to answer one."""

    def close(self) -> None:
        """Let go of the subject."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: modules, requirements and limits.

    `identifiers` are the requirements that may be judged, `requirements` is the whole set. `only` some of
    them, with what they need, are judged when it is given. `seconds` bounds the time
    in which cases are generated. `progress` is told the number done, the number to do and the requirement.
    `repository` is the folder that a server loads from, where it is known.
    """

    modules: Sequence[str]
    identifiers: frozenset[str]
    only: frozenset[str] | None
    requirements: Mapping[str, Mapping[str, Any]]
    seed: int
    max_examples: int
    seconds: float | None = None
    progress: Callable[[int, int, str], None] = lambda done, total, identifier: None
    repository: RepositoryFolder | None = None


def collect(subject: Subject, plan: Plan) -> tuple[Evidence, ...]:
    """Run the planned tests on a subject. Raises: SuiteError when the suite cannot be run."""
    collector = _Collector(subject, plan)
    with _with_models(subject, plan):
        code = run_pytest(SUITE_DIR, plan.modules, collector)
    if code == pytest.ExitCode.INTERRUPTED and not collector.errors:
        raise KeyboardInterrupt
    if collector.errors or code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        detail = collector.errors[0] if collector.errors else f"pytest ended with {code}"
        raise SuiteError(f"the suite could not run: {detail}")
    return tuple(collector.evidence)


def _with_models(subject: Subject, plan: Plan) -> contextlib.AbstractContextManager[object]:
    """Return what loads the conformance models for the run, where loading is judged."""
    if isinstance(subject, HttpSubject) and not plan.identifiers.isdisjoint(LOADING):
        return loaded_for_the_run(subject)
    return contextlib.nullcontext()


@dataclass
class _Collector:
    """The pytest plugin of one run."""

    subject: Subject
    plan: Plan
    evidence: list[Evidence] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    total: int = 0
    gone_by: str | None = None
    pace: Pace | None = None

    @pytest.fixture
    def http(self) -> Any:
        """Return the server under test."""
        return self.subject

    @pytest.fixture
    def grpc(self) -> Any:
        """Return the server under test, over gRPC."""
        return self.subject

    @pytest.fixture
    def runtime(self) -> Any:
        """Return the runtime under test."""
        return self.subject

    @pytest.fixture
    def validator(self) -> Any:
        """Return the validator under test."""
        return self.subject

    @pytest.fixture
    def repository_folder(self) -> RepositoryFolder | None:
        """Return the folder that the server loads from, None when it is not known."""
        return self.plan.repository

    @pytest.fixture
    def judged(self) -> frozenset[str]:
        """Return the requirements of the profiles under judgement: `oip-rest` alone reads some leniently."""
        return self.plan.identifiers

    @pytest.fixture
    def budget(self, request: pytest.FixtureRequest) -> Budget:
        """Return what the test may spend; generated cases share what is left of the time equally."""
        deadline = None if self.pace is None else self.pace.deadline()
        return Budget(
            self.plan.seed,
            self.plan.max_examples,
            self.subject.recorder,
            test=request.node.name,
            deadline=deadline,
            restarts=isinstance(self.subject, StdioSubject),
        )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the error of a module of the suite that cannot be imported."""
        self._keep_error(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the error of a fixture, or of what is done after a test: a fault of the suite, no verdict."""
        self._keep_error(report)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Keep the error that ended pytest itself, instead of its traceback."""
        self.errors.append(f"{excinfo.exconly()} ({_place(excinfo.value)})")
        return True

    def _keep_error(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if report.failed:
            lines = str(report.longrepr).strip().splitlines() or ["no more is known"]
            marked = [line.removeprefix("E ") for line in lines if line.startswith("E ")]  # what was raised
            self.errors.append(f"{report.nodeid}: {(marked or lines)[-1].strip()}")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests of the requirements to judge, prerequisites first."""
        by_requirement: dict[str, list[pytest.Item]] = {}
        for item in items:
            by_requirement.setdefault(_cited(item)[0], []).append(item)
        ordered: list[pytest.Item] = []
        visited: set[str] = set()

        def visit(identifier: str) -> None:
            if identifier in visited or identifier not in self.plan.identifiers:
                return
            visited.add(identifier)
            for item in by_requirement.get(identifier, ()):
                for need in _cited(item)[1]:
                    visit(need)
            ordered.extend(by_requirement.get(identifier, ()))

        for identifier in by_requirement:
            if self.plan.only is None or identifier in self.plan.only:
                visit(identifier)
        items[:] = ordered
        self.total = len(ordered)
        if self.plan.seconds is not None:
            self.pace = Pace.of(self.plan.seconds, (_cited(item)[0] for item in ordered))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool:
        """Run one test and keep what it saw; pytest itself never sees a failure."""
        identifier, needs = _cited(pyfuncitem)
        started = time.perf_counter()
        try:
            self._judge_one(pyfuncitem, identifier, needs)
        finally:
            budget = pyfuncitem.funcargs.get("budget")
            generating = budget.generating if isinstance(budget, Budget) else 0.0
            if self.pace is not None:
                self.pace.done(identifier, time.perf_counter() - started, generating)
        return True

    def _judge_one(self, pyfuncitem: pytest.Function, identifier: str, needs: tuple[str, ...]) -> None:
        self.plan.progress(len(self.evidence), self.total, identifier)
        self.subject.recorder.reset()
        started = time.perf_counter()
        blocked_by = blockers(needs, self._judged())
        if self.gone_by is not None:
            blocked_by = (self.gone_by,)
        if blocked_by:
            self.evidence.append(
                Evidence(identifier, pyfuncitem.name, Outcome.BLOCKED, 0, 0.0, blocked_by=blocked_by)
            )
            return
        names = inspect.signature(pyfuncitem.obj).parameters
        arguments = {name: pyfuncitem.funcargs[name] for name in names}
        outcome, reason, failure = self._run(identifier, pyfuncitem.obj, arguments)
        budget = pyfuncitem.funcargs.get("budget")
        examples = budget.examples if isinstance(budget, Budget) else 0
        if outcome is Outcome.PASSED and examples == 0:
            outcome, reason = Outcome.NOT_TESTED, "the test ran no example"
        earlier = self._found_before(identifier, failure)
        if earlier is not None:
            outcome, failure, blocked_by = Outcome.BLOCKED, None, (identifier,)
            reason = f"it finds what {earlier} has found"
        self.evidence.append(
            Evidence(
                identifier,
                pyfuncitem.name,
                outcome,
                examples,
                time.perf_counter() - started,
                reason,
                blocked_by,
                failure,
            )
        )

    def _run(
        self, identifier: str, test: Callable[..., None], arguments: Mapping[str, Any]
    ) -> tuple[Outcome, str, Failure | None]:
        """Call a test and say whose fault its failure is. Spec: CNF-VER-03."""
        try:
            test(**arguments)
        except NotTested as reason:
            return Outcome.NOT_TESTED, str(reason), None
        except NotApplicable as reason:
            return Outcome.NOT_APPLICABLE, str(reason), None
        except SubjectFault as fault:
            exchanges = tuple(self.subject.recorder.failing)
            if isinstance(fault, SubjectGone) and not self.subject.responds():
                self.gone_by = identifier
            self._leave_the_dead(identifier)
            return Outcome.FAILED, "", Failure(str(fault), Blame.SUBJECT, exchanges)
        except AdapterFault as fault:
            return Outcome.FAILED, "", Failure(str(fault), Blame.ADAPTER)
        except Exception as error:
            place = _place(error)
            return Outcome.FAILED, "", Failure(f"{type(error).__name__}: {error} ({place})", Blame.SUITE)
        return Outcome.PASSED, "", None

    def _found_before(self, identifier: str, failure: Failure | None) -> str | None:
        """Return the earlier test of a requirement that found the same kind of fault: one finding a cause."""
        if failure is None or failure.blame is not Blame.SUBJECT:
            return None
        kind = kind_of_fault(failure.message)
        for entry in self.evidence:
            known = entry.failure if entry.requirement == identifier else None
            if known is not None and known.blame is Blame.SUBJECT and kind_of_fault(known.message) == kind:
                return entry.test
        return None

    def _leave_the_dead(self, identifier: str) -> None:
        """Ask models that a test has killed nothing any more: their silence is one fault, found once.

        Where the repository is judged, models come and go on purpose.
        """
        if not self.plan.identifiers.isdisjoint(LOADING):
            return
        subject = self.subject
        names: tuple[str, ...] = ()
        if isinstance(subject, GrpcSubject) and self._passes("INF-GRP-08"):
            names = calls.silent(subject)
        elif isinstance(subject, HttpSubject) and self._passes("INF-RSP-01"):
            names = protocol.silent(subject)
        for name in names:
            reason = f"the model {name} answers no valid request since the test of {identifier}"
            cast(GrpcSubject | HttpSubject, subject).lose(name, reason)

    def _passes(self, identifier: str) -> bool:
        judged = self._judged().get(identifier)
        return judged is not None and judged[0] is Verdict.PASS

    def _judged(self) -> dict[str, tuple[Verdict, tuple[str, ...]]]:
        seen: dict[str, list[dict[str, Any]]] = {}
        for entry in self.evidence:
            failure = None if entry.failure is None else {"blame": entry.failure.blame.value}
            seen.setdefault(entry.requirement, []).append(
                {
                    "outcome": entry.outcome.value,
                    "examples": entry.examples,
                    "failure": failure,
                    "blocked_by": entry.blocked_by,
                }
            )
        return {
            identifier: judge_requirement(
                tests, conditional=is_conditional(self.plan.requirements[identifier])
            )
            for identifier, tests in seen.items()
        }


def _cited(item: pytest.Item) -> tuple[str, tuple[str, ...]]:
    """Return the requirement that a test cites, and what it needs."""
    mark = item.get_closest_marker("requirement")
    if mark is None:
        raise SuiteError(f"the test {item.nodeid} cites no requirement")
    return mark.args[0], tuple(mark.kwargs.get("needs", ()))


def _place(error: BaseException) -> str:
    """Return file and line where an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
