"""Control flow (Spec: RUN-OPS-08), one method an operator.

Owns conditions, loops and scans; leaves nested graphs to `engine_graph`, whose `enter` computes them. Serves
`runtime`.
"""

from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Graph, Node, Scope

__all__ = ["Control"]


class Control:
    """If, Loop and Scan: these methods take the values around the node, too."""

    def enter(self, graph: Graph, outer: Scope, given: list[Array]) -> list[Array]:
        """Compute a nested graph; the engine says how."""
        raise NotImplementedError

    def op_if(self, node: Node, scope: Scope, condition: Array) -> Answer:
        branch = node.get("then_branch" if condition.reshape(-1)[0] else "else_branch")
        return tuple(self.enter(branch, scope, []))

    def op_loop(
        self, node: Node, scope: Scope, limit: Array | None, condition: Array | None = None, *state: Array
    ) -> Answer:
        body: Graph = node.get("body")
        most = None if limit is None else int(limit.reshape(-1)[0])
        going = condition is None or bool(condition.reshape(-1)[0])
        values, collected, turn = list(state), [], 0
        while going and (most is None or turn < most):
            given = [np.array(turn, dtype=np.int64), np.array(going), *values]
            found = self.enter(body, scope, given)
            going = bool(found[0].reshape(-1)[0])
            values, rows = found[1 : 1 + len(state)], found[1 + len(state) :]
            collected.append(rows)
            turn += 1
        return (*values, *self.stacked(body, 1 + len(state), collected))

    def stacked(self, body: Graph, first: int, collected: list[list[Array]]) -> list[Array]:
        """Return what was collected, one output after the other; nothing has the declared shape."""
        return [
            np.stack([rows[place] for rows in collected]) if collected else _nothing(*declared)
            for place, declared in enumerate(body.declared[first:])
        ]

    def op_scan(self, node: Node, scope: Scope, *values: Array) -> Answer:
        body: Graph = node.get("body")
        count = node.get("num_scan_inputs")
        state, scanned = list(values[: len(values) - count]), values[len(values) - count :]
        axes = node.get("scan_input_axes") or [0] * count
        backwards = node.get("scan_input_directions") or [0] * count
        rows = [
            np.flip(np.moveaxis(value, axis, 0), 0) if back else np.moveaxis(value, axis, 0)
            for value, axis, back in zip(scanned, axes, backwards, strict=True)
        ]
        collected = []
        first = len(state)
        for turn in range(len(rows[0])):
            found = self.enter(body, scope, [*state, *(row[turn] for row in rows)])
            state = found[:first]
            collected.append(found[first:])
        outputs = self.stacked(body, first, collected)
        out_axes = node.get("scan_output_axes") or [0] * len(outputs)
        prepended = node.get("scan_output_directions") or [0] * len(outputs)
        return (
            *state,
            *(
                np.moveaxis(np.flip(value, 0) if back else value, 0, axis)
                for value, axis, back in zip(outputs, out_axes, prepended, strict=True)
            ),
        )


def _nothing(dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> Array:
    return np.zeros((0, *(size or 0 for size in shape)), dtype=dtype)
