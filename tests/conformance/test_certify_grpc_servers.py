"""The suite on gRPC servers: no false alarm on correct ones, a proper outcome on hopeless ones."""

import contextlib
import itertools
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import jsonschema_rs
import pytest

import lepton_spec
from lepton_conformance.certify import certify, run
from lepton_conformance.mutants.grpc_listener import listening_grpc
from lepton_conformance.mutants.grpc_naive import NaiveGrpc
from lepton_conformance.smoke import smoke
from lepton_conformance.subject.http import Unreachable

Answer = Callable[[str, bytes], bytes]
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@pytest.fixture(scope="module")
def naive() -> Iterator[str]:
    command = [sys.executable, "-m", "lepton_conformance.mutants.serve", "--grpc"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@contextlib.contextmanager
def between(answer: Answer) -> Iterator[str]:
    """Serve every method with a function of its path and the request's bytes."""

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            method = details.method

            def behave(request: bytes, context: Any) -> bytes:
                try:
                    return answer(method, request)
                except grpc.RpcError as error:
                    context.abort(error.code(), error.details())
                    raise AssertionError from error

            return grpc.unary_unary_rpc_method_handler(behave)

    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[Handler()], options=OPTIONS)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        server.stop(0)


@contextlib.contextmanager
def strange_port(said: bytes) -> Iterator[str]:
    """Say the same bytes to everyone who connects, then close."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.recv(4096)
                connection.sendall(said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"grpc://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


def forwarded(url: str) -> Answer:
    """Return the correct server's answers."""
    channel = grpc.insecure_channel(url.removeprefix("grpc://"), options=OPTIONS)

    def answer(method: str, request: bytes) -> bytes:
        body: bytes = channel.unary_unary(method)(request, timeout=30)
        return body

    return answer


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {entry["id"]: entry["verdict"] for entry in report["requirements"]}


def test_correct_server_passes_and_its_report_is_valid(naive: str) -> None:
    report = certify(naive, seed=5)
    assert report["profiles"] == [{"profile": "inference-grpc", "verdict": "pass"}]
    found = verdicts(report)
    assert found.pop("INF-GRP-41") == "not-applicable"
    assert set(found.values()) == {"pass"}
    assert report["subject"]["kind"] == "grpc"
    assert report["subject"]["name"] == "lepton-naive"
    validator = jsonschema_rs.Draft202012Validator(
        lepton_spec.schema("conformance-report"), retriever=lambda uri: lepton_spec.schemas()[uri]
    )
    assert [error.message for error in validator.iter_errors(report)] == []


def test_wrong_answers_fail_and_their_reproducer_replays(naive: str, tmp_path: Path) -> None:
    right = forwarded(naive)

    def answer(method: str, request: bytes) -> bytes:
        body = right(method, request)
        return body.replace(b"lepton-1", b"lepton-2") if method.endswith("ModelInfer") else body

    with between(answer) as url:
        report = certify(url, only=["INF-GRP-12"], report_dir=tmp_path)
        assert verdicts(report)["INF-GRP-12"] == "pass"  # the test of ids sends other ids
    with between(lambda method, request: right(method, request.replace(b"lepton-1", b""))) as url:
        report = certify(url, only=["INF-GRP-08"], report_dir=tmp_path)
        (entry,) = [one for one in report["requirements"] if one["id"] == "INF-GRP-08"]
        assert entry["verdict"] == "fail"
        script = tmp_path / "reproducers" / "INF-GRP-08.py"
        assert subprocess.run([sys.executable, script], capture_output=True, timeout=60).returncode == 1
    address = naive.removeprefix("grpc://")
    assert subprocess.run([sys.executable, script, address], capture_output=True, timeout=60).returncode == 0
    assert subprocess.run([sys.executable, script], capture_output=True, timeout=60).returncode == 2
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "model_name: &#x27;lepton_id_fp32&#x27;" in page


@pytest.mark.parametrize("body", [b"", b"\xff\xff\xff", b"\x0a\x7fx", b"\x2a\x02\x0a\x7f"])
def test_answers_that_are_no_message_fail_the_subject(naive: str, body: bytes) -> None:
    right = forwarded(naive)
    with between(lambda method, request: body if "ModelInfer" in method else right(method, request)) as url:
        finished = run(url, max_examples=2)
    assert finished.exit_code == 1
    found = verdicts(finished.report)
    assert found["INF-GRP-08"] == "fail"
    assert {item.failure.blame.value for item in finished.evidence if item.failure} == {"subject"}


