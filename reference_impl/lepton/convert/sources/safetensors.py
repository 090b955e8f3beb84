"""A .safetensors file: weights, and so only half a model. The author's builder gives the module.

Owns reading the weights strictly and filling the module with them, every key matched; leaves exporting it to
`torch_module`. The header is judged by our own reader first (PKG-ART-12), because the library passes over
some of what it should refuse.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lepton.convert.boosting import one_line
from lepton.convert.bytes import head, opened
from lepton.convert.extras import needed
from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.origin import Origin
from lepton.package.tensorfile import read_header

__all__ = ["NAME", "SAYS", "filled", "read", "recognises"]

NAME, SAYS = "safetensors", "weights; pack FILE.py:BUILDER with --weights FILE.safetensors"

#: Names that a message shows of many.
SHOWN = 5


def recognises(path: Path) -> bool:
    """Say whether the file begins with a length and a JSON object."""
    first = head(path, 9)
    return (
        len(first) == 9 and first[8:] == b"{" and int.from_bytes(first[:8], "little") <= path.stat().st_size
    )


def read(request: Request) -> Origin:
    """Refuse weights alone. Raises: RecipeError."""
    raise RecipeError(
        f"{request.source}: found weights without the module that they belong to; write a function that "
        f"builds the module, and pack it: lepton pack FILE.py:BUILDER --weights {request.source}"
    )


def filled(module: Any, weights: Path) -> Any:
    """Return a torch module filled with the tensors of a .safetensors file, each key of one in the other.

    Raises: RecipeError naming the keys, shapes and datatypes that do not fit.
    """
    _judge(weights)
    library = needed("safetensors.torch", "safetensors")
    try:
        tensors: dict[str, Any] = library.load_file(str(weights))
    except Exception as error:  # SafetensorError, OSError
        raise RecipeError(f"{weights}: cannot be read ({one_line(error)})") from error
    wanted = module.state_dict()
    shared = _aliases(wanted)
    missing = [name for name in wanted if name not in tensors and not shared[name] & tensors.keys()]
    unknown = [name for name in tensors if name not in wanted]
    if missing or unknown:
        raise RecipeError(
            f"{weights}: found {len(tensors)} tensors for the {len(wanted)} of the module; "
            f"{_listed('missing', missing)}{_listed('unknown to the module', unknown)}the builder makes "
            "another module, or the names have to be mapped in the builder's file"
        )
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape or tensor.dtype != wanted[name].dtype:
            raise RecipeError(
                f"{weights}: found {_kind(tensor)} for {name!r}, expected {_kind(wanted[name])} as in the "
                "module"
            )
    module.load_state_dict(tensors, strict=False)
    return module


def _judge(weights: Path) -> None:
    if not weights.is_file():
        raise RecipeError(f"--weights {weights}: found no file, expected a .safetensors file")
    with opened(weights) as source:
        fact = read_header(source)
    if fact.fault or fact.limit:
        raise RecipeError(f"{weights}: found no sound safetensors file: {fact.fault or fact.limit}")


def _aliases(state: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return for each name the others that share its memory: safetensors keeps one of them."""
    places: dict[tuple[Any, ...], set[str]] = {}
    for name, tensor in state.items():
        places.setdefault((tensor.data_ptr(), tuple(tensor.shape), tensor.stride()), set()).add(name)
    return {name: names for names in places.values() for name in names}


def _listed(what: str, names: Iterable[str]) -> str:
    found = list(names)
    if not found:
        return ""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{what}: {', '.join(found[:SHOWN])}{more}; "


def _kind(tensor: Any) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
