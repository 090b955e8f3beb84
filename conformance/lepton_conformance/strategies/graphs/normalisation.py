"""Recipes of normalisations: every axis, every constant under the root.

Inputs have a spread near the constant under the root in some cases, so that another constant shows. Serves
`runtime` (RUN-OPS-05).
"""

from lepton_conformance.strategies.graphs.builder import Build, Recipe, Ref

__all__ = ["RECIPES"]

#: Constants under the root: the default first.
EPSILONS = (None, 1e-3, 0.1)
IMAGES = ((2, 3, 4), (1, 2, 3, 4), (2, 1, 5), (1, 9, 2, 2), (3, 17, 8))
ROWS = ((2, 3), (3,), (2, 3, 4), (1, 7, 9), (4, 31), (2, 65), (5, 1))


def _spread(build: Build, shapes: tuple[tuple[int, ...], ...], least: int) -> Ref:
    """Return what is normalised: of ordinary spread, of one near the root of the default constant, or far
    from zero, where the difference of two squares would not do.
    """
    kind = build.pick("usual", "small", "far")
    if kind != "usual":
        low, high = (-0.01, 0.01) if kind == "small" else (99.0, 101.0)
        return build.fresh("FP32", build.pick(*shapes), low, high)
    return build.tensor(low=-8, high=8, shapes=shapes, fits=lambda shape: len(shape) >= least)


def _batch(build: Build) -> None:
    x = build.tensor(low=-8, high=8, shapes=(*IMAGES, (2, 3)), fits=lambda shape: len(shape) >= 2)
    channels = x.shape[1]
    scale, bias, mean = (build.like((channels,)) for _ in range(3))
    variance = build.like((channels,), low=0.0, high=build.pick(2.0, 1e-4))
    build.node(
        "BatchNormalization",
        [x, scale, bias, mean, variance],
        build.out(x.shape),
        epsilon=build.pick(*EPSILONS),
        momentum=build.pick(None, 0.5),
    )


def _layer(build: Build) -> None:
    x = _spread(build, ROWS, 1)
    axis = build.pick(*dict.fromkeys((None, x.rank - 1, 0, -x.rank)))
    normalised = x.shape[-1 if axis is None else axis :]
    scale = build.like(normalised)
    bias = build.like(normalised) if build.pick(True, False) else None
    build.node(
        "LayerNormalization",
        [x, scale, bias],
        build.out(x.shape, "FP32", -64, 64),
        axis=axis,
        epsilon=build.pick(*EPSILONS),
    )


def _instance(build: Build) -> None:
    x = _spread(build, IMAGES, 3)
    scale, bias = build.like((x.shape[1],)), build.like((x.shape[1],))
    build.node(
        "InstanceNormalization",
        [x, scale, bias],
        build.out(x.shape, "FP32", -64, 64),
        epsilon=build.pick(*EPSILONS),
    )


def _softmax(operator: str) -> Recipe:
    def recipe(build: Build) -> None:
        high = build.pick(4.0, 30.0, 300.0)
        x = build.tensor(low=-high, high=high, shapes=ROWS, fits=lambda shape: len(shape) >= 1)
        axis = build.pick(*dict.fromkeys((None, 0, x.rank - 1, -x.rank)))
        low, high = (0.0, 1.0) if operator == "Softmax" else (-2 * high - 10, 0.0)
        build.node(operator, [x], build.out(x.shape, "FP32", low, high), axis=axis)

    return recipe


def _lp(build: Build) -> None:
    x = build.tensor(low=-8, high=8, shapes=ROWS, fits=lambda shape: len(shape) >= 1)
    axis = build.pick(*dict.fromkeys((None, 0, -x.rank)))
    build.node("LpNormalization", [x], build.out(x.shape, "FP32", -1, 1), axis=axis, p=build.pick(None, 1, 2))


RECIPES: dict[str, Recipe] = {
    "BatchNormalization": _batch,
    "LayerNormalization": _layer,
    "InstanceNormalization": _instance,
    "Softmax": _softmax("Softmax"),
    "LogSoftmax": _softmax("LogSoftmax"),
    "LpNormalization": _lp,
}
