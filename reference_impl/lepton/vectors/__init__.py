"""Golden vectors: reading, comparing, replaying, and the negative controls that prove they discriminate.

Owns the public vocabulary of outcomes, which costs no engine to import; `lepton.vectors.replay` computes
them. Serves PKG-VEC.
"""

from lepton.vectors.outcome import ControlOutcome, ReplayFacts, ReplayOutcome, ReplayStatus

__all__ = ["ControlOutcome", "ReplayFacts", "ReplayOutcome", "ReplayStatus"]
