"""The table of operators as rules on types alone: datatype and shape in, datatype and shape out.

Owns `RULES`; leaves chains to `lepton.checks.processing`, and computing to `lepton.runtime`, which has its
own rules on purpose. Serves PKG-PRO-02.
"""

from lepton.checks.steps.arithmetic import argmax, cast, normalize, rescale, sigmoid, softmax
from lepton.checks.steps.data import ctc_greedy, decode_image, graph, lookup, nms, tokenize, topk
from lepton.checks.steps.layout import crop, pad, reshape, resize, reverse, transpose
from lepton.checks.steps.types import Rule, Type, UnsoundError

__all__ = ["RULES", "Rule", "Type", "UnsoundError"]

RULES: dict[str, Rule] = {
    "cast": cast,
    "rescale": rescale,
    "normalize": normalize,
    "transpose": transpose,
    "reshape": reshape,
    "softmax": softmax,
    "sigmoid": sigmoid,
    "argmax": argmax,
    "graph": graph,
    "decode_image": decode_image,
    "resize": resize,
    "crop": crop,
    "pad": pad,
    "reverse": reverse,
    "tokenize": tokenize,
    "topk": topk,
    "nms": nms,
    "ctc_greedy": ctc_greedy,
    "lookup": lookup,
}
