"""Put PNG files in front of the digits network: decode, resize, and give one image the shape of a batch.

`python examples/digits/png.py DIR`, after `train.py DIR`, writes to DIR what `png.yml` names besides: PNG
files of held-out digits in several sizes and modes as samples, some as files, and the graph `batch.onnx`.
"""

import argparse
import io
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from PIL import Image

from train import held_out

__all__ = ["batch_graph", "drawn", "main"]

SAMPLES, GRAPH = "png.npz", "batch.onnx"
#: Images among the samples, and those of them that are written as files, too.
COUNT, FILES = 12, 4
#: Pixels of the PNG files for one of the digit's, across and down: not the same, and none of them 1.
ENLARGED = ((3, 3), (5, 3), (2, 4), (4, 6))
MODES = ("L", "RGB", "P", "LA")


def drawn(digit: np.ndarray, number: int) -> bytes:
    """Return an 8 x 8 digit with values 0..16 as a PNG file; `number` chooses its size and mode."""
    across, down = ENLARGED[number % len(ENLARGED)]
    grey = np.kron(digit.astype(np.uint8) * np.uint8(15), np.ones((down, across), np.uint8))
    file = io.BytesIO()
    Image.fromarray(grey).convert(MODES[number // len(ENLARGED) % len(MODES)]).save(file, "PNG")
    return file.getvalue()


def batch_graph() -> onnx.ModelProto:
    """Return the graph that makes a batch of one of an image: (8, 8, 1) -> (1, 1, 8, 8) float32."""
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["planes", "front"], ["batch"]),
    ]
    graph = helper.make_graph(
        nodes,
        "batch",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [8, 8, 1])],
        [helper.make_tensor_value_info("batch", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor("front", TensorProto.INT64, [1], [0])],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Write the samples, a few of them as files, and the graph."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where train.py wrote to")
    folder: Path = parser.parse_args().folder
    images, _ = held_out()
    files = [drawn(image, number) for number, image in enumerate(images[:COUNT])]
    np.savez(folder / SAMPLES, png=np.array(files)[:, np.newaxis])
    for number, data in enumerate(files[:FILES]):
        (folder / f"digit-{number}.png").write_bytes(data)
    onnx.save(batch_graph(), folder / GRAPH)


if __name__ == "__main__":
    main()
