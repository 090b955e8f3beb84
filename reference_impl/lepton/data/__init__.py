"""Data sets: a folder with a Croissant document, read by the profile of the chapter `data`.

Owns reading records and making tensors of them; leaves what is wrong with a data set to
`lepton.checks.datasets`. Serves `data`.
"""

from lepton.data.batches import batches
from lepton.data.dataset import DOCUMENT, Dataset, open_dataset

__all__ = ["DOCUMENT", "Dataset", "batches", "open_dataset"]
