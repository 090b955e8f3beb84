"""gRPC at its limits: sizes, deadlines, many callers, abuse, and the end."""

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb

Call = Callable[..., tuple[str, str, bytes]]
Start = Callable[..., Any]

#: As in conftest.py: how long the server waits for a client, in seconds.
TIMEOUT_SECONDS = 3
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def request(model: str, datatype: str, array: Any) -> bytes:
    made = pb.ModelInferRequest(model_name=model)
    made.inputs.add(name="x", datatype=datatype, shape=array.shape)
    made.raw_input_contents.append(array.tobytes())
    octets: bytes = made.SerializeToString()
    return octets


def good(call: Call) -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    code, details, octets = call("ModelInfer", request("id_int32", "INT32", array))
    assert (code, details) == ("OK", "")
    assert list(pb.ModelInferResponse.FromString(octets).raw_output_contents) == [array.tobytes()]


def sleeping(seconds: float) -> bytes:
    return request("sleep", "FP32", np.array([seconds], np.float32))


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def inference(address: str) -> tuple[grpc.Channel, Any]:
    options = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    channel = grpc.insecure_channel(address, options)
    return channel, channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")


def test_34_35_64_mib_pass_both_ways(start: Start) -> None:
    server = start(1, 64 << 20, 0)
    channel, infer = inference(server.grpc_address)
    array = np.random.default_rng(1).integers(0, 256, (1, 64 << 20), dtype=np.uint8)
    octets = infer(request("id_uint8", "UINT8", array), timeout=20)
    answer = pb.ModelInferResponse.FromString(octets)
    assert answer.raw_output_contents[0] == array.tobytes()
    with pytest.raises(grpc.RpcError) as caught:
        infer(request("id_uint8", "UINT8", np.zeros((2, 33 << 20), np.uint8)), timeout=20)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    channel.close()


def test_36_a_message_beyond_the_limit_is_refused_and_nothing_else_ends(call: Call) -> None:
    for size in (4_000_000 + (64 << 10), 40_000_000):
        code, details, _ = call("ModelInfer", request("id_uint8", "UINT8", np.zeros((1, size), np.uint8)))
        assert code == "RESOURCE_EXHAUSTED"
        assert str(4_000_000 + (64 << 10)) in details
        good(call)
    code, details, _ = call("ModelReady", pb.ModelReadyRequest(name="x" * 20_000).SerializeToString())
    assert (code, "expected at most" in details) == ("RESOURCE_EXHAUSTED", True)


def test_36_a_compressed_message_is_refused_or_bounded_by_its_expansion(grpc_server: Any, call: Call) -> None:
    before = resident(grpc_server.process.pid)
    octets = request("id_uint8", "UINT8", np.zeros((1, 300_000_000), np.uint8))
    channel, infer = inference(grpc_server.grpc_address)
    with pytest.raises(grpc.RpcError) as caught:
        infer(octets, timeout=20, compression=grpc.Compression.Gzip)
    assert caught.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNIMPLEMENTED)
    assert resident(grpc_server.process.pid) - before < 100_000_000
    good(call)
    channel.close()


def test_37_a_deadline_that_passes_disturbs_no_other_call(call: Call) -> None:
    with ThreadPoolExecutor(9) as callers:
        late = [callers.submit(call, "ModelInfer", sleeping(0.6), 0.2) for _ in range(8)]
        good(call)
        assert {future.result()[0] for future in late} == {"DEADLINE_EXCEEDED"}
    good(call)


def test_37_work_of_clients_that_left_is_not_done(start: Start) -> None:
    """200 calls of a second each were left: were they computed, the next call would wait for minutes."""
    server = start(1, 4_000_000, 0)
    channel, infer = inference(server.grpc_address)
    left = [infer.future(sleeping(1.0), timeout=30) for _ in range(200)]
    time.sleep(0.5)
    for one in left:
        one.cancel()
    begun = time.monotonic()
    assert pb.ModelInferResponse.FromString(infer(sleeping(0.01), timeout=20)).model_name == "sleep"
    assert time.monotonic() - begun < 3.5
    channel.close()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.communicate(timeout=10) == ("", "")
    assert server.process.returncode == 0


def test_a_computation_beyond_the_time_limit_is_unavailable(call: Call) -> None:
    code, details, _ = call("ModelInfer", sleeping(4.0))
    assert (code, "3 seconds" in details) == ("UNAVAILABLE", True)
    good(call)


