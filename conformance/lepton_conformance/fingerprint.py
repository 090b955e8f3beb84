"""What makes two failures the same one: its test, the kind of fault, and the requests that show it.

Owns the kind of fault of a message and the fingerprint of a failure; leaves what is done with them to `known`
and to the driver, which makes a failing case smaller only while its kind stays. Serves `conformance`.
"""

import hashlib
import json
import re
from typing import Any

from lepton_conformance.evidence import Evidence
from lepton_conformance.subject.exchange import (
    Exchange,
    GrpcExchange,
    HttpExchange,
    LineExchange,
    PackageExchange,
)

__all__ = ["FORM", "fingerprint", "kind_of_fault"]

#: How a fingerprint looks.
FORM = re.compile(r"sha256:[0-9a-f]{64}")
#: What may differ between two messages about one fault: texts, lists, names of models, numbers but statuses.
_VALUES = re.compile(
    r"""b?'(?:[^'\\]|\\.)*(?:'|$)|b?"(?:[^"\\]|\\.)*(?:"|$)|\[[^\[\]]*\]|\blepton_\w+"""
    r"""|\(bits [0-9a-f]+\)"""
    r"""|(?<!status )(?<![\w-])[-+]?(?:0x[0-9a-f]+|\d[\d.]*(?:e[-+]?\d+)?"""
    r"""|nan|inf|True|False|None)(?![\w-])""",
    re.ASCII,
)
#: How many other packages a validator fails on; a mended one does not make the failure another.
_MORE = re.compile(r" \.\.\. and \d+ more packages?: ")
#: Members of a request to a runtime that name a place or a handle of this run.
_OF_THE_RUN = frozenset(("path", "model", "id"))
MAX_MESSAGE_CHARACTERS = 4000


def kind_of_fault(message: str) -> str:
    """Return a message without what was sent and without values: equal for two cases of one fault."""
    text = _MORE.split(message[:MAX_MESSAGE_CHARACTERS], maxsplit=1)[0]
    sent, found, rest = text.partition("found ")
    return _VALUES.sub("#", found + rest if sent else text)


def fingerprint(entry: Evidence) -> str:
    """Return the digest of a failure: equal in every run that finds the same failure.

    It covers requirement, test, kind of fault and the last request, but neither the subject's address nor
    what the answer looks like in bytes.
    """
    assert entry.failure is not None
    exchanges = entry.failure.exchanges
    stated = [
        entry.requirement,
        entry.test,
        kind_of_fault(entry.failure.message),
        _request(exchanges[-1]) if exchanges else None,
    ]
    return "sha256:" + hashlib.sha256(json.dumps(stated).encode()).hexdigest()


def _request(exchange: Exchange) -> list[Any]:
    """Return what was asked, without what differs from run to run; nothing where requests came at once."""
    if isinstance(exchange, HttpExchange | GrpcExchange) and exchange.lane is not None:
        return []
    if isinstance(exchange, HttpExchange):
        fields = sorted([k.lower(), v] for k, v in exchange.request_headers if k.lower() != "host")
        return [exchange.method, exchange.target, fields, _sha256(exchange.request_body)]
    if isinstance(exchange, LineExchange):
        return [_essence(exchange.sent), _sha256(exchange.file or b"")]
    if isinstance(exchange, PackageExchange):
        files = sorted([path, _sha256(data)] for path, data in exchange.files.items())
        return [_essence(exchange.sent), files, _sha256(exchange.archive or b"")]
    if isinstance(exchange, GrpcExchange):
        return [exchange.method, _sha256(exchange.request)]
    return []


def _essence(line: str) -> str:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(asked, dict):
        return line
    return json.dumps({name: asked[name] for name in sorted(asked) if name not in _OF_THE_RUN})


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
