"""An ONNX file, with its external data beside it.

Owns recognising one; leaves reading it to `lepton.pack.onnx_source`.
"""

from pathlib import Path

from lepton.convert.bytes import head
from lepton.convert.request import Request
from lepton.pack.onnx_source import read_onnx
from lepton.pack.origin import Origin, onnx_origin

__all__ = ["NAME", "SAYS", "read", "recognises"]

NAME, SAYS = "onnx", "an ONNX file; external data in one or several files beside it"

#: Keys of the fields of ModelProto that writers put after ir_version: strings, opset_import, graph.
_NEXT_KEYS = frozenset((0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72))
#: Above every version of the format; a real one fits one byte.
MAX_IR_VERSION = 64


def recognises(path: Path) -> bool:
    """Say whether the file is named .onnx, or begins as ModelProto is written: ir_version, another field."""
    if not path.is_file():
        return False
    if path.suffix == ".onnx":
        return True
    first = head(path, 3)
    return len(first) == 3 and first[0] == 0x08 and 0 < first[1] < MAX_IR_VERSION and first[2] in _NEXT_KEYS


def read(request: Request) -> Origin:
    """Read the graph; it goes into the package byte for byte."""
    return onnx_origin(read_onnx(request.path))