def test_server_that_dies_is_gone_and_blocks_the_rest(naive: str) -> None:
    command = [sys.executable, "-m", "lepton_conformance.mutants.serve", "--grpc"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        mortal = process.stdout.readline().split()[-1]
        right = forwarded(mortal)
        seen = run(mortal, only=["INF-GRP-01"])
        assert seen.exit_code == 3
        process.kill()
        process.wait()
        with pytest.raises(grpc.RpcError):
            right("/inference.GRPCInferenceService/ServerLive", b"")
        with pytest.raises(Unreachable, match="is the server running"):
            run(mortal)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "speaks HTTP/1"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "expected gRPC"),
        (b"", "expected gRPC"),
        (bytes(range(200, 256)), "expected gRPC"),
    ],
)
def test_port_that_is_no_grpc_port_cannot_be_used(said: bytes, complaint: str) -> None:
    with strange_port(said) as url, pytest.raises(Unreachable, match=complaint):
        run(url)


def test_server_that_breaks_every_connection_fails_what_needs_nothing_and_the_rest_is_blocked() -> None:
    with strange_port(b"\0\0\0\x04\0\0\0\0\0") as url:
        finished = run(url)
    assert finished.exit_code == 1
    failed = [key for key, verdict in verdicts(finished.report).items() if verdict == "fail"]
    roots = (1, 2, 3, 4, 5, 6, 8, 9, 31, 43)
    assert set(failed) <= {f"INF-GRP-{number:02}" for number in roots}
    assert {"INF-GRP-01", "INF-GRP-05"} <= set(failed)
    assert verdicts(finished.report)["INF-GRP-07"] == "blocked"


@pytest.mark.parametrize(
    "url", ["grpc://127.0.0.1", "grpc://127.0.0.1:0", "grpc://127.0.0.1:1/x", "grpc://é:5", "grpc://[::1"]
)
def test_url_without_host_and_port_is_refused(url: str) -> None:
    with pytest.raises(Unreachable, match="expected grpc://HOST:PORT"):
        run(url)


def test_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(Unreachable, match=r"pip install 'lepton-standard\[grpc\]'"):
        run("grpc://127.0.0.1:1")


def test_companion_belongs_to_a_grpc_subject() -> None:
    with pytest.raises(Unreachable, match="companion"):
        run("http://127.0.0.1:1", companion="http://127.0.0.1:1")


def test_smoke_asks_a_grpc_server(naive: str) -> None:
    said: list[str] = []
    assert smoke(naive, said.append) == 0
    assert [line.split(":")[0] for line in said] == [
        "ok    live",
        "ok    server metadata",
        "ok    metadata of lepton_id_fp32",
        "ok    inference with lepton_id_fp32",
    ]


def test_same_seed_gives_the_same_report(naive: str) -> None:
    reports = []
    for _ in range(2):
        report = certify(naive, seed=9, max_examples=8, only=["INF-GRP-16", "INF-GRP-32"])
        del report["started"], report["seconds"]
        for entry in report["requirements"]:
            for test in entry["tests"]:
                del test["seconds"]
        reports.append(json.dumps(report))
    assert reports[0] == reports[1]


def test_grpc_port_named_as_http_gets_the_right_name() -> None:
    with listening_grpc(NaiveGrpc()) as url:
        target = url.removeprefix("grpc://")
        with pytest.raises(Unreachable, match=f"certify it as grpc://{target}"):
            run(f"http://{target}")


def test_reproducer_looks_through_what_differs_in_every_answer(naive: str, tmp_path: Path) -> None:
    right = forwarded(naive)
    count = itertools.count(1)

    def counted(method: str, request: bytes) -> bytes:
        return right(method, request) + b"\x88\x7d" + bytes([next(count) % 128])  # field 2001, a varint

    def wrong(method: str, request: bytes) -> bytes:
        return counted(method, request.replace(b"lepton-1", b""))

    with between(wrong) as url:
        certify(url, only=["INF-GRP-08"], report_dir=tmp_path)
        script = tmp_path / "reproducers" / "INF-GRP-08.py"
        assert subprocess.run([sys.executable, script], capture_output=True, timeout=60).returncode == 1
    with between(counted) as url:
        command = [sys.executable, str(script), url.removeprefix("grpc://")]
        assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0
