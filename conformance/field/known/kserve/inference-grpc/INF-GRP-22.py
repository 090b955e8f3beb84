"""INF-GRP-22: Length and content of raw entries (test_raw_entries_of_another_length_are_refused)

A server MUST refuse with INVALID_ARGUMENT a request with a raw entry whose length is not the element count times
the item size, with a byte other than 0 and 1 for a BOOL, or with lengths of BYTES elements that run beyond the
entry, leave bytes over, or give another number of elements than the shape.

The suite found: sent lepton_id_bool a raw entry of BOOL with the byte 2 for a BOOL; found OK with 73 bytes, expected INVALID_ARGUMENT
Fingerprint: sha256:757a67ba8f6ceb441a27a1936b7e4dac9cd5484faab0ed31e630482fb8f130d4
Usage: python reproducers/INF-GRP-22.py [HOST:PORT]; needs grpcio. Ends with 1 while the failure is there, with 0 when gone.
"""
import base64, concurrent.futures, re, socket, sys, zlib

import grpc

address = sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:59869'
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


def essence(code, details, body):
    """Return what two answers have in common when they say the same: numbers in the details may differ."""
    return code, re.sub(r"0x[0-9a-f]+|[0-9]+", "#", details), body


try:
    host, _, port = address.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
print('found: sent lepton_id_bool a raw entry of BOOL with the byte 2 for a BOOL; found OK with 73 bytes, expected INVALID_ARGUMENT')
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ModelInfer', b'\n\x0elepton_id_bool\x1a\x08lepton-1*\r\n\x01x\x12\x04BOOL\x1a\x02\x02\x03:\x06\x02\x00\x00\x01\x00\x00', 10.0, False),
     ('OK', '', b'\n\x0elepton_id_bool\x1a\x08lepton-1*%\n\x01y\x12\x04BOOL\x1a\x02\x02\x03"\x16\n\x10binary_data_size\x12\x02\x10\x062\x06\x02\x00\x00\x01\x00\x00')),
]
same = True
with grpc.insecure_channel(address, OPTIONS) as channel:
    for asked, then in CALLS:
        now = call(channel, *asked)
        same = same and essence(*now) == essence(*then)
        print("sent", asked[0], asked[1][:2000])
        for what, (code, details, body) in (("now ", now), ("then", then)):
            print(what, code, repr(details)[:2000], body[:2000])
sys.exit(same)
