"""The command `lepton`: find the command by name, import it only then, and turn errors into exit codes.

Owns dispatch and the exit codes 0 (conforms, done), 1 (does not conform), 3 (inconclusive), 2 (the work could
not be done); leaves everything else to one module a command. A command module has `HELP` (one line),
`EXAMPLE` (a command that works as printed), `add_arguments(parser)`, `run(args) -> int` and, when it raises
errors of its own that are no `LeptonError`, `ERRORS`, a tuple of their classes. Third parties register such a
module under the entry point group `lepton.commands`. Serves `conformance` (CNF-EXI).
"""

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lepton.errors import LeptonError

if TYPE_CHECKING:
    import argparse

__all__ = ["BUILT_IN", "ENTRY_POINT_GROUP", "main", "parsers"]

BUILT_IN = {
    "pack": "lepton.cli.pack",
    "validate": "lepton.cli.validate",
    "inspect": "lepton.cli.inspect",
    "explain": "lepton.cli.explain",
    "run": "lepton.cli.run",
    "evaluate": "lepton.cli.evaluate",
    "serve": "lepton.cli.serve",
    "convert": "lepton.cli.convert",
    "push": "lepton.cli.push",
    "pull": "lepton.cli.pull",
    "sign": "lepton.cli.sign",
    "verify": "lepton.cli.verify",
    "sbom": "lepton.cli.sbom",
    "attach": "lepton.cli.attach",
    "completion": "lepton.cli.completion",
}
ENTRY_POINT_GROUP = "lepton.commands"

HELP_WIDTH = 100

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
EXIT_TERMINATED = 143

#: Commands that make files in a temporary folder, which has to go when they are told to end.
_WRITERS = frozenset(("pack", "convert", "pull", "sign", "attach"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else "--help"
    _never_without_streams()
    _never_fail_on_encoding()
    if argv is None and name in _WRITERS:
        _end_in_order()
    try:
        if name in ("--help", "-h", "help"):
            code = _print_help()
        elif name == "--version":
            code = _print_version()
        else:
            code = _dispatch(name, arguments[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`lepton ... | head`); keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except LeptonError as error:
        return _complain(name, str(error))
    except OSError as error:
        place = f"{error.filename!r}: " if error.filename is not None else ""
        return _complain(name, f"{place}{error.strerror or error}")
    except Exception as error:
        end = _end_behind(error)
        if end is not None:
            return end
        # A fault of ours must never look like a verdict, and Python's own exit code for it is 1.
        import traceback

        traceback.print_exc()
        return _complain(name, "a fault of Lepton's own, no verdict; please report the lines above")
    return code


def _dispatch(name: str, arguments: Sequence[str]) -> int:
    try:
        # What importing allocates stays; looking through it for garbage is a tenth of a short command's time.
        gc.disable()
        try:
            module = _load(name)
        finally:
            gc.enable()
            gc.freeze()
    except KeyError:
        import difflib

        known = sorted(_names())
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known commands: {', '.join(known)}"
        return _complain("", f"found unknown command {name!r}; {hint}")
    except ImportError as error:
        return _complain(name, f"cannot be loaded: {error}")
    parser = _parser(name, module)
    args = parser.parse_args(arguments)
    errors: tuple[type[Exception], ...] = getattr(module, "ERRORS", ())
    try:
        code: int = module.run(args)
    except errors as error:
        _complain(name, str(error))
        return int(getattr(error, "exit_code", EXIT_ERROR))
    return code


def _parser(name: str, module: Any) -> "argparse.ArgumentParser":
    import argparse

    parser = argparse.ArgumentParser(
        prog=f"lepton {name}",
        description=module.HELP,
        epilog=f"example:\n  {module.EXAMPLE}",
        # With a width given, argparse does not import shutil to ask the terminal, which costs milliseconds.
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=HELP_WIDTH),
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return parser


def parsers() -> "dict[str, argparse.ArgumentParser]":
    """Return the parser of every command that can be loaded, by name."""
    found = {}
    for name in _names():
        with contextlib.suppress(ImportError):
            found[name] = _parser(name, _load(name))
    return found


def _load(name: str) -> Any:
    """Import one command module.

    Raises: KeyError when no command has this name, ImportError when it cannot be imported.
    """
    if name in BUILT_IN:
        return importlib.import_module(BUILT_IN[name])
    for point in _entry_points():
        if point.name == name:
            return importlib.import_module(point.value)
    raise KeyError(name)


def _names() -> list[str]:
    others = sorted(point.name for point in _entry_points() if point.name not in BUILT_IN)
    return [*BUILT_IN, *dict.fromkeys(others)]


def _entry_points() -> Iterable[Any]:
    # Costs tens of milliseconds, so it is not asked for a built-in command.
    from importlib.metadata import entry_points

    return entry_points(group=ENTRY_POINT_GROUP)


def _print_help() -> int:
    print("usage: lepton COMMAND [ARGUMENT...]")
    print("       lepton COMMAND --help")
    print("       lepton --version")
    print("\ncommands:")
    for name in _names():
        try:
            module = _load(name)
        except ImportError as error:
            print(f"  {name:<10} cannot be loaded: {error}")
            continue
        print(f"  {name:<10} {module.HELP}")
        print(f"  {'':<10}   {module.EXAMPLE}")
    print(
        "\nexit codes: 0 conforms or done, 1 does not conform, 3 inconclusive, 2 the work could not be done"
    )
    return 0


def _print_version() -> int:
    from importlib.metadata import version

    import lepton_spec

    print(f"lepton {version('lepton-standard')}, standard {lepton_spec.SPEC_VERSION}")
    return 0


def _complain(name: str, message: str) -> int:
    """Say one line on standard error, in no more than one line whatever the message holds."""
    line = " ".join(message.split())
    printable = "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in line)
    prefix = f"lepton {name}" if name and not name.startswith("-") else "lepton"
    with contextlib.suppress(OSError):
        print(f"{prefix}: {printable}", file=sys.stderr)
    return EXIT_ERROR


def _end_behind(error: BaseException) -> int | None:
    """Return the exit code of the signal that, on its way through a library, became another error."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (KeyboardInterrupt, SystemExit)):
            return EXIT_INTERRUPTED if isinstance(seen, KeyboardInterrupt) else EXIT_TERMINATED
        seen = seen.__cause__ or seen.__context__
    return None


def _end_in_order() -> None:
    """Let SIGTERM leave by the way of an exception, which removes temporary folders; it would by none."""
    import signal

    def leave(number: int, frame: object) -> None:
        raise SystemExit(EXIT_TERMINATED)

    signal.signal(signal.SIGTERM, leave)


def _never_without_streams() -> None:
    """Write to nowhere where the caller closed a stream: Python has None in its place then."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _never_fail_on_encoding() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
