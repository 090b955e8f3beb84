"""INF-GRP-02: Server ready (test_server_says_that_it_is_ready)

When all its models are ready, a server MUST answer `ServerReady` with OK and `ready` true.

The suite then: sent ServerReady; found UNIMPLEMENTED ('Method not found: inference.GRPCInferenceService/ServerReady'), expected OK
Fingerprint: sha256:dc389a9d2a382dc9079294eb7d30f5dc299f2091252205095d96102112ae6a00
Usage: python reproducers/INF-GRP-02.py [HOST:PORT]; needs grpcio. Ends with 1 while the server answers as it
did then, see `essence`, with 0 when it does not, with 2 when nobody answers.
"""
import base64, concurrent.futures, re, socket, sys, zlib

import grpc

address = sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:51799'
names = ("max_receive_message_length", "max_send_message_length")
OPTIONS = [*((f"grpc.{name}", -1) for name in names), ("grpc.enable_http_proxy", 0)]
OPTIONS.append(("grpc.use_local_subchannel_pool", 1))


def call(channel, method, data, seconds=10.0, streaming=False):
    """Return code, details and bytes of a call; no library touches the message."""
    try:
        if not streaming:
            return "OK", "", channel.unary_unary(method)(data, timeout=seconds)[:262144]
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
            at += {1: 8, 5: 4}[key & 7]
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
print("then: sent ServerReady; found UNIMPLEMENTED ('Method not found: inference.GRPCInferenceService/ServerReady'), expected OK")
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ServerReady', b'', 10.0, False),
     ('UNIMPLEMENTED', 'Method not found: inference.GRPCInferenceService/ServerReady', b'')),
]
same = True
with grpc.insecure_channel(address, OPTIONS) as channel:
    for asked, then in CALLS:
        now = call(channel, *asked)
        same = same and essence(asked[0], *now) == essence(asked[0], *then)
        print("sent", asked[0], asked[1][:2000])
        for what, (code, details, body) in (("now ", now), ("then", then)):
            print(what, code, repr(details)[:2000], body[:2000])
sys.exit(same)
