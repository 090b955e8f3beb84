"""Recipes of whole blocks: convolutional, recurrent, Transformer.

Serves `runtime` (RUN-OPS-12).
"""

import math

import numpy as np

from lepton_conformance.strategies.graphs.builder import Build, Recipe, Ref

__all__ = ["RECIPES"]


def _weight(build: Build, shape: tuple[int, ...], size: float | None = None) -> Ref:
    """Return a constant weight whose products neither grow nor vanish."""
    bound = size if size is not None else 1.0 / math.sqrt(math.prod(shape[1:]) or 1)
    return build.fresh("FP32", shape, -bound, bound, constant=True)


def _cnn(build: Build) -> None:
    batch, channels, height, width = build.pick((1, 2, 6, 6), (2, 3, 8, 9), (1, 1, 5, 17))
    filters = build.pick(3, 8, 9)
    x = build.fresh("FP32", (batch, channels, height, width))
    shape: tuple[int, ...] = (batch, filters, height, width)
    y = build.node(
        "Conv",
        [
            x,
            _weight(build, (filters, channels, 3, 3)),
            _weight(build, (filters,)) if build.pick(True, False) else None,
        ],
        build.out(shape),
        pads=(1, 1, 1, 1),
    )
    if build.pick(True, False):
        scale = build.fresh("FP32", (filters,), 0.5, 1.5, constant=True)
        shift, mean = _weight(build, (filters,)), _weight(build, (filters,))
        # Near the constant under the root in one case, so that another constant shows.
        low, high = build.pick((0.5, 2.0), (1e-4, 2e-4))
        variance = build.fresh("FP32", (filters,), low, high, constant=True)
        y = build.node("BatchNormalization", [y, scale, shift, mean, variance], build.out(shape))
    before = y
    y = build.node(build.pick("Relu", "Sigmoid", "LeakyRelu"), [y], build.out(shape))
    branch = build.pick("none", "convolution", "what came before")
    if branch == "what came before":
        y = build.node("Add", [y, before], build.out(shape))
    if branch == "convolution":
        y = build.node(
            "Add",
            [y, build.node("Conv", [x, _weight(build, (filters, channels, 1, 1))], build.out(shape))],
            build.out(shape),
        )
    pooling = build.pick("MaxPool", "AveragePool", "GlobalAveragePool")
    if pooling == "GlobalAveragePool":
        shape = (batch, filters, 1, 1)
        y = build.node(pooling, [y], build.out(shape))
    else:
        shape = (batch, filters, height // 2, width // 2)
        y = build.node(pooling, [y], build.out(shape), kernel_shape=(2, 2), strides=(2, 2))
    features = math.prod(shape[1:])
    y = build.node("Flatten", [y], build.out((batch, features)))
    y = build.node(
        "Gemm", [y, _weight(build, (4, features)), _weight(build, (4,))], build.out((batch, 4)), transB=1
    )
    build.node(build.pick("Softmax", "Identity", "Sigmoid"), [y], build.out((batch, 4)))


def _rnn(build: Build) -> None:
    operator = build.pick("LSTM", "GRU", "RNN")
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[operator]
    steps, batch, width, hidden = build.pick((3, 1, 4, 3), (5, 2, 3, 8))
    x = build.fresh("FP32", (steps, batch, width))
    outs = [build.out((steps, 1, batch, hidden))]
    y = build.node(
        operator,
        [
            x,
            _weight(build, (1, gates * hidden, width), 0.5),
            _weight(build, (1, gates * hidden, hidden), 0.5),
        ],
        *outs,
        hidden_size=hidden,
    )
    y = build.node("Squeeze", [y, build.constant(np.array([1], np.int64))], build.out((steps, batch, hidden)))
    if build.pick(False, True):
        y = build.node("Tanh", [y], build.out((steps, batch, hidden)))
    y = build.node("MatMul", [y, _weight(build, (hidden, 5))], build.out((steps, batch, 5)))
    build.node("Add", [y, _weight(build, (5,))], build.out((steps, batch, 5)))


def _transformer(build: Build) -> None:
    batch, length, heads, width = build.pick((1, 3, 2, 4), (2, 5, 1, 8), (1, 8, 4, 8))
    model = heads * width
    shape = (batch, length, model)
    x = build.fresh("FP32", shape)
    scale, shift = build.fresh("FP32", (model,), 0.5, 1.5, constant=True), _weight(build, (model,))
    y = build.node("LayerNormalization", [x, scale, shift], build.out(shape), axis=-1)
    split = build.constant(np.array([0, 0, heads, width], np.int64))
    apart = (batch, length, heads, width)
    parts = []
    for which in range(3):
        part = build.node("MatMul", [y, _weight(build, (model, model))], build.out(shape))
        part = build.node("Reshape", [part, split], build.out(apart))
        perm = (0, 2, 3, 1) if which == 1 else (0, 2, 1, 3)
        part = build.node("Transpose", [part], build.out([apart[axis] for axis in perm]), perm=perm)
        parts.append(part)
    square = (batch, heads, length, length)
    scores = build.node("MatMul", [parts[0], parts[1]], build.out(square))
    root = build.constant(np.array(math.sqrt(width), np.float32))
    scores = build.node("Div", [scores, root], build.out(square))
    if build.pick(False, True):
        mask = np.triu(np.full((length, length), -1e4, np.float32), 1)
        scores = build.node("Add", [scores, build.constant(mask)], build.out(square))
    weights = build.node("Softmax", [scores], build.out(square), axis=-1)
    mixed = build.node("MatMul", [weights, parts[2]], build.out((batch, heads, length, width)))
    mixed = build.node("Transpose", [mixed], build.out(apart), perm=(0, 2, 1, 3))
    joined = build.constant(np.array([0, 0, model], np.int64))
    mixed = build.node("Reshape", [mixed, joined], build.out(shape))
    mixed = build.node("MatMul", [mixed, _weight(build, (model, model))], build.out(shape))
    y = build.node("Add", [mixed, x], build.out(shape))
    if build.pick(True, False):
        wide = (batch, length, 2 * model)
        inner = y
        if build.pick(True, False):
            scale, shift = build.fresh("FP32", (model,), 0.5, 1.5, constant=True), _weight(build, (model,))
            inner = build.node("LayerNormalization", [y, scale, shift], build.out(shape), axis=-1)
        inner = build.node("MatMul", [inner, _weight(build, (model, 2 * model))], build.out(wide))
        inner = _activation(build, inner, wide)
        inner = build.node("MatMul", [inner, _weight(build, (2 * model, model))], build.out(shape))
        build.node("Add", [inner, y], build.out(shape))


def _activation(build: Build, x: Ref, shape: tuple[int, ...]) -> Ref:
    """Return x * (1 + erf(x / sqrt 2)) / 2 from its parts, which engines fuse, or Relu, or Tanh."""
    kind = build.pick("gelu", "Relu", "Tanh")
    if kind != "gelu":
        return build.node(kind, [x], build.out(shape))
    root, one, half = (build.constant(np.array(value, np.float32)) for value in (math.sqrt(2), 1, 0.5))
    y = build.node("Div", [x, root], build.out(shape))
    y = build.node("Erf", [y], build.out(shape))
    y = build.node("Add", [y, one], build.out(shape))
    y = build.node("Mul", [x, y], build.out(shape))
    return build.node("Mul", [y, half], build.out(shape))


RECIPES: dict[str, Recipe] = {"CNN": _cnn, "RNN": _rnn, "Transformer": _transformer}
