"""A server on numpy functions, for tests: the whole of `lepton.serve` without an engine or a package.

Run as a program: `numpy_server.py PORT WORKERS MAX_REQUEST_BYTES TIMEOUT [GRPC_PORT]`. Models:
`id_<datatype>` copies `x` [N,M] to `y`; `scalar` copies FP64 `x` []; `square` takes [N,N]; `sub` subtracts;
`split` has three outputs; `mix` copies FP32 `f` and BYTES `s`; `octets` answers bytes that are not UTF-8;
`sleep` sleeps `x[0]` seconds; `fail` fails.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lepton.errors import RuntimeRefusal
from lepton.runtime.protocol import Array
from lepton.serve import Repository, ServedModel
from lepton.serve.server import run
from lepton.serve.worker import Address, Limits
from lepton.tensor import Symbol, TensorSpec

INTEGERS = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")
DATATYPES = ("BOOL", *INTEGERS, "FP16", "FP32", "FP64", "BYTES")


class NumpyPipeline:
    """A pipeline whose model is a Python function of arrays."""

    def __init__(
        self,
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
        compute: Callable[[Mapping[str, Array]], dict[str, Array]],
    ) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        names = {dim for spec in inputs for dim in spec.shape if isinstance(dim, str)}
        self.symbols = {name: Symbol(0, None) for name in names}
        self._compute = compute

    def infer(self, inputs: Mapping[str, Array], outputs: Sequence[str] | None = None) -> dict[str, Array]:
        answer = self._compute(inputs)
        return {name: answer[name] for name in (outputs or answer)}


def fail(_: Mapping[str, Array]) -> dict[str, Array]:
    raise RuntimeRefusal("engine failed on /srv/models/secret.onnx")


def sleep(inputs: Mapping[str, Array]) -> dict[str, Array]:
    time.sleep(float(inputs["x"][0]))
    return {"y": inputs["x"]}


def spec(name: str, datatype: str, *shape: int | str) -> TensorSpec:
    return TensorSpec(name, datatype, tuple(shape))


def model(name: str, pipeline: NumpyPipeline, version: str = "1.0.0") -> ServedModel:
    return ServedModel(name, version, "lepton_numpy", pipeline, {"license": "Apache-2.0"})


def identity(datatype: str) -> NumpyPipeline:
    return NumpyPipeline(
        [spec("x", datatype, "N", "M")], [spec("y", datatype, "N", "M")], lambda arrays: {"y": arrays["x"]}
    )


def load() -> Repository:
    pair = [spec("a", "FP32", "N", "M"), spec("b", "FP32", "N", "M")]
    split = [spec(name, "INT32", "N", "M") for name in ("plus", "minus", "negative")]
    mixed = [spec("f", "FP32", "N"), spec("s", "BYTES", "N")]
    one = [spec("x", "FP32", 1)]
    return Repository(
        [
            *(model(f"id_{datatype.lower()}", identity(datatype)) for datatype in DATATYPES),
            model("id_int32", identity("INT32"), "0.9.0"),
            model(
                "sub", NumpyPipeline(pair, [spec("y", "FP32", "N", "M")], lambda t: {"y": t["a"] - t["b"]})
            ),
            model(
                "split",
                NumpyPipeline(
                    [spec("x", "INT32", "N", "M")],
                    split,
                    lambda t: {"plus": t["x"] + 1, "minus": t["x"] - 1, "negative": -t["x"]},
                ),
            ),
            model("id_bf16", identity("BF16")),
            model(
                "scalar",
                NumpyPipeline([spec("x", "FP64")], [spec("y", "FP64")], lambda t: {"y": t["x"]}),
            ),
            model(
                "square",
                NumpyPipeline(
                    [spec("x", "INT8", "N", "N")], [spec("y", "INT8", "N", "N")], lambda t: {"y": t["x"]}
                ),
            ),
            model("mix", NumpyPipeline(mixed, mixed, dict)),
            model(
                "octets",
                NumpyPipeline(
                    one, [spec("y", "BYTES", 2)], lambda _: {"y": np.array([b"ok", b"\xff"], dtype=object)}
                ),
            ),
            model("sleep", NumpyPipeline(one, [spec("y", "FP32", 1)], sleep)),
            model("fail", NumpyPipeline(one, [spec("y", "FP32", 1)], fail)),
        ]
    )


if __name__ == "__main__":
    port, workers, most, timeout, *grpc_ports = sys.argv[1:]
    run(
        load,
        Address("127.0.0.1", int(port), *map(int, grpc_ports)),
        int(workers),
        Limits(int(most), float(timeout)),
        lambda address, models: print(
            f"listening on {address.port} {address.grpc_port} {models}", flush=True
        ),
    )
