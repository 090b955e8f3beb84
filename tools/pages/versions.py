"""The page of versions: which editions there are, what each one froze, and what changed between them.

Owns that page, generated from `schemas/editions`; leaves the kinds of changes to `specification.changes`.
"""

import itertools
import re
from collections.abc import Sequence
from typing import Any

from specification import Book
from specification.changes import Change, Differences, differences, run_again_between
from specification.edition import Edition
from specification.vocabulary import PROFILES

__all__ = ["versions_page"]

#: Where a Chinese name was filled in between spaces, which are for Latin ones.
_SPACE_IN_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")

_WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "title": "Versions",
        "intro": (
            "An edition is frozen once and never changed. Its manifest holds the SHA-256 of each file: "
            "prose, schemas, requirements, and every document that it calls valid. A *draft* can be cited "
            "and compared, and promises nothing. What is valid under a released edition 1.N is valid under "
            "every later 1.M."
        ),
        "edition": "edition",
        "date": "date",
        "count": "requirements",
        "set": "requirement set (SHA-256)",
        "set_text": (
            "The digest of the requirement set is over what the requirements demand, translations and "
            "remedies apart; reports and certificates hold it. The digest at the foot of each page is "
            "another: that of the file `requirements.json`."
        ),
        "nothing": "No test to run again: {profiles}.",
        "comma": ", ",
        "manifest": "manifest",
        "current": "What stands on these pages",
        "current_row": "working text",
        "changes": "From {before} to {after}",
        "working": "the text on these pages",
        "none": "Nothing has changed.",
        "total": "{count} requirements differ.",
        "members": "what differs",
        "requirement": "requirement",
        "again": "What a certificate holder runs again",
        "again_text": (
            "Tests of which a certificate of {before} says nothing about {after}: all of a requirement that "
            "is new, or that demands or is verified otherwise, and each test that was rewritten. For the "
            "list: `python tools/spec.py diff {name} --profile PROFILE`."
        ),
        "profile": "profile",
        "tests": "tests",
        "revisions": "rev {0} to {1}",
        "kinds": {
            "added": "Added",
            "withdrawn": "Withdrawn",
            "demand": "Demand otherwise",
            "verification": "Verified otherwise",
            "wording": "Worded otherwise; what binds is the same",
        },
    },
    "zh": {
        "title": "版本",
        "intro": (
            "一个版本只冻结一次，此后不再改动。它的清单记录每个文件的 SHA-256："
            "正文、模式、要求，以及该版本认定有效的每一份文档。"
            "*草案*可以引用和比较，但不作任何承诺。"
            "在已发布的版本 1.N 下有效的文档，在之后的每个 1.M 下也有效。"
        ),
        "edition": "版本",
        "date": "日期",
        "count": "要求数",
        "set": "要求集（SHA-256）",
        "set_text": (
            "要求集的摘要只涵盖各条要求所规定的内容，不含译文和修正办法；报告和证书都写有它。"
            "每页页脚的摘要是另一个，是文件 `requirements.json` 的摘要。"
        ),
        "nothing": "没有需要重新运行的测试：{profiles}。",
        "comma": "、",
        "manifest": "清单",
        "current": "本站的正文",
        "current_row": "工作文本",
        "changes": "从 {before} 到 {after}",
        "working": "本站的正文",
        "none": "没有改动。",
        "total": "{count} 条要求有差异。",
        "members": "差异所在",
        "requirement": "要求",
        "again": "证书持有者需要重新运行的测试",
        "again_text": (
            "{before} 的证书说明不了以下测试在 {after} 下的结果："
            "新增的要求，或规定、验证方式有变的要求的全部测试，以及每个改写过的测试。"
            "完整列表：`python tools/spec.py diff {name} --profile PROFILE`。"
        ),
        "profile": "剖面",
        "tests": "测试数",
        "revisions": "修订 {0} 到 {1}",
        "kinds": {
            "added": "新增",
            "withdrawn": "撤销",
            "demand": "规定有变",
            "verification": "验证方式有变",
            "wording": "措辞有变，约束不变",
        },
    },
}


