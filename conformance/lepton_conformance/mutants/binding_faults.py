"""A small, correct judge of requests to packages, and runtimes that let through what they should reject.

Owns the faults of PKG-SIG-10 and PKG-ART-09; leaves computing to others. Serves `package`.
"""

from collections.abc import Mapping
from typing import Any

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype

__all__ = ["ALL", "Gate", "Rejected"]


class Rejected(Exception):
    """The runtime refuses to load or to answer."""


class Gate:
    """What a runtime lets through: artifacts to load, and inputs of a manifest's signature to compute on."""

    id = "correct"
    breaks = ""

    def load(self, artifact: Mapping[str, Any], *, allowed: bool) -> None:
        """Admit an artifact or raise Rejected."""
        if (artifact["executable"] or artifact["format"] == "pt2") and not allowed:
            raise Rejected("executable")

    def admit(self, manifest: Mapping[str, Any], inputs: Mapping[str, Array]) -> None:
        """Admit inputs or raise Rejected."""
        specs = {spec["name"]: spec for spec in manifest["signature"]["inputs"]}
        self.names(specs, inputs)
        bound: dict[str, int] = {}
        for name, array in inputs.items():
            if name in specs:
                self.datatype(specs[name], array)
                self.shape(specs[name], manifest["symbols"], array, bound)

    def names(self, specs: Mapping[str, Any], inputs: Mapping[str, Array]) -> None:
        """Reject unknown and missing names."""
        if not set(inputs) <= set(specs):
            raise Rejected("unknown name")
        if any(name not in inputs and not spec.get("optional") for name, spec in specs.items()):
            raise Rejected("missing name")

    def datatype(self, spec: Mapping[str, Any], array: Array) -> None:
        """Reject another datatype."""
        if array.dtype != dtype(spec["datatype"]):
            raise Rejected("datatype")

    def shape(
        self, spec: Mapping[str, Any], symbols: Mapping[str, Any], array: Array, bound: dict[str, int]
    ) -> None:
        """Reject another rank, a size that is not allowed, unequal sizes of one symbol."""
        if array.ndim != len(spec["shape"]):
            raise Rejected("rank")
        for size, dim in zip(array.shape, spec["shape"], strict=True):
            if isinstance(dim, int):
                if size != dim:
                    raise Rejected("size")
            else:
                self.symbol(symbols[dim], size)
                self.same(bound.setdefault(dim, size), size)

    def symbol(self, symbol: Mapping[str, Any], size: int) -> None:
        """Reject a size that the symbol does not admit."""
        if size < symbol["min"] or size > symbol.get("max", size) or size % symbol.get("multipleOf", 1):
            raise Rejected("bounds")

    def same(self, one: int, other: int) -> None:
        """Reject two sizes for one symbol."""
        if one != other:
            raise Rejected("unequal")


class UnknownNames(Gate):
    """Names that the signature does not have are passed over."""

    id = "sig-10-unknown-names"
    breaks = "PKG-SIG-10"

    def names(self, specs: Mapping[str, Any], inputs: Mapping[str, Array]) -> None:
        super().names(specs, {name: array for name, array in inputs.items() if name in specs})


class MissingNames(Gate):
    """A missing input is made up."""

    id = "sig-10-missing-names"
    breaks = "PKG-SIG-10"

    def names(self, specs: Mapping[str, Any], inputs: Mapping[str, Array]) -> None:
        if not set(inputs) <= set(specs):
            raise Rejected("unknown name")


class Casts(Gate):
    """Another datatype is converted."""

    id = "sig-10-casts"
    breaks = "PKG-SIG-10"

    def datatype(self, spec: Mapping[str, Any], array: Array) -> None:
        return


class AddsDimensions(Gate):
    """A tensor of too small a rank gets a leading dimension of 1."""

    id = "sig-10-adds-dimensions"
    breaks = "PKG-SIG-10"

    def shape(
        self, spec: Mapping[str, Any], symbols: Mapping[str, Any], array: Array, bound: dict[str, int]
    ) -> None:
        missing = max(0, len(spec["shape"]) - array.ndim)
        super().shape(spec, symbols, array.reshape((1,) * missing + array.shape), bound)


class NoBounds(Gate):
    """Any size of a symbol will do."""

    id = "sig-10-no-bounds"
    breaks = "PKG-SIG-10"

    def symbol(self, symbol: Mapping[str, Any], size: int) -> None:
        return


class Broadcasts(Gate):
    """A size of 1 fits every other size of the same symbol."""

    id = "sig-10-broadcasts"
    breaks = "PKG-SIG-10"

    def same(self, one: int, other: int) -> None:
        if 1 not in (one, other):
            super().same(one, other)


class LoadsAnything(Gate):
    """Executable artifacts are loaded without being asked for."""

    id = "art-09-loads-anything"
    breaks = "PKG-ART-09"

    def load(self, artifact: Mapping[str, Any], *, allowed: bool) -> None:
        return


class BelievesTheDeclaration(Gate):
    """Only the declaration counts: an executable format that is declared harmless is loaded."""

    id = "art-09-believes-the-declaration"
    breaks = "PKG-ART-09"

    def load(self, artifact: Mapping[str, Any], *, allowed: bool) -> None:
        if artifact["executable"] and not allowed:
            raise Rejected("executable")


ALL: tuple[type[Gate], ...] = (
    UnknownNames,
    MissingNames,
    Casts,
    AddsDimensions,
    NoBounds,
    Broadcasts,
    LoadsAnything,
    BelievesTheDeclaration,
)
