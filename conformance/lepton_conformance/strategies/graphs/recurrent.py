"""Recipes of recurrent layers: directions, biases, initial states, lengths, peepholes, every output.

Serves `runtime` (RUN-OPS-09).
"""

import numpy as np

from lepton_conformance.strategies.graphs.builder import Build, Recipe, Ref

__all__ = ["RECIPES"]

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
#: Other activations than the usual ones.
ACTIVATIONS = {"LSTM": ("Sigmoid", "Tanh", "Relu"), "GRU": ("Sigmoid", "Relu"), "RNN": ("Relu",)}


def _layer(operator: str) -> Recipe:
    def recipe(build: Build) -> None:
        steps, batch, width, hidden = build.pick((3, 2, 4, 3), (1, 1, 1, 1), (5, 1, 3, 8), (2, 3, 9, 5))
        direction = build.pick(None, "reverse", "bidirectional", "forward")
        count = 2 if direction == "bidirectional" else 1
        gates = GATES[operator]
        x = build.tensor(
            shapes=((steps, batch, width),), fits=lambda shape: len(shape) == 3 and max(shape) < 10
        )
        steps, batch, width = x.shape
        listed: list[Ref | None] = [
            x,
            build.like((count, gates * hidden, width), low=-0.5, high=0.5),
            build.like((count, gates * hidden, hidden), low=-0.5, high=0.5),
        ]
        optional = build.pick("bias", "none", "lengths", "initial", "all")
        bias = optional in ("bias", "all")
        listed.append(build.like((count, 2 * gates * hidden), low=-0.5, high=0.5) if bias else None)
        lengths = [max(1, steps - index) for index in range(batch)]
        listed.append(build.given(np.array(lengths, np.int32)) if optional in ("lengths", "all") else None)
        states = 2 if operator == "LSTM" else 1
        for _ in range(states):
            initial = optional in ("initial", "all")
            listed.append(build.like((count, batch, hidden), low=-1, high=1) if initial else None)
        if operator == "LSTM" and build.pick(False, True):
            listed.append(build.like((count, 3 * hidden), low=-0.5, high=0.5))
        outs = [
            build.out((steps, count, batch, hidden), "FP32", -1, 1),
            build.out((count, batch, hidden), "FP32", -1, 1),
        ]
        if operator == "LSTM":
            outs.append(build.out((count, batch, hidden), "FP32", -8, 8))
        build.node(
            operator,
            listed,
            *outs,
            hidden_size=hidden,
            direction=direction,
            linear_before_reset=build.pick(None, 1) if operator == "GRU" else None,
            clip=build.pick(None, 0.25),
            activations=build.pick(None, ACTIVATIONS[operator] * count),
        )

    return recipe


RECIPES: dict[str, Recipe] = {name: _layer(name) for name in GATES}
