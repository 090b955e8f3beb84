"""The checks of data sets: one module a topic, each a function over the facts about a data set.

Owns the explicit list `ALL`. A check prints nothing; those of records read them once, as they are too many to
be facts in memory. Serves `data`.
"""

from lepton.checks.datasets import document, folder, mappings, records, statements
from lepton.checks.datasets.registry import DatasetCheck, run

__all__ = ["ALL", "DatasetCheck", "run"]

ALL: tuple[DatasetCheck, ...] = (
    *folder.CHECKS[:3],
    *document.TEXT,
    *folder.CHECKS[3:],
    *document.CHECKS,
    *statements.CHECKS,
    *records.CHECKS,
    *mappings.CHECKS,
    *records.FULL,
)