def test_38_concurrent_calls_do_not_mix(grpc_server: Any) -> None:
    failures: list[object] = []

    def caller(seed: int) -> None:
        rng = np.random.default_rng(seed)
        channel, infer = inference(grpc_server.grpc_address)
        for index in range(25):
            array = rng.integers(-(2**31), 2**31, (1, int(rng.integers(1, 50_000))), dtype=np.int32)
            made = pb.ModelInferRequest.FromString(request("split", "INT32", array))
            made.id = f"{seed}-{index}"
            answer = pb.ModelInferResponse.FromString(infer(made.SerializeToString(), timeout=20))
            plus = np.frombuffer(answer.raw_output_contents[0], np.int32)
            if answer.id != made.id or not np.array_equal(plus, (array + 1).reshape(-1)):
                failures.append(made.id)
        channel.close()

    callers = [threading.Thread(target=caller, args=(seed,)) for seed in range(12)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join(60)
    assert failures == []
    assert not any(thread.is_alive() for thread in callers)


def test_health_answers_while_every_inference_thread_is_taken(grpc_server: Any, call: Call) -> None:
    channel, infer = inference(grpc_server.grpc_address)
    waiting = [infer.future(sleeping(0.5), timeout=30) for _ in range(120)]
    time.sleep(0.3)
    begun = time.monotonic()
    assert call("ServerReady", b"")[0] == "OK"
    assert call("ServerLive", b"")[0] == "OK"
    assert time.monotonic() - begun < 1
    for one in waiting:
        one.cancel()
    channel.close()


def test_32_mutated_messages_get_a_status_and_the_server_goes_on(grpc_server: Any, call: Call) -> None:
    rng = random.Random(6)
    array = np.arange(4, dtype=np.int32).reshape(1, 4)
    typed = pb.ModelInferRequest(model_name="split", id="7")
    typed.inputs.add(name="x", datatype="INT32", shape=[1, 4]).contents.int_contents.extend([1, -2, 3, 4])
    typed.outputs.add(name="plus")
    strings = pb.ModelInferRequest(model_name="id_bytes", raw_input_contents=[b"\x01\0\0\0a"])
    strings.inputs.add(name="x", datatype="BYTES", shape=[1, 1])
    valid = [request("id_int32", "INT32", array), typed.SerializeToString(), strings.SerializeToString()]
    codes = set()
    for _ in range(1500):
        octets = bytearray(rng.choice(valid))
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(len(octets))
            match rng.randrange(4):
                case 0:
                    octets[at] ^= 1 << rng.randrange(8)
                case 1:
                    octets[at] = rng.choice([0, 0x7F, 0x80, 0xFF])
                case 2:
                    octets[at:at] = rng.randbytes(rng.randrange(1, 9))
                case _:
                    del octets[at : at + rng.randrange(1, 5)]
        codes.add(call("ModelInfer", bytes(octets))[0])
    assert codes <= {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "RESOURCE_EXHAUSTED"}
    assert {"OK", "INVALID_ARGUMENT"} <= codes
    good(call)


def test_huge_declared_shapes_take_no_memory(grpc_server: Any, call: Call) -> None:
    before = resident(grpc_server.process.pid)
    for datatype in ("BOOL", "INT64", "FP64", "BYTES"):
        for shape in ([1, 2**40], [2**31, 2**31], [2**62, 2**62], [1, 2**63 - 1]):
            made = pb.ModelInferRequest(model_name=f"id_{datatype.lower()}")
            made.inputs.add(name="x", datatype=datatype, shape=shape)
            assert call("ModelInfer", made.SerializeToString())[0] == "INVALID_ARGUMENT"
            made.raw_input_contents.append(bytes(8))
            assert call("ModelInfer", made.SerializeToString())[0] == "INVALID_ARGUMENT"
    assert resident(grpc_server.process.pid) - before < 50_000_000
    good(call)


def test_messages_of_many_small_parts_take_bounded_memory_and_time(grpc_server: Any, call: Call) -> None:
    before = resident(grpc_server.process.pid)
    typed = pb.ModelInferRequest(model_name="id_int32").SerializeToString()
    for octets in (
        typed + b"\x2a\x00" * 1_900_000,  # inputs
        typed + b"\x3a\x00" * 1_900_000,  # raw contents
        typed + b"\x32\x00" * 1_900_000,  # outputs
        typed + b"\x2a\x84\xe7\xf3\x01" + b"\x22\x00" * 1_997_250,  # parameters of one input, cut short
    ):
        begun = time.monotonic()
        assert call("ModelInfer", octets)[0] == "INVALID_ARGUMENT"
        assert time.monotonic() - begun < 3
    assert resident(grpc_server.process.pid) - before < 150_000_000
    good(call)


def test_garbage_idle_connections_and_half_messages_disturb_nobody(grpc_server: Any, call: Call) -> None:
    host, port = grpc_server.grpc_address.split(":")
    connected = [socket.create_connection((host, int(port))) for _ in range(300)]
    garbage = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01",
        bytes(100),
        random.Random(1).randbytes(5000),
    ]
    for index, one in enumerate(connected):
        if index % 2:
            one.sendall(PREFACE if index % 4 == 1 else garbage[index // 2 % 4])
    good(call)
    for one in connected:
        one.close()
    good(call)


def half_messages(address: str, count: int) -> Any:
    """Begin calls that send the head of a message and nothing more."""
    channel, _ = inference(address)
    never = threading.Event()

    def pieces() -> Any:
        never.wait(60)
        yield b""

    ask = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
    return channel, never, [ask.future(pieces(), timeout=60) for _ in range(count)]


def test_calls_that_never_send_their_message_lose_to_those_that_do(grpc_server: Any, call: Call) -> None:
    """More such calls than there are threads: after the time limit of the server they are cancelled."""
    channel, never, stalled = half_messages(grpc_server.grpc_address, 70)
    time.sleep(0.3)
    begun = time.monotonic()
    good(call)
    assert time.monotonic() - begun < 8
    assert call("ServerLive", b"")[0] == "OK"
    never.set()
    channel.close()
    del stalled


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_lets_calls_in_flight_finish_on_both_transports(start: Start, workers: int) -> None:
    server = start(workers, 4_000_000, 0)
    channel, infer = inference(server.grpc_address)
    inside = infer.future(sleeping(1.5), timeout=20)
    time.sleep(0.4)
    begun = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    other, late = inference(server.grpc_address)
    with pytest.raises(grpc.RpcError) as caught:
        late(sleeping(0.0), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert np.frombuffer(
        pb.ModelInferResponse.FromString(inside.result()).raw_output_contents[0], np.float32
    ) == np.float32(1.5)
    assert server.process.wait(10) == 0
    assert time.monotonic() - begun < 6
    for one in (channel, other):
        one.close()


def test_workers_share_the_port(start: Start) -> None:
    server = start(2, 4_000_000, 0)
    port = server.grpc_address.split(":")[1]
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    used = set()
    for _ in range(40):
        channel, infer = inference(server.grpc_address)
        octets = infer(request("id_int32", "INT32", np.array([[1]], np.int32)), timeout=10)
        assert pb.ModelInferResponse.FromString(octets).model_name == "id_int32"
        used |= {pid for pid in children if connections(pid, int(port))}
        channel.close()
        if len(used) == 2:
            return
    raise AssertionError("one worker answered every connection")


def connections(pid: str, port: int) -> bool:
    """Say whether a process holds an established connection on `port`."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            local, state, inode = line.split()[1], line.split()[3], line.split()[9]
            if inode in sockets and state == "01" and int(local.split(":")[1], 16) == port:
                return True
    return False


def test_clients_that_do_not_read_large_answers_are_bounded(start: Start) -> None:
    """20 answers of 3.9 MB are never read: the server holds 16, refuses the next, and drops all in time."""
    server = start(1, 4_000_000, 0)
    octets = request("id_uint8", "UINT8", np.zeros((1, 3_900_000), np.uint8))
    left = [unread_call(server.grpc_address, octets) for _ in range(20)]
    time.sleep(0.5)
    channel, infer = inference(server.grpc_address)
    small = request("id_int32", "INT32", np.array([[1]], np.int32))
    assert pb.ModelInferResponse.FromString(infer(small, timeout=20)).model_name == "id_int32"
    with pytest.raises(grpc.RpcError) as caught:
        infer(octets, timeout=20)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    time.sleep(TIMEOUT_SECONDS + 1.5)
    assert pb.ModelInferResponse.FromString(infer(octets, timeout=20)).model_name == "id_uint8"
    channel.close()
    for one in left:
        one.close()


def unread_call(address: str, octets: bytes) -> socket.socket:
    """Make a call as a client whose window for the answer is 0."""
    host, port = address.split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(PREFACE[:24] + frame(4, 0, 0, bytes([0, 4, 0, 0, 0, 0])))
    path = b"/inference.GRPCInferenceService/ModelInfer"
    fields = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"x")]
    fields += [(b"te", b"trailers"), (b"content-type", b"application/grpc")]
    block = b"".join(b"\0" + bytes([len(k)]) + k + bytes([len(v)]) + v for k, v in fields)
    connection.sendall(frame(1, 4, 1, block))
    message = b"\0" + len(octets).to_bytes(4, "big") + octets
    at = 0
    windows, initial = {0: 65_535, 1: 65_535}, 65_535
    incoming = connection.makefile("rb")
    while at < len(message):
        size = min(16_384, *windows.values(), len(message) - at)
        if size > 0:
            connection.sendall(frame(0, at + size == len(message), 1, message[at : at + size]))
            at += size
            windows = {stream: window - size for stream, window in windows.items()}
            continue
        head = incoming.read(9)
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
        payload = incoming.read(int.from_bytes(head[:3], "big"))
        if kind == 8:
            windows[stream] += int.from_bytes(payload, "big")
        elif kind == 4 and not flags:
            for setting in range(0, len(payload), 6):
                if payload[setting : setting + 2] == bytes([0, 4]):
                    value = int.from_bytes(payload[setting + 2 : setting + 6], "big")
                    windows[1] += value - initial
                    initial = value
            connection.sendall(frame(4, 1, 0, b""))
        elif kind == 6 and not flags:
            connection.sendall(frame(6, 1, 0, payload))
        else:
            assert kind in (4, 6), (kind, payload)
    return connection


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
