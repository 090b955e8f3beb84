"""INF-DAT-05: FP64 keeps its bits (test_fp64_keeps_its_bits)

A server MUST carry every finite FP64 value without change of its bits, negative zero and subnormal numbers included.

The suite found: sent lepton_id_fp64 the inputs x [1, 1]; output y: found 1.0 (bits 3ff0000000000000) at [0, 0], expected 0.9999999999999999 (bits 3fefffffffffffff)
Fingerprint: sha256:796c53dd1c39e84db7ae997c55983cb5376ca139959edbc36bfdc4bb407a3554
Usage: python reproducers/INF-DAT-05.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:35379', timeout=30)
body = b'{"id":"lepton-1","inputs":[{"name":"x","shape":[1,1],"datatype":"FP64","data":[0.9999999999999999]}]}'
headers = {'Content-Type': 'application/json'}
then = (200, 'application/json', b'{"id":"lepton-1","model_name":"lepton_id_fp64","model_version":"1","outputs":[{"name":"y","datatype":"FP64","shape":[1,1],"data":[1.0]}]}')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('POST', '/v2/models/lepton_id_fp64/infer', body, headers)
    answer = server.getresponse()
    now = (answer.status, *map(answer.getheader, ('Content-Type',)), answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('found: sent lepton_id_fp64 the inputs x [1, 1]; output y: found 1.0 (bits 3ff0000000000000) at [0, 0], expected 0.9999999999999999 (bits 3fefffffffffffff)')
print("sent", 'POST /v2/models/lepton_id_fp64/infer', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
