"""INF-REQ-13: Content-Length that cannot be (test_invalid_and_contradictory_lengths_end_the_connection)

A server MUST answer a request without transfer coding whose `Content-Length` is not a sequence of digits, or that
has two unlike values of it, with status 400, and close the connection.

The suite found: sent POST /v2/models/lepton_id_fp32/infer, found no usable answer (the connection was closed before the answer was complete), expected an HTTP answer
Fingerprint: sha256:877e2a76e43f4117d94e9728042ccb5e2f0ee01f8152ec28e11f4476b327f127
Usage: python reproducers/INF-REQ-13.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys, io, socket

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:35379').rpartition(":")
CONNECTIONS = [  # of each: (bytes to send, method, what came back: status, fields, body; None for no answer)
    [
        (b'POST /v2/models/lepton_id_fp32/infer HTTP/1.1\r\nHost: 127.0.0.1:35379\r\nContent-Type: application/json\r\nContent-Length: abc\r\n\r\n{"id":"lepton-1","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}', 'POST', None),
    ],
    [
        (b'POST /v2/models/lepton_id_fp32/infer HTTP/1.1\r\nHost: 127.0.0.1:35379\r\nContent-Type: application/json\r\nContent-Length: abc\r\n\r\n', 'POST', None),
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


print('found: sent POST /v2/models/lepton_id_fp32/infer, found no usable answer (the connection was closed before the answer was complete), expected an HTTP answer')
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
