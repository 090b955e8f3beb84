"""The two packages of the examples, made once for all topics: digits (with steps) and magika (with labels).

Owns making them with `lepton pack` as their recipes say; leaves what is shown with them to the topics. Serves
`package`.
"""

import sys
from pathlib import Path

from field.packages.tool import lepton, program
from field.place import BUILD, ROOT

__all__ = ["digits", "magika"]

_FOLDER = BUILD / "packages" / "examples"
_EXAMPLES = ROOT / "examples"
_MAGIKA_FILES = ("README.md", "LICENSE", "pyproject.toml", "Makefile", "examples/demo.py")
_MADE: dict[str, Path] = {}


def digits() -> Path:
    """Return the package of a trained network with three steps before it and one after it."""
    if "digits" not in _MADE:
        folder, train = _FOLDER / "digits", _EXAMPLES / "digits" / "train.py"
        program(sys.executable, train, folder, folder=ROOT)
        _MADE["digits"] = _packed("digits", f"{train}:trained", folder)
    return _MADE["digits"]


def magika() -> Path:
    """Return the package of magika's published model, which has 214 labels and no steps."""
    if "magika" not in _MADE:
        import magika as published

        folder = _FOLDER / "magika"
        program(sys.executable, _EXAMPLES / "magika" / "features.py", folder, *_MAGIKA_FILES, folder=ROOT)
        (model,) = Path(published.__file__).parent.glob("models/standard_v3_3/model.onnx")
        _MADE["magika"] = _packed("magika", str(model), folder)
    return _MADE["magika"]


def _packed(name: str, source: str, files: Path) -> Path:
    out = _FOLDER / f"{name}.lepton"
    recipe = _EXAMPLES / name / "recipe.yml"
    lepton("pack", source, "--recipe", recipe, "--files", files, "-o", out, folder=ROOT)
    return out
