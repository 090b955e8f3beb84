"""An ONNX file, with its external data beside it.

Owns recognising one, and saying which operators not every engine has; leaves reading it to
`lepton.pack.onnx_source`. It goes into the package byte for byte.
"""

from collections.abc import Iterator
from pathlib import Path

from lepton.convert.bytes import head
from lepton.convert.graphs import graphs
from lepton.convert.request import Request
from lepton.pack.onnx_source import OnnxSource, read_onnx
from lepton.pack.oracle import OnnxOracle
from lepton.pack.origin import Origin, onnx_draft

__all__ = ["NAME", "SAYS", "read", "recognises"]

NAME, SAYS = "onnx", "an ONNX file; external data in one or several files beside it"

#: Keys of the fields of ModelProto that writers put after ir_version: strings, opset_import, graph.
_NEXT_KEYS = frozenset((0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72))
#: Above every version of the format; a real one fits one byte.
MAX_IR_VERSION = 64
#: Domains that PKG-ART-10 takes for standard.
_STANDARD = frozenset(("ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training"))


def recognises(path: Path) -> bool:
    """Say whether the file is named .onnx, or begins as ModelProto is written: ir_version, another field."""
    if not path.is_file():
        return False
    if path.suffix == ".onnx":
        return True
    first = head(path, 3)
    return len(first) == 3 and first[0] == 0x08 and 0 < first[1] < MAX_IR_VERSION and first[2] in _NEXT_KEYS


def read(request: Request) -> Origin:
    """Read the graph. Raises: RecipeError when it cannot be described, or its external data is not there."""
    source = read_onnx(request.path)
    return Origin(
        source.inputs,
        source.outputs,
        (onnx_draft(source),),
        OnnxOracle(source.model),
        lost=tuple(_lost(source)),
    )


def _lost(source: OnnxSource) -> Iterator[str]:
    defined = {(function.domain, function.name) for function in source.model.functions}
    used = {(node.domain, node.op_type) for graph in graphs(source.model.graph) for node in graph.node}
    used |= {(node.domain, node.op_type) for one in source.model.functions for node in one.node}
    for domain, operator in sorted(used - defined):
        if domain and domain not in _STANDARD:
            yield (
                f"The operator {operator} of the domain {domain} is not ONNX's: engines without it cannot "
                "run the model (PKG-ART-10)."
            )
