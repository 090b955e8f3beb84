"""Checks of the signature and the interface: symbols, axes, labels, images, defaults.

Serves PKG-SIG.
"""

from collections.abc import Iterator
from typing import Any

from lepton.checks.elements import element_fault
from lepton.checks.registry import Check, check
from lepton.finding import Finding
from lepton.package.paths import MANIFEST
from lepton.package.read import Package

__all__ = ["CHECKS", "SYMBOLS", "smallest_size", "tensors"]

#: What shows that a shape itself is wrong, whatever else then does not fit it.
SHAPES = ("PKG-ART-03", "PKG-PRO-02")

_CHANNELS = {"RGB": 3, "BGR": 3, "RGBA": 4, "GRAY": 1}


def tensors(manifest: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every tensor of signature and interface with its JSON pointer."""
    for stage in ("signature", "interface"):
        for side in ("inputs", "outputs"):
            for at, tensor in enumerate(manifest.get(stage, {}).get(side, [])):
                yield f"/{stage}/{side}/{at}", tensor


def smallest_size(symbol: dict[str, Any]) -> int | None:
    """Return the smallest size that a symbol admits, or None when it admits none."""
    step = symbol.get("multipleOf", 1)
    size: int = -(-symbol["min"] // step) * step
    return size if size <= symbol.get("max", size) else None


@check("PKG-SIG-02")
def declared_symbols(package: Package) -> Iterator[Finding]:
    """Every symbol in a shape is declared."""
    manifest = package.manifest
    assert manifest is not None
    told = set()
    for pointer, shape in _shapes(manifest):
        for axis, dim in enumerate(shape):
            if isinstance(dim, str) and dim not in manifest["symbols"] and dim not in told:
                told.add(dim)
                message = f"found the symbol {dim!r}, expected one of: {_listed(manifest['symbols'])}"
                yield Finding("PKG-SIG-02", MANIFEST, f"{pointer}/{axis}", message, "")


def _shapes(manifest: dict[str, Any]) -> Iterator[tuple[str, list[int | str]]]:
    """Yield every shape of the manifest with its JSON pointer."""
    for pointer, tensor in tensors(manifest):
        yield f"{pointer}/shape", tensor["shape"]
    for chain in ("pre", "post"):
        for at, step in enumerate(manifest.get("processing", {}).get(chain, [])):
            pointer = f"/processing/{chain}/{at}"
            yield f"{pointer}/shape", step.get("shape", [])
            for number, written in enumerate(step.get("outputs", [])):
                yield f"{pointer}/outputs/{number}/shape", written["shape"]


def _listed(symbols: dict[str, Any]) -> str:
    return ", ".join(sorted(symbols)[:10]) or "there are none"


@check("PKG-SIG-03")
def possible_bounds(package: Package) -> Iterator[Finding]:
    """Every symbol admits a size."""
    assert package.manifest is not None
    for name, symbol in package.manifest["symbols"].items():
        if smallest_size(symbol) is None:
            step = symbol.get("multipleOf", 1)
            message = f"found no multiple of {step} in {symbol['min']}..{symbol['max']}, expected one"
            yield Finding("PKG-SIG-03", MANIFEST, f"/symbols/{name}", message, "")


@check("PKG-SIG-04", after=(*SHAPES, "PKG-SIG-02"))
def used_symbols(package: Package) -> Iterator[Finding]:
    """Every symbol stands in a shape."""
    assert package.manifest is not None
    used = {dim for _, shape in _shapes(package.manifest) for dim in shape}
    for name in package.manifest["symbols"]:
        if name not in used:
            message = f"found the symbol {name!r} in no shape, expected it in one"
            yield Finding("PKG-SIG-04", MANIFEST, f"/symbols/{name}", message, "")


@check("PKG-SIG-08", after=SHAPES)
def named_axes(package: Package) -> Iterator[Finding]:
    """As many axes as dimensions."""
    assert package.manifest is not None
    for pointer, tensor in tensors(package.manifest):
        if "axes" in tensor and len(tensor["axes"]) != len(tensor["shape"]):
            message = f"found {len(tensor['axes'])} axes, expected {len(tensor['shape'])} as in shape"
            yield Finding("PKG-SIG-08", MANIFEST, f"{pointer}/axes", message, "")


@check("PKG-SIG-05", after=SHAPES)
def laid_out_images(package: Package) -> Iterator[Finding]:
    """Images have y, x and a channel axis that fits."""
    assert package.manifest is not None
    for pointer, tensor in tensors(package.manifest):
        content = tensor.get("content", {})
        if content.get("kind") != "image":
            continue
        axes = tensor.get("axes")
        if axes is None:
            message = "found an image without axes, expected them"
            yield Finding("PKG-SIG-05", MANIFEST, pointer, message, "")
        elif len(axes) == len(tensor["shape"]):
            problem = _image_fault(axes, tensor["shape"], content["channelOrder"])
            if problem is not None:
                yield Finding("PKG-SIG-05", MANIFEST, f"{pointer}/axes", problem, "")


def _image_fault(axes: list[str], shape: list[Any], order: str) -> str | None:
    for axis in ("y", "x"):
        if axes.count(axis) != 1:
            return f"found {axes.count(axis)} axes {axis!r}, expected one"
    places = [at for at, axis in enumerate(axes) if axis == "channel"]
    wanted = _CHANNELS[order]
    if not places and order == "GRAY":
        return None
    if len(places) != 1:
        return f"found {len(places)} axes 'channel', expected one of the size {wanted} for {order}"
    if shape[places[0]] != wanted:
        return f"found the channel axis of the size {shape[places[0]]!r}, expected {wanted} for {order}"
    return None


@check("PKG-SIG-07")
def complete_labels(package: Package) -> Iterator[Finding]:
    """Equally many labels in every language."""
    assert package.manifest is not None
    for pointer, tensor in tensors(package.manifest):
        counts = {tag: len(names) for tag, names in tensor.get("labels", {}).get("names", {}).items()}
        if len(set(counts.values())) > 1:
            message = f"found {counts} labels, expected equally many in each language"
            yield Finding("PKG-SIG-07", MANIFEST, f"{pointer}/labels/names", message, "")


@check("PKG-SIG-06", after=SHAPES)
def labels(package: Package) -> Iterator[Finding]:
    """As many labels as places on the axis; lists of unequal length are PKG-SIG-07's matter."""
    assert package.manifest is not None
    language = package.manifest["language"]
    for pointer, tensor in tensors(package.manifest):
        if "labels" not in tensor:
            continue
        names, axis = tensor["labels"]["names"], tensor["labels"]["axis"]
        counts = {tag: len(list_of) for tag, list_of in names.items()}
        if len(set(counts.values())) > 1:
            continue
        count = counts.get(language, next(iter(counts.values())))
        size = tensor["shape"][axis] if axis < len(tensor["shape"]) else None
        if size is None:
            message = f"found the axis {axis}, expected one below {len(tensor['shape'])}"
            yield Finding("PKG-SIG-06", MANIFEST, f"{pointer}/labels/axis", message, "")
        elif isinstance(size, str):
            message = f"found labels on the axis {axis} of the open size {size!r}, expected a fixed size"
            yield Finding("PKG-SIG-06", MANIFEST, f"{pointer}/labels/axis", message, "")
        elif size != count:
            message = f"found {count} labels, expected {size}, the size of the axis {axis}"
            yield Finding("PKG-SIG-06", MANIFEST, f"{pointer}/labels/names", message, "")


@check("PKG-SIG-09")
def optional_inputs(package: Package) -> Iterator[Finding]:
    """Defaults are elements of their datatype; optional tensors are inputs."""
    manifest = package.manifest
    assert manifest is not None
    for pointer, tensor in tensors(manifest):
        if not tensor.get("optional"):
            continue
        if "/outputs/" in pointer:
            message = "found an optional output, expected only inputs to be optional"
            yield Finding("PKG-SIG-09", MANIFEST, f"{pointer}/optional", message, "")
            continue
        problem = element_fault(tensor["default"], tensor["datatype"])
        if problem is not None:
            yield Finding("PKG-SIG-09", MANIFEST, f"{pointer}/default", problem, "")


SYMBOLS: tuple[Check, ...] = (declared_symbols, possible_bounds)
CHECKS: tuple[Check, ...] = (
    used_symbols,
    named_axes,
    laid_out_images,
    complete_labels,
    labels,
    optional_inputs,
)
