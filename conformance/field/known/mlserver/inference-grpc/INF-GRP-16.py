"""INF-GRP-16: Typed elements are exact (test_typed_elements_are_carried_exactly)

A server MUST carry typed elements of BOOL, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FP32 and
FP64 without change, each in the field of its datatype, and refuse no value of these datatypes.

The suite found: sent lepton_id_fp32 the inputs x [1, 1] (typed, Style(packing=0, order=0, doubled=False, divided=False)); found INTERNAL ('must be real number, not NoneType'), expected OK
Fingerprint: sha256:a379136d2a131e9c157b242c815130bf132b9b5fa6e400f25e8199427501820e
Usage: python reproducers/INF-GRP-16.py [HOST:PORT]; needs grpcio. Ends with 1 while the failure is there, with 0 when gone.
"""
import base64, concurrent.futures, re, socket, sys, zlib

import grpc

address = sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:60645'
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
print("found: sent lepton_id_fp32 the inputs x [1, 1] (typed, Style(packing=0, order=0, doubled=False, divided=False)); found INTERNAL ('must be real number, not NoneType'), expected OK")
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ModelInfer', b'\n\x0elepton_id_fp32\x1a\x08lepton-1*\x15\n\x01x\x12\x04FP32\x1a\x02\x01\x01*\x062\x04\x00\x00\xc0\x7f', 10.0, False),
     ('INTERNAL', 'must be real number, not NoneType', b'')),
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
