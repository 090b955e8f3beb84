"""INF-GRP-28: Shape that the model cannot take (test_shapes_that_a_model_cannot_take_are_refused)

A server MUST refuse with INVALID_ARGUMENT a request with an input whose shape has another rank than the
metadata's, another size in a dimension that it fixes, a negative dimension, more elements than a 64-bit integer
counts, or unlike sizes where the model's signature has equal symbols.

The suite found: sent lepton_id_fp32 the shape [-2, -3] (typed); found INTERNAL ("Stub process 'lepton_id_fp32_0' is not healthy."), expected INVALID_ARGUMENT
Fingerprint: sha256:f8503f5c57272f3e0624525d569785c044c9616470c50a38ed5152f0f2a5c84c
Usage: python reproducers/INF-GRP-28-test_shapes_that_a_model_cannot_take_are_refused.py [HOST:PORT]; needs grpcio. Ends with 1 while the failure is there, with 0 when gone.
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
print('found: sent lepton_id_fp32 the shape [-2, -3] (typed); found INTERNAL ("Stub process \'lepton_id_fp32_0\' is not healthy."), expected INVALID_ARGUMENT')
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ModelInfer', b'\n\x0elepton_id_fp32\x1a\x08lepton-1*;\n\x01x\x12\x04FP32\x1a\x14\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\xfd\xff\xff\xff\xff\xff\xff\xff\xff\x01*\x1a2\x18\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@\x00\x00\xc0@', 10.0, False),
     ('INTERNAL', "Stub process 'lepton_id_fp32_0' is not healthy.", b'')),
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
