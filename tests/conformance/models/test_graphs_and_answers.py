"""The conformance models: their graphs compute what the oracle says, and their bytes never change."""

import hashlib
import os

import numpy as np
import pytest

import lepton_spec
from lepton_conformance.models import EXPORTED, MODELS, ConformanceModel
from lepton_conformance.models.catalog import BF16, GENERATION, WIDE
from lepton_conformance.models.graphs import model_bytes
from lepton_conformance.oracle.answers import disagreement, judgeable
from lepton_conformance.strategies.tensors import cases

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import, which reports home otherwise
import onnxruntime

#: Digests of model.onnx: a change is a new edition of the suite, never an accident.
DIGESTS = {
    "lepton_id_fp32": "dc081e61c3fa",
    "lepton_affine": "d3657954108a",
    "lepton_split": "f7bb94e5659c",
    "lepton_sub": "60194725f6bc",
    "lepton_transpose": "52397a424bb6",
    "lepton_id_bf16": "e88d2679202d",
    "lepton_scalar": "f5e228f747e8",
    "lepton_wide": "a9e1f9d15002",
    "lepton_generation": "02e5e8dc947c",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_bytes_of_a_model_are_fixed(name: str) -> None:
    (entry,) = [model for model in EXPORTED if model.name == name]
    assert hashlib.sha256(model_bytes(entry)).hexdigest().startswith(DIGESTS[name])


@pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry.name)
def test_graph_computes_what_the_oracle_expects(entry: ConformanceModel) -> None:
    session = onnxruntime.InferenceSession(model_bytes(entry), providers=["CPUExecutionProvider"])
    domain = cases(entry.name)
    assert domain.decode is not None
    random = np.random.default_rng(5)
    numbers = [int.from_bytes(random.bytes(8), "little") for _ in range(20)]
    for case in [*domain.boundary, *map(domain.decode, numbers)]:
        if not judgeable(entry, case.inputs):
            continue
        inputs = {
            name: np.vectorize(bytes.decode, otypes=[object])(array) if array.dtype == object else array
            for name, array in case.inputs.items()
        }
        for tensor, found in zip(entry.outputs, session.run(None, inputs), strict=True):
            array = np.asarray(found)
            if array.dtype == object:
                array = np.vectorize(str.encode, otypes=[object])(array)
            assert disagreement(entry, case.inputs, tensor.name, array) is None


@pytest.mark.parametrize("generation", [1, 2, 77])
def test_generation_is_added_and_told(generation: int) -> None:
    session = onnxruntime.InferenceSession(
        model_bytes(GENERATION, generation), providers=["CPUExecutionProvider"]
    )
    x = np.array([0, -5, 2**31 - 100], dtype=np.int32)
    y, g = (np.asarray(found) for found in session.run(["y", "g"], {"x": x}))
    assert y.tolist() == (x + generation).tolist()
    assert g.tolist() == [generation]


def test_onnxruntime_keeps_the_bits_of_bf16() -> None:
    session = onnxruntime.InferenceSession(model_bytes(BF16), providers=["CPUExecutionProvider"])
    bits = np.array([[0x3F80, 0x7FC1, 0x8000, 0x0001]], dtype=np.uint16)
    found = np.zeros_like(bits)
    code = lepton_spec.datatypes()["BF16"]["onnx"]
    binding = session.io_binding()
    binding.bind_input("x", "cpu", 0, code, list(bits.shape), bits.ctypes.data)
    binding.bind_output("y", "cpu", 0, code, list(bits.shape), found.ctypes.data)
    session.run_with_iobinding(binding)
    assert found.tolist() == bits.tolist()


def test_the_wide_model_adds_64_inputs_of_8_dimensions() -> None:
    session = onnxruntime.InferenceSession(model_bytes(WIDE), providers=["CPUExecutionProvider"])
    shape = (1, 2, 1, 1, 3, 1, 1, 1)
    inputs = {
        tensor.name: np.full(shape, index, dtype=np.float32) for index, tensor in enumerate(WIDE.inputs)
    }
    (found,) = session.run(None, inputs)
    array = np.asarray(found)
    assert array.shape == shape
    assert disagreement(WIDE, inputs, "y", array) is None
    assert set(array.reshape(-1).tolist()) == {float(sum(range(64)))}
