"""Why a typed request has no answer, and how much work the bindings may do.

Serves APP-EXA-06 and PKG-VAL-07.
"""

from typing import NamedTuple

from lepton.errors import LeptonError

__all__ = ["Failure", "NoAnswerError", "TooMuchWorkError", "Work"]


class Failure(NamedTuple):
    """An error of a typed request: its code in the standard, and what was found and expected."""

    code: str
    message: str


class NoAnswerError(LeptonError):
    """Outputs that cannot be expressed as a typed answer."""


class TooMuchWorkError(LeptonError):
    """A limit of this program: the bindings would read or write more elements than it allows."""


class Work:
    """How many elements the bindings may still read and write."""

    def __init__(self, elements: int) -> None:
        """Allow `elements`."""
        self._allowed = self._left = elements

    def take(self, elements: int) -> None:
        """Use up some. Raises: TooMuchWorkError when they are used up."""
        self._left -= elements
        if self._left < 0:
            raise TooMuchWorkError(f"the bindings read and write more than {self._allowed} elements")
