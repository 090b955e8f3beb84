"""Which targets there are, and the module that each is in.

Owns the table; a module is imported when one of its targets is asked for, so that one target does not carry
what another needs.
"""

import importlib
from collections.abc import Mapping

from fuzzing.target import Target

__all__ = ["MODULES", "target"]

#: Module -> its targets.
MODULES: Mapping[str, tuple[str, ...]] = {
    "fuzzing.texts": ("json", "schema", "yaml", "licence", "safetensors"),
    "fuzzing.binaries": ("zip", "archive", "onnx"),
    "fuzzing.packages": ("package", "manifest", "card", "vectors"),
    "fuzzing.requests": ("rest", "grpc"),
    "fuzzing.steps": ("png", "lines"),
    "fuzzing.travel": ("bundle", "attestation", "oci-manifest"),
}


def target(name: str) -> Target:
    """Return a target by its name. Raises: KeyError."""
    module = next((module for module, names in MODULES.items() if name in names), None)
    if module is None:
        raise KeyError(name)
    found: dict[str, Target] = {one.name: one for one in importlib.import_module(module).TARGETS}
    return found[name]
