"""A failure of a gRPC server as a program: sends the same bytes again and compares how the calls end.

Owns the script, which needs grpcio and nothing of this project; leaves which exchanges to replay to
`report.reproducer`. Serves `conformance` (CNF-REP-03).
"""

import base64
import zlib
from collections.abc import Sequence

from lepton_conformance.subject.exchange import GrpcExchange

__all__ = ["grpc_script"]

#: Bytes longer than this are written compressed.
MAX_LITERAL_BYTES = 2048
MAX_SHOWN_BYTES = 2000

_SCRIPT = '''\
"""{title}

{text}

Fingerprint: {fingerprint}

The suite {message}
Usage: python {name} [HOST:PORT]. Needs grpcio. Sends the same bytes again; ends with 1 while the same answer
comes back.
"""
import base64, re, sys, zlib

import grpc

CALLS = [  # (method, bytes sent, seconds, streaming, code then, details then, bytes then)
{exchanges}
]
address = sys.argv[1] if len(sys.argv) > 1 else {address!r}
names = ("max_receive_message_length", "max_send_message_length")
options = [*((f"grpc.{{name}}", -1) for name in names), ("grpc.enable_http_proxy", 0)]


def call(channel, method, data, seconds, streaming):
    """Return code, details and bytes of a call: no library touches the message."""
    try:
        if not streaming:
            return "OK", "", channel.unary_unary(method)(data, timeout=seconds)
        answers = channel.stream_stream(method)(iter([data]), timeout=seconds)
        return "OK", "", next(iter(answers), b"")
    except grpc.RpcError as error:
        return error.code().name, error.details() or "", b""


def essence(code, details, body):
    """Return what two answers have in common when they say the same: addresses and counts may differ."""
    return code, re.sub(r"0x[0-9a-f]+|[0-9]+", "#", details), body


same = True
for method, data, seconds, streaming, *then in CALLS:
    with grpc.insecure_channel(address, options) as channel:
        now = call(channel, method, data, seconds, streaming)
    same = same and essence(*now) == essence(*then)
    print(f"{{method}}\\nsent  {{data[:{shown}]!r}}")
    for what, (code, details, body) in (("now", now), ("then", then)):
        print(f"{{what:5}} {{code}} {{details!r:.{shown}}} {{body[:{shown}]!r}}")
print({said!r})
sys.exit(same)
'''
#: How long a call of the script may take, in seconds, unless the suite gave it another deadline.
CALL_SECONDS = 10.0


def grpc_script(
    exchanges: Sequence[GrpcExchange],
    address: str,
    *,
    title: str,
    text: str,
    message: str,
    said: str,
    fingerprint: str,
    name: str,
) -> str:
    """Return a stand-alone Python program that replays calls."""
    return _SCRIPT.format(
        title=title,
        text=text,
        message=message,
        said=said,
        fingerprint=fingerprint,
        name=name,
        address=address,
        exchanges="\n".join(_entry(exchange) for exchange in exchanges),
        shown=MAX_SHOWN_BYTES,
    )


def _entry(exchange: GrpcExchange) -> str:
    seconds = CALL_SECONDS if exchange.timeout is None else exchange.timeout
    details = exchange.details.encode("ascii", "backslashreplace").decode()
    shown = repr(exchange.details) if details == exchange.details else ascii(exchange.details)
    return (
        f"    ({exchange.method!r}, {_bytes(exchange.request)}, {seconds}, {exchange.streaming},\n"
        f"     {exchange.code!r}, {shown}, {_bytes(exchange.response)}),"
    )


def _bytes(data: bytes) -> str:
    """Return an expression for bytes: a literal, or compressed when it is long."""
    if len(data) <= MAX_LITERAL_BYTES:
        return repr(data)
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    return f"zlib.decompress(base64.b64decode({packed!r}))"
