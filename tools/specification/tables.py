"""Tables of a chapter that are made from a published file, in the language of the chapter.

Owns the marks `<!-- table: FILE#/pointer -->` and `<!-- end of table -->`, what stands between them, and what
the data may name: requirements that exist, members that a schema has. Leaves the data to
`schemas/1.0/threats.json` and `crosswalk.json`. Serves `assurance`.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from specification.problem import Problem
from specification.published import PublishedFiles

__all__ = ["check_tables", "filled"]

_FILES = ("threats.json", "crosswalk.json")
_LISTS = ("assets", "actors", "boundaries")
_MARK = re.compile(r"<!-- table: (\S+) -->")
_TABLE = re.compile(rf"(?m)^{_MARK.pattern}\n(?:(?!<!-- table:).*\n)*?<!-- end of table -->$")

_WORDS = {
    "en": {
        "what": ("name", "what it is"),
        "threats": ("threat", "actor, boundary, assets", "state", "answered by", "what is left"),
        "rows": ("item", "about", "members", "requirements"),
        "states": {"answered": "answered", "stated": "stated", "partly": "partly", "open": "open"},
        "documents": {"assurance": "assurance", "card": "card", "manifest": "manifest"},
        "organisational": "organisational",
        "comma": ", ",
    },
    "zh": {
        "what": ("名称", "含义"),
        "threats": ("威胁", "行动者、边界、资产", "状态", "由哪些要求应对", "余下的部分"),
        "rows": ("条目", "内容", "成员", "要求"),
        "states": {"answered": "已应对", "stated": "已陈述", "partly": "部分", "open": "未应对"},
        "documents": {"assurance": "保障文档", "card": "卡片", "manifest": "清单"},
        "organisational": "属于组织，不在包内",
        "comma": "、",
    },
}


def filled(text: str, language: str, published: PublishedFiles) -> str:
    """Return a chapter with its marked tables made anew; one whose mark leads nowhere stays as it is."""

    def made(match: re.Match[str]) -> str:
        reference = match.group(1)
        try:
            rows = published.resolve(reference)
        except LookupError:
            return match.group()
        table = "\n".join(_table(reference.rpartition("/")[2], rows, language))
        return f"<!-- table: {reference} -->\n\n{table}\n\n<!-- end of table -->"

    return _TABLE.sub(made, text)


def _table(kind: str, rows: Sequence[Any], language: str) -> Iterator[str]:
    words: dict[str, Any] = _WORDS[language]
    head = words.get(kind, words["what"])
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        cells = _CELLS.get(kind, _named)(row, language, words)
        yield f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _named(row: Any, language: str, words: dict[str, Any]) -> Iterator[str]:
    yield f"`{row['id']}`"
    yield row["what"][language]


def _threat(row: Any, language: str, words: dict[str, Any]) -> Iterator[str]:
    yield f"{row['id']} {row['threat'][language]}"
    yield words["comma"].join(f"`{one}`" for one in (row["actor"], row["boundary"], *row["assets"]))
    yield words["states"][row["state"]]
    yield words["comma"].join(row["answers"])
    yield row.get("remains", {}).get(language, "")


def _crossed(row: Any, language: str, words: dict[str, Any]) -> Iterator[str]:
    yield row["item"]
    yield row["subject"][language]
    if row["organisational"]:
        yield words["organisational"]
    else:
        yield words["comma"].join(_member(one, words["documents"]) for one in row["members"])
    yield words["comma"].join(row["requirements"])


def _member(reference: str, documents: dict[str, str]) -> str:
    file, _, pointer = reference.partition("#")
    path = pointer.replace("/properties/", ".").removeprefix(".")
    name = file.removesuffix(".schema.json")
    return f"{documents.get(name, name)} `{path}`"


_CELLS = {"threats": _threat, "rows": _crossed}


def check_tables(
    root: Path,
    sources: Mapping[str, str],
    published: PublishedFiles,
    known: Collection[str],
    problems: list[Problem],
) -> None:
    """Note marks that lead nowhere, what the data names and does not exist, and rows that say nothing."""
    for file, text in sources.items():
        _check_marks(file, text, published, problems)
    for name in _FILES:
        path = root / "schemas" / "1.0" / name
        if not path.is_file():
            continue
        file, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        lines, data = text.splitlines(), json.loads(text)
        names = {kind: {each["id"] for each in data.get(kind, ())} for kind in _LISTS}
        for row in _rows(data):
            mark = json.dumps(row.get("id", row.get("item")), ensure_ascii=False)
            line = next((at for at, each in enumerate(lines, 1) if mark in each), 1)
            for found, expected, remedy in (*_faults(row, published, known), *_strangers(row, names)):
                problems.append(Problem(file, line, f"{mark}: {found}", expected, remedy))


def _check_marks(file: str, text: str, published: PublishedFiles, problems: list[Problem]) -> None:
    whole = sum(1 for _ in _TABLE.finditer(text))
    for number, line in enumerate(text.splitlines(), 1):
        mark = _MARK.fullmatch(line)
        if mark is None:
            continue
        whole -= 1
        try:
            published.resolve(mark.group(1))
        except LookupError as error:
            found = f"the mark of a table {mark.group(1)}: {error}"
            problems.append(Problem(file, number, found, "a pointer that resolves in schemas/1.0", "mend it"))
    if whole != 0:
        expected = "`<!-- end of table -->` after each `<!-- table: ... -->`"
        problems.append(Problem(file, 1, "a table without its end", expected, "write the end"))


def _rows(data: Any) -> Iterator[Any]:
    yield from data.get("threats", ())
    for framework in data.get("frameworks", ()):
        yield from framework["rows"]


def _strangers(row: Any, names: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the actor, boundary and assets of a threat that no list of the file has."""
    if "threat" not in row:
        return
    used = [("actors", row["actor"]), ("boundaries", row["boundary"])]
    for kind, one in used + [("assets", each) for each in row["assets"]]:
        if one not in names[kind]:
            yield f"{one!r}, which is none of the {kind}", f"one of {sorted(names[kind])}", "mend the name"


def _faults(row: Any, published: PublishedFiles, known: Collection[str]) -> Iterator[tuple[str, str, str]]:
    for one in (*row.get("answers", ()), *row.get("requirements", ())):
        if one not in known:
            yield f"{one}, which no block of spec/en defines", "requirements that exist", "mend the ID"
    for one in row.get("members", ()):
        try:
            published.resolve(one)
        except LookupError as error:
            yield f"the member {one}: {error}", "a pointer that resolves in schemas/1.0", "mend the pointer"
    if "threat" in row:
        if (row["state"] == "open") != (not row["answers"]):
            yield (
                f"the state {row['state']}",
                "`open` where no requirement answers, and only there",
                "mend it",
            )
        if (row["state"] in ("open", "partly")) != ("remains" in row):
            yield "`remains`", "it where the state is open or partly, and only there", "say what is left"
    elif row["organisational"] == bool(row["members"] or row["requirements"]):
        yield "a row", "members or requirements, or `organisational`, and not both", "mend the row"
