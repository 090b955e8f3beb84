"""A `.pt2` archive of `torch.export.save`.

Owns loading it; leaves exporting to `torch_module`. Loading unpickles constants and can call code that the
archive names, so the author has to allow it.
"""

from pathlib import Path

from lepton.convert.bytes import opened
from lepton.convert.request import Request
from lepton.convert.sources.torch_module import imported_torch, program_origin
from lepton.errors import RecipeError
from lepton.formats.archive import ArchiveLimit
from lepton.formats.pt2 import Pt2Error, read_pt2
from lepton.pack.origin import Origin

__all__ = ["NAME", "SAYS", "read", "recognises"]

NAME, SAYS = "pt2", "an archive of torch.export.save (runs code: --allow-executable)"


def recognises(path: Path) -> bool:
    """Say whether this is an archive of torch.export.save, by its members."""
    if not path.is_file():
        return False
    try:
        with opened(path) as source:
            read_pt2(source)
    except (Pt2Error, ArchiveLimit):
        return False
    return True


def read(request: Request) -> Origin:
    """Load the archive and make ONNX of it, and keep it as an artifact where the recipe asks for `pt2`."""
    request.refuse_executable("an archive of torch.export.save", "pack the module itself (FILE.py:FACTORY)")
    torch = imported_torch()
    try:
        program = torch.export.load(request.path)
    except Exception as error:  # whatever an archive can make torch raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RecipeError(f"{request.source}: torch cannot load it ({lines[0][:300]})") from error
    return program_origin(program, request, request.path)
