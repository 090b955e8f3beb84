"""A failure as a program: replays the failing exchange without this project and shows the difference.

Owns what the scripts of all transports have in common; leaves each transport's script to the module beside it
and which exchanges to replay to the driver. Serves `conformance` (CNF-REP-03).
"""

from typing import Any

from lepton_conformance.evidence import Evidence, Failure
from lepton_conformance.fingerprint import fingerprint
from lepton_conformance.report.document import MAX_MESSAGE_CHARACTERS
from lepton_conformance.report.grpc_reproducer import grpc_script
from lepton_conformance.report.http_reproducer import http_script
from lepton_conformance.report.package_reproducer import package_script
from lepton_conformance.report.program import Heading
from lepton_conformance.report.runtime_reproducer import runtime_script
from lepton_conformance.subject.exchange import GrpcExchange, HttpExchange, LineExchange, PackageExchange

__all__ = ["MAX_EXCHANGES", "address_of", "script", "visible"]

#: How many of the last exchanges of a failing case are replayed.
MAX_EXCHANGES = 20
#: The same where requests come at once: which of them the answer depends on is not known.
MAX_EXCHANGES_AT_ONCE = 512


def script(entry: Evidence, failure: Failure, requirement: dict[str, Any], locator: str, name: str) -> str:
    """Return a stand-alone Python program that replays a failure."""
    exchanges = failure.exchanges[-MAX_EXCHANGES:]
    if any(
        isinstance(exchange, HttpExchange | GrpcExchange) and exchange.lane is not None
        for exchange in failure.exchanges
    ):
        exchanges = failure.exchanges[:MAX_EXCHANGES_AT_ONCE]
    http = [exchange for exchange in exchanges if isinstance(exchange, HttpExchange)]
    calls = [exchange for exchange in exchanges if isinstance(exchange, GrpcExchange)]
    lines = [exchange for exchange in exchanges if isinstance(exchange, LineExchange)]
    said = visible("then: " + failure.message[:MAX_MESSAGE_CHARACTERS])
    heading = Heading(
        title=_plain(f"{entry.requirement}: {requirement['title']} ({entry.test})"),
        text=_plain(requirement["text"]),
        message=_plain(said),
        said=said,
        fingerprint=fingerprint(entry),
        name=name,
    )
    packages = [each for each in exchanges if isinstance(each, PackageExchange | LineExchange)]
    if len(packages) > len(lines) or (lines and "validate" in (lines[0].received or "")):
        return package_script(packages, locator, heading)
    if lines:
        return runtime_script(lines, locator, heading)
    if calls and not http:
        return grpc_script(calls, address_of(locator), heading)
    return http_script(http, address_of(locator), heading)


def address_of(locator: str) -> str:
    """Return HOST:PORT of a server's URL."""
    return locator.partition("://")[2].split("/")[0]


def visible(text: str) -> str:
    """Return text without what cannot be printed, in ASCII."""
    clean = text.encode("ascii", "backslashreplace").decode()
    return "".join(mark if mark.isprintable() or mark == "\n" else " " for mark in clean)


def _plain(text: str) -> str:
    """Return text that is safe inside a docstring and inside a format."""
    return visible(text).replace("\\", "\\\\").replace('"""', "'''").rstrip('"')
