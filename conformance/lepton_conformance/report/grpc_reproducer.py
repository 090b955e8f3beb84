"""A failure of a gRPC server as a program: sends the same bytes again and compares how the calls end.

Owns the script, which needs grpcio and nothing of this project; leaves which exchanges to replay to
`report.reproducer`. Serves `conformance` (CNF-REP-03).
"""

from collections.abc import Sequence

from lepton_conformance.report.program import MAX_SHOWN_BYTES, Heading, by_client, literal
from lepton_conformance.subject.exchange import GrpcExchange
from lepton_conformance.subject.grpc import MAX_KEPT_BYTES

__all__ = ["grpc_script"]

#: How long a call of the script may take, in seconds, unless the suite gave it another deadline.
CALL_SECONDS = 10.0

_HEAD = '''\
"""{title}

{text}

The suite {message}
Fingerprint: {fingerprint}
Usage: python {name} [HOST:PORT]; needs grpcio. Ends with 1 while the server answers as it
did then, see `essence`, with 0 when it does not, with 2 when nobody answers.
"""
import base64, concurrent.futures, re, socket, sys, zlib

import grpc

address = sys.argv[1] if len(sys.argv) > 1 else {address!r}
names = ("max_receive_message_length", "max_send_message_length")
OPTIONS = [*((f"grpc.{{name}}", -1) for name in names), ("grpc.enable_http_proxy", 0)]
OPTIONS.append(("grpc.use_local_subchannel_pool", 1))


def call(channel, method, data, seconds=10.0, streaming=False):
    """Return code, details and bytes of a call; no library touches the message."""
    try:
        if not streaming:
            return "OK", "", channel.unary_unary(method)(data, timeout=seconds)[:{kept}]
        answers = channel.stream_stream(method)(iter([data]), timeout=seconds)
        return "OK", "", next(iter(answers), b"")
    except grpc.RpcError as error:
        return error.code().name, error.details() or "", b""


def fields(message):
    """Yield number and bytes of each field of a message, of whatever kind."""
    def varint(at):
        value = shift = 0
        while message[at] > 127:
            value, shift, at = value | (message[at] & 127) << shift, shift + 7, at + 1
        return value | message[at] << shift, at + 1

    at = 0
    while at < len(message):
        start = at
        key, at = varint(at)
        if key & 7 in (0, 2):
            size, at = varint(at)
            at += size if key & 7 == 2 else 0
        else:
            at += {{1: 8, 5: 4}}[key & 7]
        if at > len(message):
            raise IndexError
        yield key >> 3, message[start:at]


def essence(method, code, details, body):
    """Return what two answers have in common when they say the same.

    Not compared: numbers in the details, fields that the protocol does not have, the server's own version,
    and parameters of an inference answer.
    """
    dropped = 2 if method.endswith("/ServerMetadata") else 4 if method.endswith("/ModelInfer") else 0
    try:
        if "inference.GRPCInferenceService" in method:
            body = [(number, data) for number, data in fields(body) if number <= 6 and number != dropped]
    except (IndexError, KeyError):
        pass
    return code, re.sub(r"0x[0-9a-f]+|[0-9]+", "#", details), body


try:
    host, _, port = address.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
print({said!r})
'''

_ROW = """\
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
{calls}
]
same = True
with grpc.insecure_channel(address, OPTIONS) as channel:
    for asked, then in CALLS:
        now = call(channel, *asked)
        same = same and essence(asked[0], *now) == essence(asked[0], *then)
        print("sent", asked[0], asked[1][:{shown}])
        for what, (code, details, body) in (("now ", now), ("then", then)):
            print(what, code, repr(details)[:{shown}], body[:{shown}])
sys.exit(same)
"""

_CROWD = '''\
CLIENTS = [  # of each, one after another: (method, bytes sent, seconds until it gives up)
{clients}
]
ROUNDS = 20


def ask(channel, asked):
    """Return the answers of one client, one after another."""
    return [call(channel, *request) for request in asked]


with grpc.insecure_channel(address, OPTIONS) as channel:
    alone = [ask(channel, asked) for asked in CLIENTS]
for number in range(ROUNDS):
    count = 1 if number % 2 else len(CLIENTS)
    channels = [grpc.insecure_channel(address, OPTIONS) for _ in range(count)]
    with concurrent.futures.ThreadPoolExecutor(len(CLIENTS)) as pool:
        spread = [channels[index % count] for index in range(len(CLIENTS))]
        crowd = list(pool.map(ask, spread, CLIENTS))
    for channel in channels:
        channel.close()
    for asked, one, other in zip(CLIENTS, alone, crowd):
        for request, before, now in zip(asked, one, other):
            if request[2] == {seconds} and essence(request[0], *before) != essence(request[0], *now):
                print("sent", request, "answered alone", before, "answered among others", now, sep="\\n")
                sys.exit(1)
print("every answer is the same, alone and among others")
'''


def grpc_script(exchanges: Sequence[GrpcExchange], address: str, heading: Heading) -> str:
    """Return a stand-alone Python program that replays calls."""
    values = heading.values() | {
        "address": address,
        "shown": MAX_SHOWN_BYTES,
        "seconds": CALL_SECONDS,
        "kept": MAX_KEPT_BYTES,
    }
    if any(exchange.lane is not None for exchange in exchanges):
        body = _CROWD.format_map(values | {"clients": "\n".join(_clients(exchanges))})
    else:
        body = _ROW.format_map(values | {"calls": "\n".join(map(_call, exchanges))})
    return _HEAD.format_map(values) + body


def _call(exchange: GrpcExchange) -> str:
    return (
        f"    (({exchange.method!r}, {literal(exchange.request)}, "
        f"{_seconds(exchange)}, {exchange.streaming}),\n"
        f"     ({exchange.code!r}, {exchange.details!a}, {literal(exchange.response)})),"
    )


def _seconds(exchange: GrpcExchange) -> float:
    return CALL_SECONDS if exchange.timeout is None else exchange.timeout


def _clients(exchanges: Sequence[GrpcExchange]) -> list[str]:
    lines = []
    for sent in by_client(exchanges):
        lines.append("    [")
        lines += [
            f"        ({exchange.method!r}, {literal(exchange.request)}, {_seconds(exchange)}),"
            for exchange in sent
        ]
        lines.append("    ],")
    return lines
