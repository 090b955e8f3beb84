"""What a failing case owes to earlier exchanges: a server that remembers shows its fault only after them.

Owns the search for the earlier exchange that an answer repeats; leaves repeating cases to `suite.driver`.
Serves `conformance` (CNF-REP-03).
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from lepton_conformance.subject.exchange import Exchange, HttpExchange

__all__ = ["source"]

MAX_READ_BYTES = 100_000


def source(case: Sequence[Exchange], before: Sequence[Exchange]) -> Exchange | None:
    """Return the last earlier exchange with a text in its request that the case has in its answer alone.

    None when the case explains its answer by itself.
    """
    own = [exchange for exchange in case if isinstance(exchange, HttpExchange)]
    if not own or own[-1].status != 200:
        return None
    asked = {text for exchange in own for text in _asked(exchange)}
    strange = set(_texts(_parsed(own[-1].response_body))) - asked
    for exchange in reversed(before):
        if isinstance(exchange, HttpExchange) and strange.intersection(_asked(exchange)):
            return exchange
    return None


def _asked(exchange: HttpExchange) -> Iterator[str]:
    yield from re.split(r"[/?]", exchange.target)
    yield from _texts(_parsed(exchange.request_body))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body[:MAX_READ_BYTES])
    except (ValueError, RecursionError):
        return None


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts among the values of a document."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
