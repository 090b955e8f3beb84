#!/usr/bin/env python3
"""Build and check the standard, freeze its editions and compare them: `python tools/spec.py COMMAND`.

Owns the command line; leaves the work to the package `specification` beside it. Serves every chapter.
"""

import argparse
import dataclasses
import datetime
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from specification import Book, Problem, read_book
from specification.archive import ArchiveError, pack_archive
from specification.changes import differences, render, run_again_between
from specification.edition import Edition, read_editions
from specification.freezing import FreezeError, freeze, working_edition
from specification.lock import is_draft
from specification.source import UnreadableError
from specification.translation import SOURCE_DIGITS
from specification.vocabulary import HEADING

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
#: What stands in `spec/` now, as an edition that can be compared.
WORKING = "working"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 (all is well), 1 (the standard is at fault) or 2 (a file cannot be read)."""
    parser = argparse.ArgumentParser(prog="tools/spec.py", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (default: this one)")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="write what is generated below schemas/1.0")
    build.add_argument(
        "--draft",
        action="store_true",
        help="lock changed wordings without a revision, write what can be read (before a release only)",
    )
    check = commands.add_parser("check", help="fail on anything that is wrong")
    check.add_argument(
        "--release", action="store_true", help="fail on a missing or stale translation as well"
    )
    commands.add_parser("stamp", help="replace `source: new` in spec/zh by the digest of the English block")
    _edition_commands(commands)
    arguments = parser.parse_args(argv)
    try:
        return _run(arguments)
    except (UnreadableError, FreezeError, ArchiveError) as error:
        print(f"tools/spec.py: {error}", file=sys.stderr)
        return 2


def _edition_commands(commands: Any) -> None:
    freezing = commands.add_parser(
        "freeze", help="publish an edition: 1.0 once and for ever, 1.0-draft.N to be read and tried"
    )
    freezing.add_argument("edition")
    freezing.add_argument("--date", type=datetime.date.fromisoformat, default=datetime.date.today())
    archive = commands.add_parser(
        "archive", help="write a frozen edition as one file, for dist/ and `make site`"
    )
    archive.add_argument("edition")
    archive.add_argument("--pages", type=Path, help="the folder of its built pages")
    archive.add_argument(
        "--output", type=Path, default=Path("dist"), help="the folder to write to (default: dist)"
    )
    diff = commands.add_parser("diff", help="what changed between two editions, and what is run again")
    diff.add_argument("before")
    diff.add_argument("after", nargs="?", default=WORKING, help="default: what stands in spec/ now")
    diff.add_argument(
        "--profile", action="append", default=[], help="only tests of this profile; may be repeated"
    )
    diff.add_argument("--format", choices=("text", "json"), default="text")


def _run(arguments: argparse.Namespace) -> int:
    book = read_book(arguments.root)
    if arguments.command == "freeze":
        return _freeze(book, arguments.edition, arguments.date)
    if arguments.command == "archive":
        print(pack_archive(arguments.root, arguments.edition, arguments.pages, arguments.output))
        return 0
    if arguments.command == "diff":
        return _diff(book, arguments)
    if arguments.command == "build":
        return _build(book, draft=arguments.draft)
    if arguments.command == "stamp":
        return _stamp(book)
    return _report(book.check(datetime.date.today()), release=arguments.release)


def _report(problems: Sequence[Problem], *, release: bool) -> int:
    failing = [problem for problem in problems if release or not problem.warning]
    for problem in problems:
        print(problem)
    print(f"spec: {len(failing)} problems, {len(problems) - len(failing)} warnings")
    return 1 if failing else 0


def _build(book: Book, *, draft: bool) -> int:
    problems = [problem for problem in book.prose if not problem.warning]
    if draft and not is_draft(book.lock_text):
        print("tools/spec.py: found a released lock, expected a draft; raise the revisions instead")
        return 1
    if not draft:
        problems += book.rewordings
    if problems and not draft:
        return _report(problems, release=False)
    for file, content in book.outputs().items():
        _write(book.root / file, content)
    print(f"spec: {len(book.requirements)} requirements, {len(book.translations)} in Chinese")
    return _report(problems, release=False) if problems else 0


def _stamp(book: Book) -> int:
    digests = {each.id: each.digest[:SOURCE_DIGITS] for each in book.requirements}
    stamped = 0
    for file, text in book.sources.items():
        if not file.startswith("spec/zh/"):
            continue
        lines = text.splitlines(keepends=True)
        current = ""
        for index, line in enumerate(lines):
            heading = HEADING.match(line.rstrip("\n"))
            current = heading.group(1) if heading else current
            if re.fullmatch(r"> ?`source: new`\s*", line) and current in digests:
                lines[index] = line.replace("new", digests[current])
                stamped += 1
        _write(book.root / file, "".join(lines).encode())
    print(f"spec: {stamped} Chinese blocks stamped")
    return 0


def _freeze(book: Book, name: str, day: datetime.date) -> int:
    problems = book.check(day)
    released = "-" not in name
    if any(released or not each.warning for each in problems):
        print(f"tools/spec.py: {name} is not frozen: first mend what is wrong")
        return _report(problems, release=released)
    folder = freeze(book, name, day)
    if released:
        outputs = read_book(book.root).outputs()
        for file, content in outputs.items():
            _write(book.root / file, content)
    print(f"spec: {folder.relative_to(book.root)}, {len(book.requirements)} requirements; commit it")
    return 0


def _diff(book: Book, arguments: argparse.Namespace) -> int:
    editions = {each.name: each for each in read_editions(book.root)}
    editions[WORKING] = working_edition(book)
    chosen: list[Edition] = []
    for name in (arguments.before, arguments.after):
        if name not in editions:
            known = ", ".join(editions)
            print(f"tools/spec.py: found no edition {name!r}, expected one of {known}", file=sys.stderr)
            return 2
        chosen.append(editions[name])
    before, after = chosen
    found = differences(before, after)
    again = run_again_between(before, after, arguments.profile)
    if arguments.format == "json":
        changes = [dataclasses.asdict(each) for each in found.changes]
        document = {"before": found.before, "after": found.after, "changes": changes, "runAgain": again}
        print(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        print(render(found, again), end="")
    return 0


def _write(path: Path, content: bytes) -> None:
    """Write `content` unless it is there already: beside first, then renamed."""
    if path.is_file() and path.read_bytes() == content:
        return
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    beside.write_bytes(content)
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main())
