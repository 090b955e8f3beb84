"""How BYTES pass through onnxruntime, whose Python door takes and gives `str` only.

Owns the choice of encoding and both translations. Elements are UTF-8, as ONNX has it, for a graph that looks
into them; for a graph that only moves and compares them, each byte becomes the character of its own number,
so that any bytes pass. Serves `core` (BYTES) and INF-BIN-08.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lepton.errors import BindError
from lepton.runtime.protocol import Array

if TYPE_CHECKING:
    from onnx import GraphProto

__all__ = ["OPAQUE", "UTF8", "decoded", "encoded", "encoding_of"]

#: The encoding for graphs that look into strings, and the one for graphs that do not.
UTF8, OPAQUE = "utf-8", "latin-1"

#: Operators that move elements or compare them whole: a graph of these alone cannot tell encodings apart.
_MOVING = frozenset(
    ["Compress", "Concat", "Constant", "Equal", "Expand", "Flatten", "Gather", "GatherElements", "GatherND",
     "Identity", "Not", "Reshape", "ReverseSequence", "Scatter", "ScatterElements", "ScatterND", "Shape",
     "Size", "Slice", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze", "Where"]
)  # fmt: skip
_ONNX_STRING = 8


def encoding_of(model: Path | bytes) -> str:
    """Return the encoding that the strings of an ONNX file, or of the bytes of one, need."""
    import onnx

    if isinstance(model, bytes):
        graph = onnx.load_from_string(model).graph
    else:
        graph = onnx.load(model, load_external_data=False).graph
    return OPAQUE if _only_moves(graph) else UTF8


def _only_moves(graph: "GraphProto") -> bool:
    """Say whether no operator looks into a string and no string stands in the graph itself."""
    if any(tensor.data_type == _ONNX_STRING for tensor in graph.initializer):
        return False
    for node in graph.node:
        if node.domain not in ("", "ai.onnx") or node.op_type not in _MOVING:
            return False
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.name in ("value_string", "value_strings"):
                return False
            if attribute.HasField("t") and attribute.t.data_type == _ONNX_STRING:
                return False
    return True


def decoded(name: str, array: Array, encoding: str) -> Array:
    """Return a BYTES tensor as `str` objects (onnxruntime would print a `bytes` instead of taking it).

    Raises: BindError for an element that the encoding does not have.
    """
    texts: Array = np.empty(array.size, dtype=object)
    for index, element in enumerate(array.flat):
        try:
            texts[index] = element.decode(encoding)
        except UnicodeDecodeError as error:
            raise BindError(
                f"tensor {name!r}: found bytes that are not UTF-8 at element {index}, expected UTF-8: the "
                "model looks into its strings"
            ) from error
    return texts.reshape(array.shape)


def encoded(texts: Array, encoding: str) -> Array:
    """Return the `str` objects of an answer as BYTES."""
    array: Array = np.empty(texts.size, dtype=object)
    for index, text in enumerate(texts.flat):
        array[index] = text.encode(encoding)
    return array.reshape(texts.shape)
