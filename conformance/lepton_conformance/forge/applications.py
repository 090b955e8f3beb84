"""Packages that say which tasks they answer: one a task, and those of the bindings that these leave out.

Owns the lists of them; leaves the packages to `application_pictures`, `application_texts`,
`application_tables`, `application_bindings` and `application_images`, and what is broken to
`application_faults`. Serves `application`.
"""

import functools
from collections.abc import Callable
from typing import Any

from lepton_conformance.forge.application_bindings import (
    labels_with_indices,
    messages,
    quantiles,
    ranked_texts,
    spans_of_speech,
)
from lepton_conformance.forge.application_images import counted_boxes, image_files
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
    "BINDING_DRAFTS",
    "VALID_APPLICATIONS",
    "two_tasks",
    "with_application",
    "with_interface",
]

APPLICATION_DRAFTS: dict[str, Callable[[], Draft]] = {
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

#: Packages that use the bindings which those above leave out, by what they are about.
BINDING_DRAFTS: dict[str, Callable[[], Draft]] = {
    "counted-boxes": counted_boxes,
    "image-files": image_files,
    "ranked-texts": ranked_texts,
    "messages": messages,
    "labels-with-indices": labels_with_indices,
    "quantiles": quantiles,
    "spans-of-speech": spans_of_speech,
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
        for name, make in (APPLICATION_DRAFTS | BINDING_DRAFTS).items()
    ),
    ValidPackage("with-interface", lambda: with_interface().directory()),
    ValidPackage("two-tasks", lambda: two_tasks().archive()),
)
