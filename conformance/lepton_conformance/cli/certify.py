"""`lepton certify`: judge a server, a runtime or a validator by the standard.

Owns the command line, progress and the lines for people; leaves the run to `certify`. Serves `conformance`
(CNF-EXI-01).
"""

import argparse
import datetime
import json
import sys
from pathlib import Path
from typing import TextIO

import lepton_spec
from lepton_conformance import known
from lepton_conformance.certify import DEFAULT_MAX_EXAMPLES, Run, UsageFault
from lepton_conformance.certify import run as run_suite
from lepton_conformance.cli.progress import Progress
from lepton_conformance.collect import SuiteError
from lepton_conformance.models.export import LAYOUTS, ExportFault, export
from lepton_conformance.report import directory, screen
from lepton_conformance.smoke import smoke
from lepton_conformance.subject.http import Unreachable
from lepton_conformance.subject.locate import FORMS
from lepton_conformance.wholefile import write_whole_file

__all__ = ["ERRORS", "EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "certify a server, a runtime or a validator by running the conformance suite on it"
EXAMPLE = "lepton certify http://127.0.0.1:8000 --profile inference-rest --report report"
ERRORS = (
    UsageFault,
    Unreachable,
    SuiteError,
    ExportFault,
    known.KnownFailureFault,
)
MAX_LINE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = (
        "lepton certify SUBJECT [--profile NAME]... [options]\n"
        "       lepton certify smoke SUBJECT\n"
        "       lepton certify export-models DIR --layout LAYOUT"
    )
    parser.add_argument(
        "subject",
        nargs="+",
        metavar="SUBJECT",
        help=f"what to certify: {FORMS}; or `smoke SUBJECT`: a few questions that find a broken set-up; "
        "or `export-models DIR`: write the conformance models for the server to load",
    )
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME",
        help="profile to judge, may be repeated: oip-rest, inference-rest, inference-binary for servers "
        "(default inference-rest), inference-repository, inference-grpc for grpc:// servers (their "
        "default), runtime for programs and objects (their default), package for programs that validate "
        "packages (the default of those whose hello says so), data for programs that validate data sets",
    )
    parser.add_argument(
        "--companion",
        metavar="URL",
        help="REST form of a grpc:// subject, http://HOST:PORT: both must give the same outputs (INF-GRP-41)",
    )
    parser.add_argument(
        "--repository",
        type=Path,
        metavar="DIR",
        help="folder that the server loads models from, written by export-models: changed and broken "
        "models are put there and taken out again; without it the requirements on files are not tested, and "
        "the profile inference-repository is inconclusive",
    )
    parser.add_argument(
        "--memory",
        type=_gibibytes,
        metavar="GIB",
        help="memory that each process of a runtime may have, in GiB (default 8); one that dies for want of "
        "more fails the requirement under test and is started again",
    )
    parser.add_argument(
        "--seed", type=_natural, default=0, metavar="N", help="seed of generated cases (default 0)"
    )
    limits = parser.add_mutually_exclusive_group()
    limits.add_argument(
        "--max-examples",
        type=_natural,
        metavar="N",
        help=f"generated cases a property, on top of the boundary cases (default {DEFAULT_MAX_EXAMPLES})",
    )
    limits.add_argument(
        "--budget",
        type=_seconds,
        metavar="SECONDS",
        help="end after about so long: boundary cases always run, cases are generated in what is left",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="ID",
        help="judge this requirement and what it needs, may be repeated",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write report.json, report.html, junit.xml and reproducers/ there",
    )
    parser.add_argument(
        "--known-failures",
        type=Path,
        metavar="FILE",
        help="YAML list of {requirement, reason, link, expires, reproducer}: the exit code then says whether "
        "anything else fails; a stale or expired entry fails the run, as does one whose requirement fails in "
        "another way than the pinned reproducer; the report is not changed",
    )
    parser.add_argument(
        "--write-known-failures",
        type=Path,
        metavar="FILE",
        help="draft such a list from this run; its reasons and links are for a person to write",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="what is printed: a verdict on one screen (default), or the report as JSON",
    )
    parser.add_argument(
        "--layout",
        default="plain",
        metavar="LAYOUT",
        help=f"layout of export-models: {', '.join(LAYOUTS)} (default plain: DIR/MODEL/VERSION/model.onnx; "
        "lepton: DIR/MODEL.lepton, packages for `lepton serve`)",
    )


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 0 to 999999999")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected seconds from 0 to 86400")
    return value


