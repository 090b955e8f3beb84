"""A .pt or .pth file of torch.save or torch.jit.save: no model that can be packed as it is, and why.

Owns recognising the things that such a file can be, by names in it and without unpickling, and saying what to
do instead. A whole pickled module is read when the author allowed it.
"""

from pathlib import Path

from lepton.convert.boosting import one_line
from lepton.convert.bytes import archive_names, head
from lepton.convert.request import Request
from lepton.convert.sources.torch_module import imported_torch, origin_of
from lepton.errors import RecipeError
from lepton.pack.origin import Origin

__all__ = ["NAME", "SAYS", "read", "recognises"]

NAME, SAYS = "torch", "a whole torch module of torch.save (runs code: --allow-executable)"

#: How torch.save began before it wrote zip archives: a pickled magic number.
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."

_REMEDY = (
    "write a function that builds the module (FILE.py:NAME) and pack that with --weights FILE.safetensors, "
    "which safetensors.torch.save_file writes of {k: v.contiguous() for k, v in torch.load(FILE, "
    "weights_only=True).items()}"
)


def recognises(path: Path) -> bool:
    """Say whether the file is an archive of torch.save or torch.jit.save, or what torch.save wrote once."""
    return head(path, len(_LEGACY)) == _LEGACY or any(
        name.endswith("/data.pkl") for name in archive_names(path)
    )


def read(request: Request) -> Origin:
    """Read a pickled module that was allowed. Raises: RecipeError for everything else, with the remedy."""
    if any(name.endswith("/constants.pkl") for name in archive_names(request.path)):
        raise RecipeError(
            f"{request.source}: found a TorchScript program, expected a module or an exported program: "
            "torch.export does not take TorchScript, and PyTorch has ended its support; pack the module that "
            "it was scripted from (FILE.py:NAME), or its ONNX form"
        )
    if not request.allow_executable:
        raise RecipeError(
            f"{request.source}: found a pickle of torch.save, expected a model: most hold weights without "
            f"the module that they belong to; {_REMEDY}. If it holds a whole module, and you trust its maker "
            "to run code here, add --allow-executable"
        )
    torch = imported_torch()
    try:
        found = torch.load(request.path, map_location="cpu", weights_only=False)
    except Exception as error:  # unpickling runs any code
        raise RecipeError(f"{request.source}: torch cannot load it ({one_line(error)})") from error
    if not isinstance(found, torch.nn.Module):
        raise RecipeError(
            f"{request.source}: found {type(found).__name__} in it, weights without their module; {_REMEDY}"
        )
    return origin_of(found, request)
