"""Recipes of convolutions and poolings: strides, pads, dilations, groups, automatic pads, one and two axes.

Serves `runtime` (RUN-OPS-03, RUN-OPS-04).
"""

import math

from lepton_conformance.strategies.graphs.builder import Build, Recipe

__all__ = ["CONVOLUTION", "POOLING"]

Sizes = tuple[int, ...]

#: Space of new images, simplest first.
SPACES: tuple[Sizes, ...] = ((4, 5), (6,), (3, 3), (9, 8), (17,), (8, 17))


def _space(build: Build) -> tuple[int, Sizes]:
    """Return batch size and space."""
    return build.pick(1, 2, 3), build.pick(*SPACES)


def _even(sizes: Sizes, value: int) -> Sizes:
    return tuple(value for _ in sizes)


def _pads(build: Build, kernel: Sizes, strides: Sizes | None) -> tuple[str | None, Sizes | None]:
    """Return auto_pad and pads; pads are smaller than the kernel, kernels reach from step to step."""
    rank = len(kernel)
    options: list[tuple[str | None, Sizes | None]] = [
        (None, None),
        (None, (1,) * (2 * rank) if min(kernel) > 1 else (0,) * (2 * rank)),
        (None, (*(0,) * rank, *(size - 1 for size in kernel))),
        ("VALID", None),
        ("NOTSET", (0,) * (2 * rank)),
    ]
    if all(step <= size for step, size in zip(strides or kernel, kernel, strict=True)):
        options += [("SAME_UPPER", None), ("SAME_LOWER", None)]
    return build.pick(*options)


