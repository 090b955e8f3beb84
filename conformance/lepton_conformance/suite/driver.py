"""Try a property on its boundary cases, then on generated ones; make what fails small.

Owns the order (enumerated first, then Hypothesis, derandomised by the seed), the count of examples and the
reduction of a failing case, which goes on only while the case fails in the same way; leaves what a case is to
`strategies` and blame to `lepton_conformance.collect`.
Serves `conformance` (CNF-REP-02, CNF-REP-03).
"""

import contextlib
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import hypothesis
from hypothesis import strategies as st

from lepton_conformance.fingerprint import kind_of_fault
from lepton_conformance.outcome import SubjectFault, SubjectGone
from lepton_conformance.strategies.cases import INTEGER_BITS, Cases, nothing_smaller
from lepton_conformance.subject.exchange import Recorder
from lepton_conformance.suite.history import source

__all__ = ["Budget", "each", "examples"]

Case = TypeVar("Case")

#: Cases derived from one integer that Hypothesis draws: an example costs it more than a request takes.
CASES_PER_EXAMPLE = 32
_MASK = (1 << INTEGER_BITS) - 1
#: How long a failing case is made smaller, in runs of the property and in seconds.
MAX_SHRINK_RUNS = 250
MAX_SHRINK_SECONDS = 3.0
#: The same for a case that a subject dies of, which is started again each time.
MAX_GONE_SECONDS = 15.0
#: How long it is made smaller all the same when the test's time is over.
MIN_SHRINK_SECONDS = 0.1
#: Integers are drawn above this origin, where no constant of a loaded module can be drawn instead: the same
#: seed gives the same cases wherever the suite runs (Spec: CNF-REP-02).
_ORIGIN = 1 << 200


#: How many earlier exchanges belong to a case that does not fail by itself.
MAX_BEFORE = 6
#: A case that takes longer is not repeated to see whether it fails by itself.
SLOW_SECONDS = 2.0


class _Stop(BaseException):
    """Leaves Hypothesis at once; never seen outside this module."""


@dataclass(slots=True)
class Budget:
    """What one test may spend, and what it has spent.

    `deadline` is a value of `time.monotonic` after which no case is generated any more (boundary cases
    always run), or None; a failing case is then no longer made smaller for long. `examples` counts the cases
    that ran, `generating` the seconds that generated ones and the reduction of a failing one took. With
    `restarts`, a subject that died is started again, so that a case it dies of can be made smaller.
    """

    seed: int
    max_examples: int
    recorder: Recorder
    test: str = ""
    deadline: float | None = None
    restarts: bool = False
    examples: int = 0
    generating: float = 0.0

    def shrink_end(self, fault: SubjectFault) -> float:
        """Return until when a failure found now may be made smaller."""
        now = time.monotonic()
        latest = now + (MAX_GONE_SECONDS if isinstance(fault, SubjectGone) else MAX_SHRINK_SECONDS)
        return latest if self.deadline is None else min(latest, max(self.deadline, now + MIN_SHRINK_SECONDS))

    def spent(self) -> bool:
        """Say whether the time is over."""
        return self.deadline is not None and time.monotonic() > self.deadline


@dataclass(slots=True)
class _Search(Generic[Case]):
    """One property on its way through its cases; keeps the simplest failure seen."""

    budget: Budget
    body: Callable[[Case], None]
    case: Case | None = None
    number: int | None = None
    fault: SubjectFault | None = None
    other: Exception | None = None
    shrinks: int = 0
    shrink_end: float = field(default=0.0)
    slow: bool = False

    def run(self, case: Case) -> None:
        """Run the property once. Raises: whatever it raises."""
        self.budget.recorder.begin()
        if self.fault is None:
            self.budget.examples += 1
        else:
            self.shrinks += 1
        started = time.monotonic()
        try:
            self.body(case)
        finally:
            self.slow = time.monotonic() - started > SLOW_SECONDS

    def note(self, case: Case, fault: SubjectFault) -> None:
        """Keep a failing case as the simplest so far."""
        if self.fault is None:
            self.shrink_end = self.budget.shrink_end(fault)
        self.case, self.fault = case, fault
        self.budget.recorder.keep()

    def is_final(self, fault: SubjectFault) -> bool:
        """Say whether nothing can be tried after this fault: nobody answers any more, or too slowly."""
        return isinstance(fault, SubjectGone) and (not self.budget.restarts or self.slow)

    def exhausted(self) -> bool:
        """Say whether enough has been done to make the failing case small."""
        return self.shrinks >= MAX_SHRINK_RUNS or time.monotonic() > self.shrink_end

    def is_another(self, fault: SubjectFault) -> bool:
        """Say whether a case fails in another way than the one that is being made smaller."""
        if self.fault is None:
            return False
        unlike = isinstance(fault, SubjectGone) and not isinstance(self.fault, SubjectGone)
        return unlike or kind_of_fault(str(fault)) != kind_of_fault(str(self.fault))

    def fails(self, case: Case) -> bool:
        """Say whether a simpler case still breaks the requirement in the same way; keep it if so."""
        try:
            self.run(case)
        except SubjectFault as fault:
            if self.is_another(fault):
                return False
            self.note(case, fault)
            return True
        except Exception:
            return False
        return False


