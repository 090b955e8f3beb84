"""A pickle, as scikit-learn, joblib and others save models: it runs code when it is read.

Owns recognising one and reading it at the author's word; leaves the model in it to `objects`. A pickle names
functions, of any installed module, that reading calls: no list of harmless ones is kept here, because a model
of one's own has classes of one's own, and a list would only lend trust to the rest.
"""

from pathlib import Path
from typing import Any

from lepton.convert.bytes import head, opened
from lepton.convert.extras import needed
from lepton.convert.request import Request
from lepton.convert.sources.objects import origin_of
from lepton.errors import RecipeError
from lepton.pack.origin import Origin

__all__ = ["NAME", "SAYS", "read", "recognises"]

NAME, SAYS = "pickle", "a pickled or joblib model (runs code: --allow-executable)"

_PROTOCOLS = range(2, 6)
#: What joblib compresses with: zlib, gzip, bzip2, xz, lz4.
_COMPRESSED = (b"\x78", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x04\x22\x4d\x18")


def recognises(path: Path) -> bool:
    """Say whether the file begins as a pickle and ends as one, or is named .joblib and compressed."""
    first = head(path, 8)
    if path.suffix == ".joblib" and first.startswith(_COMPRESSED):
        return True
    if len(first) < 3 or first[0] != 0x80 or first[1] not in _PROTOCOLS:
        return False
    with opened(path) as source:
        return source.read_at(source.size - 1, 1) == b"." or path.suffix in (".joblib", ".pkl", ".pickle")


def read(request: Request) -> Origin:
    """Unpickle, if the author allowed it, and read the model. Raises: RecipeError."""
    request.refuse_executable(
        "a pickle", "load it where it was made and save a format of data (ONNX, or FILE.py:NAME for training)"
    )
    return origin_of(_unpickled(request), request)


def _unpickled(request: Request) -> Any:
    joblib = needed("joblib", "sklearn")
    try:
        return joblib.load(request.path)
    except Exception as error:  # unpickling runs any code
        lines = str(error).strip().splitlines() or ["no reason"]
        raise RecipeError(
            f"{request.source}: cannot be unpickled ({type(error).__name__}: {lines[0][:300]}); install "
            "what it was made with"
        ) from error
