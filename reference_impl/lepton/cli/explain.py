"""`lepton explain`: show one requirement of the standard, what verifies it, and what to do about a violation.

Owns the layout and the two languages; leaves the text to the published `requirements.json`.
"""

import argparse
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import lepton_spec
from lepton.errors import LeptonError
from lepton.report.escape import for_terminal

HELP = "explain a requirement of the standard"
EXAMPLE = "lepton explain PKG-DIG-03"

#: Characters of a line; Chinese ones are two columns wide.
WIDTH = 96
_CHINESE_LEVELS = {"MUST": "必须", "MUST NOT": "不得", "SHOULD": "应", "SHOULD NOT": "不应", "MAY": "可以"}
_CLOSE = 3

_WORDS = {
    "en": {
        "role": "binds",
        "profiles": "profiles",
        "verify": "verified by",
        "schema": "schema",
        "checks": "checks",
        "tests": "tests",
        "mutants": "planted faults",
        "remedy": "Remedy",
        "none": "none",
        "untranslated": "",
        "stale": "",
    },
    "zh": {
        "role": "约束对象",
        "profiles": "配置集",
        "verify": "验证方式",
        "schema": "模式",
        "checks": "检查",
        "tests": "测试",
        "mutants": "植入的缺陷",
        "remedy": "修正",
        "none": "无",
        "untranslated": "（此条尚未翻译，以下为英文原文。）",
        "stale": "（译文对应较早的修订，以英文为准。）",
    },
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("id", metavar="ID", help="a requirement, for example PKG-DIG-03")
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="language (default: en)")


def run(args: argparse.Namespace) -> int:
    """Print the requirement."""
    known = lepton_spec.requirements()
    name = args.id.strip().upper()
    if name not in known:
        raise LeptonError(
            f"found the unknown requirement {args.id!r}, expected one such as {_close(name, known)}"
        )
    for line in _lines(known[name], lepton_spec.traceability().get(name, {}), args.lang):
        print(for_terminal(line))
    return 0


def _close(name: str, known: dict[str, Any]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=_CLOSE, cutoff=0.5) or sorted(known)[:_CLOSE]
    return ", ".join(close)


def _lines(entry: dict[str, Any], trace: dict[str, list[str]], language: str) -> Iterator[str]:
    words = _WORDS[language]
    translated = entry.get("zh") if language == "zh" else None
    shown = translated or entry
    yield f"{entry['id']}: {shown['title']}"
    level = f"{_CHINESE_LEVELS[entry['level']]} ({entry['level']})" if language == "zh" else entry["level"]
    yield f"{level}, rev {entry['rev']}, {words['role']}: {entry['role']}"
    if language == "zh" and translated is None:
        yield words["untranslated"]
    elif translated is not None and translated["source"] != entry["digest"][: len(translated["source"])]:
        yield words["stale"]
    yield ""
    width = WIDTH if translated is None else WIDTH // 2
    yield from _wrapped(shown["text"], width)
    yield ""
    yield from _wrapped(f"{words['remedy']}: {shown['remedy']}", width)
    yield ""
    yield f"{words['profiles']}: {', '.join(entry['profiles'])}"
    yield f"{words['verify']}: {', '.join(entry['verify'])}"
    if "schema" in entry:
        yield f"{words['schema']}: {entry['schema']}"
    for kind in ("checks", "tests", "mutants"):
        found = trace.get(kind, [])
        yield f"{words[kind]}:" if found else f"{words[kind]}: {words['none']}"
        for one in found:
            yield f"  {one}"


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Yield a clause wrapped anew: a line break of the prose means nothing but before a list's item."""
    for paragraph in re.split(r"\n\n|\n(?=- )", text):
        yield from textwrap.wrap(paragraph, width, initial_indent="  ", subsequent_indent="  ")
