"""A hub's WordPiece tokenizer as a `tokenize` step, with the vocabulary as the step's file.

Owns the reading of vocab.txt, tokenizer.json and tokenizer_config.json; other tokenizers are named and left
behind, because no registered operator computes them. Serves PKG-PRO-05.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lepton.convert.folder import json_in, text_in
from lepton.errors import RecipeError
from lepton.pack.onnx_source import GraphTensor
from lepton.package.write import Member

__all__ = ["tokenize_facts"]

_PATH = "tokenizer/vocab.txt"
#: What BERT's models call the tensors of a tokenizer, in the order in which the step writes them.
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
#: Lengths beyond it are a hub's way to say that there is none.
MAX_LENGTH = 1_048_576
_TEXT = "text"
_BATCH, _LENGTH = "N", "T"


def tokenize_facts(
    folder: Path, inputs: Sequence[GraphTensor], outputs: Sequence[GraphTensor], lost: list[str]
) -> tuple[dict[str, Any], list[Member]]:
    """Return interface and processing of a model that reads WordPiece tokens, and its vocabulary."""
    settings = (
        json_in(folder, "tokenizer_config.json") if (folder / "tokenizer_config.json").is_file() else {}
    )
    whole = json_in(folder, "tokenizer.json") if (folder / "tokenizer.json").is_file() else {}
    if not isinstance(settings, dict) or not isinstance(whole, dict):
        raise RecipeError(f"{folder}: found a tokenizer's file that is no object, expected one")
    lines = _vocabulary(folder, whole)
    if lines is None:
        if settings or whole:
            kind = _member(whole, "model").get("type") or settings.get("tokenizer_class", "unknown")
            lost.append(f"tokenizer: {kind} is no registered operator; the package starts at the tokens")
        return {}, []
    written = _written(inputs)
    if written is None:
        names = ", ".join(one.name for one in inputs)
        lost.append(f"tokenizer: the model reads {names}, and a tokenizer writes {', '.join(_INPUTS)}")
        return {}, []
    vocabulary = ("".join(f"{line}\n" for line in lines)).encode()
    step = _step(settings, whole, lines, written)
    length = inputs[0].shape[1]
    shape: list[int | str] = [_BATCH, length if isinstance(length, int) else _LENGTH]
    symbols: dict[str, Any] = {_BATCH: {"min": 1, "max": 64}}
    if shape[1] == _LENGTH:
        symbols[_LENGTH] = {"min": 1, "max": step["maxLength"]}
    step["shape"] = shape
    entries = [_output(one, inputs, shape) for one in outputs]
    facts = {
        "symbols": symbols,
        "signature": {
            "inputs": [{"name": one.name, "shape": shape, "axes": ["batch", "index"]} for one in inputs],
            "outputs": [{"name": one["name"], "shape": one["shape"]} for one in entries],
        },
        "interface": {
            "inputs": [
                {
                    "name": _TEXT,
                    "datatype": "BYTES",
                    "shape": [_BATCH],
                    "axes": ["batch"],
                    "content": {"kind": "text"},
                }
            ],
            "outputs": entries,
        },
        "processing": {"pre": [step], "post": []},
    }
    lost.append(f"bounds of {_BATCH} and {_LENGTH}: a folder does not say them; overrule them in the recipe")
    return facts, [Member(_PATH, vocabulary, "text/plain", "tokenizer")]


def _vocabulary(folder: Path, whole: Mapping[str, Any]) -> list[str] | None:
    """Return the tokens in the order of their numbers, None when the tokenizer is no WordPiece."""
    model = _member(whole, "model")
    if model and model.get("type") not in ("WordPiece", None):
        return None
    if (folder / "vocab.txt").is_file():
        return text_in(folder, "vocab.txt").splitlines()
    numbers = model.get("vocab")
    if not isinstance(numbers, dict):
        return None
    places: dict[Any, str] = {number: token for token, number in numbers.items()}
    if sorted(places, key=str) != sorted(range(len(numbers)), key=str):
        raise RecipeError(f"{folder / 'tokenizer.json'}: found numbers of tokens that do not count from 0")
    return [places[number] for number in range(len(numbers))]


def _written(inputs: Sequence[GraphTensor]) -> list[str] | None:
    """Return what the step writes, when the model reads the first so many of a tokenizer's tensors."""
    names = {one.name for one in inputs}
    wanted = [name for name in _INPUTS if name in names]
    fits = all(one.datatype == "INT64" and len(one.shape) == 2 for one in inputs)
    # A model without a mask but with types would need a tensor that nobody reads.
    return (
        list(_INPUTS[: _INPUTS.index(wanted[-1]) + 1]) if wanted and fits and names <= set(_INPUTS) else None
    )


def _step(
    settings: Mapping[str, Any], whole: Mapping[str, Any], lines: Sequence[str], written: Sequence[str]
) -> dict[str, Any]:
    model, normalizer = _member(whole, "model"), _member(whole, "normalizer")
    lowercase = settings.get("do_lower_case", normalizer.get("lowercase", True))
    step: dict[str, Any] = {
        "op": "tokenize",
        "version": 1,
        "in": _TEXT,
        "out": list(written) if len(written) > 1 else written[0],
        "file": _PATH,
        "algorithm": "wordpiece",
        "lowercase": bool(lowercase),
        "prefix": str(model.get("continuing_subword_prefix", "##")),
        "unknown": _token(settings, "unk_token", "[UNK]"),
        "padding": _token(settings, "pad_token", "[PAD]"),
        "maxLength": _length(settings.get("model_max_length")),
    }
    for member, key, usual in (("first", "cls_token", "[CLS]"), ("last", "sep_token", "[SEP]")):
        token = _token(settings, key, usual)
        if token in lines:
            step[member] = token
    return step


def _token(settings: Mapping[str, Any], key: str, usual: str) -> str:
    value = settings.get(key, usual)
    return str(value.get("content", usual)) if isinstance(value, dict) else str(value or usual)


def _length(value: Any) -> int:
    return int(value) if isinstance(value, int) and 2 < value <= MAX_LENGTH else 512


def _output(tensor: GraphTensor, inputs: Sequence[GraphTensor], shape: Sequence[int | str]) -> dict[str, Any]:
    """Describe an output of the model: its open sizes are those of the inputs of the same names, by place."""
    names = {
        dim: size
        for one in inputs
        for dim, size in zip(one.shape, shape, strict=True)
        if isinstance(dim, str)
    }
    found = [
        dim
        if isinstance(dim, int)
        else (names.get(dim) if dim else None)
        or (shape[axis] if axis < len(shape) else f"{tensor.name}_{axis}")
        for axis, dim in enumerate(tensor.shape)
    ]
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": found}


def _member(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
