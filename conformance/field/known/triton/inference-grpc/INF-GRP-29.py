"""INF-GRP-29: Unknown or duplicate requested output (test_unknown_and_duplicate_outputs_are_refused)

A server MUST refuse with INVALID_ARGUMENT a request that names an output that the model does not have, or one
twice.

The suite found: sent lepton_id_int32 a request for an output twice; found OK with 72 bytes, expected INVALID_ARGUMENT
Fingerprint: sha256:985e1362ea368267955a6019546dfe11f7d5807e65782423cfa94d3008495cda
Usage: python reproducers/INF-GRP-29.py [HOST:PORT]; needs grpcio. Ends with 1 while the failure is there, with 0 when gone.
"""
import base64, concurrent.futures, re, socket, sys, zlib

import grpc

address = sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:42211'
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
print('found: sent lepton_id_int32 a request for an output twice; found OK with 72 bytes, expected INVALID_ARGUMENT')
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ModelInfer', b'\n\x0flepton_id_int32\x1a\x08lepton-1*\x18\n\x01x\x12\x05INT32\x1a\x02\x02\x03*\x08\x12\x06\x01\x02\x03\x04\x05\x062\x03\n\x01y2\x03\n\x01y', 10.0, False),
     ('OK', '', b'\n\x0flepton_id_int32\x12\x011\x1a\x08lepton-1*\x0e\n\x01y\x12\x05INT32\x1a\x02\x02\x032\x18\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x05\x00\x00\x00\x06\x00\x00\x00')),
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
