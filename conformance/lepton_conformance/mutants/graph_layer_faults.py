"""Faults of engines in products, convolutions, pools, norms (Spec: RUN-OPS-02 to 05, RUN-NUM-04, RUN-REL-03).

Each class is an in-process adapter: `python:lepton_conformance.mutants.graph_layer_faults:CLASS`.
"""

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.engine_nodes import Answer, Node
from lepton_conformance.mutants.engine_ops_convolution import Geometry

__all__ = ["ALL"]


def brain(x: Array) -> Array:
    """Return FP32 numbers with the 8 significant bits of BF16."""
    return (np.ascontiguousarray(x, np.float32).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def tensor_float(x: Array) -> Array:
    """Return FP32 numbers with the 11 significant bits of TF32."""
    return (np.ascontiguousarray(x, np.float32).view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)


# dense


class SquareTransposed(GraphEngine):
    """The right operand of MatMul is transposed where it is square."""

    id = "run-ops-02-square"
    breaks = "RUN-OPS-02"

    def op_matmul(self, node: Node, a: Array, b: Array) -> Answer:
        square = b.ndim > 1 and b.shape[-1] == b.shape[-2]
        return self.product(a, np.swapaxes(b, -1, -2) if square else b)


class FirstOfBatch(GraphEngine):
    """The right operand of MatMul is its first matrix for the whole batch."""

    id = "run-ops-02-batch"
    breaks = "RUN-OPS-02"

    def op_matmul(self, node: Node, a: Array, b: Array) -> Answer:
        if b.ndim < 3 or not b.size:
            return self.product(a, b)
        return self.product(a, np.broadcast_to(b[(0,) * (b.ndim - 2)], b.shape))


class InnerTailLost(GraphEngine):
    """Products of more than 16 terms lose those after the last whole tile of 16."""

    id = "run-ops-02-tile"
    breaks = "RUN-OPS-02"

    def product(self, a: Array, b: Array) -> Array:
        inner = a.shape[-1]
        if inner <= 16 or inner % 16 == 0 or b.ndim < 2:
            return super().product(a, b)
        whole = inner // 16 * 16
        return super().product(a[..., :whole], b[..., :whole, :])


class LastColumnStale(GraphEngine):
    """Matrices of 33 columns and more repeat the last column but one where their number is odd."""

    id = "run-ops-02-columns"
    breaks = "RUN-OPS-02"

    def product(self, a: Array, b: Array) -> Array:
        found = super().product(a, b)
        if found.ndim > 1 and found.shape[-1] >= 33 and found.shape[-1] % 2:
            found[..., -1] = found[..., -2]
        return found


class TransposeAIgnored(GraphEngine):
    """`transA` is ignored for square matrices."""

    id = "run-ops-02-trans-a"
    breaks = "RUN-OPS-02"

    def op_gemm(self, node: Node, a: Array, b: Array, c: Array | None = None) -> Answer:
        ignored = a.shape[0] == a.shape[1]
        return super().op_gemm(node.having(transA=0) if ignored else node, a, b, c)


class TransposeBIgnored(GraphEngine):
    """`transB` is ignored for square matrices."""

    id = "run-ops-02-trans-b"
    breaks = "RUN-OPS-02"

    def op_gemm(self, node: Node, a: Array, b: Array, c: Array | None = None) -> Answer:
        ignored = b.shape[0] == b.shape[1]
        return super().op_gemm(node.having(transB=0) if ignored else node, a, b, c)


class BetaIgnored(GraphEngine):
    """`beta` is always 1."""

    id = "run-ops-02-beta"
    breaks = "RUN-OPS-02"

    def op_gemm(self, node: Node, a: Array, b: Array, c: Array | None = None) -> Answer:
        return super().op_gemm(node.having(beta=1.0), a, b, c)


class AlphaScalesAll(GraphEngine):
    """`alpha` multiplies the bias, too."""

    id = "run-ops-02-alpha"
    breaks = "RUN-OPS-02"

    def op_gemm(self, node: Node, a: Array, b: Array, c: Array | None = None) -> Answer:
        whole = node.having(beta=node.get("beta") * node.get("alpha"))
        return super().op_gemm(whole, a, b, c)


class BiasOfRows(GraphEngine):
    """A bias in the shape of a column is read as a row where the product is square."""

    id = "run-ops-02-bias"
    breaks = "RUN-OPS-02"

    def op_gemm(self, node: Node, a: Array, b: Array, c: Array | None = None) -> Answer:
        rows = a.shape[1 if node.get("transA") else 0]
        columns = b.shape[0 if node.get("transB") else 1]
        if c is not None and rows == columns and c.shape == (rows, 1):
            c = c.reshape(1, -1)
        return super().op_gemm(node, a, b, c)


class EinsumInOrder(GraphEngine):
    """Einsum gives its indices in the order in which they come up, where sizes permit."""

    id = "run-ops-02-einsum"
    breaks = "RUN-OPS-02"

    def op_einsum(self, node: Node, *values: Array) -> Answer:
        equation = node.get("equation").replace(" ", "")
        right = np.einsum(equation, *values)
        terms, _, wanted = equation.partition("->")
        if not wanted or "." in equation:
            return right
        order = "".join(sorted(wanted, key=terms.index))
        found = np.einsum(f"{terms}->{order}", *values)
        return found if found.shape == right.shape else right


# convolution


class DilationIgnored(GraphEngine):
    """The taps of a dilated kernel are side by side: the input is read at the wrong places."""

    id = "run-ops-03-dilation"
    breaks = "RUN-OPS-03"

    def op_conv(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        right = np.asarray(super().op_conv(node, x, w, bias))
        wrong = np.asarray(super().op_conv(node.having(dilations=None), x, w, bias))
        return wrong[tuple(slice(0, size) for size in right.shape)]


class PadsSwapped(GraphEngine):
    """Pads at the begin and at the end are exchanged."""

    id = "run-ops-03-pads"
    breaks = "RUN-OPS-03"

    def op_conv(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        pads = node.get("pads")
        if not pads:
            return super().op_conv(node, x, w, bias)
        half = len(pads) // 2
        return super().op_conv(node.having(pads=[*pads[half:], *pads[:half]]), x, w, bias)


class LowerIsUpper(GraphEngine):
    """SAME_LOWER pads as SAME_UPPER does."""

    id = "run-ops-03-same-lower"
    breaks = "RUN-OPS-03"

    def split_padding(self, automatic: str, totals: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return super().split_padding("SAME_UPPER" if automatic == "SAME_LOWER" else automatic, totals)


class GroupsInterleaved(GraphEngine):
    """The outputs of groups are interleaved."""

    id = "run-ops-03-group"
    breaks = "RUN-OPS-03"

    def op_conv(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        found = np.asarray(super().op_conv(node, x, w))
        groups = node.get("group")
        split = found.reshape(found.shape[0], groups, -1, *found.shape[2:])
        return self.biased(np.swapaxes(split, 1, 2).reshape(found.shape), bias)


class KernelFlipped(GraphEngine):
    """Conv convolves as mathematicians do: the kernel is flipped."""

    id = "run-ops-03-flipped"
    breaks = "RUN-OPS-03"

    def op_conv(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        return super().op_conv(node, x, np.flip(w, tuple(range(2, w.ndim))), bias)


class StridesSwapped(GraphEngine):
    """The strides of height and width are exchanged, where the shape stays."""

    id = "run-ops-03-strides"
    breaks = "RUN-OPS-03"

    def op_conv(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        return super().op_conv(node.having(strides=(node.get("strides") or [])[::-1] or None), x, w, bias)


class BiasOfGroupsLost(GraphEngine):
    """Grouped convolutions have no bias."""

    id = "run-ops-03-bias"
    breaks = "RUN-OPS-03"

    def op_conv(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        return super().op_conv(node, x, w, None if node.get("group") > 1 else bias)


class OutputPaddingAtBegin(GraphEngine):
    """ConvTranspose puts `output_padding` at the begin."""

    id = "run-ops-03-output-padding"
    breaks = "RUN-OPS-03"

    def op_convtranspose(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        found = np.asarray(super().op_convtranspose(node, x, w, bias))
        extra = node.get("output_padding") or [0] * (x.ndim - 2)
        return np.roll(found, extra, axis=tuple(range(2, x.ndim)))


class TransposedFlipped(GraphEngine):
    """ConvTranspose uses the kernel of Conv as it is."""

    id = "run-ops-03-transposed"
    breaks = "RUN-OPS-03"

    def op_convtranspose(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        return super().op_convtranspose(node, x, np.flip(w, tuple(range(2, w.ndim))), bias)


class TransposedPadsSwapped(GraphEngine):
    """ConvTranspose cuts the pads of the begin at the end."""

    id = "run-ops-03-transposed-pads"
    breaks = "RUN-OPS-03"

    def transposed_pads(
        self, node: Node, full: object, size: object, strides: object
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        begins, ends = super().transposed_pads(node, full, size, strides)  # type: ignore[arg-type]
        return ends, begins


# pooling


class PadNeverCounted(GraphEngine):
    """`count_include_pad` is ignored."""

    id = "run-ops-04-include-pad"
    breaks = "RUN-OPS-04"

    def op_averagepool(self, node: Node, x: Array) -> Answer:
        return super().op_averagepool(node.having(count_include_pad=0), x)


class PadAlwaysCounted(GraphEngine):
    """Padding counts as elements of the average."""

    id = "run-ops-04-exclude-pad"
    breaks = "RUN-OPS-04"

    def op_averagepool(self, node: Node, x: Array) -> Answer:
        return super().op_averagepool(node.having(count_include_pad=1), x)


class CeilIgnored(GraphEngine):
    """`ceil_mode` is ignored."""

    id = "run-ops-04-ceil"
    breaks = "RUN-OPS-04"

    def pooled(self, node: Node, size: tuple[int, ...]) -> tuple[Geometry, tuple[int, ...]]:
        return super().pooled(node.having(ceil_mode=0), size)


class PadIsZero(GraphEngine):
    """The padding of MaxPool is zero."""

    id = "run-ops-04-zero-pad"
    breaks = "RUN-OPS-04"

    def pool_windows(self, x: Array, geometry: Geometry, over: tuple[int, ...], fill: float) -> Array:
        return super().pool_windows(x, geometry, over, 0)


class PoolDilationIgnored(GraphEngine):
    """MaxPool reads as many elements as its kernel has, side by side."""

    id = "run-ops-04-dilation"
    breaks = "RUN-OPS-04"

    def op_maxpool(self, node: Node, x: Array) -> Answer:
        if not node.get("dilations") or len(node.outputs) > 1:
            return super().op_maxpool(node, x)
        right = np.asarray(super().op_maxpool(node, x))
        wrong = np.asarray(super().op_maxpool(node.having(dilations=None), x))
        return wrong[tuple(slice(0, size) for size in right.shape)]


class PoolStridesSwapped(GraphEngine):
    """The strides of pools are those of the other dimension."""

    id = "run-ops-04-strides"
    breaks = "RUN-OPS-04"

    def pooled(self, node: Node, size: tuple[int, ...]) -> tuple[Geometry, tuple[int, ...]]:
        return super().pooled(node.having(strides=(node.get("strides") or [])[::-1] or None), size)


class PoolLowerIsUpper(GraphEngine):
    """Pools pad SAME_LOWER as SAME_UPPER."""

    id = "run-ops-04-same-lower"
    breaks = "RUN-OPS-04"

    def split_padding(self, automatic: str, totals: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return super().split_padding("SAME_UPPER" if automatic == "SAME_LOWER" else automatic, totals)


class GlobalMaxFromZero(GraphEngine):
    """GlobalMaxPool is never negative."""

    id = "run-ops-04-global-max"
    breaks = "RUN-OPS-04"

    def op_globalmaxpool(self, node: Node, x: Array) -> Answer:
        return np.maximum(super().op_globalmaxpool(node, x), x.dtype.type(0))


class GlobalAverageOfRows(GraphEngine):
    """GlobalAveragePool divides by the width only."""

    id = "run-ops-04-global-average"
    breaks = "RUN-OPS-04"

    def op_globalaveragepool(self, node: Node, x: Array) -> Answer:
        return x.sum(axis=tuple(range(2, x.ndim)), keepdims=True, dtype=x.dtype) / x.dtype.type(x.shape[-1])


# normalisation


class EpsilonSwapped(GraphEngine):
    """BatchNormalization has an epsilon of 1e-3 where it should be 1e-5."""

    id = "run-ops-05-epsilon"
    breaks = "RUN-OPS-05"

    def op_batchnormalization(
        self, node: Node, x: Array, scale: Array, bias: Array, mean: Array, variance: Array
    ) -> Answer:
        epsilon = 1e-3 if abs(node.get("epsilon") - 1e-5) < 1e-9 else node.get("epsilon")
        return super().op_batchnormalization(node.having(epsilon=epsilon), x, scale, bias, mean, variance)


class EpsilonIgnored(GraphEngine):
    """InstanceNormalization has always the default epsilon."""

    id = "run-ops-05-instance"
    breaks = "RUN-OPS-05"

    def op_instancenormalization(self, node: Node, x: Array, scale: Array, bias: Array) -> Answer:
        return super().op_instancenormalization(node.having(epsilon=1e-5), x, scale, bias)


class EpsilonOutside(GraphEngine):
    """LayerNormalization adds epsilon to the deviation, not to the variance."""

    id = "run-ops-05-outside"
    breaks = "RUN-OPS-05"

    def op_layernormalization(self, node: Node, x: Array, scale: Array, bias: Array | None = None) -> Answer:
        found, mean, inverse = super().op_layernormalization(node.having(epsilon=0.0), x, scale)
        moved = found / (1 + x.dtype.type(node.get("epsilon")) * inverse)
        return (moved if bias is None else moved + bias).astype(x.dtype), mean, inverse


class LayerAxisIgnored(GraphEngine):
    """LayerNormalization takes the last axis alone."""

    id = "run-ops-05-axis"
    breaks = "RUN-OPS-05"

    def op_layernormalization(self, node: Node, x: Array, scale: Array, bias: Array | None = None) -> Answer:
        return super().op_layernormalization(node.having(axis=-1), x, scale, bias)


class VarianceOfSample(GraphEngine):
    """LayerNormalization divides by one less than the number of elements."""

    id = "run-ops-05-unbiased"
    breaks = "RUN-OPS-05"

    def op_layernormalization(self, node: Node, x: Array, scale: Array, bias: Array | None = None) -> Answer:
        count = int(np.prod(x.shape[node.get("axis") :]))
        found, mean, inverse = super().op_layernormalization(node, x, scale)
        moved = (found * x.dtype.type(np.sqrt(max(count - 1, 1) / max(count, 1)))).astype(x.dtype)
        return moved if bias is None else moved + bias, mean, inverse


class SoftmaxOverflows(GraphEngine):
    """Softmax does not take the largest element off."""

    id = "run-ops-05-softmax"
    breaks = "RUN-OPS-05"

    def op_softmax(self, node: Node, x: Array) -> Answer:
        powers = np.exp(x)
        return powers / powers.sum(axis=node.get("axis"), keepdims=True, dtype=x.dtype)


class SoftmaxOfOld(GraphEngine):
    """Softmax takes all dimensions from the axis on together, as before operator set 13."""

    id = "run-ops-05-softmax-axis"
    breaks = "RUN-OPS-05"

    def op_softmax(self, node: Node, x: Array) -> Answer:
        axis = node.get("axis") % max(x.ndim, 1)
        rows = int(np.prod(x.shape[:axis], dtype=np.int64))
        if not x.size:
            return x.copy()
        return np.asarray(super().op_softmax(node.having(axis=-1), x.reshape(rows, -1))).reshape(x.shape)


class SoftmaxOfDoublesInSingle(GraphEngine):
    """Softmax of FP64 is computed in FP32."""

    id = "run-rel-03-softmax"
    breaks = "RUN-REL-03"

    def op_softmax(self, node: Node, x: Array) -> Answer:
        narrow = x.astype(np.float32) if x.dtype == np.float64 else x
        return np.asarray(super().op_softmax(node, narrow)).astype(x.dtype)


class DoublesMultipliedAsSingles(GraphEngine):
    """Products of FP64 matrices are accumulated in FP32."""

    id = "run-rel-03-product"
    breaks = "RUN-REL-03"

    def product(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float64:
            return super().product(a, b)
        return super().product(a.astype(np.float32), b.astype(np.float32)).astype(np.float64)


class EpsilonOfDoubles(GraphEngine):
    """LayerNormalization of FP64 takes 1e-12 as epsilon."""

    id = "run-rel-03-epsilon"
    breaks = "RUN-REL-03"

    def op_layernormalization(self, node: Node, x: Array, scale: Array, bias: Array | None = None) -> Answer:
        used = node.having(epsilon=1e-12) if x.dtype == np.float64 else node
        return super().op_layernormalization(used, x, scale, bias)


class NormAlwaysTwo(GraphEngine):
    """LpNormalization uses the norm of order 2."""

    id = "run-ops-05-lp"
    breaks = "RUN-OPS-05"

    def op_lpnormalization(self, node: Node, x: Array) -> Answer:
        return super().op_lpnormalization(node.having(p=2), x)


class InstanceOfBatch(GraphEngine):
    """InstanceNormalization takes its statistics over the batch."""

    id = "run-ops-05-batch"
    breaks = "RUN-OPS-05"

    def op_instancenormalization(self, node: Node, x: Array, scale: Array, bias: Array) -> Answer:
        form = (1, -1, *[1] * (x.ndim - 2))
        axes = (0, *range(2, x.ndim))
        centred = x - x.mean(axis=axes, keepdims=True, dtype=x.dtype)
        variance = np.square(centred).mean(axis=axes, keepdims=True, dtype=x.dtype)
        found = centred / np.sqrt(variance + x.dtype.type(node.get("epsilon")))
        return found * scale.reshape(form) + bias.reshape(form)


# accumulation


class HalfAccumulates(GraphEngine):
    """MatMul and Gemm accumulate FP32 in FP16."""

    id = "run-num-04-half"
    breaks = "RUN-NUM-04"

    def product(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float32 or b.ndim < 2:
            return super().product(a, b)
        total = np.zeros((), dtype=np.float16)
        for place in range(a.shape[-1]):
            term = a[..., place : place + 1] * b[..., place : place + 1, :]
            total = (total + term).astype(np.float16)
        return np.broadcast_to(total, super().product(a, b).shape).astype(np.float32)


class BrainOperands(GraphEngine):
    """FP32 operands of MatMul and Gemm are rounded to BF16."""

    id = "run-num-04-brain"
    breaks = "RUN-NUM-04"

    def product(self, a: Array, b: Array) -> Array:
        return super().product(brain(a), brain(b)) if a.dtype == np.float32 else super().product(a, b)


class TensorFloatConvolution(GraphEngine):
    """FP32 convolutions use TF32."""

    id = "run-num-04-conv"
    breaks = "RUN-NUM-04"

    def op_conv(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        if x.dtype != np.float32:
            return super().op_conv(node, x, w, bias)
        return super().op_conv(node, tensor_float(x), tensor_float(w), bias)


class HalfSums(GraphEngine):
    """ReduceSum accumulates FP32 in FP16."""

    id = "run-num-04-reduce"
    breaks = "RUN-NUM-04"

    def sum_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        if x.dtype != np.float32:
            return super().sum_of(x, axes, keep)
        return super().sum_of(x.astype(np.float16), axes, keep).astype(np.float32)


class BrainMean(GraphEngine):
    """LayerNormalization computes its mean from BF16."""

    id = "run-num-04-mean"
    breaks = "RUN-NUM-04"

    def op_layernormalization(self, node: Node, x: Array, scale: Array, bias: Array | None = None) -> Answer:
        return super().op_layernormalization(node, brain(x) if x.dtype == np.float32 else x, scale, bias)


class TensorFloatMeans(GraphEngine):
    """ReduceMean reads FP32 as TF32."""

    id = "run-num-04-reduce-mean"
    breaks = "RUN-NUM-04"

    def mean_of(self, x: Array, axes: tuple[int, ...], keep: bool) -> Array:
        return super().mean_of(tensor_float(x) if x.dtype == np.float32 else x, axes, keep)


class DoublesMultipliedInSingle(GraphEngine):
    """FP64 matrices are multiplied in FP32, FP32 ones with 16 bits."""

    id = "run-num-04-narrow"
    breaks = "RUN-NUM-04"

    def product(self, a: Array, b: Array) -> Array:
        if a.dtype == np.float64:
            return super().product(a.astype(np.float32), b.astype(np.float32)).astype(np.float64)
        if a.dtype == np.float32:
            kept = np.uint32(0xFFFFFF00)
            cut = [(np.ascontiguousarray(x).view(np.uint32) & kept).view(np.float32) for x in (a, b)]
            return super().product(*cut)
        return super().product(a, b)


ALL: tuple[type[GraphEngine], ...] = (
    SquareTransposed,
    FirstOfBatch,
    InnerTailLost,
    LastColumnStale,
    TransposeAIgnored,
    TransposeBIgnored,
    BetaIgnored,
    AlphaScalesAll,
    BiasOfRows,
    EinsumInOrder,
    DilationIgnored,
    PadsSwapped,
    LowerIsUpper,
    GroupsInterleaved,
    KernelFlipped,
    StridesSwapped,
    BiasOfGroupsLost,
    OutputPaddingAtBegin,
    TransposedFlipped,
    TransposedPadsSwapped,
    PadNeverCounted,
    PadAlwaysCounted,
    CeilIgnored,
    PadIsZero,
    PoolDilationIgnored,
    PoolStridesSwapped,
    PoolLowerIsUpper,
    GlobalMaxFromZero,
    GlobalAverageOfRows,
    EpsilonSwapped,
    EpsilonIgnored,
    EpsilonOutside,
    LayerAxisIgnored,
    VarianceOfSample,
    SoftmaxOverflows,
    SoftmaxOfOld,
    NormAlwaysTwo,
    SoftmaxOfDoublesInSingle,
    DoublesMultipliedAsSingles,
    EpsilonOfDoubles,
    InstanceOfBatch,
    HalfAccumulates,
    BrainOperands,
    TensorFloatConvolution,
    HalfSums,
    BrainMean,
    TensorFloatMeans,
    DoublesMultipliedInSingle,
)
