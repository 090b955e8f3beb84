"""The interval oracle: what any correct engine may answer to any graph of its operators.

Owns the public names; serves `runtime` (RUN-NUM-01, RUN-NUM-02, RUN-NUM-04, RUN-OPS). The derivation of
the bounds is decision record 0013.
"""

from lepton_conformance.oracle.interval.evaluation import evaluate
from lepton_conformance.oracle.interval.judgement import Disagreement, judge, median_slack, slack, vague
from lepton_conformance.oracle.interval.registry import OPERATORS
from lepton_conformance.oracle.interval.value import Interval, Undecidable

__all__ = [
    "OPERATORS",
    "Disagreement",
    "Interval",
    "Undecidable",
    "evaluate",
    "judge",
    "median_slack",
    "slack",
    "vague",
]
