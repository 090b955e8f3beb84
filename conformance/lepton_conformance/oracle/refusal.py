"""The one error of the oracle of processing: a request that has no answer.

Owns `Refused` and the sizes that symbols may take and have taken; leaves what is computed to `steps`. Serves
PKG-PRO-06.
"""

import math
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

__all__ = ["Refused", "Sizes"]


class Refused(Exception):
    """The request has no answer, by the table of operators or by a size that does not fit."""


class Sizes:
    """What the symbols of a manifest admit, and the sizes that they have in this request."""

    def __init__(
        self, symbols: Mapping[str, Mapping[str, Any]], bound: MutableMapping[str, int] | None = None
    ) -> None:
        self.symbols = symbols
        self.bound = {} if bound is None else bound

    def fit(self, declared: Sequence[str | int], concrete: Sequence[int]) -> None:
        """Compare the sizes of a tensor that a step wrote with the declared ones. Raises: Refused."""
        for expected, size in zip(declared, concrete, strict=True):
            if isinstance(expected, int):
                if expected != size:
                    raise Refused(f"found the size {size}, expected {expected}")
            elif self.bound.setdefault(expected, size) != size or not self.admits(expected, size):
                raise Refused(f"found the size {size} of {expected}, which does not fit")

    def admits(self, symbol: str, size: int) -> bool:
        """Say whether a symbol may have a size."""
        entry = self.symbols[symbol]
        within = entry["min"] <= size and ("unbounded" in entry or size <= entry["max"])
        return bool(within and size % entry.get("multipleOf", 1) == 0)

    def numbers(self, declared: Sequence[str | int], count: int) -> list[int]:
        """Return declared sizes as numbers; one symbol without a size takes what `count` elements leave it.

        Raises: Refused.
        """
        unknown = {one for one in declared if isinstance(one, str) and one not in self.bound}
        known = [self.bound.get(one, 1) if isinstance(one, str) else one for one in declared]
        if len(unknown) > 1:
            raise Refused(f"found no size of {', '.join(sorted(unknown))}")
        rest = count // max(1, math.prod(known))
        return [rest if one in unknown else size for one, size in zip(declared, known, strict=True)]

    def smallest(self, dimension: str | int, least: int) -> int:
        """Return the smallest size from `least` on that a dimension admits. Raises: Refused."""
        if isinstance(dimension, int):
            return dimension
        entry = self.symbols[dimension]
        step = entry.get("multipleOf", 1)
        size = -(-max(least, entry["min"]) // step) * step
        if not self.admits(dimension, int(size)):
            raise Refused(f"found {least}, more than {dimension} admits")
        return int(size)
