"""Which subjects broken on purpose there are.

Owns the explicit list; leaves the faults to the modules beside it. Serves every chapter that the suite tests.
"""

from lepton_conformance.mutants.naive import Naive

__all__ = ["SERVERS", "server"]

#: Every server with a planted fault.
SERVERS: tuple[type[Naive], ...] = ()


def server(identifier: str) -> Naive:
    """Return a new server by its id, `correct` for the one without a fault.

    Raises: KeyError for an id that nothing has.
    """
    every: tuple[type[Naive], ...] = (Naive, *SERVERS)
    known = {mutant.id: mutant for mutant in every}
    return known[identifier]()
