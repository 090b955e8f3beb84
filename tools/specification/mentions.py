"""Any mention of a requirement's ID, in code, schemas and prose: it has to be one that exists.

Owns where mentions are looked for. Records of the past (decisions, the changelog) may name IDs that are
withdrawn; nothing else may. Tests are passed over: they invent IDs of their own.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from specification.problem import Problem
from specification.source import read_source
from specification.vocabulary import IDENTIFIER

__all__ = ["check_mentions"]

_CURRENT = (
    "reference_impl/**/*.py",
    "conformance/**/*.py",
    "schemas/lepton_spec/*.py",
    "schemas/1.0/*.schema.json",
    "schemas/1.0/*.yaml",
    "schemas/1.0/*.proto",
    "examples/**/*.py",
    "benchmarks/*.py",
    "kits/**/*.*",
    "spec/en/*.md",
    "spec/zh/*.md",
    "spec/*/guide/*.md",
    "CONTRIBUTING.md",
    "GOVERNANCE.md",
    "README.md",
)
_RECORDS = ("spec/decisions/*.md", "CHANGELOG.md")


def check_mentions(
    root: Path, known: Collection[str], withdrawn: Collection[str], problems: list[Problem]
) -> None:
    """Note each mention of an ID that no block defines, unless a problem of that file names it already."""
    noted = {(problem.file, each) for problem in problems for each in IDENTIFIER.findall(problem.found)}
    for patterns, allowed in ((_CURRENT, set(known)), (_RECORDS, {*known, *withdrawn})):
        for path in _files(root, patterns):
            file = path.relative_to(root).as_posix()
            for number, line in enumerate(read_source(path).splitlines(), 1):
                for identifier in sorted(set(IDENTIFIER.findall(line)) - allowed):
                    if (file, identifier) in noted:
                        continue
                    problems.append(
                        Problem(
                            file,
                            number,
                            f"a mention of {identifier}, which no block of spec/en defines",
                            "the ID of a requirement",
                            "mend the ID, or write the requirement first",
                        )
                    )


def _files(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(path for path in root.glob(pattern) if path.is_file())
