"""Building a graph: shapes first, operators after, so that no constraint is ever left to solve.

A recipe takes a tensor that is there, or a new one of a shape of its choice, and derives every other shape
from it: what is built is valid by construction. Each tensor carries bounds of its elements, and a recipe
takes only tensors whose bounds keep its result well conditioned. Every choice is one digit: `enumerated`
yields each option of each choice of a recipe once, `Seeded` draws them.

Owns choices, operands and bounds; leaves operators to the recipes. Serves `runtime` (RUN-OPS).
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.graphs.contents import content, hashed
from lepton_conformance.strategies.graphs.graph import Graph, Node, Value
from lepton_conformance.strategies.graphs.spelling import Attribute, datatype_of

__all__ = ["Build", "Built", "Choices", "Recipe", "Ref", "Script", "Seeded", "enumerated"]

Option = TypeVar("Option")
Shape = tuple[int, ...]

#: Shapes of new tensors, simplest first: ranks 0 to 5, ones, primes, sizes around the tiles of kernels.
SHAPES: tuple[Shape, ...] = (
    (2, 3),
    (3,),
    (),
    (1, 1),
    (2, 3, 4),
    (17,),
    (8, 16),
    (33, 2),
    (65,),
    (2, 1, 3, 1, 2),
    (1, 7, 9),
    (4, 31),
)
#: Elements of a new tensor that may be of any size are of this size at most.
USUAL = 512.0


class Choices(Protocol):
    """Where the choices of a recipe come from; 0 is the simplest."""

    def pick(self, count: int) -> int:
        """Return a number in 0 .. count - 1."""


class Script:
    """Choices that are given, 0 beyond their end; remembers how many options each had."""

    __slots__ = ("counts", "given")

    def __init__(self, given: Mapping[int, int]) -> None:
        self.given = given
        self.counts: list[int] = []

    def pick(self, count: int) -> int:
        """Return the given number."""
        self.counts.append(count)
        return min(self.given.get(len(self.counts) - 1, 0), count - 1)


class Seeded:
    """Choices that depend on a seed; all 0 for the seed 0."""

    __slots__ = ("_count", "_seed")

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count = 0

    def pick(self, count: int) -> int:
        """Return the next number."""
        if self._seed == 0 or count < 2:
            return 0
        self._count += 1
        return _mixed(self._seed * 0x100000001B3 + self._count) % count


def _mixed(number: int) -> int:
    mask = (1 << 64) - 1
    z = (number * 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor while a graph is built. `exact` says that no rounding has touched its elements."""

    name: str
    datatype: str
    shape: Shape
    low: float = -math.inf
    high: float = math.inf
    exact: bool = False

    @property
    def rank(self) -> int:
        """Return the number of dimensions."""
        return len(self.shape)

    def within(self, low: float, high: float) -> bool:
        """Say whether the elements are numbers in these bounds, or no numbers."""
        return self.datatype in ("BOOL", "BYTES") or (low <= self.low and self.high <= high)


@dataclass(frozen=True, slots=True)
class Built:
    """A finished graph and the inputs of one call."""

    graph: Graph
    inputs: Mapping[str, Array]


