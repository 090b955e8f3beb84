"""Load modules with other text than their files have, and the adapter that serves what they make up.

Owns the import hook. It has to be set before `lepton` is imported. Serves `package`.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

from sourcefaults.fault import ROOT

__all__ = ["adapter", "altered", "validator_of"]


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self.texts:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self.texts[fullname])
        return spec


def altered(texts: Mapping[str, str]) -> None:
    """From now on, load these modules with these texts."""
    assert not any(name == "lepton" or name.startswith("lepton.") for name in sys.modules)
    sys.dont_write_bytecode = True
    if texts:
        sys.meta_path.insert(0, _Finder(texts))


def adapter() -> Any:
    """Return the module of the adapter that is there to be copied."""
    path = ROOT / "kits" / "python" / "validator_adapter.py"
    spec = importlib.util.spec_from_file_location("validator_adapter", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def validator_of(served: Any, text: str) -> Any:
    """Return the validator of the adapter, or of the class `W` that stands before it."""
    names: dict[str, Any] = {"va": served, "V": served.Validator}
    if text:
        exec(text, names)
    return names.get("W", served.Validator)()
