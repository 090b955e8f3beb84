"""Faults of what must not matter: ids, order, selection, earlier requests (Spec: INF-ISO-04, INF-ISO-05)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lepton_conformance.mutants.computing import Array, Model, Spec
from lepton_conformance.mutants.decoding import InferRequest, Wanted
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class LongIdOffset(Naive):
    """An id of more than 64 characters runs into the first element."""

    id = "iso-04-long-id"
    breaks = "INF-ISO-04"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if request.id is not None and len(request.id) > 64:
            for name, array in found.items():
                if array.dtype != object and array.size:
                    found[name] = array.copy()
                    found[name].flat[0] = 1
        return found


class OutputsBackwards(Naive):
    """Outputs requested in another order than the model's are multiplied by minus one."""

    id = "iso-04-order"
    breaks = "INF-ISO-04"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        wanted = [entry.name for entry in request.outputs or ()]
        names = [spec.name for spec in model.outputs]
        if [name for name in names if name in wanted] != wanted:
            with np.errstate(all="ignore"):
                return {name: -array for name, array in found.items()}
        return found


class SelectedHalved(Naive):
    """Where one output is selected, what it has of FP32 passes through FP16."""

    id = "iso-04-selected"
    breaks = "INF-ISO-04"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if len(request.outputs or ()) != 1:
            return found
        with np.errstate(all="ignore"):
            return {
                name: array.astype(np.float16).astype(np.float32) if array.dtype == np.float32 else array
                for name, array in found.items()
            }


class SelectedDoubles(Naive):
    """Where outputs are selected, integers of 64 bits pass through FP64."""

    id = "iso-04-doubles"
    breaks = "INF-ISO-04"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if not request.outputs:
            return found
        return {
            name: array.astype(np.float64).astype(array.dtype) if array.dtype == np.int64 else array
            for name, array in found.items()
        }


class OutputsKept(Naive):
    """The outputs that a request chose are those of the next one for the model that chooses none."""

    id = "iso-05-outputs"
    breaks = "INF-ISO-05"

    def __init__(self) -> None:
        super().__init__()
        self.chosen: dict[str, tuple[Wanted, ...]] = {}

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        kept = self.chosen.pop(model.name, ())
        if request.outputs:
            self.chosen[model.name] = request.outputs
        return super().select_outputs(model, replace(request, outputs=request.outputs or kept))


class BinaryKept(Naive):
    """The wish of a request for binary outputs is taken for one of the next request for the model."""

    id = "iso-05-binary"
    breaks = "INF-ISO-05"

    def __init__(self) -> None:
        super().__init__()
        self.wished: set[str] = set()

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        wished = model.name in self.wished
        self.wished.discard(model.name)
        if b'"binary_data_output":true' in request.body.replace(b" ", b""):
            self.wished.add(model.name)
        elif wished and b'"outputs"' not in request.body:
            body = request.body.replace(b"{", b'{"parameters":{"binary_data_output":true},', 1)
            return super().infer(model, version, replace(request, body=body))
        return super().infer(model, version, request)


class _Remembers(Naive):
    """Knows the request before: see the subclasses."""

    def __init__(self) -> None:
        super().__init__()
        self.before: tuple[str, int] = ("", 0)

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        size = max((array.size for array in arrays.values()), default=0)
        before, self.before = self.before, (model.name, size)
        if self.spoils(before[0] == model.name, before[1], size):
            return {name: self.spoil(array) for name, array in found.items()}
        return found

    def spoils(self, same_model: bool, before: int, size: int) -> bool:
        """Say whether a request of `before` elements spoils the answer to one of `size`."""
        return False

    def spoil(self, array: Array) -> Array:
        found = array.copy()
        if array.size and array.dtype == object:
            found.flat[-1] = array.flat[-1] + b"?"
        elif array.size:
            found.flat[-1] = array.flat[-1] == 0
        return found


class LargerSpoils(_Remembers):
    """After a request of more than 128 elements, a smaller one for the model ends in what was left."""

    id = "iso-05-larger"
    breaks = "INF-ISO-05"

    def spoils(self, same_model: bool, before: int, size: int) -> bool:
        return same_model and before > 128 > size


class OtherSpoils(_Remembers):
    """After a request of more than 16 elements for another model, an answer ends in what was left."""

    id = "iso-05-other"
    breaks = "INF-ISO-05"

    def spoils(self, same_model: bool, before: int, size: int) -> bool:
        return not same_model and before > 16 > size


class RefusalSpoils(_Remembers):
    """After a refused inference request, the next answer ends in what was left."""

    id = "iso-05-refused"
    breaks = "INF-ISO-05"

    refused = False

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        try:
            return super().infer(model, version, request)
        except Refusal:
            self.refused = True
            raise

    def spoils(self, same_model: bool, before: int, size: int) -> bool:
        refused, self.refused = self.refused, False
        return refused


class StringsInterned(Naive):
    """A string that begins like one of the request before is taken for it."""

    id = "iso-05-strings"
    breaks = "INF-ISO-05"

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[int, bytes] = {}

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        for name, array in found.items():
            if array.dtype == object:
                kept = np.empty(array.shape, dtype=object)
                kept.reshape(-1)[:] = [self.seen.setdefault(len(value), value) for value in array.reshape(-1)]
                self.seen = {len(value): value for value in array.reshape(-1)}
                found[name] = kept
        return found


ALL: tuple[type[Naive], ...] = (
    LongIdOffset,
    OutputsBackwards,
    SelectedHalved,
    SelectedDoubles,
    OutputsKept,
    BinaryKept,
    LargerSpoils,
    OtherSpoils,
    RefusalSpoils,
    StringsInterned,
)
