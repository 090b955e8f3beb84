"""INF-REQ-10: Pipelined requests, written by hand: two GETs at once on one connection.

A server MUST send the answers to requests that are pipelined on one connection in the order of the requests.

The suite found: no answer to the requests behind a GET, within the time allowed.
Fingerprint: sha256:cb9a6b70b66388448fb16ac65fb26a6e059e7b64e23efc23c7c379849d33b010
Usage: python INF-REQ-10.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import socket, sys

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8000").rpartition(":")
request = f"GET /v2 HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
came = b""
try:
    connection = socket.create_connection((host.strip("[]"), int(port)), timeout=30)
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
with connection:
    connection.settimeout(5)
    connection.sendall(request + request)
    try:
        while came.count(b"HTTP/1.1 200") < 2 and (data := connection.recv(65536)):
            came += data
    except TimeoutError:
        print("nothing more within 5 s, the connection is open")
answers = came.count(b"HTTP/1.1 200")
print("sent", request + request, "now ", came, f"found {answers} answers to 2 requests", sep="\n")
sys.exit(answers != 2)
