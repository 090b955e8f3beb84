"""The author's own code, named as `MODULE:NAME` or `FILE.py:NAME`: a function that returns a model.

Owns importing and calling it; leaves what it returns to `objects`. Naming code is asking for it to run, so
nothing else has to be allowed.
"""

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

from lepton.convert.request import Request
from lepton.convert.sources.objects import origin_of
from lepton.errors import RecipeError
from lepton.pack.origin import Origin

__all__ = ["NAME", "SAYS", "called", "read", "recognises"]

NAME, SAYS = "factory", "MODULE:NAME or FILE.py:NAME, a function of yours that returns a model"


def recognises(path: Path) -> bool:
    """Say no: code is named, never found."""
    return False


def read(request: Request) -> Origin:
    """Call the factory, with the folder of the recipe's files if it takes an argument, and read the model.

    With --weights, the torch module that it builds is filled first.
    """
    model = called(request)
    if request.weights is not None:
        model = _filled(model, request, request.weights)
    return origin_of(model, request)


def _filled(model: Any, request: Request, weights: Path) -> Any:
    from lepton.convert.sources.safetensors import filled
    from lepton.convert.sources.torch_module import imported_torch

    if not isinstance(model, imported_torch().nn.Module):
        raise RecipeError(
            f"{request.source}: found {type(model).__name__} built, expected a torch.nn.Module for --weights"
        )
    return filled(model, weights)


def called(request: Request) -> Any:
    """Return what the named function returns.

    Raises: RecipeError when it cannot be imported or fails.
    """
    factory = _imported(request)
    wants_folder = len(inspect.signature(factory).parameters) == 1
    try:
        return factory(request.recipe.folder) if wants_folder else factory()
    except Exception as error:  # the author's code
        raise RecipeError(f"{request.source}: the factory failed ({_reason(error)})") from error


def _imported(request: Request) -> Any:
    place, _, attribute = request.source.rpartition(":")
    if not place:
        raise RecipeError(f"{request.source}: found no colon, expected MODULE:NAME or FILE.py:NAME")
    try:
        if place.endswith(".py"):
            module = _module_from(Path(place))
        else:
            sys.path.insert(0, str(Path(request.recipe.name).resolve().parent))
            module = importlib.import_module(place)
    except Exception as error:  # importing runs the author's code
        raise RecipeError(f"{request.source}: cannot import {place} ({_reason(error)})") from error
    found = getattr(module, attribute, None)
    if not callable(found):
        raise RecipeError(f"{request.source}: found no callable {attribute!r} in {place}, expected a factory")
    return found


def _module_from(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
