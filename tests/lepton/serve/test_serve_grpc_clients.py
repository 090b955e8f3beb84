"""The gRPC client that people use, and the same requests over REST: both transports answer alike."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

REST_STATUS = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "INTERNAL": 500}

ARRAYS = [
    np.array([[True, False]]),
    *(
        np.array([[np.iinfo(kind).min, 0, np.iinfo(kind).max]], dtype=kind)
        for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
    ),
    np.array([[1.5, -0.0, 5.960464477539063e-08, 65504]], dtype=np.float16),
    np.array([[1.1, -0.0, 1e-45, 3.4028235e38, np.nan, -np.inf]], dtype=np.float32),
    np.array([[1.1, -0.0, 5e-324, 1.7976931348623157e308]]),
    np.array([[b"", "é😀".encode(), b"a\0b"]], dtype=object),
    np.array([[b"\xff\xfe", b"\x80"]], dtype=object),
    np.zeros((0, 3), dtype=np.int32),
    np.zeros((3, 0), dtype=np.float32),
    np.zeros((0, 1), dtype=object),
]


@pytest.fixture(scope="module")
def client(grpc_server: Any) -> Iterator[Any]:
    connected = triton.InferenceServerClient(grpc_server.grpc_address)
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def rest(grpc_server: Any) -> Iterator[Any]:
    connected = triton_http.InferenceServerClient(grpc_server.address)
    yield connected
    connected.close()


def tensor(library: Any, name: str, array: Any) -> Any:
    made = library.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    made.set_data_from_numpy(array)
    return made


def test_health_and_metadata(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("split", "1.0.0")
    with pytest.raises(InferenceServerException, match="nothing"):
        client.is_model_ready("nothing")
    assert client.get_server_metadata(as_json=True)["name"] == "lepton"
    assert client.get_model_metadata("split", as_json=True)["outputs"][2]["name"] == "negative"


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_41_both_transports_answer_alike(client: Any, rest: Any, array: Any) -> None:
    model = f"id_{np_to_triton_dtype(array.dtype).lower()}"
    over_grpc = client.infer(model, [tensor(triton, "x", array)], request_id="7")
    binary = triton_http.InferRequestedOutput("y", binary_data=True)
    over_rest = rest.infer(model, [tensor(triton_http, "x", array)], outputs=[binary], request_id="7")
    document = over_rest.get_response()
    message = over_grpc.get_response()
    assert (message.model_name, message.model_version, message.id) == (
        document["model_name"],
        document["model_version"],
        document["id"],
    )
    for answer in (over_grpc.as_numpy("y"), over_rest.as_numpy("y")):
        if array.size == 0:  # the client makes nothing of an empty answer, or a flat array
            assert list(message.outputs[0].shape) == list(array.shape) == document["outputs"][0]["shape"]
            continue
        assert answer.dtype == array.dtype
        assert answer.shape == array.shape
        assert answer.tolist() == array.tolist() or answer.tobytes() == array.tobytes()


def test_41_metadata_is_alike(client: Any, grpc_server: Any) -> None:
    for name in ("split", "mix", "id_bf16", "scalar"):
        with urllib.request.urlopen(f"http://{grpc_server.address}/v2/models/{name}", timeout=10) as answer:
            document = json.load(answer)
        message = client.get_model_metadata(name)
        assert (message.name, list(message.versions), message.platform) == (
            document["name"],
            document["versions"],
            document["platform"],
        )
        for side in ("inputs", "outputs"):
            assert [(t.name, t.datatype, list(t.shape)) for t in getattr(message, side)] == [
                (t["name"], t["datatype"], t["shape"]) for t in document[side]
            ]


def test_41_refusals_are_alike(client: Any, grpc_server: Any) -> None:
    """The same fault has the same words and the matching status over both transports."""
    cases: list[tuple[str, list[tuple[str, str, list[int]]], list[str]]] = [
        ("nothing", [], []),
        ("fail", [("x", "FP32", [1])], []),
        ("id_fp32", [("z", "FP32", [1, 1])], []),
        ("id_fp32", [], []),
        ("id_fp32", [("x", "FP64", [1, 1])], []),
        ("id_fp32", [("x", "FP32", [1])], []),
        ("id_fp32", [("x", "FP32", [1, 1]), ("x", "FP32", [1, 1])], []),
        ("id_fp32", [("x", "FP32", [1, 1])], ["w"]),
        ("id_fp32", [("x", "FP32", [1, 1])], ["y", "y"]),
        ("sub", [("a", "FP32", [1, 1]), ("b", "FP32", [1, 2])], []),
    ]
    for model, inputs, outputs in cases:
        sent = []
        for name, datatype, shape in inputs:
            made = triton.InferInput(name, shape, datatype)
            made._raw_content = bytes(int(np.prod(shape)) * (8 if datatype == "FP64" else 4))
            sent.append(made)
        with pytest.raises(InferenceServerException) as caught:
            client.infer(model, sent, outputs=[triton.InferRequestedOutput(name) for name in outputs])
        document: dict[str, Any] = {
            "inputs": [
                {"name": n, "datatype": d, "shape": s, "data": [0.0] * int(np.prod(s))} for n, d, s in inputs
            ]
        }
        if outputs:
            document["outputs"] = [{"name": name} for name in outputs]
        request = urllib.request.Request(
            f"http://{grpc_server.address}/v2/models/{model}/infer",
            json.dumps(document).encode(),
            {"Content-Type": "application/json"},
        )
        with pytest.raises(urllib.error.HTTPError) as over_rest:
            urllib.request.urlopen(request, timeout=10)
        body = json.load(over_rest.value)
        code = caught.value.status().removeprefix("StatusCode.")
        assert (body["code"], over_rest.value.code) == (code, REST_STATUS[code])
        if len(inputs) < 2 and len(outputs) < 2:  # too many of them for the model are seen earlier in JSON
            assert body["error"] == caught.value.message()


def test_several_inputs_and_chosen_outputs(client: Any) -> None:
    x = np.arange(6, dtype=np.int32).reshape(2, 3)
    wanted = [triton.InferRequestedOutput(name) for name in ("negative", "plus")]
    answer = client.infer("split", [tensor(triton, "x", x)], outputs=wanted)
    assert [output.name for output in answer.get_response().outputs] == ["negative", "plus"]
    assert (answer.as_numpy("plus") == x + 1).all()
    f, s = np.array([1.5, 2], np.float32), np.array([b"\xff", b""], dtype=object)
    answer = client.infer("mix", [tensor(triton, "s", s), tensor(triton, "f", f)])
    assert answer.as_numpy("f").tolist() == f.tolist()
    assert answer.as_numpy("s").tolist() == s.tolist()
    with pytest.raises(InferenceServerException, match="output"):
        client.infer("split", [tensor(triton, "x", x)], outputs=[triton.InferRequestedOutput("times")])


def test_models_that_come_and_go_are_looked_up_for_every_call(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lepton"]
    folder = tmp_path / "models"
    subprocess.run(
        [*command, "certify", "export-models", str(folder), "--layout", "lepton"],
        check=True,
        capture_output=True,
    )
    server = subprocess.Popen(
        [*command, "serve", "--repository", str(folder), "--port", "0", "--grpc-port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        http, over_grpc = server.stdout.readline(), server.stdout.readline()
        assert http.startswith("lepton serve: listening on http://127.0.0.1:")
        assert over_grpc.startswith("lepton serve: listening on grpc://127.0.0.1:")
        assert (
            http.split("(")[1] == over_grpc.split("(")[1] == f"{len(list(folder.glob('*.lepton')))} models)\n"
        )
        client = triton.InferenceServerClient(over_grpc.split()[4].removeprefix("grpc://"))
        x = tensor(triton, "x", np.array([[1, 2]], np.int32))
        for action in ("unload", "load"):
            url = f"{http.split()[4]}/v2/repository/models/lepton_id_int32/{action}"
            json_type = {"Content-Type": "application/json"}
            urllib.request.urlopen(urllib.request.Request(url, b"{}", json_type), timeout=30).close()
            if action == "load":
                assert client.infer("lepton_id_int32", [x]).as_numpy("y").tolist() == [[1, 2]]
                continue
            for ask, *arguments in (
                (client.infer, "lepton_id_int32", [x]),
                (client.get_model_metadata, "lepton_id_int32"),
                (client.is_model_ready, "lepton_id_int32"),
            ):
                with pytest.raises(InferenceServerException, match="lepton_id_int32") as caught:
                    ask(*arguments)
                assert caught.value.status() == "StatusCode.NOT_FOUND"
            assert client.is_server_ready()
        bits = np.array([[0x8000, 1, 0x7FC1]], np.uint16)
        brain = triton.InferInput("x", [1, 3], "BF16")
        brain._raw_content = bits.tobytes()
        assert client.infer("lepton_id_bf16", [brain]).get_response().raw_output_contents == [bits.tobytes()]
        client.close()
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=20)
    finally:
        server.kill()
    assert (server.returncode, errors) == (0, "")


def test_without_grpcio_serve_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "grpc.py").write_text("raise ModuleNotFoundError(\"No module named 'grpc'\", name='grpc')\n")
    program = Path(__file__).with_name("numpy_server.py")
    for workers in ("1", "2"):
        ended = subprocess.run(
            [sys.executable, str(program), "0", workers, "1000000", "3", "0"],
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        assert ended.returncode != 0
        assert "pip install 'lepton-standard[grpc]'" in ended.stderr
        assert ended.stdout == ""


def test_grpc_is_imported_only_where_it_is_asked_for(server: Any, grpc_server: Any) -> None:
    mapped = [
        Path(f"/proc/{one.process.pid}/maps").read_text().count("cygrpc") > 0 for one in (server, grpc_server)
    ]
    assert mapped == [False, True]


def test_a_grpc_port_in_use_is_refused_by_name(grpc_server: Any) -> None:
    port = grpc_server.grpc_address.split(":")[1]
    program = Path(__file__).with_name("numpy_server.py")
    for workers in ("1", "2"):
        ended = subprocess.run(
            [sys.executable, str(program), "0", workers, "1000000", "3", port],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert ended.returncode != 0
        assert "--grpc-port" in ended.stderr
        assert port in ended.stderr
