"""Faults of runtimes that call what a model names (Spec: ASR-SAF-01).

Each class is an in-process adapter: `python:lepton_conformance.mutants.calling_faults:CLASS`.
"""

import contextlib
import urllib.request
from collections.abc import Iterator
from typing import Any

import onnx

from lepton_conformance.mutants.engine import Engine

__all__ = ["ALL"]

TIMEOUT_SECONDS = 2.0


def _call(address: str) -> None:
    if address.startswith("//"):
        address = f"http:{address}"
    if address.startswith(("http://127.0.0.1:", "https://127.0.0.1:")):
        with contextlib.suppress(OSError, ValueError):
            urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS).close()


class Calling(Engine):
    """Calls what a model names; which of it, the subclasses say."""

    id = ""
    breaks = "ASR-SAF-01"

    def read(self, path: str) -> Any:
        for address in self.addresses(onnx.load(path, load_external_data=False)):
            _call(address)
        return super().read(path)

    def addresses(self, model: Any) -> Iterator[str]:
        raise NotImplementedError


class FetchesWeights(Calling):
    """Weights whose location is an address are fetched."""

    id = "asr-saf-01-weights"

    def addresses(self, model: Any) -> Iterator[str]:
        for tensor in model.graph.initializer:
            yield from (entry.value for entry in tensor.external_data if entry.value.startswith("http:"))


class FetchesAnyLocation(Calling):
    """A location that begins with two slashes is fetched."""

    id = "asr-saf-01-slashes"

    def addresses(self, model: Any) -> Iterator[str]:
        for tensor in model.graph.initializer:
            yield from (entry.value for entry in tensor.external_data if entry.value.startswith("//"))


class LooksForUpdates(Calling):
    """An address in the metadata is asked for a newer version."""

    id = "asr-saf-01-updates"

    def addresses(self, model: Any) -> Iterator[str]:
        yield from (entry.value for entry in model.metadata_props if entry.key == "update_url")


class ResolvesNames(Calling):
    """A name of a graph that is an address is resolved."""

    id = "asr-saf-01-names"

    def addresses(self, model: Any) -> Iterator[str]:
        yield model.graph.name


ALL: tuple[type[Engine], ...] = (FetchesWeights, FetchesAnyLocation, LooksForUpdates, ResolvesNames)
