"""INF-GRP-04: Unknown model is not ready (test_what_there_is_not_is_not_ready)

A server MUST NOT answer `ModelReady` for a model or version that it does not have with OK and `ready` true.

The suite found: sent ModelReady of 'lepton_id_fp32' version '99999', which there is not; found ready true
Fingerprint: sha256:a16530ca6fd878b9f52813b35b58c88d44c9ef9fe15e0a973a8e89b2c6d8b083
Usage: python reproducers/INF-GRP-04.py [HOST:PORT]; needs grpcio. Ends with 1 while the failure is there, with 0 when gone.
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
print("found: sent ModelReady of 'lepton_id_fp32' version '99999', which there is not; found ready true")
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ModelReady', b'\n\x0elepton_id_fp32\x12\x0599999', 10.0, False),
     ('OK', '', b'\x08\x01')),
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
