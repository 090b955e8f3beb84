"""INF-GRP-07: Metadata of an unknown model (test_metadata_of_what_there_is_not_are_not_found)

A server MUST refuse `ModelMetadata` for a model or a version that it does not have with NOT_FOUND.

The suite found: sent ModelMetadata of 'lepton_id_bool' version 'lepton-none'; found INVALID_ARGUMENT ("failed to get model version from specified version string 'lepton-none' (details: stol), version should be an integral value > 0"), expected NOT_FOUND
Fingerprint: sha256:765d5a7d6dddea538a545c6517de8c057c87fc42e6560acae5e1e5450e695a25
Usage: python reproducers/INF-GRP-07.py [HOST:PORT]; needs grpcio. Ends with 1 while the failure is there, with 0 when gone.
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
print('found: sent ModelMetadata of \'lepton_id_bool\' version \'lepton-none\'; found INVALID_ARGUMENT ("failed to get model version from specified version string \'lepton-none\' (details: stol), version should be an integral value > 0"), expected NOT_FOUND')
CALLS = [  # (method, bytes sent, seconds, streaming), (code then, details then, bytes then)
    (('/inference.GRPCInferenceService/ModelMetadata', b'\n\x0elepton_id_bool\x12\x0blepton-none', 10.0, False),
     ('INVALID_ARGUMENT', "failed to get model version from specified version string 'lepton-none' (details: stol), version should be an integral value > 0", b'')),
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
