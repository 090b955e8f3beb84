"""A model of a Triton repository: its folder with config.pbtxt, or an ensemble of such with a straight chain.

Owns the reading of an entry; leaves ensembles to `triton_chain`, the model to the source of ONNX. What Triton
says of sizes, labels and batches becomes the signature; what only a server needs is named and left behind.
"""

from pathlib import Path

from lepton.convert.request import Request
from lepton.convert.sources.triton_chain import chain_origin
from lepton.convert.sources.triton_entry import TritonEntry, entry_origin, read_entry
from lepton.errors import RecipeError
from lepton.pack.origin import Origin

__all__ = ["NAME", "SAYS", "read", "recognises"]

NAME, SAYS = "triton", "a model of a Triton repository, or an ensemble: the folder with config.pbtxt"


def recognises(path: Path) -> bool:
    """Say whether the path is a folder with config.pbtxt, or a repository: a folder of such folders."""
    return path.is_dir() and ((path / "config.pbtxt").is_file() or bool(_entries(path)))


def read(request: Request) -> Origin:
    """Read a model with what its configuration says. Raises: RecipeError."""
    entry = _chosen(request.path)
    if entry.platform != "ensemble":
        return entry_origin(entry)
    return chain_origin(entry)


def _entries(path: Path) -> list[Path]:
    return sorted(one for one in path.iterdir() if (one / "config.pbtxt").is_file())


def _chosen(path: Path) -> TritonEntry:
    """Return the entry that is meant: the folder itself, or the only model of a repository that users ask."""
    if (path / "config.pbtxt").is_file():
        return read_entry(path)
    entries = [read_entry(one) for one in _entries(path)]
    parts = {step.model for entry in entries for step in entry.steps}
    asked = [entry for entry in entries if entry.folder.name not in parts]
    if len(asked) != 1:
        names = ", ".join(entry.folder.name for entry in asked) or "none"
        raise RecipeError(
            f"{path}: found the models {names}, expected one; name the folder of the one you mean"
        )
    return asked[0]
