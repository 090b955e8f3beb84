"""`lepton completion`: a script that makes a shell complete commands, options and their values.

Owns what each parser says to a shell, and which shells there are; leaves each shell's words to
`completion_scripts`. The script is whole: completing starts no Python.
"""

import argparse
import re
import sys
from collections.abc import Iterable

from lepton.cli.completion_scripts import WRITERS, Command, Option

__all__ = ["EXAMPLE", "HELP", "add_arguments", "commands", "run"]

HELP = "write a script that completes commands and options in bash, zsh or fish"
EXAMPLE = 'eval "$(lepton completion bash)"'

#: Words that mean the same in every shell without quotes.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_PLACES = {
    "bash": "lepton completion bash > ~/.local/share/bash-completion/completions/lepton",
    "zsh": "lepton completion zsh > ~/.zfunc/_lepton, with ~/.zfunc in fpath before compinit",
    "fish": "lepton completion fish > ~/.config/fish/completions/lepton.fish",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    places = "; ".join(f"{shell}: {place}" for shell, place in _PLACES.items())
    parser.add_argument("shell", choices=sorted(WRITERS), help=f"where to put it: {places}")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    from lepton.cli import parsers

    sys.stdout.write(WRITERS[args.shell](commands(parsers())))
    return 0


def commands(parsers: dict[str, argparse.ArgumentParser]) -> tuple[Command, ...]:
    """Return what shells need to know of each command."""
    return tuple(_command(name, parser) for name, parser in parsers.items())


def _command(name: str, parser: argparse.ArgumentParser) -> Command:
    options = []
    words: list[str] = []
    for action in parser._actions:
        if action.option_strings:
            options.append(_option(action))
        else:
            words += _choices(action.choices)
    return Command(name, parser.description or "", tuple(options), tuple(words))


def _option(action: argparse.Action) -> Option:
    takes = action.nargs != 0
    return Option(
        tuple(action.option_strings),
        " ".join((action.help or "").replace("%%", "%").split()),
        str(action.metavar or action.dest.upper()) if takes else "",
        tuple(_choices(action.choices)),
    )


def _choices(choices: Iterable[object] | None) -> list[str]:
    return [str(one) for one in choices or () if _PLAIN.match(str(one))]
