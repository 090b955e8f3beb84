"""Packages that say which tasks they answer, one a task.

Owns the list of them; leaves the packages to `application_pictures`, `application_texts` and
`application_tables`, and what is broken to `application_faults`. Serves `application`.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from lepton_conformance.forge.application_parts import APPLICATION, with_application
from lepton_conformance.forge.application_pictures import (
    image_classification,
    object_detection,
    ocr,
    with_interface,
)
from lepton_conformance.forge.application_tables import (
    forecasting,
    ranking,
    tabular_classification,
    tabular_regression,
)
from lepton_conformance.forge.application_texts import (
    embedding,
    speech_detection,
    speech_recognition,
    text_classification,
    text_generation,
)
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.valid import ValidPackage

__all__ = [
    "APPLICATION",
    "APPLICATION_DRAFTS",
    "VALID_APPLICATIONS",
    "two_tasks",
    "with_application",
    "with_interface",
]

APPLICATION_DRAFTS: Mapping[str, Callable[[], Draft]] = {
    "image-classification": image_classification,
    "object-detection": object_detection,
    "text-classification": text_classification,
    "text-generation": text_generation,
    "embedding": embedding,
    "speech-recognition": speech_recognition,
    "speech-detection": speech_detection,
    "ocr": ocr,
    "tabular-classification": tabular_classification,
    "tabular-regression": tabular_regression,
    "ranking": ranking,
    "forecasting": forecasting,
}


def two_tasks() -> Draft:
    """Return the package of rows with a second task on the same tensors."""
    draft = tabular_classification()

    def change(document: Any) -> None:
        first = document["tasks"][0]
        document["tasks"].append({**first, "id": "again", "title": {"en": "Once more"}})

    return draft.edit(APPLICATION, change)


VALID_APPLICATIONS: tuple[ValidPackage, ...] = (
    *(
        ValidPackage(name, functools.partial(lambda make: make().directory(), make))
        for name, make in APPLICATION_DRAFTS.items()
    ),
    ValidPackage("with-interface", lambda: with_interface().directory()),
    ValidPackage("two-tasks", lambda: two_tasks().archive()),
)
