"""INF-GRP-19: Empty tensors (test_empty_tensors_are_carried)

A server MUST accept and send a tensor one of whose dimensions is 0, typed and raw, with its full shape and no
elements.

The suite found: sent lepton_id_bool the inputs x [0, 3] (typed, without contents); found INVALID_ARGUMENT ("unable to find data for input tensor 'x' for model 'lepton_id_bool' in request."), expected OK
Fingerprint: sha256:ea8d03444ab0198002feec27015173c6a61f287ef49592d9eaab5207256a4f04
Usage: python reproducers/INF-GRP-19.py [HOST:PORT]; needs grpcio. Ends with 1 while the failure is there, with 0 when gone.
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
print('found: sent lepton_id_bool the inputs x [0, 3] (typed, without contents); found INVALID_ARGUMENT ("unable to find data for input tensor \'x\' for model \'lepton_id_bool\' in request."), expected OK')
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ModelInfer', b'\n\x0elepton_id_bool\x1a\x08lepton-1*\r\n\x01x\x12\x04BOOL\x1a\x02\x00\x03:\x00', 10.0, False),
     ('OK', '', b'\n\x0elepton_id_bool\x12\x011\x1a\x08lepton-1*\r\n\x01y\x12\x04BOOL\x1a\x02\x00\x032\x00')),
    (('/inference.GRPCInferenceService/ModelInfer', b'\n\x0elepton_id_bool\x1a\x08lepton-1*\x0f\n\x01x\x12\x04BOOL\x1a\x02\x00\x03*\x00', 10.0, False),
     ('OK', '', b'\n\x0elepton_id_bool\x12\x011\x1a\x08lepton-1*\r\n\x01y\x12\x04BOOL\x1a\x02\x00\x032\x00')),
    (('/inference.GRPCInferenceService/ModelInfer', b'\n\x0elepton_id_bool\x1a\x08lepton-1*\r\n\x01x\x12\x04BOOL\x1a\x02\x00\x03', 10.0, False),
     ('INVALID_ARGUMENT', "unable to find data for input tensor 'x' for model 'lepton_id_bool' in request.", b'')),
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
