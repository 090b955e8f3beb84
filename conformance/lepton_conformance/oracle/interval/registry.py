"""The operators that the oracle knows: name to function.

Owns the table; leaves the functions to the modules of the groups. Serves `runtime` (RUN-NUM-02).
"""

from lepton_conformance.oracle.interval import (
    convolution,
    dense,
    elementwise,
    normalisation,
    pooling,
    reductions,
    transcendental,
)
from lepton_conformance.oracle.interval.signature import Operator

__all__ = ["OPERATORS"]

OPERATORS: dict[str, Operator] = {
    # elementwise
    "Abs": elementwise.absolute,
    "Add": elementwise.add,
    "And": elementwise.conjunction,
    "Cast": elementwise.cast,
    "Ceil": elementwise.ceil,
    "Clip": elementwise.clip,
    "Cos": transcendental.cos,
    "Div": elementwise.divide,
    "Elu": transcendental.elu,
    "Equal": elementwise.equal,
    "Erf": transcendental.erf,
    "Exp": transcendental.exp,
    "Floor": elementwise.floor,
    "Gelu": transcendental.gelu,
    "Greater": elementwise.greater,
    "GreaterOrEqual": elementwise.greater_or_equal,
    "HardSigmoid": elementwise.hard_sigmoid,
    "Identity": elementwise.identity,
    "IsNaN": elementwise.is_nan,
    "LeakyRelu": elementwise.leaky_relu,
    "Less": elementwise.less,
    "LessOrEqual": elementwise.less_or_equal,
    "Log": transcendental.log,
    "Max": elementwise.maximum,
    "Min": elementwise.minimum,
    "Mod": elementwise.modulo,
    "Mul": elementwise.multiply,
    "Neg": elementwise.negate,
    "Not": elementwise.negation,
    "Or": elementwise.disjunction,
    "PRelu": elementwise.prelu,
    "Pow": transcendental.power,
    "Reciprocal": elementwise.reciprocal,
    "Relu": elementwise.relu,
    "Round": elementwise.round_even,
    "Sigmoid": transcendental.sigmoid,
    "Sign": elementwise.sign,
    "Sin": transcendental.sin,
    "Softplus": transcendental.softplus,
    "Sqrt": elementwise.square_root,
    "Sub": elementwise.subtract,
    "Tanh": transcendental.tanh,
    "Where": elementwise.select,
    "Xor": elementwise.exclusive,
    # dense
    "Einsum": dense.einsum,
    "Gemm": dense.gemm,
    "MatMul": dense.matmul,
    # convolution
    "Conv": convolution.conv,
    "ConvTranspose": convolution.conv_transpose,
    # pooling
    "AveragePool": pooling.average_pool,
    "GlobalAveragePool": pooling.global_average_pool,
    "GlobalMaxPool": pooling.global_max_pool,
    "MaxPool": pooling.max_pool,
    # normalisation
    "BatchNormalization": normalisation.batch_normalization,
    "InstanceNormalization": normalisation.instance_normalization,
    "LayerNormalization": normalisation.layer_normalization,
    "LogSoftmax": normalisation.log_softmax,
    "LpNormalization": normalisation.lp_normalization,
    "Softmax": normalisation.softmax,
    # reductions
    "ArgMax": reductions.arg_max,
    "ArgMin": reductions.arg_min,
    "CumSum": reductions.cumulative_sum,
    "ReduceL2": reductions.reduce_l2,
    "ReduceMax": reductions.reduce_max,
    "ReduceMean": reductions.reduce_mean,
    "ReduceMin": reductions.reduce_min,
    "ReduceProd": reductions.reduce_prod,
    "ReduceSum": reductions.reduce_sum,
    "TopK": reductions.top_k,
}
