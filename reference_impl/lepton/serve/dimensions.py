"""The `shape` of a tensor in a request: dimensions read exactly and bounded before anything is allocated.

Owns reading the JSON of a shape and giving a flat array that shape; leaves the model's bounds to
`lepton.tensor.bind_shapes`. Serves `inference` (INF-ERR-15).
"""

from collections.abc import Sequence

import msgspec

from lepton.runtime.protocol import Array
from lepton.serve.reply import invalid

__all__ = ["parse_shape", "shaped"]

#: The longest text of one `shape` that is read, in bytes: far above any rank that a model has.
MAX_SHAPE_BYTES = 4096
MAX_DIMENSION = 2**63 - 1

_DIMENSIONS = msgspec.json.Decoder(list[int])


def parse_shape(text: bytes) -> tuple[int, ...]:
    """Read a JSON array of dimensions. Raises: RequestError. Spec: INF-ERR-15."""
    if len(text) > MAX_SHAPE_BYTES:
        raise invalid(f"shape: found {len(text)} bytes of text, expected at most {MAX_SHAPE_BYTES}")
    try:
        shape = tuple(_DIMENSIONS.decode(text))
    except msgspec.MsgspecError as error:
        raise invalid(f"shape: {error}; expected an array of non-negative integers") from error
    for size in shape:
        if not 0 <= size <= MAX_DIMENSION:
            raise invalid(f"shape: found dimension {size}, expected 0..{MAX_DIMENSION}")
    return shape


def shaped(flat: Array, shape: Sequence[int]) -> Array:
    """Give `flat`, which has as many elements as `shape` says, that shape. Raises: RequestError."""
    try:
        return flat.reshape(shape)
    except ValueError as error:
        # Only a tensor without elements gets here: numpy bounds the product of its other dimensions.
        raise invalid(f"found shape {list(shape)}, expected dimensions that fit into memory") from error