def _slid(
    space: Sizes,
    kernel: Sizes,
    strides: Sizes,
    dilations: Sizes,
    auto: str | None,
    pads: Sizes | None,
    ceil: int = 0,
) -> Sizes:
    """Return the sizes of what a window that slides over the space gives."""
    rank, found = len(space), []
    for axis, size in enumerate(space):
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            found.append(-(-size // strides[axis]))
            continue
        padded = size + (pads[axis] + pads[axis + rank] if pads else 0)
        steps = (padded - (dilations[axis] * (kernel[axis] - 1) + 1)) / strides[axis]
        count = (math.ceil(steps) if ceil else math.floor(steps)) + 1
        found.append(count)
    return tuple(found)


def _conv(build: Build) -> None:
    batch, space = _space(build)
    kernel = tuple(
        min(size, width)
        for size, width in zip(space, build.pick((2, 3), (1, 1), (3, 2), (3, 3)), strict=False)
    )
    group, inputs, outputs = build.pick(
        (1, 2, 3), (1, 1, 1), (2, 4, 2), (3, 3, 3), (2, 2, 6), (1, 9, 17), (1, 16, 8)
    )
    strides = build.pick(None, _even(space, 2), tuple(range(1, len(space) + 1)))
    dilations = build.pick(
        None, tuple(2 if 2 * (k - 1) < size else 1 for k, size in zip(kernel, space, strict=True))
    )
    auto, pads = _pads(build, kernel, strides) if dilations is None else (None, None)
    x = build.tensor(
        shapes=((batch, inputs, *space),),
        fits=lambda shape: len(shape) > 2 and _wide(shape[2:], kernel, dilations) and shape[1] < 20,
    )
    if x.shape[1] != inputs:
        group, outputs = build.pick((1, 3), (x.shape[1], x.shape[1]), (x.shape[1], 2 * x.shape[1]))
    batch, inputs, space = x.shape[0], x.shape[1], x.shape[2:]
    weight = build.like((outputs, inputs // group, *kernel), low=-1, high=1)
    bias = build.like((outputs,)) if build.pick(True, False) else None
    one = _even(space, 1)
    shape = _slid(space, kernel, strides or one, dilations or one, auto, pads)
    bound = 2.0 * math.prod(kernel) * inputs // group + 2
    build.node(
        "Conv",
        [x, weight, bias],
        build.out((batch, outputs, *shape), "FP32", -bound, bound),
        strides=strides,
        dilations=dilations,
        pads=pads,
        auto_pad=auto,
        group=group if group > 1 else None,
        kernel_shape=build.pick(None, kernel),
    )


def _wide(space: Sizes, kernel: Sizes, dilations: Sizes | None) -> bool:
    """Say whether a space holds a kernel."""
    spread = dilations or _even(kernel, 1)
    return len(space) == len(kernel) and all(
        size > step * (width - 1) for size, step, width in zip(space, spread, kernel, strict=True)
    )


def _transposed(build: Build) -> None:
    batch, space = _space(build)
    kernel = build.pick((2, 3), (1, 1), (3, 3))[: len(space)]
    group, inputs, outputs = build.pick((1, 2, 3), (1, 1, 1), (2, 4, 4), (1, 5, 9))
    strides = build.pick(None, _even(space, 2), _even(space, 3))
    dilations = build.pick(None, _even(space, 2))
    pads = build.pick(None, (*_even(space, 0), *(k - 1 for k in kernel)))
    extra = build.pick(None, _even(space, 1)) if strides else None
    auto = None
    if pads is None and extra is None:
        # What is cut off to reach the same size is said only of kernels that reach from step to step.
        same = max(strides or (1,)) <= min(kernel)
        auto = build.pick(None, "VALID", *(("SAME_UPPER", "SAME_LOWER") if same else ()))
    rank = len(space)
    x = build.fresh("FP32", (batch, inputs, *space))
    weight = build.like((inputs, outputs // group, *kernel), low=-1, high=1)
    bias = build.like((outputs,)) if build.pick(True, False) else None
    shape = []
    for axis, size in enumerate(space):
        stride = strides[axis] if strides else 1
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            shape.append(size * stride)
            continue
        whole = stride * (size - 1) + (dilations[axis] if dilations else 1) * (kernel[axis] - 1) + 1
        shape.append(whole + (extra[axis] if extra else 0) - (pads[axis] + pads[axis + rank] if pads else 0))
    bound = 2.0 * math.prod(kernel) * inputs + 2
    build.node(
        "ConvTranspose",
        [x, weight, bias],
        build.out((batch, outputs, *shape), "FP32", -bound, bound),
        strides=strides,
        dilations=dilations,
        pads=pads,
        output_padding=extra,
        auto_pad=auto,
        group=group if group > 1 else None,
        kernel_shape=build.pick(None, kernel),
    )


def _same_windows(space: Sizes, kernel: Sizes, strides: Sizes | None, pads: Sizes | None) -> bool:
    """Say whether no window begins beyond the space when sizes are rounded up: engines disagree on those."""
    steps = strides or _even(space, 1)
    found = _slid(space, kernel, steps, _even(space, 1), None, pads, 1)
    return all(
        (count - 1) * step < size + (pads[axis] if pads else 0)
        for axis, (count, step, size) in enumerate(zip(found, steps, space, strict=True))
    )


def _pooled(operator: str) -> Recipe:
    def recipe(build: Build) -> None:
        batch, space = _space(build)
        channels = build.pick(2, 1, 9)
        kernel = build.pick((2, 3), (1, 1), (3, 3), (2, 2))[: len(space)]
        strides = build.pick(None, _even(space, 2), _even(space, 3), tuple(range(1, len(space) + 1)))
        auto, pads = _pads(build, kernel, strides)
        x = build.tensor(
            low=-64,
            high=64,
            shapes=((batch, channels, *space),),
            fits=lambda shape: len(shape) > 2 and _wide(shape[2:], kernel, None),
            distinct=operator == "MaxPool" and not build.pool,
        )
        batch, channels, space = x.shape[0], x.shape[1], x.shape[2:]
        ceil = build.pick(0, 1) if auto is None and _same_windows(space, kernel, strides, pads) else 0
        thirds = _even(space, 3)
        if ceil and strides is None and _same_windows(space, kernel, thirds, pads):
            strides = thirds  # steps of one leave no remainder to be rounded up
        dilations: Sizes | None = None
        include: int | None = None
        if operator == "MaxPool":
            dilated = tuple(2 if 2 * (k - 1) < size else 1 for k, size in zip(kernel, space, strict=True))
            dilations = build.pick(None, dilated) if auto is None and pads is None and not ceil else None
        else:
            include = build.pick(None, 1) if not ceil else None
            if include and pads is None and auto is None and min(kernel) > 1:
                pads = _even((*space, *space), 1)
        one = _even(space, 1)
        shape = _slid(space, kernel, strides or one, dilations or one, auto, pads, ceil)
        low, high = min(0.0, x.low), max(0.0, x.high)
        outputs = [build.out((batch, channels, *shape), "FP32", low, high, exact=operator == "MaxPool")]
        if operator == "MaxPool" and not build.pool[:-1] and build.pick(False, True):
            outputs.append(build.out((batch, channels, *shape), "INT64"))
        attributes = {"dilations": dilations} if operator == "MaxPool" else {"count_include_pad": include}
        build.node(
            operator,
            [x],
            *outputs,
            kernel_shape=kernel,
            strides=strides,
            pads=pads,
            auto_pad=auto,
            ceil_mode=ceil or None,
            **attributes,
        )

    return recipe


def _global(operator: str) -> Recipe:
    def recipe(build: Build) -> None:
        shapes = ((1, 2, 3, 4), (2, 3, 5), (1, 1, 1, 1), (2, 9, 8, 17), (1, 3, 2, 3, 2))
        x = build.tensor(shapes=shapes, fits=lambda shape: len(shape) >= 3)
        shape = (*x.shape[:2], *(1 for _ in x.shape[2:]))
        build.node(operator, [x], build.out(shape, "FP32", x.low, x.high))

    return recipe


CONVOLUTION: dict[str, Recipe] = {"Conv": _conv, "ConvTranspose": _transposed}
POOLING: dict[str, Recipe] = {
    "MaxPool": _pooled("MaxPool"),
    "AveragePool": _pooled("AveragePool"),
    "GlobalAveragePool": _global("GlobalAveragePool"),
    "GlobalMaxPool": _global("GlobalMaxPool"),
}
