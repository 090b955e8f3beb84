"""Operators that change shapes and make tensors (Spec: RUN-OPS-07), one method each.

Owns their semantics on numpy arrays; leaves those that choose elements to `engine_ops_selecting`. Serves
`runtime`.
"""

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Node, positive

__all__ = ["Shaping"]


class Shaping:
    """Reshape and its like, joining and splitting, tensors made from a shape."""

    def op_reshape(self, node: Node, x: Array, shape: Array) -> Answer:
        wanted = [int(size) for size in shape]
        if not node.get("allowzero"):
            wanted = [x.shape[place] if size == 0 else size for place, size in enumerate(wanted)]
        if -1 in wanted:
            rest = int(np.prod([size for size in wanted if size != -1], dtype=np.int64))
            wanted[wanted.index(-1)] = x.size // rest if rest else 0
        return x.reshape(wanted)

    def op_flatten(self, node: Node, x: Array) -> Answer:
        axis = node.get("axis")
        axis = axis + x.ndim if axis < 0 else axis
        rows = int(np.prod(x.shape[:axis], dtype=np.int64))
        return x.reshape(rows, int(np.prod(x.shape[axis:], dtype=np.int64)))

    def op_transpose(self, node: Node, x: Array) -> Answer:
        return np.transpose(x, node.get("perm"))

    def op_squeeze(self, node: Node, x: Array, axes: Array | None = None) -> Answer:
        if axes is None:
            return x.squeeze()
        return x.squeeze(tuple(positive(int(axis), x.ndim) for axis in axes))

    def op_unsqueeze(self, node: Node, x: Array, axes: Array) -> Answer:
        rank = x.ndim + len(axes)
        return np.expand_dims(x, tuple(positive(int(axis), rank) for axis in axes))

    def op_expand(self, node: Node, x: Array, shape: Array) -> Answer:
        return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(int(size) for size in shape))).copy()

    def op_tile(self, node: Node, x: Array, repeats: Array) -> Answer:
        return np.tile(x, [int(count) for count in repeats])

    def op_concat(self, node: Node, *values: Array) -> Answer:
        return np.concatenate(values, axis=node.get("axis"))

    def op_split(self, node: Node, x: Array, sizes: Array | None = None) -> Answer:
        axis = positive(node.get("axis"), x.ndim)
        if sizes is None:
            parts = node.get("num_outputs") or len(node.outputs)
            size = -(-x.shape[axis] // parts)
            places = [min(size * part, x.shape[axis]) for part in range(1, parts)]
        else:
            places = list(np.cumsum(sizes)[:-1])
        return tuple(np.split(x, places, axis=axis))

    def op_shape(self, node: Node, x: Array) -> Answer:
        return np.array(x.shape[slice(node.get("start", 0), node.get("end"))], dtype=np.int64)

    def op_size(self, node: Node, x: Array) -> Answer:
        return np.int64(x.size)

    def op_constant(self, node: Node) -> Answer:
        for name, dtype in (("int", np.int64), ("float", np.float32)):
            for suffix in ("", "s"):
                if node.get(f"value_{name}{suffix}") is not None:
                    return np.array(node.get(f"value_{name}{suffix}"), dtype=dtype)
        for suffix in ("", "s"):
            if node.get(f"value_string{suffix}") is not None:
                texts = node.get(f"value_string{suffix}")
                encoded = [text.encode() for text in texts] if suffix else texts.encode()
                return np.array(encoded, dtype=object)
        return node.get("value")

    def op_constantofshape(self, node: Node, shape: Array) -> Answer:
        value = node.get("value", np.zeros(1, dtype=np.float32))
        return np.full(tuple(int(size) for size in shape), value.reshape(-1)[0], dtype=value.dtype)

    def op_range(self, node: Node, start: Array, limit: Array, delta: Array) -> Answer:
        first, last, step = start.item(), limit.item(), delta.item()
        count = max(0, int(np.ceil((last - first) / step)))
        return (start.reshape(()) + np.arange(count).astype(start.dtype) * delta.reshape(())).astype(
            start.dtype
        )

    def op_trilu(self, node: Node, x: Array, diagonal: Array | None = None) -> Answer:
        k = 0 if diagonal is None else int(diagonal.reshape(-1)[0])
        return np.triu(x, k) if node.get("upper") else np.tril(x, k)

    def op_depthtospace(self, node: Node, x: Array) -> Answer:
        batch, depth, height, width = x.shape
        block = node.get("blocksize")
        rest = depth // block**2
        if node.get("mode") == "CRD":
            found = x.reshape(batch, rest, block, block, height, width).transpose(0, 1, 4, 2, 5, 3)
        else:
            found = x.reshape(batch, block, block, rest, height, width).transpose(0, 3, 4, 1, 5, 2)
        return found.reshape(batch, rest, height * block, width * block)

    def op_spacetodepth(self, node: Node, x: Array) -> Answer:
        batch, depth, height, width = x.shape
        block = node.get("blocksize")
        split = x.reshape(batch, depth, height // block, block, width // block, block)
        found = split.transpose(0, 3, 5, 1, 2, 4)
        return found.reshape(batch, depth * block**2, height // block, width // block)
