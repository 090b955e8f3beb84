"""The HTTP client that people use, against a real server."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype


@pytest.fixture
def client(server: Any) -> Iterator[Any]:
    connected = triton.InferenceServerClient(server.address)
    yield connected
    connected.close()


def test_health_and_metadata(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("split")
    assert not client.is_model_ready("nothing")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    assert client.get_model_metadata("split")["outputs"][2]["name"] == "negative"


ARRAYS = [
    np.array([[True, False]]),
    *(
        np.array([[np.iinfo(kind).min, 0, np.iinfo(kind).max]], dtype=kind)
        for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
    ),
    np.array([[1.5, -0.0, 5.960464477539063e-08, 65504]], dtype=np.float16),
    np.array([[1.1, -0.0, 1e-45, 3.4028235e38]], dtype=np.float32),
    np.array([[1.1, -0.0, 5e-324, 1.7976931348623157e308]]),
    np.array([["", "é😀", "a\0b"]], dtype=object),
    np.zeros((0, 3), dtype=np.int32),
]


#: tritonclient itself refuses FP16 in JSON.
FORMS = [
    (array, binary_in, binary_out)
    for array in ARRAYS
    for binary_in in (True, False)
    for binary_out in (True, False)
    if array.dtype != np.float16 or (binary_in and binary_out)
]


@pytest.mark.parametrize(("array", "binary_in", "binary_out"), FORMS)
def test_every_datatype_comes_back_bit_for_bit(
    client: Any, array: Any, binary_in: bool, binary_out: bool
) -> None:
    datatype = np_to_triton_dtype(array.dtype)
    given = triton.InferInput("x", list(array.shape), datatype)
    given.set_data_from_numpy(array, binary_data=binary_in)
    wanted = triton.InferRequestedOutput("y", binary_data=binary_out)
    answer = client.infer(f"id_{datatype.lower()}", [given], outputs=[wanted], request_id="7")
    assert answer.get_response()["id"] == "7"
    found = answer.as_numpy("y")
    assert found.shape == array.shape
    if datatype == "BYTES":
        found = [one.decode() if isinstance(one, bytes) else one for one in found.reshape(-1)]
        assert found == array.reshape(-1).tolist()
    else:
        assert found.dtype == array.dtype
        assert found.tobytes() == array.tobytes()


def test_several_outputs_in_binary_without_naming_them(client: Any) -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    given = triton.InferInput("x", [2, 3], "INT32")
    given.set_data_from_numpy(array)
    answer = client.infer("split", [given])
    for name, expected in (("plus", array + 1), ("minus", array - 1), ("negative", -array)):
        assert (answer.as_numpy(name) == expected).all()


def test_large_tensors_and_versions(client: Any) -> None:
    array = np.random.default_rng(0).standard_normal((1, 150_528), dtype=np.float32)
    given = triton.InferInput("x", [1, 150_528], "FP32")
    given.set_data_from_numpy(array)
    for _ in range(5):
        assert client.infer("id_fp32", [given]).as_numpy("y").tobytes() == array.tobytes()
    small = triton.InferInput("x", [1, 1], "INT32")
    small.set_data_from_numpy(np.array([[1]], dtype=np.int32))
    answer = client.infer("id_int32", [small], model_version="0.9.0")
    assert answer.get_response()["model_version"] == "0.9.0"


def test_errors_reach_the_client_as_messages(client: Any) -> None:
    given = triton.InferInput("x", [1, 2], "FP32")
    given.set_data_from_numpy(np.zeros((1, 2), dtype=np.float32))
    with pytest.raises(InferenceServerException, match="datatype") as wrong:
        client.infer("id_int32", [given])
    assert wrong.value.status() == "400"
    with pytest.raises(InferenceServerException, match="nothing") as unknown:
        client.infer("nothing", [given])
    assert unknown.value.status() == "404"


@pytest.mark.parametrize("asked", ["gzip", "deflate"])
@pytest.mark.parametrize("binary", [True, False])
def test_compressed_requests_are_answered(client: Any, asked: str, binary: bool) -> None:
    array = np.arange(5000, dtype=np.float32).reshape(1, -1)
    given = triton.InferInput("x", [1, 5000], "FP32")
    given.set_data_from_numpy(array, binary_data=binary)
    answer = client.infer(
        "id_fp32", [given], request_compression_algorithm=asked, response_compression_algorithm=asked
    )
    assert answer.as_numpy("y").tobytes() == array.tobytes()
