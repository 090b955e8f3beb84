"""INF-GRP-07: Metadata of an unknown model (test_metadata_of_what_there_is_not_are_not_found)

A server MUST refuse `ModelMetadata` for a model or a version that it does not have with NOT_FOUND.

The suite then: sent ModelMetadata of 'lepton_id_bool' version '99999'; found OK with 82 bytes, expected NOT_FOUND
Fingerprint: sha256:692a6aaaed6b9dc4d392299bb3bec27858d873b207795c1a64cbd11004d83a8c
Usage: python reproducers/INF-GRP-07.py [HOST:PORT]; needs grpcio. Ends with 1 while the server answers as it
did then, see `essence`, with 0 when it does not, with 2 when nobody answers.
"""
import base64, concurrent.futures, re, socket, sys, zlib

import grpc

address = sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:60361'
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
print("then: sent ModelMetadata of 'lepton_id_bool' version '99999'; found OK with 82 bytes, expected NOT_FOUND")
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ModelMetadata', b'\n\x0elepton_id_bool\x12\x0599999', 10.0, False),
     ('OK', '', b'\n\x0elepton_id_bool"\x1f\n\x01x\x12\x04BOOL\x1a\x14\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01*\x1f\n\x01y\x12\x04BOOL\x1a\x14\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01')),
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
