"""INF-MET-04: Metadata of an unknown model (test_metadata_of_unknown_model_is_refused)

A server MUST refuse the metadata request of a model that it does not have.

The suite found: found status 404 with '{\\n  "code": 404,\\n  "type": "ResourceNotFoundException",\\n  "message": "Requested resource is not found, please refer to API document."\\n}\\n', expected an object with a string `error`
Fingerprint: sha256:04ccef06e50749831608dbf34204c0582c3120aa1363c8bd35f8ca24375a134e
Usage: python reproducers/INF-MET-04.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:54879', timeout=30)
body = None
headers = {}
then = (404, 'application/json', b'{\n  "code": 404,\n  "type": "ResourceNotFoundException",\n  "message": "Requested resource is not found, please refer to API document."\n}\n')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('GET', '/v2/models/lepton_nothing', body, headers)
    answer = server.getresponse()
    now = (answer.status, *map(answer.getheader, ('Content-Type',)), answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('found: found status 404 with \'{\\n  "code": 404,\\n  "type": "ResourceNotFoundException",\\n  "message": "Requested resource is not found, please refer to API document."\\n}\\n\', expected an object with a string `error`')
print("sent", 'GET /v2/models/lepton_nothing', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
