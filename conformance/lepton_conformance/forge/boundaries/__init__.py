"""Packages at the boundaries of each rule: just beyond, and just within.

Owns which there are by requirement; leaves making them to the modules beside this one. They are many and made
when they are asked for: a certifier sends them, the corpus on disk does not hold them. Serves `core` and
`package`.
"""

import functools
from collections.abc import Callable, Iterator

from lepton_conformance.forge.boundaries import (
    archive_bytes,
    archive_forms,
    archive_headers,
    attestations,
    bundle_forms,
    bundles,
    comparisons,
    contents,
    controls,
    digests,
    documents,
    folders,
    graphs,
    interfaces,
    licences,
    mutants,
    names,
    open_questions,
    paths,
    steps,
    tensors,
    texts,
    vectors,
    wire,
)
from lepton_conformance.forge.valid import ValidPackage
from lepton_conformance.forge.violation import Violation

__all__ = ["beyond", "near_misses", "replayed", "undecided", "varied", "within"]

_FAULTS: tuple[Callable[[], Iterator[Violation]], ...] = (
    paths.path_faults,
    folders.folder_faults,
    archive_headers.header_faults,
    archive_bytes.byte_faults,
    texts.text_faults,
    documents.document_faults,
    names.name_faults,
    digests.digest_faults,
    licences.licence_faults,
    bundles.bundle_faults,
    attestations.attestation_faults,
    tensors.tensor_faults,
    steps.step_faults,
    interfaces.interface_faults,
    comparisons.comparison_faults,
    vectors.vector_faults,
    controls.control_faults,
    mutants.mutant_faults,
    wire.wire_faults,
    graphs.graph_faults,
    contents.content_faults,
)
_SOUND: tuple[Callable[[], Iterator[ValidPackage]], ...] = (
    paths.sound_paths,
    folders.sound_folders,
    archive_forms.sound_archives,
    texts.sound_texts,
    documents.sound_documents,
    names.sound_names,
    digests.sound_digests,
    licences.sound_licences,
    bundle_forms.sound_bundles,
    attestations.sound_attestations,
    tensors.sound_tensors,
    interfaces.sound_interfaces,
    wire.sound_wires,
    graphs.sound_graphs,
    contents.sound_contents,
)
#: What is within the rules of comparisons, controls and mutants: replaying shows it.
_REPLAYED: tuple[Callable[[], Iterator[ValidPackage]], ...] = (
    comparisons.sound_comparisons,
    vectors.sound_vectors,
    controls.sound_controls,
    mutants.sound_mutants,
)
_NEAR: tuple[Callable[[str], Iterator[ValidPackage]], ...] = (
    paths.near_misses,
    folders.near_misses,
    archive_forms.near_misses,
    texts.near_misses,
    digests.near_misses,
    bundle_forms.near_misses,
)


@functools.cache
def _by_requirement() -> dict[str, tuple[Violation, ...]]:
    found: dict[str, list[Violation]] = {}
    for module in _FAULTS:
        for one in module():
            found.setdefault(one.requirement, []).append(one)
    return {key: tuple(every) for key, every in found.items()}


def beyond(identifier: str) -> tuple[Violation, ...]:
    """Return the packages that violate a requirement by as little as possible."""
    return _by_requirement().get(identifier, ())


#: Of these each can be made from the valid packages in any variation.
_VARIED = (
    steps.step_faults,
    interfaces.interface_faults,
    vectors.vector_faults,
    wire.wire_faults,
    graphs.graph_faults,
    contents.content_faults,
)


@functools.cache
def _varied() -> dict[str, tuple[Violation, ...]]:
    found: dict[str, list[Violation]] = {}
    for module in _VARIED:
        for one in module():
            if one.varies:
                found.setdefault(one.requirement, []).append(one)
    return {key: tuple(every) for key, every in found.items()}


def varied(identifier: str) -> tuple[Violation, ...]:
    """Return those packages just beyond that can be generated around other valid ones."""
    return _varied().get(identifier, ())


@functools.cache
def within() -> tuple[ValidPackage, ...]:
    """Return the packages that are valid, and only just."""
    return tuple(one for module in _SOUND for one in module())


@functools.cache
def replayed() -> tuple[ValidPackage, ...]:
    """Return the packages that are valid, and only just, by what replaying their vectors shows."""
    return tuple(one for module in _REPLAYED for one in module())


@functools.cache
def undecided() -> tuple[Violation, ...]:
    """Return the packages of which a requirement cannot be judged, which is no violation of it."""
    return tuple(open_questions.open_questions())


def near_misses(identifier: str) -> tuple[ValidPackage, ...]:
    """Return packages that violate other requirements and not this one, which is close by."""
    return tuple(one for module in _NEAR for one in module(identifier))