class Build:
    """A graph on its way."""

    def __init__(self, choices: Choices, *, seed: int = 0, opset: int = 17, prefix: str = "") -> None:
        self.choices = choices
        self.seed = seed
        self.opset = opset
        self.nodes: list[Node] = []
        self.inputs: dict[str, Array] = {}
        self.constants: dict[str, Array] = {}
        self.values: dict[str, Value] = {}
        self.pool: list[Ref] = []
        self.made: list[Ref] = []
        self.unnamed: set[str] = set()
        self._prefix = prefix
        self._count = 0

    # -- choices -------------------------------------------------------------------------------------

    def pick(self, *options: Option) -> Option:
        """Return one of the options, the first one being the simplest."""
        return options[self.choices.pick(len(options))]

    def name(self, stem: str) -> str:
        """Return a new name."""
        self._count += 1
        return f"{self._prefix}{stem}{self._count}"

    # -- tensors -------------------------------------------------------------------------------------

    def tensor(
        self,
        datatype: str = "FP32",
        low: float = -2.0,
        high: float = 2.0,
        *,
        shapes: Sequence[Shape] = SHAPES,
        fits: Callable[[Shape], object] = lambda shape: True,
        exact: bool = False,
        whole: bool = False,
        distinct: bool = False,
    ) -> Ref:
        """Return a tensor that is there, in these bounds, or else a new input of one of the shapes."""
        found = [
            ref
            for ref in self.pool
            if ref.datatype == datatype
            and ref.within(low, high)
            and (ref.exact or not exact)
            and not distinct
            and not whole
            and fits(ref.shape)
        ]
        if found:
            chosen = self.choices.pick(len(found) + 1)
            if chosen < len(found):
                return found[-1 - chosen]
        fitting = [shape for shape in shapes if fits(shape)]
        assert fitting, "a recipe has to offer a shape that fits"
        shape = self.pick(*fitting)
        return self.fresh(datatype, shape, low, high, whole=whole, distinct=distinct)

    def like(self, shape: Shape, datatype: str = "FP32", low: float = -2.0, high: float = 2.0) -> Ref:
        """Return a second operand of a given shape: one that is there, a constant, or a new input."""
        found = [
            ref
            for ref in self.pool
            if (ref.datatype, ref.shape) == (datatype, shape) and ref.within(low, high)
        ]
        how = self.choices.pick(2 + len(found))
        if how >= 2:
            return found[how - 2]
        return self.fresh(datatype, shape, low, high, constant=how == 1)

    def fresh(
        self,
        datatype: str,
        shape: Shape,
        low: float = -2.0,
        high: float = 2.0,
        *,
        constant: bool = False,
        whole: bool = False,
        distinct: bool = False,
    ) -> Ref:
        """Return a new input or constant with elements in these bounds; without bounds, small ones."""
        low, high = max(low, -USUAL), min(high, USUAL)
        salt = _mixed(self.seed + 977 * self._count + len(self._prefix)) & 0xFFFFFFFF
        array = content(datatype, shape, low, high, salt, whole=whole, distinct=distinct)
        return self.constant(array, low, high) if constant else self.given(array, low, high)

    def given(self, array: Array, low: float = -math.inf, high: float = math.inf) -> Ref:
        """Return a new input with these elements."""
        name = self.name("x")
        self.inputs[name] = array
        ref = Ref(name, datatype_of(array), array.shape, low, high, exact=True)
        self.values[name] = Value(ref.datatype, array.shape)
        self.pool.append(ref)
        return ref

    def constant(self, array: Array, low: float = -math.inf, high: float = math.inf) -> Ref:
        """Return a new initializer with these elements."""
        name = self.name("w")
        self.constants[name] = array
        ref = Ref(name, datatype_of(array), array.shape, low, high, exact=True)
        self.values[name] = Value(ref.datatype, array.shape)
        return ref

    # -- nodes ---------------------------------------------------------------------------------------

    def node(
        self,
        operator: str,
        inputs: Sequence[Ref | None],
        *outputs: Ref,
        **attributes: "Attribute | Graph | None",
    ) -> Ref:
        """Add a node and return its first output. Outputs are given by `out`; attributes that are None
        are left to their defaults.
        """
        names = [ref.name if ref is not None else "" for ref in inputs]
        while names and not names[-1]:
            names.pop()
        made = tuple(output.name for output in outputs)
        kept = {name: value for name, value in attributes.items() if value is not None}
        self.nodes.append(Node(operator, tuple(names), made, kept))
        for output in outputs:
            if output.name:
                self.values[output.name] = Value(output.datatype, output.shape)
                self.pool.append(output)
                self.made.append(output)
        return outputs[0]

    def out(
        self,
        shape: Sequence[int],
        datatype: str = "FP32",
        low: float = -math.inf,
        high: float = math.inf,
        *,
        exact: bool = False,
    ) -> Ref:
        """Return a new output of a node that is to be added."""
        return Ref(self.name("y"), datatype, tuple(shape), low, high, exact)

    # -- the end -------------------------------------------------------------------------------------

    def finish(self) -> Built:
        """Return the graph; outputs are what no node reads, else everything that was made."""
        read = {name for node in self.nodes for name in node.read()}
        ends = [ref for ref in self.made if ref.name not in read] or self.made
        outputs = {ref.name: self._declared(ref) for ref in ends}
        inputs = {name: self.values[name] for name in self.inputs}
        graph = Graph(tuple(self.nodes), inputs, outputs, dict(self.constants), dict(self.values), self.opset)
        return Built(graph, dict(self.inputs))

    def body(self, inputs: Sequence[Ref], outputs: Sequence[Ref]) -> Graph:
        """Return the graph as a body with these inputs and outputs."""
        return Graph(
            tuple(self.nodes),
            {ref.name: Value(ref.datatype, ref.shape) for ref in inputs},
            {ref.name: Value(ref.datatype, ref.shape) for ref in outputs},
            dict(self.constants),
            dict(self.values),
            self.opset,
        )

    def _declared(self, ref: Ref) -> Value:
        sizes = tuple(size if size >= 0 else f"free_{ref.name}_{axis}" for axis, size in enumerate(ref.shape))
        return Value(ref.datatype, sizes)


Recipe = Callable[[Build], object]


def enumerated(recipe: Recipe, *, opset: int = 17) -> Iterator[Built]:
    """Yield the simplest graph of a recipe, then one for each other option of each of its choices."""
    first = Script({})
    simplest = Build(first, opset=opset)
    recipe(simplest)
    yield simplest.finish()
    for position, count in enumerate(first.counts):
        for option in range(1, count):
            build = Build(Script({position: option}), seed=position + 1, opset=opset)
            recipe(build)
            yield build.finish()


def permutation(seed: int, count: int) -> list[int]:
    """Return the numbers below `count` in an order that depends on the seed; in theirs for seed 0."""
    if seed == 0:
        return list(range(count))
    order: list[int] = hashed(seed, count).argsort(kind="stable").tolist()
    return order
