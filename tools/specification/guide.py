"""The guide beside the standard, `spec/<language>/guide`: what of it is executed, and what it may not say.

Owns the values that a build fills in (`@EDITION@`), the marks of executed steps (before a fence
`<!-- run -->`, `<!-- run: exits 1 -->`, `<!-- file: X -->`; alone `<!-- include: PATH -->`) and the rules of
guide pages: no BCP 14 keyword in capitals, the same steps in both languages. Leaves running the steps to
`tests/spec/test_guide_commands.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from specification.blocks import prose_lines
from specification.problem import Problem
from specification.source import read_source
from specification.vocabulary import keywords

__all__ = ["GUIDE", "MARK", "VALUE", "VALUES", "Step", "check_guide", "guide_pages", "read_steps"]

#: The folder of the guide below that of a language.
GUIDE = "guide"
MARK = re.compile(r"^<!--\s*(run|file|include)(?::\s*(.*?))?\s*-->$")
#: A value that the build fills in, and the names there are.
VALUE = re.compile(r"@([A-Z]+)@")
VALUES = frozenset({"EDITION", "DIGEST", "YEAR", "REQUIREMENT", "CHAPTER", "REV", "TITLE"})
_EXITS = re.compile(r"^exits ([0-9]+)$")
_REMEDY = "write `<!-- run -->`, `<!-- run: exits N -->`, `<!-- file: NAME -->` or `<!-- include: PATH -->`"


@dataclass(frozen=True, slots=True)
class Step:
    """One marked place: `kind` is run, file or include; `argument` what follows the colon in the mark.

    `body` are the lines of the fence after it; an include has none.
    """

    kind: str
    argument: str
    body: tuple[str, ...]
    line: int

    @property
    def exit_status(self) -> int:
        """Return with what the last command of a run ends."""
        found = _EXITS.match(self.argument)
        return int(found.group(1)) if found else 0


def guide_pages(root: Path, language: str) -> list[Path]:
    """Return the pages of the guide in one language, by name."""
    return sorted((root / "spec" / language / GUIDE).glob("*.md"))


def read_steps(file: str, text: str, problems: list[Problem]) -> Iterator[Step]:
    """Yield the executed steps of a page in order; a mark that says nothing known goes to `problems`."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        mark = MARK.match(line.strip())
        if mark is None:
            continue
        kind, argument = mark.group(1), mark.group(2) or ""
        fenced = index + 1 < len(lines) and lines[index + 1].startswith("```")
        sound = {
            "run": fenced and (not argument or _EXITS.match(argument) is not None),
            "file": fenced and bool(argument),
            "include": bool(argument),
        }[kind]
        if not sound:
            wrong = f"the mark {line.strip()!r}" + ("" if fenced else " before no fence")
            problems.append(Problem(file, index + 1, wrong, "a step that can be executed", _REMEDY))
            continue
        body: list[str] = []
        if kind != "include":
            for following in lines[index + 2 :]:
                if following.startswith("```"):
                    break
                body.append(following)
        yield Step(kind, argument, tuple(body), index + 1)


def check_guide(root: Path, problems: list[Problem]) -> None:
    """Note keywords in the guide, steps that differ between the languages, and files that are not there."""
    for path in guide_pages(root, "en"):
        file, text = path.relative_to(root).as_posix(), read_source(path)
        for line in prose_lines(text):
            problems += [
                Problem(
                    file,
                    line.number,
                    f"the BCP 14 keyword {keyword} in the guide",
                    "keywords in capitals only in requirement blocks",
                    "reword it, or set it as code if it is only mentioned",
                )
                for keyword in keywords(line.text)
            ]
        steps = list(read_steps(file, text, problems))
        for step in steps:
            if step.kind == "include" and not (root / step.argument).is_file():
                problems.append(
                    Problem(
                        file, step.line, f"no file {step.argument}", "a file of the repository", "mend it"
                    )
                )
        _values(file, text, problems)
        chinese = root / "spec" / "zh" / GUIDE / path.name
        if chinese.is_file():
            _values(chinese.relative_to(root).as_posix(), read_source(chinese), problems)
            _compare(chinese.relative_to(root).as_posix(), steps, read_source(chinese), problems)


def _values(file: str, text: str, problems: list[Problem]) -> None:
    known = ", ".join(sorted(VALUES))
    for number, line in enumerate(text.splitlines(), 1):
        problems += [
            Problem(file, number, f"the value @{name}@", f"one of {known}", "mend its name")
            for name in VALUE.findall(line)
            if name not in VALUES
        ]


def _compare(file: str, english: list[Step], text: str, problems: list[Problem]) -> None:
    chinese = list(read_steps(file, text, problems))
    shown = [[(step.kind, step.argument, step.body) for step in steps] for steps in (english, chinese)]
    if shown[0] == shown[1]:
        return
    at = next((i for i, (a, b) in enumerate(zip(*shown, strict=False)) if a != b), min(map(len, shown)))
    line = chinese[at].line if at < len(chinese) else 1
    problems.append(
        Problem(
            file,
            line,
            f"step {at + 1} of {len(chinese)}, which is not that of the English page",
            "the same commands, files and outputs in both languages",
            "copy the marked fences of the English page",
        )
    )
