"""`lepton serve --repository`: models come, go and change under traffic; real servers, real packages."""

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tritonclient.http as triton

from lepton_conformance.forge.conformance_package import wrap_model
from lepton_conformance.models import model

GENERATION = model("lepton_generation")
SUB = model("lepton_sub")
ASK = {"inputs": [{"name": "x", "shape": [2], "datatype": "INT32", "data": [10, 20]}]}


class Served:
    """A server on a folder of its own, with one packaged and one broken model at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(1)
        wrap_model(SUB).archive().write(folder, SUB.name)
        (folder / "torn.lepton").write_bytes((folder / f"{SUB.name}.lepton").read_bytes()[:900])
        (folder / "notes.txt").write_text("not a package")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lepton", "serve", "--repository", str(folder), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.endswith("(2 models)\n"), line
        self.port = int(line.split("127.0.0.1:")[1].split()[0])

    def write(self, generation: int) -> None:
        beside = self.folder / "beside"
        beside.mkdir(exist_ok=True)
        written = wrap_model(GENERATION, generation).archive().write(beside, GENERATION.name)
        written.replace(self.folder / f"{GENERATION.name}.lepton")
        beside.rmdir()

    def call(self, method: str, path: str, document: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def change(self, verb: str, name: str = GENERATION.name, document: object = None) -> tuple[int, Any]:
        return self.call("POST", f"/v2/repository/models/{name}/{verb}", document)

    def states(self, document: object = None) -> dict[str, tuple[str, str]]:
        status, entries = self.call("POST", "/v2/repository/index", document)
        assert status == 200
        return {entry["name"]: (entry["state"], entry["reason"]) for entry in entries}

    def answer(self) -> tuple[int, tuple[int, ...]]:
        status, document = self.call("POST", f"/v2/models/{GENERATION.name}/infer", ASK)
        if status != 200:
            return status, ()
        return status, tuple(
            element
            for name in ("y", "g")
            for output in document["outputs"]
            if output["name"] == name
            for element in output["data"]
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("repository"))
    yield served
    served.process.send_signal(signal.SIGTERM)
    served.process.communicate(timeout=20)
    assert served.process.returncode == 0


@pytest.fixture
def served(running: Served) -> Served:
    running.write(1)
    assert running.change("load") == (200, {})
    return running


def test_lists_what_serves_and_why_the_rest_does_not(served: Served) -> None:
    states = served.states()
    assert states[GENERATION.name] == states[SUB.name] == ("READY", "")
    assert states["torn"][0] == "UNAVAILABLE"
    assert "torn.lepton" in states["torn"][1]
    assert str(served.folder) not in states["torn"][1]
    assert set(states) == {GENERATION.name, SUB.name, "torn"}
    assert set(served.states({"ready": True})) == {GENERATION.name, SUB.name}
    assert "model_repository" in served.call("GET", "/v2")[1]["extensions"]


def test_a_broken_package_leaves_the_server_ready_and_is_itself_unknown(served: Served) -> None:
    assert served.call("GET", "/v2/health/ready")[0] == 200
    assert served.call("GET", "/v2/models/torn/ready")[0] == 404
    status, error = served.change("load", "torn")
    assert (status, error["code"]) == (400, "FAILED_PRECONDITION")
    assert "torn.lepton is no sound package" in error["error"]
    assert str(served.folder) not in error["error"]


def test_unloading_takes_one_model_and_loading_brings_it_back(served: Served) -> None:
    for _ in range(2):
        assert served.change("unload", document={"parameters": {"unload_dependents": False}})[0] == 200
        assert served.states()[GENERATION.name] == ("UNAVAILABLE", "unloaded")
        assert served.answer()[0] == 404
        assert served.call("GET", f"/v2/models/{GENERATION.name}")[0] == 404
        assert served.call("GET", f"/v2/models/{GENERATION.name}/ready")[0] == 404
        assert served.call("GET", "/v2/health/ready")[0] == 200
        assert served.call("GET", f"/v2/models/{SUB.name}/ready")[0] == 200
    assert served.change("load", document={"parameters": {"unknown": 1, "configuration": "x"}}) == (200, {})
    assert served.answer() == (200, (11, 21, 1))


def test_a_failed_reload_leaves_the_old_model_serving(served: Served) -> None:
    package = served.folder / f"{GENERATION.name}.lepton"
    package.write_bytes(package.read_bytes()[:-40])
    status, error = served.change("load")
    assert (status, error["error"] != "") == (400, True)
    assert served.answer() == (200, (11, 21, 1))
    state, reason = served.states()[GENERATION.name]
    assert (state, "an older package serves" in reason) == ("READY", True)
    package.unlink()
    assert served.change("load")[0] == 400
    assert served.answer() == (200, (11, 21, 1))
    assert served.change("unload")[0] == 200
    assert served.change("load")[0] == 404


def test_a_package_under_another_name_is_refused_by_both_names(served: Served) -> None:
    shutil.copy(served.folder / f"{SUB.name}.lepton", served.folder / "alias.lepton")
    try:
        status, error = served.change("load", "alias")
        assert (status, "found id 'lepton_sub' in alias.lepton" in error["error"]) == (400, True)
        folder = served.folder / SUB.name
        folder.mkdir()
        (folder / "lepton.json").write_text("{}")
        status, error = served.change("load", SUB.name)
        assert (status, "expected exactly one" in error["error"]) == (400, True)
        shutil.rmtree(folder)
    finally:
        (served.folder / "alias.lepton").unlink()
    assert served.change("load", SUB.name)[0] == 200


@pytest.mark.parametrize(
    "name",
    [
        ".",
        "..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        "lepton_sub%00",
        "%00",
        "..%5clepton_sub",
        "lepton_sub.lepton",
        ".%2flepton_sub",
        "notes.txt",
        "x" * 6000,
        "%ff",
    ],
)
@pytest.mark.parametrize("verb", ["load", "unload"])
def test_names_are_never_paths(served: Served, name: str, verb: str) -> None:
    status, error = served.change(verb, name)
    assert (status, bool(error["error"])) == (404, True)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("index", "{"),
        ("index", "[]"),
        ("index", " "),
        ("index", '{"ready":"yes"}'),
        ("index", '{"ready":null}'),
        ("models/lepton_sub/load", "[]"),
        ("models/lepton_sub/load", '{"parameters":[]}'),
        ("models/lepton_sub/load", '{"parameters":{"a":null}}'),
        ("models/lepton_sub/load", '{"parameters":{"config":"{}"}}'),
        ("models/lepton_sub/load", '{"parameters":{"file:1/model.onnx":"AAAA"}}'),
        ("models/lepton_sub/unload", '{"parameters":{"a":[1]}}'),
        ("models/lepton_sub/unload", "nul"),
    ],
)
def test_malformed_requests_are_refused_and_change_nothing(served: Served, path: str, text: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    connection.request("POST", f"/v2/repository/{path}", text, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert (answer.status, bool(json.load(answer)["error"])) == (400, True)
    connection.close()
    assert served.call("GET", f"/v2/models/{SUB.name}/ready")[0] == 200


def test_a_request_in_flight_keeps_the_model_that_it_found(served: Served) -> None:
    body = json.dumps(ASK).encode()
    head = (
        f"POST /v2/models/{GENERATION.name}/infer HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(head.encode() + body[:20])
        while served.states()[GENERATION.name][0] != "UNLOADING":
            assert served.change("unload")[0] == 200
            assert served.change("load")[0] == 200
            assert served.change("unload")[0] == 200
        assert served.answer()[0] == 404
        connection.sendall(body[20:])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200
        assert json.load(answer)["outputs"][0]["data"] == [11, 21]
    while served.states()[GENERATION.name][0] == "UNLOADING":
        pass
    assert served.states()[GENERATION.name] == ("UNAVAILABLE", "unloaded")


def test_every_answer_under_reloads_is_wholly_of_one_generation(served: Served) -> None:
    answers: list[tuple[int, tuple[int, ...]]] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answers.append(served.answer())

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        for generation in range(2, 7):
            served.write(generation)
            assert served.change("load") == (200, {})
            assert served.answer() == (200, (10 + generation, 20 + generation, generation))
    finally:
        done.set()
        for asker in askers:
            asker.join()
    expected = {(200, (10 + g, 20 + g, g)) for g in range(1, 7)}
    assert len(answers) > 20
    assert set(answers) <= expected
    assert len(set(answers)) > 1


def test_reloading_again_and_again_takes_no_more_memory(served: Served) -> None:
    def resident() -> int:
        return int(Path(f"/proc/{served.process.pid}/statm").read_text().split()[1]) * 4096

    for _ in range(20):
        assert served.change("load")[0] == 200
    before = resident()
    for _ in range(60):
        assert served.change("load")[0] == 200
    assert resident() - before < 8 << 20
    assert len(list(Path(f"/proc/{served.process.pid}/fd").iterdir())) < 60


def test_tritonclient_manages_the_repository(served: Served) -> None:
    client = triton.InferenceServerClient(f"127.0.0.1:{served.port}")
    assert {entry["name"] for entry in client.get_model_repository_index()} >= {GENERATION.name, SUB.name}
    client.unload_model(SUB.name)
    assert not client.is_model_ready(SUB.name)
    client.load_model(SUB.name)
    assert client.is_model_ready(SUB.name)
    with pytest.raises(Exception, match="neither configurations nor files"):
        client.load_model(SUB.name, config="{}")
    client.close()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "found neither PATH nor --repository"),
        (["--repository", "FOLDER", "--workers", "2"], "expected one worker"),
        (["--repository", "FOLDER/none"], "cannot list"),
    ],
)
def test_refuses_to_start_what_would_not_work(tmp_path: Path, arguments: list[str], expected: str) -> None:
    command = [sys.executable, "-m", "lepton", "serve", "--port", "0"]
    command += [argument.replace("FOLDER", str(tmp_path)) for argument in arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (result.returncode, expected in result.stderr) == (2, True)
    assert "Traceback" not in result.stderr
