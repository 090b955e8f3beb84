"""`lepton validate` at the level full beside a bare onnxruntime process that replays the same vectors.

Owns that comparison on packages that are named, or on a small convolutional network made here; prints ratios.
Ours also digests every file, runs every control, and four mutants besides.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

from lepton.convert.packing import pack_source
from lepton.pack import read_recipe
from pairs import measure, print_ratio

__all__ = ["main"]

AIM = 1.5
RECIPE = """
lepton: "1.0"
id: network
version: 1.0.0
language: en
title: {en: A small network}
license: MIT
symbols: {N: {min: 1, max: 64}}
card:
  intendedUse: {en: Measuring.}
  outOfScopeUse: {en: Everything else.}
  limitations: {en: It has no meaning.}
  personalData: {status: none}
"""
MODEL = """<ir_version: 8, opset_import: ["" : 17]>
g (float[N,3,32,32] x) => (float[N,10] y) {
  a = Conv <pads = [1,1,1,1]> (x, w0) b = Relu(a) c = MaxPool <kernel_shape = [2,2], strides = [2,2]> (b)
  d = Conv <pads = [1,1,1,1]> (c, w1) e = Relu(d) f = GlobalAveragePool(e) h = Flatten(f) y = MatMul(h, w2)
}"""
WEIGHTS = {"w0": (64, 3, 3, 3), "w1": (256, 64, 3, 3), "w2": (256, 10)}


def write_package(folder: Path) -> Path:
    """Write a package of a network with 150,000 weights."""
    model = onnx.parser.parse_model(MODEL)
    random = np.random.default_rng(0)
    for name, shape in WEIGHTS.items():
        weights = random.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights.astype(np.float32), name))
    onnx.save(model, folder / "network.onnx")
    (folder / "recipe.yml").write_text(RECIPE)
    return pack_source(
        str(folder / "network.onnx"), read_recipe(folder / "recipe.yml"), folder / "package"
    ).out


def main() -> int:
    """Measure, print, and return 0 when the aim is met for every package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "packages", type=Path, nargs="*", help="packages in directories, their first artifact onnx"
    )
    args = parser.parse_args()
    bare = str(Path(__file__).with_name("bare_replay.py"))
    met = True
    with tempfile.TemporaryDirectory() as folder:
        for package in args.packages or [write_package(Path(folder))]:
            ours = f"lepton validate {package.name}"
            commands = {
                "bare onnxruntime": [sys.executable, bare, str(package)],
                ours: [sys.executable, "-m", "lepton", "validate", str(package)],
            }
            met = print_ratio(measure(commands, args.rounds), ours, "bare onnxruntime", AIM) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