def versions_page(language: str, book: Book, editions: Sequence[Edition], working: Edition) -> str:
    """Return the Markdown of the page. `editions` are frozen, the oldest first; `working` is the text now."""
    words = _WORDS[language]
    lines = [f"# {words['title']}", "", words["intro"], ""]
    lines += [
        f"| {words['edition']} | {words['date']} | {words['count']} | {words['set']} | {words['manifest']} |"
    ]
    lines += ["|---|---|---|---|---|"]
    for each in reversed(editions):
        link = f"[edition.json](../schemas/editions/{each.name}/edition.json)"
        digest = _digest(each)
        name, day = (f'<span class="nowrap">{text}</span>' for text in (each.name, each.date))
        lines.append(f"| {name} | {day} | {len(each.requirements)} | {digest} | {link} |")
    row = f'<span class="nowrap">{words["current_row"]}</span>'
    lines += [f"| {row} | | {len(working.requirements)} | {_digest(working)} | |", "", words["set_text"], ""]
    chain = [*editions, working]
    for before, after in reversed(list(itertools.pairwise(chain))):
        lines += _between(language, before, after, book)
    text = "\n".join(lines) + "\n"
    return _SPACE_IN_CHINESE.sub("", text) if language == "zh" else text


def _digest(edition: Edition) -> str:
    return f'<code class="digest">{edition.requirement_set.removeprefix("sha256:")}</code>'


def _between(language: str, before: Edition, after: Edition, book: Book) -> list[str]:
    words = _WORDS[language]
    name = words["working"] if after.name == "working" else after.name
    found = differences(before, after)
    lines = [f"## {words['changes'].format(before=before.name, after=name)}", ""]
    if not found.changes:
        return [*lines, words["none"], ""]
    lines += [words["total"].format(count=len(found.changes)), ""]
    lines += _kinds(language, found, book)
    lines += [f"### {words['again']} {{#again-{after.name.replace('.', '-')}}}", ""]
    text = words["again_text"].format(before=before.name, after=name, name=before.name)
    lines += [text, "", f"| {words['profile']} | {words['tests']} | {words['count']} |", "|---|---:|---:|"]
    same = []
    for profile in PROFILES:
        again = run_again_between(before, after, (profile,))
        if again:
            lines.append(f"| {profile} | {sum(map(len, again.values()))} | {len(again)} |")
        elif any(profile in each["profiles"] for each in after.requirements.values()):
            same.append(f"`{profile}`")
    nothing = words["nothing"].format(profiles=words["comma"].join(same))
    return [*lines, "", *([nothing, ""] if same else [])]


def _kinds(language: str, found: Differences, book: Book) -> list[str]:
    words = _WORDS[language]
    lines = []
    for kind, title in words["kinds"].items():
        members = found.of_kind(kind)
        if not members:
            continue
        lines += ['<details class="changes" markdown="1">', f"<summary>{title}: {len(members)}</summary>", ""]
        lines += [f"| {words['requirement']} | {words['members']} |", "|---|---|"]
        lines += [_row(language, each, book) for each in members]
        lines += ["", "</details>", ""]
    return lines


def _row(language: str, change: Change, book: Book) -> str:
    words = _WORDS[language]
    translation = book.translations.get(change.id) if language == "zh" else None
    title = (translation.title if translation else change.title).replace("|", "\\|")
    known = any(each.id == change.id for each in book.requirements)
    link = f"[{change.id}](requirements/{change.id}.md)" if known else change.id
    old, new = change.revisions
    what = [f"`{member}`" for member in change.members if member != "rev"]
    if old is not None and new is not None and old != new:
        what.append(words["revisions"].format(old, new))
    return f"| {link} {title} | {', '.join(what)} |"
