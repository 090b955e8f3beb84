"""The files of a package that steps read: graphs, token lists, vocabularies.

Owns reading each once, verified by whoever hands it out, and what was made of it (a loaded graph, lines);
leaves what they mean to the steps. Serves PKG-DIG-04 and PKG-PRO-05 for runtimes.
"""

from collections.abc import Callable
from typing import TypeVar

from lepton.errors import RuntimeRefusal
from lepton.formats.lines import split_lines
from lepton.runtime.onnxruntime import OnnxModel, OnnxRuntime

__all__ = ["StepFiles"]

T = TypeVar("T")

#: Returns the verified bytes of a listed file.
Read = Callable[[str], bytes]


def _no_file(path: str) -> bytes:
    raise RuntimeRefusal(f"found a step that reads {path!r}, expected none: no package to read from")


class StepFiles:
    """The files of one package. What was read and compiled is kept, so that plans of it can share them."""

    __slots__ = ("_made", "_read")

    def __init__(self, read: Read = _no_file) -> None:
        """Read files by `read`, which raises LeptonError for one that is not as the manifest says."""
        self._read = read
        self._made: dict[tuple[str, str], object] = {}

    def lines(self, path: str) -> tuple[bytes, ...]:
        """Return the lines of a text file without their ends; the end of the last line may be missing."""
        return self._once("lines", path, lambda data: tuple(split_lines(data)))

    def graph(self, path: str) -> OnnxModel:
        """Return the ONNX graph in `path`, loaded. Raises: RuntimeRefusal when the engine refuses it."""
        return self._once("graph", path, lambda data: OnnxRuntime().load_bytes(data, path))

    def _once(self, kind: str, path: str, make: Callable[[bytes], T]) -> T:
        made = self._made.get((kind, path))
        if made is None:
            made = self._made[kind, path] = make(self._read(path))
        return made  # type: ignore[return-value]  # the kind tells the type
