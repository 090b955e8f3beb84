"""INF-RSP-07: Answers are JSON (test_error_bodies_are_json_and_say_so)

The body of an answer that has one and is not binary MUST be one JSON text in UTF-8 without a byte order mark, sent
with the media type `application/json`, on the metadata and inference routes, errors included.

The suite found: sent a request for the unknown model 'lepton_nothing'; found Content-Type 'text/plain', expected application/json
Fingerprint: sha256:d113997975e3f53fba5c4f3669a3afcdd7a85f7019492bbd4a73cd76b4c6d58f
Usage: python reproducers/INF-RSP-07-test_error_bodies_are_json_and_say_so.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys, io, socket

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:35379').rpartition(":")
CONNECTIONS = [  # of each: (bytes to send, method, what came back: status, fields, body; None for no answer)
    [
        (b'POST /v2/models/lepton_nothing/infer HTTP/1.1\r\nHost: 127.0.0.1:35379\r\nContent-Type: application/json\r\nContent-Length: 106\r\n\r\n{"id":"lepton-1","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}', 'POST', (404, 'text/plain', b'{"error":"Request for unknown model: \'lepton_nothing\' is not found"}')),
        (b'GET /v2/models/lepton_nothing HTTP/1.1\r\nHost: 127.0.0.1:35379\r\n\r\n', 'GET', (404, 'application/json', b'{"error":"Request for unknown model: \'lepton_nothing\' is not found"}')),
    ],
]


class Stream(io.BufferedReader):
    def makefile(self, mode):
        return self

    def close(self):
        pass


def receive(stream, method):
    try:
        answer = http.client.HTTPResponse(stream, method=method)
        answer.begin()
        return (answer.status, *map(answer.getheader, ('Content-Type',)), answer.read())
    except (OSError, http.client.HTTPException):
        return None


print("found: sent a request for the unknown model 'lepton_nothing'; found Content-Type 'text/plain', expected application/json")
same = True
for exchanges in CONNECTIONS:
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout=30)
    except OSError as error:
        print("nobody answers:", error)
        sys.exit(2)
    with connection:
        stream = Stream(socket.SocketIO(connection, "rb"))
        for data, method, then in exchanges:
            try:
                connection.sendall(data)
            except OSError as error:
                print("not all was read:", error)
            now = receive(stream, method)
            print("sent", data[:2000], "now ", str(now)[:2000], "then", str(then)[:2000], sep="\n")
            same = same and now == then
sys.exit(same)
