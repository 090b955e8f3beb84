"""`lepton serve` beside uvicorn with starlette: requests per second of an identity model.

Owns that comparison; prints ratios, and beside them the ratio of processor time per request, which tells a
slow server from a busy machine. Two loads: 602 KB of FP32 in binary on one connection, and 4 KB of JSON on
16. The peer checks nothing and answers from numpy; ours checks everything and computes with onnxruntime.
Needs a Python with starlette, uvicorn and numpy; makes one in a temporary folder unless `--peer-python`
names it.
"""

import argparse
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["main"]

MODEL = "lepton_id_fp32"
BINARY_ELEMENTS = 150_528  # 224 x 224 x 3: 602,112 bytes
JSON_ELEMENTS = 400
AIM_BINARY = 2.0
AIM_JSON = 1.5


@dataclass(frozen=True, slots=True)
class Load:
    """One request, sent over and over on `connections` at once, `requests` in all a round."""

    name: str
    request: bytes
    connections: int
    requests: int
    aim: float


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    process: int

    def processor_seconds(self) -> float:
        """Return what the process has used so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loads() -> tuple[Load, ...]:
    """Build the two loads."""
    shape = [1, BINARY_ELEMENTS]
    tensor = {"name": "x", "shape": shape, "datatype": "FP32"}
    octets = struct.pack(f"<{BINARY_ELEMENTS}f", *(at / 7 for at in range(BINARY_ELEMENTS)))
    parameters = {"binary_data_size": len(octets)}
    text = json.dumps(
        {"inputs": [{**tensor, "parameters": parameters}], "parameters": {"binary_data_output": True}}
    ).encode()
    header = b"Inference-Header-Content-Length: %d\r\n" % len(text)
    small = {"name": "x", "shape": [1, JSON_ELEMENTS], "datatype": "FP32"}
    data = [round(at / 7, 6) for at in range(JSON_ELEMENTS)]
    return (
        Load("602 KB binary, 1 connection", post(text + octets, header), 1, 400, AIM_BINARY),
        Load(
            "4 KB JSON, 16 connections",
            post(json.dumps({"inputs": [{**small, "data": data}]}).encode()),
            16,
            1600,
            AIM_JSON,
        ),
    )


def post(body: bytes, header: bytes = b"") -> bytes:
    """Return a whole HTTP request."""
    start = b"POST /v2/models/%b/infer HTTP/1.1\r\nHost: localhost\r\n" % MODEL.encode()
    kind = b"Content-Type: application/%b\r\n" % (b"octet-stream" if header else b"json")
    return start + kind + header + b"Content-Length: %d\r\n\r\n" % len(body) + body


def per_second(port: int, load: Load) -> float:
    """Send a load once and return the requests answered per second."""
    failures: list[str] = []
    each = load.requests // load.connections

    def send() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            buffer = bytearray(1 << 20)
            for _ in range(each):
                connection.sendall(load.request)
                status = receive(connection, buffer)
                if status != b"200":
                    failures.append(status.decode())
                    return

    threads = [threading.Thread(target=send) for _ in range(load.connections)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    if failures:
        raise SystemExit(f"found status {failures[0]}, expected 200")
    return each * load.connections / took


def receive(connection: socket.socket, buffer: bytearray) -> bytes:
    """Read one answer into `buffer` and return its status."""
    view = memoryview(buffer)
    filled, needed = 0, len(buffer)
    while filled < needed:
        got = connection.recv_into(view[filled:])
        if got == 0:
            return b"none"
        filled += got
        if needed == len(buffer) and (end := buffer.find(b"\r\n\r\n", 0, filled)) >= 0:
            head = bytes(buffer[:end]).lower()
            length = head.split(b"content-length: ")[-1].split(b"\r\n")[0]
            needed = end + 4 + int(length)
    return bytes(buffer[9:12])


@contextmanager
def ours(folder: Path) -> Iterator[Server]:
    """Run `lepton serve` on the conformance models."""
    lepton = [sys.executable, "-m", "lepton"]
    models = str(folder / "models")
    subprocess.run(
        [*lepton, "certify", "export-models", models, "--layout", "lepton"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    command = [*lepton, "serve", f"{models}/{MODEL}.lepton", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield Server(int(line.split("http://127.0.0.1:")[1].split()[0]), process.pid)
        finally:
            process.terminate()


@contextmanager
def peer(python: str) -> Iterator[Server]:
    """Run the peer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    program = Path(__file__).with_name("starlette_identity.py")
    with subprocess.Popen([python, str(program), str(port)]) as process:
        try:
            while process.poll() is None:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield Server(port, process.pid)
        finally:
            process.terminate()


def peer_python(folder: Path) -> str:
    """Make a throwaway environment for the peer and return its Python."""
    venv.create(folder / "peer", with_pip=True)
    python = str(folder / "peer" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "starlette", "uvicorn", "numpy"], check=True)
    return python


def compare(lepton: Server, starlette: Server, load: Load, rounds: int) -> bool:
    """Measure one load, print the ratios, and say whether the aim is met."""
    per_second(lepton.port, load), per_second(starlette.port, load)  # warm
    busy = [server.processor_seconds() for server in (lepton, starlette)]
    rates = [(per_second(lepton.port, load), per_second(starlette.port, load)) for _ in range(rounds)]
    spent = [server.processor_seconds() - was for server, was in zip((lepton, starlette), busy, strict=True)]
    ratios = sorted(a / b for a, b in rates)
    median = statistics.median(ratios)
    print(
        f"{load.name}: lepton serve / starlette on uvicorn: {median:.2f} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}); {statistics.median(a for a, _ in rates):.0f} against "
        f"{statistics.median(b for _, b in rates):.0f} requests/s; processor time {spent[0] / spent[1]:.2f}; "
        f"aim at least {load.aim:.2f}: {'met' if median >= load.aim else 'MISSED'}"
    )
    return median >= load.aim


def main() -> int:
    """Measure, print, and return 0 when every aim is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--peer-python", help="a Python that has starlette, uvicorn and numpy")
    args = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as folder:
        python = args.peer_python or peer_python(Path(folder))
        with ours(Path(folder)) as lepton, peer(python) as starlette:
            for load in loads():
                met = compare(lepton, starlette, load, args.rounds) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
