"""One checked call of a package beside a bare `session.run` of onnxruntime on the same graph.

Owns that comparison, on a graph so small that the check shows and on a convolution so large that it must not.
Both run in this process in turn; the ratio within one round cancels what the machine was doing.
"""

import argparse
import os
import statistics
import sys
import tempfile
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from lepton.runtime import Array, open_pipeline

# onnxruntime reports to its maker over the network unless told otherwise before its import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

__all__ = ["main"]

TINY = """<ir_version: 8, opset_import: ["" : 17]>
g (float[N,4] x) => (float[N,3] y) { m = MatMul(x, w) y = Add(m, b) }"""
LARGE = """<ir_version: 8, opset_import: ["" : 17]>
g (float[N,256,8,8] x) => (float[N,1024,8,8] y) { y = Conv <pads = [1, 1, 1, 1]> (x, w) }"""

#: Name, graph, weights, input shape, output shape, calls a round, aim.
CASES = (
    ("tiny", TINY, {"w": (4, 3), "b": (3,)}, ("N", 4), ("N", 3), 5000, 1.10),
    ("2.4 M parameters", LARGE, {"w": (1024, 256, 3, 3)}, ("N", 256, 8, 8), ("N", 1024, 8, 8), 20, 1.02),
)


@dataclass(frozen=True, slots=True)
class Folder:
    """A package as the pipeline sees it: a manifest, and a folder with its files."""

    document: Mapping[str, Any]
    path: Path

    def materialize(self, artifact: str) -> Path:
        return self.path

    def read(self, path: str) -> bytes:
        return (self.path / path).read_bytes()


def _tensor(name: str, shape: tuple[Any, ...]) -> dict[str, Any]:
    return {"name": name, "datatype": "FP32", "shape": list(shape)}


def _calls(case: tuple[Any, ...], folder: Path) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return a bare call and a checked one of the same graph on the same array."""
    _, text, weights, shape, answer_shape, _, _ = case
    model = onnx.parser.parse_model(text)
    generator = np.random.default_rng(0)
    for name, dims in weights.items():
        array = generator.standard_normal(dims).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    document = {
        "symbols": {"N": {"min": 1, "max": 64}},
        "signature": {"inputs": [_tensor("x", shape)], "outputs": [_tensor("y", answer_shape)]},
        "artifacts": [{"id": "onnx", "format": "onnx", "entry": "model.onnx", "executable": False}],
    }
    pipeline = open_pipeline(Folder(document, folder))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    x: Array = generator.standard_normal((1, *shape[1:])).astype(np.float32)
    return lambda: session.run(None, {"x": x}), lambda: pipeline.infer({"x": x})


def main() -> int:
    """Measure, print, and return 0 when the aims are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args().rounds
    met = True
    for case in CASES:
        name, *_, count, aim = case
        with tempfile.TemporaryDirectory() as folder:
            bare, checked = _calls(case, Path(folder))
            pairs = [
                (timeit.timeit(bare, number=count), timeit.timeit(checked, number=count))
                for _ in range(rounds)
            ]
        ratio = statistics.median(ours / peer for peer, ours in pairs)
        micros = [1e6 * statistics.median(column) / count for column in zip(*pairs, strict=True)]
        word = "met" if ratio <= aim else "MISSED"
        print(
            f"checked call / session.run, {name}: {ratio:.3f}; {micros[1]:.1f} us against {micros[0]:.1f} us"
            f"; aim at most {aim:.2f}: {word}"
        )
        met = met and ratio <= aim
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
