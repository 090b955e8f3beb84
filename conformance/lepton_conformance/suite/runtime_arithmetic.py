"""Tests of the precision of sums and of special values in arithmetic (Spec: RUN-NUM-04, RUN-NUM-05)."""

from lepton_conformance.strategies.graphs.precision import SUMMING, special_values, sums
from lepton_conformance.strategies.graphs.reduction import smaller
from lepton_conformance.subject.stdio import StdioSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.graph_calls import Tally, accepts, declared, judged
from lepton_conformance.suite.marks import requirement


@requirement("RUN-NUM-04", needs=("RUN-ADP-03",))
def test_sums_are_not_narrower_than_their_terms(runtime: StdioSubject, budget: Budget) -> None:
    has, tally = declared(runtime, *SUMMING), Tally()
    takes = accepts(has)
    cases = [case for group in SUMMING if group in has.groups for case in sums(group) if takes(case)]
    each(budget, cases, lambda case: judged(runtime, case, tally), smaller)
    tally.conclude()


@requirement("RUN-NUM-05", needs=("RUN-ADP-03",))
def test_special_values_go_through_arithmetic_as_ieee_754_says(runtime: StdioSubject, budget: Budget) -> None:
    has, tally = declared(runtime, "elementwise"), Tally()
    cases = list(filter(accepts(has), special_values()))
    each(budget, cases, lambda case: judged(runtime, case, tally), smaller)
    tally.conclude()
