"""Data sets for validators: valid ones, and ones that each violate one requirement of the chapter `data`.

Owns the two tables as a whole; leaves the valid data sets to `dataset_draft`. Serves `data`.
"""

from collections.abc import Callable, Mapping

from lepton_conformance.forge.dataset_draft import DataDraft, least, rich
from lepton_conformance.forge.dataset_faults import DATASET_FAULTS
from lepton_conformance.forge.record_faults import RECORD_FAULTS
from lepton_conformance.forge.violation import Violation

__all__ = ["DATASETS", "DATASET_VIOLATIONS"]

#: Valid data sets, by name.
DATASETS: Mapping[str, Callable[[], DataDraft]] = {"least": least, "rich": rich}
#: Every violating data set; the table is like that of packages.
DATASET_VIOLATIONS: tuple[Violation, ...] = (*DATASET_FAULTS, *RECORD_FAULTS)
