"""The suite on servers: no false alarm on correct ones, a proper outcome on hopeless ones."""

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

import lepton_spec
from lepton_conformance.certify import UsageFault, certify, run
from lepton_conformance.mutants.catalogue import server
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.subject import http as http_module
from lepton_conformance.subject.http import Unreachable

PROFILES = ("oip-rest", "inference-rest", "inference-binary")


@pytest.fixture
def naive() -> Iterator[str]:
    with listening(Naive(), 0) as url:
        yield url


@contextlib.contextmanager
def strange_server(answer: bytes | None) -> Iterator[str]:
    """Serve the same bytes to every connection, or nothing at all while keeping it open."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            kept.append(connection)
            if answer is not None:
                with contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(answer)
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in kept:
            connection.close()
        thread.join(timeout=5)


def errors_of(report: dict[str, Any]) -> list[str]:
    def retrieve(uri: str) -> Any:
        return lepton_spec.schemas()[uri]

    validator = jsonschema_rs.Draft202012Validator(
        lepton_spec.schema("conformance-report"), retriever=retrieve
    )
    return [error.message for error in validator.iter_errors(report)]


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {entry["id"]: entry["verdict"] for entry in report["requirements"]}


def timeless(report: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(report))
    del copy["started"], copy["seconds"]
    for entry in copy["requirements"]:
        for test in entry["tests"]:
            del test["seconds"]
    return copy


@pytest.mark.parametrize("seed", [0, 1])
def test_correct_server_passes_every_profile_whatever_the_seed(naive: str, seed: int) -> None:
    report = certify(naive, PROFILES, seed=seed)
    assert {entry["profile"]: entry["verdict"] for entry in report["profiles"]} == dict.fromkeys(
        PROFILES, "pass"
    )
    found = verdicts(report)
    binding = {key for key in found if lepton_spec.requirements()[key]["level"].startswith("MUST")}
    assert {found[key] for key in binding} <= {"pass", "not-applicable"}


@pytest.mark.requirement("CNF-REP-01")
@pytest.mark.requirement("CNF-REP-02")
def test_report_is_valid_and_equal_but_for_times(naive: str) -> None:
    first = certify(naive, ["oip-rest"], seed=7)
    second = certify(naive, ["oip-rest"], seed=7)
    assert errors_of(first) == []
    assert timeless(first) == timeless(second)


@pytest.mark.requirement("CNF-REP-01")
@pytest.mark.requirement("CNF-REP-02")
def test_report_of_a_broken_server_is_valid_and_equal_but_for_its_port(tmp_path: Path) -> None:
    reports = []
    for name in ("one", "two"):
        with listening(server("dat-04-zero"), 0) as url:
            report = certify(
                url, ["inference-rest"], seed=3, report_dir=tmp_path / name, only=["INF-DAT-04", "INF-DAT-05"]
            )
        assert errors_of(report) == []
        assert report == json.loads((tmp_path / name / "report.json").read_text(encoding="utf-8"))
        reports.append(timeless(report))
        reports[-1]["subject"]["locator"] = ""
    assert reports[0] == reports[1]


@pytest.mark.requirement("CNF-REP-03")
def test_reproducer_replays_the_fault_without_this_project(tmp_path: Path) -> None:
    with listening(server("dat-04-zero"), 0) as broken, listening(Naive(), 0) as correct:
        report = certify(broken, ["inference-rest"], report_dir=tmp_path, only=["INF-DAT-04"])
        assert verdicts(report)["INF-DAT-04"] == "fail"
        script = tmp_path / "reproducers" / "INF-DAT-04.py"
        text = script.read_text(encoding="ascii")
        assert "lepton_conformance" not in text
        assert len(text.splitlines()) <= 90  # half of them say which answers are alike

        def replay(address: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-I", str(script), address.removeprefix("http://")],
                capture_output=True,
                text=True,
                timeout=60,
                cwd=tmp_path,
            )

        again = replay(broken)
        assert again.returncode == 1
        assert "expected -0.0" in again.stdout
        mended = replay(correct)
        assert mended.returncode == 0, mended.stdout + mended.stderr


def test_failing_request_is_reduced_to_one_element(tmp_path: Path) -> None:
    with listening(server("dat-04-zero"), 0) as broken:
        finished = run(broken, ["inference-rest"], only=["INF-DAT-04"])
    (failed,) = [entry for entry in finished.evidence if entry.failure is not None]
    assert failed.failure is not None
    (exchange,) = failed.failure.exchanges
    body = json.loads(getattr(exchange, "request_body"))  # noqa: B009
    assert body["inputs"][0]["data"] == [-0.0]


def test_report_directory_has_all_files_and_the_page_is_escaped(tmp_path: Path) -> None:
    class Hostile(Naive):
        id = "hostile"

        def server_metadata(self) -> dict[str, Any]:
            return {**super().server_metadata(), "name": "<script>alert(1)</script>\x1b[31m"}

        def answer_id(self, request: Any) -> dict[str, Any]:
            return {"id": "<img src=x onerror=alert(1)>]]>\x00"}

    with listening(Hostile(), 0) as url:
        report = certify(url, ["inference-rest"], report_dir=tmp_path)
    assert verdicts(report)["INF-RSP-04"] == "fail"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert "INF-RSP-04" in page
    junit = ElementTree.parse(tmp_path / "junit.xml").getroot()
    (suite,) = junit
    assert suite.get("failures") == str(sum(verdict == "fail" for verdict in verdicts(report).values()))
    assert int(suite.get("skipped") or 0) > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "junit.xml",
        "report.html",
        "report.json",
        "reproducers",
    ]


def test_nobody_listening_is_no_verdict() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match="cannot connect"):
        certify(f"http://127.0.0.1:{port}", ["oip-rest"])


@pytest.mark.parametrize(
    "subject", ["ftp://x", "http://", "http://host:99999", "grpc://127.0.0.1:1", "", "python:", "exec:"]
)
def test_unusable_subject_is_no_verdict(subject: str) -> None:
    with pytest.raises(Unreachable):
        certify(subject)


def test_unknown_profile_and_requirement_are_usage_faults(naive: str) -> None:
    with pytest.raises(UsageFault, match="no-such"):
        certify(naive, ["no-such"])
    with pytest.raises(UsageFault, match="runtime"):
        certify(naive, ["runtime"])
    with pytest.raises(UsageFault, match="INF-XXX-01"):
        certify(naive, ["oip-rest"], only=["INF-XXX-01"])


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff\x17garbage\r\n\r\n\x80" * 20,
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"[" * 100_000,
    ],
    ids=["garbage", "nothing", "huge", "bad-chunk", "short", "endless-head", "deep"],
)
@pytest.mark.requirement("CNF-VER-03")
def test_server_that_answers_garbage_fails_and_the_suite_does_not(answer: bytes) -> None:
    with strange_server(answer) as url:
        report = certify(url, PROFILES)
    assert errors_of(report) == []
    assert report["profiles"][0]["verdict"] in ("fail", "inconclusive")
    blames = {
        test["failure"]["blame"]
        for entry in report["requirements"]
        for test in entry["tests"]
        if "failure" in test
    }
    assert blames == {"subject"}
    assert "pass" not in {entry["verdict"] for entry in report["profiles"]}


def test_hanging_server_fails_once_and_blocks_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module.HttpSubject.__init__, "__kwdefaults__", {"timeout": 0.3})
    with strange_server(None) as url:
        report = certify(url, ["inference-rest"])
    found = verdicts(report)
    assert found["INF-HLT-01"] == "fail"
    assert set(found.values()) == {"fail", "blocked"}
    assert sum(verdict == "fail" for verdict in found.values()) == 1
    assert errors_of(report) == []


def test_server_without_the_models_is_inconclusive_not_passed() -> None:
    empty = Naive()
    empty.models.clear()
    with listening(empty, 0) as url:
        report = certify(url, ["oip-rest"])
    assert report["profiles"] == [{"profile": "oip-rest", "verdict": "inconclusive"}]
    found = verdicts(report)
    assert found["INF-MET-01"] == "pass"
    assert found["INF-RSP-01"] == "not-tested"


def test_server_that_lacks_one_datatype_leaves_only_that_not_tested() -> None:
    poor = Naive()
    for name in ("lepton_id_fp64", "lepton_id_bytes"):
        del poor.models[name]
    with listening(poor, 0) as url:
        report = certify(url, ["oip-rest"])
    found = verdicts(report)
    assert {key for key, verdict in found.items() if verdict != "pass"} == {"INF-DAT-05", "INF-DAT-07"}
    assert found["INF-DAT-05"] == found["INF-DAT-07"] == "not-tested"


@pytest.mark.requirement("CNF-VER-05")
def test_one_fault_blocks_its_dependants_and_names_itself() -> None:
    class NoInference(Naive):
        id = "no-inference"

        def infer(self, *arguments: Any) -> Any:
            raise ValueError("broken")

    with listening(NoInference(), 0) as url:
        report = certify(url, ["oip-rest"])
    failed = [entry["id"] for entry in report["requirements"] if entry["verdict"] == "fail"]
    assert failed[-1] == "INF-RSP-01"
    blocked = {entry["id"]: entry["blocked_by"] for entry in report["requirements"] if entry["blocked_by"]}
    assert blocked["INF-DAT-03"] == ["INF-RSP-01"]
    assert len(failed) <= 2


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`lepton serve` on the conformance models, as a stranger would start it."""
    folder = tmp_path_factory.mktemp("reference")
    command = [sys.executable, "-m", "lepton.cli"]
    subprocess.run(
        [*command, "certify", "export-models", str(folder / "models"), "--layout", "lepton"], check=True
    )
    packages = sorted(str(path) for path in (folder / "models").glob("*.lepton"))
    with subprocess.Popen(
        [*command, "serve", *packages, "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://[\d.]+:\d+", line)
            assert found is not None, line
            yield found.group()
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.mark.parametrize("seed", [11])
def test_reference_server_passes_every_profile(reference: str, seed: int) -> None:
    report = certify(reference, PROFILES, seed=seed)
    wrong = {key: verdict for key, verdict in verdicts(report).items() if verdict != "pass"}
    assert wrong == {}
    assert {entry["verdict"] for entry in report["profiles"]} == {"pass"}
