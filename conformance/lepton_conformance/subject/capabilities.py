"""What an adapter's hello declares that its runtime can do.

Owns reading `capabilities` (an absent optional member declares everything) and the names of the groups of
operators; leaves what a group holds to `strategies` and judging to the suite. Serves `runtime` (RUN-ADP-01,
RUN-ADP-07).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lepton_conformance.outcome import AdapterFault

__all__ = ["GROUPS", "OPSETS", "Capabilities", "read_capabilities", "wrong_capabilities"]

#: The groups of operators, in the order of RUN-OPS.
GROUPS = (
    "elementwise",
    "dense",
    "convolution",
    "pooling",
    "normalisation",
    "reductions",
    "indexing",
    "control",
    "recurrent",
    "quantised",
    "strings",
    "blocks",
)
#: The operator sets that are judged, lowest and highest.
OPSETS = (13, 21)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is declared. `opsets`: the lowest and highest that are judged too; none where lowest > highest."""

    operators: frozenset[str]
    opsets: tuple[int, int]
    dynamic: bool


def wrong_capabilities(listed: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the optional members that have a value of another kind than the standard says."""
    wrong = []
    operators = listed.get("operators", [])
    if not isinstance(operators, list) or not all(entry in GROUPS for entry in operators):
        wrong.append("capabilities.operators")
    opsets = listed.get("opsets", list(OPSETS))
    if (
        not isinstance(opsets, list)
        or [type(entry) for entry in opsets] != [int, int]
        or not 1 <= opsets[0] <= opsets[1]
    ):
        wrong.append("capabilities.opsets")
    if type(listed.get("dynamic", True)) is not bool:
        wrong.append("capabilities.dynamic")
    return tuple(wrong)


def read_capabilities(hello: Mapping[str, Any]) -> Capabilities:
    """Return what a hello declares. Raises: AdapterFault for a member of the wrong kind."""
    found = hello.get("capabilities")
    listed = found if isinstance(found, dict) else {}
    wrong = wrong_capabilities(listed)
    if wrong:
        values = ", ".join(f"{member} {listed[member.partition('.')[2]]!r:.100}" for member in wrong)
        raise AdapterFault(
            f"the hello declares {values}; expected operators from {', '.join(GROUPS)}, "
            "opsets [lowest, highest], dynamic true or false"
        )
    low, high = listed.get("opsets", OPSETS)
    return Capabilities(
        frozenset(listed.get("operators", GROUPS)),
        (max(low, OPSETS[0]), min(high, OPSETS[1])),
        listed.get("dynamic", True),
    )
