"""The domain of a property: enumerated boundary cases, a decoder of one integer, and a way to make smaller.

Owns the shape of a domain; leaves its content to `strategies` and its use to `suite.driver`. Serves
`conformance`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["INTEGER_BITS", "Cases", "Digits", "nothing_smaller"]

Case = TypeVar("Case")

#: The width of the integer that is drawn for one generated case.
INTEGER_BITS = 64


def nothing_smaller(_: object) -> Iterable[Any]:
    """Yield no simpler case."""
    return ()


@dataclass(frozen=True, slots=True)
class Cases(Generic[Case]):
    """What a property is tried on.

    `boundary` cases always run, in order. `decode` turns one integer below 2**INTEGER_BITS into a case, a
    smaller integer into a simpler one; None for a domain that is enumerated whole. `smaller` yields simpler
    variants of a failing case, most drastic first.
    """

    boundary: Sequence[Case]
    decode: Callable[[int], Case] | None = None
    smaller: Callable[[Case], Iterable[Case]] = nothing_smaller


class Digits:
    """Reads digits off one integer, least significant bits first.

    Each digit has bits of its own, so that clearing high bits (which is how an integer is shrunk) leaves the
    digits read earlier as they are. Read shape and edits first and the fill mode next, and take `rest` as the
    random seed: it shrinks to 0, which means no random fill at all.
    """

    __slots__ = ("_rest",)

    def __init__(self, number: int) -> None:
        self._rest = number

    def take(self, radix: int) -> int:
        """Return the next digit, in 0 .. radix - 1."""
        width = (radix - 1).bit_length()
        digit = self._rest & ((1 << width) - 1)
        self._rest >>= width
        return digit % radix

    @property
    def rest(self) -> int:
        """Return what has not been read."""
        return self._rest