def each(
    budget: Budget,
    cases: Iterable[Case],
    body: Callable[[Case], None],
    smaller: Callable[[Case], Iterable[Case]] = nothing_smaller,
) -> None:
    """Try a property on every case of a small domain. Raises: the first SubjectFault, made smaller."""
    examples(budget, Cases(tuple(cases), None, smaller), body)


def examples(budget: Budget, cases: Cases[Case], body: Callable[[Case], None]) -> None:
    """Try a property on its boundary cases, then on generated ones.

    Raises: SubjectFault for the smallest failing case found, its exchanges being those that the recorder
    holds; whatever else `body` raises, at once.
    """
    search: _Search[Case] = _Search(budget, body)
    for case in cases.boundary:
        try:
            search.run(case)
        except SubjectFault as fault:
            if search.is_final(fault):
                budget.recorder.keep()
                raise
            search.note(case, fault)
            break
    started = time.monotonic()
    try:
        if (
            search.fault is None
            and cases.decode is not None
            and budget.max_examples > 0
            and not budget.spent()
        ):
            _generate(search, cases.decode)
        if search.fault is not None and not search.is_final(search.fault):
            _reduce(search, cases.smaller)
            _confirm(search)
    finally:
        budget.generating += time.monotonic() - started
    if search.fault is not None:
        raise search.fault


def _generate(search: _Search[Case], decode: Callable[[int], Case]) -> None:
    """Let Hypothesis draw integers and derive cases from them; make the integer of a failing case small."""
    budget = search.budget
    target = budget.examples + budget.max_examples

    def attempt(drawn: int) -> None:
        for number in _derived(drawn - _ORIGIN):
            if budget.examples >= target or budget.spent():
                raise _Stop
            case = decode(number)
            try:
                search.run(case)
            except SubjectFault as fault:
                search.note(case, fault)
                if not search.is_final(fault):
                    search.number = number
                raise _Stop from None
            except Exception as error:
                search.other = error
                raise _Stop from None

    integer = st.integers(_ORIGIN, _ORIGIN + (1 << INTEGER_BITS) - 1)
    driven = hypothesis.given(integer)(attempt)
    driven = hypothesis.settings(
        max_examples=budget.max_examples,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(hypothesis.Phase.generate,),
        suppress_health_check=tuple(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )(driven)
    driven = hypothesis.seed(zlib.crc32(budget.test.encode()) ^ (budget.seed << 32))(driven)
    with contextlib.suppress(_Stop):
        driven()
    if search.other is not None:
        raise search.other
    if search.number is not None:
        _clear_bits(search, decode, search.number)


def _derived(drawn: int) -> Iterator[int]:
    """Yield the integers of the cases that one drawn integer stands for, itself first (splitmix64)."""
    yield drawn
    for _ in range(CASES_PER_EXAMPLE - 1):
        drawn = (drawn + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((drawn ^ (drawn >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        yield mixed ^ (mixed >> 31)


def _clear_bits(search: _Search[Case], decode: Callable[[int], Case], number: int) -> None:
    """Clear bits of the failing integer, high ones first: a smaller integer is a simpler case."""
    for width in range(INTEGER_BITS):
        shorter = number & ((1 << width) - 1)
        if shorter == number or search.exhausted():
            break
        if search.fails(decode(shorter)):
            number = shorter
            break
    for bit in reversed(range(number.bit_length())):
        if number >> bit & 1 and not search.exhausted() and search.fails(decode(number ^ (1 << bit))):
            number ^= 1 << bit


def _reduce(search: _Search[Case], smaller: Callable[[Case], Iterable[Case]]) -> None:
    """Replace the failing case by a simpler one that fails too, as long as there is one."""
    progress = True
    while progress and search.case is not None:
        progress = False
        for case in smaller(search.case):
            if search.exhausted():
                return
            if search.fails(case):
                progress = True
                break


def _confirm(search: _Search[Case]) -> None:
    """Repeat the failing case; where it does not fail by itself, what came before it belongs to it."""
    recorder = search.budget.recorder
    earlier = source(recorder.failing, recorder.before)
    if earlier is not None:
        recorder.put_before([earlier])
        return
    if search.case is None or search.slow:
        return
    try:
        search.run(search.case)
    except SubjectFault as fault:
        if not search.is_another(fault):
            return
    except Exception:
        return
    recorder.put_before(recorder.before[-MAX_BEFORE:])
