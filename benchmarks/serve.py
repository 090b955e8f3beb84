"""`lepton serve` beside its peers: requests per second and latencies of an identity model, in one run.

Owns that comparison; prints ratios, and beside them the ratio of processor time per request, which tells a
slow server from a busy machine. Two loads: 602 KB of FP32 in binary on one connection, beside starlette on
uvicorn and the KServe SDK; 4 KB of JSON on 16, beside MLServer and starlette. The peers check little and copy
with numpy; ours checks everything and computes with onnxruntime. Each peer has an environment of its own,
`.venv-bench-NAME` in the checkout, which is made when it is missing (a minute or two).
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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["main"]

MODEL = "lepton_id_fp32"
BINARY_ELEMENTS = 150_528  # 224 x 224 x 3: 602,112 bytes
JSON_ELEMENTS = 400
CHECKOUT = Path(__file__).resolve().parent.parent
#: What each peer's environment holds.
PACKAGES = {
    "starlette": ("starlette", "uvicorn", "numpy"),
    "kserve": ("kserve",),
    "mlserver": ("mlserver",),
}


@dataclass(frozen=True, slots=True)
class Load:
    """One request, sent over and over on `connections` at once, `requests` in all a round.

    `aims` are the least ratios to reach, by peer.
    """

    name: str
    request: bytes
    connections: int
    requests: int
    aims: dict[str, float]


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
        Load(
            "602 KB binary, 1 connection",
            post(text + octets, header),
            1,
            400,
            {"starlette": 2.0, "kserve": 100.0},
        ),
        Load(
            "4 KB JSON, 16 connections",
            post(json.dumps({"inputs": [{**small, "data": data}]}).encode()),
            16,
            1600,
            {"mlserver": 1.5, "starlette": 1.5},
        ),
    )


def post(body: bytes, header: bytes = b"") -> bytes:
    """Return a whole HTTP request."""
    start = b"POST /v2/models/%b/infer HTTP/1.1\r\nHost: localhost\r\n" % MODEL.encode()
    kind = b"Content-Type: application/%b\r\n" % (b"octet-stream" if header else b"json")
    return start + kind + header + b"Content-Length: %d\r\n\r\n" % len(body) + body


def per_second(port: int, load: Load, part: int = 1, latencies: list[float] | None = None) -> float:
    """Send a `part`-th of a load and return the requests answered per second; note each one's seconds."""
    failures: list[str] = []
    each = max(2, load.requests // load.connections // part)
    taken: list[float] = [] if latencies is None else latencies

    def send() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            buffer = bytearray(4 << 20)  # an answer in JSON takes four times the binary
            for _ in range(each):
                begun = time.perf_counter()
                connection.sendall(load.request)
                status = receive(connection, buffer)
                taken.append(time.perf_counter() - begun)
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
    """Read one answer, sized or chunked, into `buffer` and return its status."""
    view = memoryview(buffer)
    filled, needed, chunked = 0, len(buffer), False
    while filled < needed and not (chunked and buffer.endswith(b"\r\n0\r\n\r\n", 0, filled)):
        got = connection.recv_into(view[filled:])
        if got == 0:
            return b"none"
        filled += got
        if needed == len(buffer) and not chunked and (end := buffer.find(b"\r\n\r\n", 0, filled)) >= 0:
            head = bytes(buffer[:end]).lower()
            chunked = b"\r\ntransfer-encoding: chunked" in head
            if not chunked:
                needed = end + 4 + int(head.split(b"\r\ncontent-length: ")[-1].split(b"\r\n")[0])
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
def peer(name: str) -> Iterator[Server]:
    """Run a peer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    program = Path(__file__).with_name(f"{name}_identity.py")
    with subprocess.Popen(
        [peer_python(name), str(program), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            await_answer(name, process, port)
            yield Server(port, process.pid)
        finally:
            process.terminate()


def await_answer(name: str, process: "subprocess.Popen[bytes]", port: int) -> None:
    """Wait until the peer answers the small load."""
    small = loads()[1]
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(small.request)
                if receive(connection, bytearray(1 << 20)) == b"200":
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"found no answer of {name}, expected 200; see {name}_identity.py")


def peer_python(name: str) -> str:
    """Return the Python of a peer's environment, which is made when it is missing."""
    folder = CHECKOUT / f".venv-bench-{name}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"making {folder.name} ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES[name]], check=True)
        (folder / "complete").touch()
    return str(python)


def compare(lepton: Server, name: str, other: Server, load: Load, rounds: int) -> bool:
    """Measure one load, print the ratios, and say whether the aim is met."""
    warm = per_second(lepton.port, load), per_second(other.port, load, 20)
    part = max(1, min(20, round(warm[0] / warm[1] / 2)))  # a slow peer gets fewer requests
    taken: tuple[list[float], list[float]] = [], []
    servers = (lepton, other)
    busy = [server.processor_seconds() for server in servers]
    rates = [
        (per_second(lepton.port, load, 1, taken[0]), per_second(other.port, load, part, taken[1]))
        for _ in range(rounds)
    ]
    spent = [
        (server.processor_seconds() - was) / len(seconds)
        for server, was, seconds in zip(servers, busy, taken, strict=True)
    ]
    ratios = sorted(a / b for a, b in rates)
    median = statistics.median(ratios)
    aim = load.aims[name]
    print(
        f"{load.name}: lepton serve / {name}: {median:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}); "
        f"{statistics.median(a for a, _ in rates):.0f} against {statistics.median(b for _, b in rates):.0f} "
        f"requests/s; p50 {quantile(taken[0], 50)} against {quantile(taken[1], 50)}, "
        f"p99 {quantile(taken[0], 99)} against {quantile(taken[1], 99)}; "
        f"processor time {spent[0] / max(spent[1], 1e-9):.2f}; "
        f"aim at least {aim:.2f}: {'met' if median >= aim else 'MISSED'}",
        flush=True,
    )
    return median >= aim


def quantile(seconds: list[float], percent: int) -> str:
    """Return a percentile in milliseconds."""
    ordered = sorted(seconds)
    return f"{1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]:.2f} ms"


def main() -> int:
    """Measure, print, and return 0 when every aim is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--peer", action="append", choices=list(PACKAGES), help="only this peer (repeatable)")
    args = parser.parse_args()
    names = args.peer or list(PACKAGES)
    met = True
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        lepton = stack.enter_context(ours(Path(folder)))
        for name in names:
            with peer(name) as other:
                for load in loads():
                    if name in load.aims:
                        met = compare(lepton, name, other, load, args.rounds) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