def _gibibytes(text: str) -> int:
    """Return bytes; an interpreter with NumPy needs a good part of a quarter of a GiB."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.25 <= value <= 1024:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected GiB from 0.25 to 1024")
    return int(value * 2**30)


def run(args: argparse.Namespace) -> int:
    """Do what was asked and return the exit code."""
    words: list[str] = args.subject
    if words[0] == "export-models":
        return _export(words[1:], args.layout)
    if words[0] == "smoke":
        return smoke(_subject(words[1:]), lambda line: print(_bounded(line)))
    expected = known.read(args.known_failures) if args.known_failures is not None else None
    if args.report is not None:
        directory.require_writable(args.report)
    drafted: Path | None = args.write_known_failures
    if drafted is not None:
        _require_new(drafted)
    progress = Progress(args.budget)
    try:
        finished = run_suite(
            _subject(words),
            args.profile,
            seed=args.seed,
            max_examples=args.max_examples,
            seconds=args.budget,
            only=args.only,
            companion=args.companion,
            repository=args.repository,
            memory_bytes=args.memory,
            progress=progress,
        )
    finally:
        progress.close()
    if args.report is not None:
        directory.write(finished.report, finished.evidence, args.report)
    if args.format == "json":
        print(json.dumps(finished.report))
    else:
        requirements, columns = lepton_spec.requirements(), screen.columns_of(sys.stdout)
        for line in screen.lines(finished.report, finished.evidence, requirements, args.report, columns):
            print(line)
    if drafted is not None:
        _draft(finished, drafted)
    if expected is None:
        return finished.exit_code
    return _with_known(finished, expected, sys.stderr if args.format == "json" else sys.stdout)


def _subject(words: list[str]) -> str:
    """Return the SUBJECT; the words after `exec:COMMAND` belong to the command."""
    if not words:
        raise UsageFault(f"found no SUBJECT, expected {FORMS}")
    if len(words) > 1 and not words[0].startswith("exec:"):
        raise UsageFault(f"found {len(words)} arguments, expected one SUBJECT: {FORMS}")
    return " ".join(words)


def _export(words: list[str], layout: str) -> int:
    if len(words) != 1:
        raise UsageFault("found no single directory, expected: lepton certify export-models DIR")
    paths = export(Path(words[0]), layout)
    print(f"wrote {len(paths)} conformance models to {words[0]} (layout {layout})")
    return 0


def _require_new(path: Path) -> None:
    """Say before the run that a reviewed list is never overwritten, and that it can be written."""
    if path.exists() or path.is_symlink():
        raise UsageFault(f"{path}: found a file, expected none: a reviewed list is not overwritten")
    directory.require_writable(path.parent)


def _draft(finished: Run, path: Path) -> None:
    requirements = lepton_spec.requirements()
    text = known.draft(finished.report, requirements, datetime.datetime.now(datetime.UTC).date())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole_file(path, text.encode())
    print(
        f"known failures: {path}; write a reason and a link into each entry before you use it",
        file=sys.stderr,
    )


def _with_known(finished: Run, entries: tuple[known.Known, ...], stream: TextIO) -> int:
    today = datetime.datetime.now(datetime.UTC).date()
    found = known.complaints(entries, finished.report, lepton_spec.requirements(), today)
    for line in found:
        print(_line(line), file=stream)
    if found:
        return 1
    if finished.exit_code == 1:
        print(
            f"nothing fails but the {len(entries)} known failures; the subject does not conform", file=stream
        )
        return 0
    return finished.exit_code


def _line(text: str) -> str:
    """Return text as one bounded line without control characters."""
    return screen.bounded(text, MAX_LINE)


def _bounded(text: str) -> str:
    line = "".join(mark if mark.isprintable() else " " for mark in text[: 2 * MAX_LINE])
    return line if len(line) <= MAX_LINE else line[:MAX_LINE] + "..."
