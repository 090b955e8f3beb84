"""INF-MET-02: Model metadata (test_model_metadata_has_the_required_members)

A server MUST answer `GET /v2/models/{name}` for a model that it has with status 200 and a JSON object in which
`name` is the model's name, `platform` is a string, `inputs` and `outputs` are arrays of objects with a string
`name`, a string `datatype` and an array `shape`, and `versions`, where present, is an array of strings.

The suite found: metadata of lepton_id_bool: found versions None, expected an array of strings, or no such member
Fingerprint: sha256:4adc14e7ea2b14a950506fcc5bb8c255fb4d9eeedc140ba5ada043093ba2579a
Usage: python reproducers/INF-MET-02.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:53265', timeout=30)
body = None
headers = {}
then = (200, 'application/json', b'{"name":"lepton_id_bool","versions":null,"platform":"onnx_onnxv1","inputs":[{"name":"x","datatype":"BOOL","shape":[-1,-1]}],"outputs":[{"name":"y","datatype":"BOOL","shape":[-1,-1]}]}')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('GET', '/v2/models/lepton_id_bool', body, headers)
    answer = server.getresponse()
    now = (answer.status, *map(answer.getheader, ('Content-Type',)), answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('found: metadata of lepton_id_bool: found versions None, expected an array of strings, or no such member')
print("sent", 'GET /v2/models/lepton_id_bool', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
