"""INF-MET-01: Server metadata (test_server_metadata_has_name_version_and_extensions)

A server MUST answer `GET /v2` with status 200 and a JSON object whose members `name` and `version` are strings and
whose member `extensions` is an array of strings.

The suite found: server metadata: found extensions None, expected an array of strings
Fingerprint: sha256:fbf22dd460f9b6bb222022662db1bc352fd63122549d38a683150c6c5a517804
Usage: python reproducers/INF-MET-01.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:54879', timeout=30)
body = None
headers = {}
then = (200, 'application/json', b'{\n  "name": "Torchserve",\n  "version": "0.12.0",\n  "extenstion": [\n    "kserve",\n    "kubeflow"\n  ]\n}\n')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('GET', '/v2', body, headers)
    answer = server.getresponse()
    now = (answer.status, *map(answer.getheader, ('Content-Type',)), answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('found: server metadata: found extensions None, expected an array of strings')
print("sent", 'GET /v2', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
