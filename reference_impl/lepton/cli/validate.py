"""`lepton validate`: judge packages.

Serves CNF-EXI-01 and PKG-VAL.
"""

import argparse
import sys
from pathlib import Path

from lepton.cli.network import add_options
from lepton.cli.output import write_output
from lepton.cli.progress import Tell, progress
from lepton.errors import LeptonError
from lepton.finding import Report, Verdict
from lepton.package.paths import MANIFEST
from lepton.report import FORMATS, render
from lepton.report.escape import for_terminal
from lepton.validate import DATA, LEVELS, PROFILES, report, validate, validate_package

HELP = "judge model packages and data sets by the standard"
EXAMPLE = "lepton validate build/demo/digits.lepton"

EXIT_CONFORMS, EXIT_VIOLATES, EXIT_ERROR, EXIT_INCONCLUSIVE = 0, 1, 2, 3
ENGINES = ("local",)
#: Forms that programs read: nothing else is written for them.
_FOR_PROGRAMS = ("json", "sarif", "junit")
#: How the address of a package begins that is not on this machine.
_REMOTE = ("oci://", "https://", "http://")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a package: directory (or its lepton.json), .lepton, oci://HOST/NAME:TAG or "
        "https://HOST/FILE.lepton; or a data set: directory (or its croissant.json)",
    )
    parser.add_argument(
        "--level",
        choices=LEVELS,
        default="full",
        help="quick: everything but running the model; full (default): replay the golden vectors too",
    )
    parser.add_argument(
        "--profile", default="package", metavar="NAME", help=f"what to judge by: {', '.join(PROFILES)}"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="form of the report (default: text)",
    )
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write the report to FILE")
    parser.add_argument("--engine", default="local", metavar="NAME", help="where to compute: local")
    parser.add_argument(
        "--allow-executable",
        action="store_true",
        help="replay artifacts that can run code of the package's author (pt2)",
    )
    add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Validate, report, and return the exit code."""
    if args.engine not in ENGINES:
        raise LeptonError(f"found the engine {args.engine!r}, expected one of: {', '.join(ENGINES)}")
    if args.profile not in PROFILES:
        raise LeptonError(f"found the profile {args.profile!r}, expected one of: {', '.join(PROFILES)}")
    if args.output is not None and not args.output.parent.is_dir():
        raise LeptonError(f"cannot write {str(args.output)!r}: there is no such directory")
    with progress("lepton validate", wanted=args.format not in _FOR_PROGRAMS) as tell:
        judged, unread = _validate(args, tell)
    if judged.packages:
        write_output(render(judged, args.format), args.output)
        if args.output is not None:
            for package in judged.packages:
                print(
                    f"{for_terminal(package.path)}: {package.verdict}, see {for_terminal(str(args.output))}"
                )
    for error in unread:
        print(f"lepton validate: {for_terminal(str(error))}", file=sys.stderr)
    verdicts = [package.verdict for package in judged.packages]
    if unread:
        return EXIT_ERROR
    if Verdict.FAIL in verdicts:
        return EXIT_VIOLATES
    return EXIT_INCONCLUSIVE if Verdict.INCONCLUSIVE in verdicts else EXIT_CONFORMS


def _validate(args: argparse.Namespace, tell: Tell) -> tuple[Report, tuple[LeptonError, ...]]:
    """Validate local packages without any network, and those that are elsewhere over it."""
    if not any(one.startswith(_REMOTE) for one in args.paths):
        paths = [_package(one) for one in args.paths]
        return validate(
            paths,
            level=args.level,
            allow_executable=args.allow_executable,
            tell=tell,
            profile=args.profile,
        )
    if args.profile == DATA:
        raise LeptonError(
            "found the address of a package, expected a folder: data sets are judged where they are"
        )
    from lepton.cli.registries import validated

    packages = []
    unread: list[LeptonError] = []
    for one in args.paths:
        try:
            if one.startswith(_REMOTE):
                packages.append(validated(one, args))
            else:
                path = _package(one)
                packages.append(
                    validate_package(
                        path,
                        level=args.level,
                        allow_executable=args.allow_executable,
                        tell=tell,
                        profile=args.profile,
                    )
                )
        except LeptonError as error:
            unread.append(error)
    return report(packages, args.level, args.profile), tuple(unread)


def _package(name: str) -> Path:
    """Return what is named: a manifest or a document names its directory, as hooks name files."""
    path = Path(name)
    return path.parent if path.name in (MANIFEST, "croissant.json") and path.is_file() else path
