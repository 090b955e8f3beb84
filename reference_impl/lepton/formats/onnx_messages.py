"""The fields of `onnx.proto` (IR 13): number, wire type, and the message inside.

Owns the table; a test compares it with the descriptors of the package `onnx`. Serves PKG-ART-01.
"""

from lepton.formats.protobuf import FIXED32, FIXED64, LENGTH, VARINT

__all__ = ["MESSAGES", "PACKABLE"]

_V = (VARINT, "")
_S = (LENGTH, "")


def _m(name: str) -> tuple[int, str]:
    return (LENGTH, name)


_PAIR = _m("StringStringEntry")

#: Message (without `Proto`) -> field number -> (wire type, message inside or nothing).
MESSAGES: dict[str, dict[int, tuple[int, str]]] = {
    "Model": {
        1: _V, 2: _S, 3: _S, 4: _S, 5: _V, 6: _S, 7: _m("Graph"), 8: _m("OperatorSetId"), 14: _PAIR,
        20: _m("TrainingInfo"), 25: _m("Function"), 26: _m("DeviceConfiguration"),
    },
    "Graph": {
        1: _m("Node"), 2: _S, 5: _m("Tensor"), 10: _S, 11: _m("ValueInfo"), 12: _m("ValueInfo"),
        13: _m("ValueInfo"), 14: _m("TensorAnnotation"), 15: _m("SparseTensor"), 16: _PAIR,
    },
    "Node": {
        1: _S, 2: _S, 3: _S, 4: _S, 5: _m("Attribute"), 6: _S, 7: _S, 8: _S, 9: _PAIR,
        10: _m("NodeDeviceConfiguration"),
    },
    "Attribute": {
        1: _S, 2: (FIXED32, ""), 3: _V, 4: _S, 5: _m("Tensor"), 6: _m("Graph"), 7: (FIXED32, ""), 8: _V,
        9: _S, 10: _m("Tensor"), 11: _m("Graph"), 13: _S, 14: _m("Type"), 15: _m("Type"), 20: _V, 21: _S,
        22: _m("SparseTensor"), 23: _m("SparseTensor"),
    },
    "ValueInfo": {1: _S, 2: _m("Type"), 3: _S, 4: _PAIR},
    "Tensor": {
        1: _V, 2: _V, 3: _m("Segment"), 4: (FIXED32, ""), 5: _V, 6: _S, 7: _V, 8: _S, 9: _S,
        10: (FIXED64, ""), 11: _V, 12: _S, 13: _PAIR, 14: _V, 16: _PAIR,
    },
    "Segment": {1: _V, 2: _V},
    "SparseTensor": {1: _m("Tensor"), 2: _m("Tensor"), 3: _V},
    "TensorShape": {1: _m("Dimension")},
    "Dimension": {1: _V, 2: _S, 3: _S},
    "Type": {
        1: _m("TensorType"), 4: _m("Sequence"), 5: _m("Map"), 6: _S, 7: _m("Opaque"),
        8: _m("SparseTensorType"), 9: _m("Optional"),
    },
    "TensorType": {1: _V, 2: _m("TensorShape")},
    "SparseTensorType": {1: _V, 2: _m("TensorShape")},
    "Sequence": {1: _m("Type")},
    "Optional": {1: _m("Type")},
    "Map": {1: _V, 2: _m("Type")},
    "Opaque": {1: _S, 2: _S},
    "OperatorSetId": {1: _S, 2: _V},
    "StringStringEntry": {1: _S, 2: _S},
    "TensorAnnotation": {1: _S, 2: _PAIR},
    "TrainingInfo": {1: _m("Graph"), 2: _m("Graph"), 3: _PAIR, 4: _PAIR},
    "Function": {
        1: _S, 4: _S, 5: _S, 6: _S, 7: _m("Node"), 8: _S, 9: _m("OperatorSetId"), 10: _S, 11: _m("Attribute"),
        12: _m("ValueInfo"), 13: _S, 14: _PAIR,
    },
    "DeviceConfiguration": {1: _S, 2: _V, 3: _S},
    "NodeDeviceConfiguration": {1: _S, 2: _m("ShardingSpec"), 3: _V},
    "ShardingSpec": {1: _S, 2: _V, 3: _m("IntIntListEntry"), 4: _m("ShardedDim")},
    "IntIntListEntry": {1: _V, 2: _V},
    "ShardedDim": {1: _V, 2: _m("SimpleShardedDim")},
    "SimpleShardedDim": {1: _V, 2: _S, 3: _V},
}  # fmt: skip

#: Repeated numbers, which may also be packed into one length-delimited field; the wire type of one.
PACKABLE: dict[tuple[str, int], int] = {
    ("Attribute", 7): FIXED32,
    ("Attribute", 8): VARINT,
    ("Tensor", 1): VARINT,
    ("Tensor", 4): FIXED32,
    ("Tensor", 5): VARINT,
    ("Tensor", 7): VARINT,
    ("Tensor", 10): FIXED64,
    ("Tensor", 11): VARINT,
    ("SparseTensor", 3): VARINT,
    ("ShardingSpec", 2): VARINT,
    ("IntIntListEntry", 2): VARINT,
}
