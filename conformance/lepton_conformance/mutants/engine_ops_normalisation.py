"""Normalisations (Spec: RUN-OPS-05), one method an operator.

Owns their semantics on numpy arrays; leaves graphs to `engine_graph`. Serves `runtime`.
"""

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Node, positive

__all__ = ["Normalisation"]


class Normalisation:
    """By statistics given, by those of a layer or an instance, by exponentials, by norms."""

    def op_batchnormalization(
        self, node: Node, x: Array, scale: Array, bias: Array, mean: Array, variance: Array
    ) -> Answer:
        if node.get("training_mode"):
            raise NotImplementedError("BatchNormalization in training mode is not supported")
        form = (-1, *[1] * (x.ndim - 2))
        deviation = np.sqrt(variance + variance.dtype.type(node.get("epsilon"))).reshape(form)
        centred = (x - mean.reshape(form)) / deviation
        return (centred * scale.reshape(form) + bias.reshape(form)).astype(x.dtype)

    def op_instancenormalization(self, node: Node, x: Array, scale: Array, bias: Array) -> Answer:
        axes = tuple(range(2, x.ndim))
        centred = x - x.mean(axis=axes, keepdims=True, dtype=x.dtype)
        variance = np.square(centred).mean(axis=axes, keepdims=True, dtype=x.dtype)
        form = (-1, *[1] * (x.ndim - 2))
        found = centred / np.sqrt(variance + x.dtype.type(node.get("epsilon")))
        return found * scale.reshape(form) + bias.reshape(form)

    def op_layernormalization(self, node: Node, x: Array, scale: Array, bias: Array | None = None) -> Answer:
        axes = tuple(range(positive(node.get("axis"), x.ndim), x.ndim))
        wide = x.astype(np.float32) if x.dtype == np.float16 else x
        mean = wide.mean(axis=axes, keepdims=True, dtype=wide.dtype)
        centred = wide - mean
        variance = np.square(centred).mean(axis=axes, keepdims=True, dtype=wide.dtype)
        inverse = wide.dtype.type(1) / np.sqrt(variance + wide.dtype.type(node.get("epsilon")))
        found = (centred * inverse).astype(x.dtype) * scale
        kept = np.float32 if node.get("stash_type") == 1 else x.dtype
        return (found if bias is None else found + bias), mean.astype(kept), inverse.astype(kept)

    def op_softmax(self, node: Node, x: Array) -> Answer:
        if not x.size:
            return x.copy()
        powers = np.exp(x - x.max(axis=node.get("axis"), keepdims=True))
        return powers / powers.sum(axis=node.get("axis"), keepdims=True, dtype=x.dtype)

    def op_logsoftmax(self, node: Node, x: Array) -> Answer:
        if not x.size:
            return x.copy()
        shifted = x - x.max(axis=node.get("axis"), keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=node.get("axis"), keepdims=True, dtype=x.dtype))

    def op_lpnormalization(self, node: Node, x: Array) -> Answer:
        axis = node.get("axis")
        if node.get("p") == 1:
            norm = np.abs(x).sum(axis=axis, keepdims=True, dtype=x.dtype)
        else:
            norm = np.sqrt(np.square(x).sum(axis=axis, keepdims=True, dtype=x.dtype))
        return np.where(norm == 0, x.dtype.type(0), x / norm)
