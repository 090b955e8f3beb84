"""INF-GRP-30: Inference with an unknown model (test_inference_with_what_there_is_not_is_not_found)

A server MUST refuse `ModelInfer` for a model or a version that it does not have with NOT_FOUND.

The suite found: sent ModelInfer of 'lepton_id_fp32' version '99999'; found OK with 91 bytes, expected NOT_FOUND
Fingerprint: sha256:894ad9aeff8a3a1032067fba7d0dfc98681c81a01bae4e7195264299b8ee38a8
Usage: python reproducers/INF-GRP-30.py [HOST:PORT]; needs grpcio. Ends with 1 while the failure is there, with 0 when gone.
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
print("found: sent ModelInfer of 'lepton_id_fp32' version '99999'; found OK with 91 bytes, expected NOT_FOUND")
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ModelInfer', b'\n\x0elepton_id_fp32\x12\x0599999\x1a\x08lepton-1*)\n\x01x\x12\x04FP32\x1a\x02\x02\x03*\x1a2\x18\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@\x00\x00\xc0@', 10.0, False),
     ('OK', '', b'\n\x0elepton_id_fp32\x1a\x08lepton-1*%\n\x01y\x12\x04FP32\x1a\x02\x02\x03"\x16\n\x10binary_data_size\x12\x02\x10\x182\x18\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@\x00\x00\xc0@')),
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
