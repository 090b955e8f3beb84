"""Evaluation: a package computes on a split of a data set, and registered metrics say how well.

Serves the chapters `data` (mappings, splits) and `application` (metrics); what it yields is an entry of
`evaluations` in a card (PKG-DOC-04).
"""

from lepton.evaluate.evaluation import Choice, evaluate

__all__ = ["Choice", "evaluate"]
