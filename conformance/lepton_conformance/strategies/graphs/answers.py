"""What the oracle expects of a case, as arrays: the middle of each interval.

Serves `conformance` (CNF-REP-03): a node of a failing graph is replaced by what it computes.
"""

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.oracle.interval import evaluate
from lepton_conformance.strategies.graphs.graph import GraphCase

__all__ = ["expected"]


def expected(case: GraphCase) -> dict[str, Array]:
    """Return an answer that is right. Raises: whatever the oracle raises for a graph it says nothing of."""
    import onnx

    found = {}
    for name, interval in evaluate(onnx.load_from_string(case.model), case.inputs).items():
        if interval.datatype in ("BOOL", "BYTES"):
            found[name] = np.array(interval.lo)
        else:
            kind = dtype(interval.datatype).newbyteorder("=")
            middle = interval.lo if interval.lo is interval.hi else interval.lo / 2 + interval.hi / 2
            found[name] = np.asarray(middle).astype(kind)
    return found
