"""How a test of the suite says which requirement it tests and what must hold before it means anything.

Owns the mark; leaves ordering and blocking to `lepton_conformance.collect`. The arguments are literals, so
that the traceability table can be read from the source without running it. Serves `conformance`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

__all__ = ["requirement"]

Test = TypeVar("Test", bound=Callable[..., Any])


def requirement(identifier: str, *, needs: tuple[str, ...] = ()) -> Callable[[Test], Test]:
    """Cite the requirement that a test tests; when one of `needs` fails, the test is blocked by it.

    Spec: CNF-VER-05.
    """

    def mark(test: Test) -> Test:
        marked: Test = pytest.mark.requirement(identifier, needs=needs)(test)
        return marked

    return mark
