#!/usr/bin/env python3
"""Build and check the standard's requirement blocks: `python tools/spec.py build|check|stamp`.

Owns the command line; leaves the work to the package `specification` beside it. Serves every chapter.
"""

import argparse
import datetime
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from specification import Book, Problem, read_book
from specification.lock import is_draft
from specification.source import UnreadableError
from specification.translation import SOURCE_DIGITS
from specification.vocabulary import HEADING

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent


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
    arguments = parser.parse_args(argv)
    try:
        return _run(arguments)
    except UnreadableError as error:
        print(f"tools/spec.py: {error}", file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    book = read_book(arguments.root)
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


def _write(path: Path, content: bytes) -> None:
    """Write `content` unless it is there already: beside first, then renamed."""
    if path.is_file() and path.read_bytes() == content:
        return
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    beside.write_bytes(content)
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main())
