"""The page of the datatypes: what each is called elsewhere, how wide it is, and how its values are written.

Owns the table, generated from `datatypes.json`, and the words for what that file says in code. Leaves what
the forms mean to the chapters core and inference. The names in safetensors are those of its format.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["datatypes_page"]

#: Name in the standard -> name in the header of a safetensors file; what is absent has none.
SAFETENSORS = {
    "BOOL": "BOOL",
    **{f"INT{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
    "FP16": "F16",
    "BF16": "BF16",
    "FP32": "F32",
    "FP64": "F64",
}
#: Name -> exponent and fraction bits (IEEE 754 binary16, 32, 64; bfloat16).
_FLOATS = {"FP16": (5, 10), "BF16": (8, 7), "FP32": (8, 23), "FP64": (11, 52)}
_WORDS = {
    "en": {
        "title": "Datatypes",
        "intro": (
            'The datatypes of this edition (<a href="../../schemas/1.0/datatypes.json">datatypes.json</a>). '
            "Their rules are in the chapter [Core](core.md), their form in requests and answers in "
            "[Inference](inference.md)."
        ),
        "head": ("name", "bytes", "range", "in JSON", "in binary", "ONNX", "NumPy", "safetensors"),
        "boolean": "false, true",
        "bytes": "any bytes",
        "largest": "finite to ±{:.6g}",
        "json": {
            "boolean": "boolean",
            "integer": "integer",
            "number": "number",
            "string": "string, where the bytes are UTF-8",
        },
        "one": "one byte, 0 or 1",
        "little": "little-endian",
        "twos": "little-endian, two's complement",
        "length": "4 bytes of length, little-endian, then the bytes",
        "none": "none",
    },
    "zh": {
        "title": "数据类型",
        "intro": (
            '本版的数据类型，取自 <a href="../../schemas/1.0/datatypes.json">datatypes.json</a>。'
            "规则见[核心](core.md)章，在请求与应答中的形式见[推理](inference.md)章。"
        ),
        "head": ("名称", "字节数", "范围", "JSON 形式", "二进制形式", "ONNX", "NumPy", "safetensors"),
        "boolean": "false、true",
        "bytes": "任意字节",
        "largest": "有限值至 ±{:.6g}",
        "json": {
            "boolean": "布尔值",
            "integer": "整数",
            "number": "数",
            "string": "字符串（字节为 UTF-8 时）",
        },
        "one": "一个字节，0 或 1",
        "little": "小端序",
        "twos": "小端序，二进制补码",
        "length": "4 字节小端序长度，然后是各字节",
        "none": "无",
    },
}


def datatypes_page(language: str, datatypes: Mapping[str, Any]) -> str:
    """Return the Markdown of the page. `datatypes` is the published file, parsed."""
    words: Mapping[str, Any] = _WORDS[language]
    lines = ["---", "hide:", "  - toc", "---", "", f"# {words['title']}", "", words["intro"], ""]
    lines += ['<div class="lepton-datatypes" markdown="1">', ""]
    lines += [f"| {' | '.join(words['head'])} |", "|---" * len(words["head"]) + "|"]
    for one in datatypes["datatypes"]:
        name, none = one["name"], words["none"]
        cells = [
            f'<code id="{name}">{name}</code>',
            none if one["itemSize"] is None else str(one["itemSize"]),
            _range(one, words),
            words["json"][one["json"]],
            _binary(one, words),
            f"`{one['onnxName']}` ({one['onnx']})",
            none if one["numpy"] is None else f"`{one['numpy']}`",
            f"`{SAFETENSORS[name]}`" if name in SAFETENSORS else none,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", "</div>", ""])


def _range(one: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    """Return which values there are. Those of the numbers follow from the width."""
    kind = one["kind"]
    if kind in ("boolean", "bytes"):
        return str(words[kind])
    bits = 8 * one["itemSize"]
    if kind == "unsigned":
        return f"0 … 2<sup>{bits}</sup> − 1"
    if kind == "integer":
        return f"−2<sup>{bits - 1}</sup> … 2<sup>{bits - 1}</sup> − 1"
    exponent, fraction = _FLOATS[one["name"]]
    largest = (2 - 2.0**-fraction) * 2.0 ** (2 ** (exponent - 1) - 1)
    return str(words["largest"].format(largest))


def _binary(one: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    kinds = {"boolean": "one", "integer": "twos", "bytes": "length"}
    return str(words[kinds.get(one["kind"], "little")])
