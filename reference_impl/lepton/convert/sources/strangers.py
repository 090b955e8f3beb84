"""Formats of models that no source reads: named, so that their owner knows what to pack instead.

Owns the table of signs; leaves reading to nobody. What such a file holds is another program's form of a model
(quantised, compiled, fused), and the form that it was made of is what a package should carry.
"""

from pathlib import Path

from lepton.convert.bytes import head

__all__ = ["stranger"]

#: Offset and bytes -> what the file is, and what it was made of.
_SIGNS: tuple[tuple[int, bytes, str, str], ...] = (
    (4, b"TFL3", "a TensorFlow Lite model", "the SavedModel or Keras model"),
    (0, b"GGUF", "a GGUF model", "the Hugging Face folder"),
    (0, b"ggml", "a GGML model", "the Hugging Face folder"),
    (0, b"binf", "an XGBoost model in the old binary form", "a .ubj or .json file of the booster"),
    (0, b"CBM1", "a CatBoost model", "an ONNX file (save_model with format='onnx') of the model"),
)


def stranger(path: Path) -> str | None:
    """Say which format without a source the file or folder is of, and what to pack instead; or None."""
    if (path / "Manifest.json").is_file() and (path / "Data").is_dir():
        return "a Core ML package, expected the model that it was made of"
    first = head(path, 512)
    for offset, sign, what, origin in _SIGNS:
        if first[offset : offset + len(sign)] == sign:
            return f"{what}, expected {origin} that it was made of"
    if b"<PMML" in first:
        return "a PMML document, expected the estimator that it was made of"
    if b"<net " in first and b"<?xml" in first:
        return "an OpenVINO model, expected the ONNX file that it was made of"
    return None
