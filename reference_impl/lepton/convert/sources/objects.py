"""A model in memory, whoever made it: whose class it is of, and what that framework's source makes of it.

Owns the table from classes to modules; leaves reading to them. A class is known by the package that defines
it or one of its bases, so that no framework is imported to ask.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.origin import Origin

__all__ = ["OBJECTS", "origin_of"]

#: The package that defines a class -> the module whose `origin_of(model, request)` reads it. First match.
OBJECTS: Mapping[str, str] = {
    "torch": "lepton.convert.sources.torch_module",
    "xgboost": "lepton.convert.sources.xgboost",
    "lightgbm": "lepton.convert.sources.lightgbm",
    "keras": "lepton.convert.sources.keras",
    "sklearn": "lepton.convert.sources.scikit_learn",
}


def origin_of(model: Any, request: Request) -> Origin:
    """Make an origin of a model in memory. Raises: RecipeError when no source knows its class."""
    packages = [base.__module__.partition(".")[0] for base in type(model).__mro__]
    for package, module in OBJECTS.items():
        if package in packages:
            reader: Any = importlib.import_module(module)
            origin: Origin = reader.origin_of(model, request)
            return origin
    found = f"{type(model).__module__}.{type(model).__qualname__}"
    raise RecipeError(
        f"{request.source}: found an object of the class {found}, "
        f"expected a model of one of {', '.join(OBJECTS)}"
    )
