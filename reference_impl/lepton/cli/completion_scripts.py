"""What shells are told: one function a shell, from commands to a script.

Owns the words of each shell and their quoting; leaves asking the parsers to `completion`. Where a value is
not one of a list, every shell offers files, because nearly all values are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["WRITERS", "Command", "Option"]

#: Characters of a help text that a shell shows.
MAX_HELP = 60


@dataclass(frozen=True, slots=True)
class Option:
    """An option with its spellings; `takes` is what its value is called, empty when it has none."""

    flags: tuple[str, ...]
    help: str
    takes: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command; `words` are what its positional arguments are chosen from, empty where they are files."""

    name: str
    help: str
    options: tuple[Option, ...]
    words: tuple[str, ...]


_TOP = ("--help", "--version")


def _bash(commands: Sequence[Command]) -> str:
    known = [
        (f"{command.name} {flag}", option.choices)
        for command in commands
        for option in command.options
        if option.takes
        for flag in option.flags
    ]
    values = [
        f'        "{place}") {_bash_reply(" ".join(choices))}; return ;;'
        if choices
        else f'        "{place}") return ;;'
        for place, choices in known
    ]
    flags = [
        f'        {command.name}) flags="{" ".join(flag for one in command.options for flag in one.flags)}"'
        f' words="{" ".join(command.words)}" ;;'
        for command in commands
    ]
    top = " ".join([*(command.name for command in commands), *_TOP])
    lines = (
        "# bash completion of lepton; written by `lepton completion bash`",
        "_lepton() {",
        '    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" flags="" words=""',
        "    COMPREPLY=()",
        '    if [ "$COMP_CWORD" -eq 1 ]; then',
        f"        {_bash_reply(top)}",
        "        return",
        "    fi",
        "    # A value of an option: one of a list, or a file, which bash offers when there is no answer.",
        '    case "${COMP_WORDS[1]} $prev" in',
        *values,
        "    esac",
        '    case "${COMP_WORDS[1]}" in',
        *flags,
        "    esac",
        '    case "$cur" in',
        f"        -*) {_bash_reply('$flags')} ;;",
        f'        *) if [ -n "$words" ]; then {_bash_reply("$words")}; fi ;;',
        "    esac",
        "}",
        "complete -o default -F _lepton lepton",
    )
    return "\n".join(lines) + "\n"


def _bash_reply(words: str) -> str:
    return f'COMPREPLY=($(compgen -W "{words}" -- "$cur"))'


def _zsh(commands: Sequence[Command]) -> str:
    lines = [
        "#compdef lepton",
        "# zsh completion of lepton; written by `lepton completion zsh`",
        "_lepton() {",
        "    local -a commands",
        "    commands=(",
        *(f"        {_quoted(f'{one.name}:{_short(one.help)}')}" for one in commands),
        "    )",
        "    if (( CURRENT == 2 )); then",
        f"        _describe command commands && return; compadd -- {' '.join(_TOP)}; return",
        "    fi",
        '    local command="$words[2]"',
        "    shift words; (( CURRENT-- ))",
        '    case "$command" in',
    ]
    for command in commands:
        lines.append(f"        {command.name})")
        lines.append("            _arguments -S \\")
        for option in command.options:
            for flag in option.flags:
                lines.append(f"                {_quoted(_zsh_option(flag, option))} \\")
        rest = f"*:word:({' '.join(command.words)})" if command.words else "*:file:_files"
        lines.append(f"                {_quoted(rest)} ;;")
    # Loaded by `eval`, the function is registered; found in fpath, the file is the function's body.
    lines += [
        "    esac",
        "}",
        'if [ "$funcstack[1]" = "_lepton" ]; then _lepton "$@"; else compdef _lepton lepton; fi',
    ]
    return "\n".join(lines) + "\n"


def _zsh_option(flag: str, option: Option) -> str:
    said = "".join(f"\\{mark}" if mark in "[]:\\" else mark for mark in _short(option.help))
    if not option.takes:
        return f"*{flag}[{said}]"
    takes = option.takes.replace(":", " ")
    how = f"({' '.join(option.choices)})" if option.choices else "_files"
    return f"*{flag}[{said}]:{takes}:{how}"


def _fish(commands: Sequence[Command]) -> str:
    lines = ["# fish completion of lepton; written by `lepton completion fish`"]
    for command in commands:
        said = _fish_quoted(_short(command.help))
        lines.append(f"complete -c lepton -n __fish_use_subcommand -f -a {command.name} -d {said}")
    for command in commands:
        condition = f"-n '__fish_seen_subcommand_from {command.name}'"
        if command.words:
            lines.append(f"complete -c lepton {condition} -f -a '{' '.join(command.words)}'")
        for option in command.options:
            flags = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags
            )
            value = ""
            if option.takes:
                value = f" -x -a '{' '.join(option.choices)}'" if option.choices else " -r"
            lines.append(
                f"complete -c lepton {condition} {flags}{value} -d {_fish_quoted(_short(option.help))}"
            )
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    return text if len(text) <= MAX_HELP else text[: MAX_HELP - 3].rstrip() + "..."


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


#: The shells, and what writes their script.
WRITERS: Mapping[str, Callable[[Sequence[Command]], str]] = {"bash": _bash, "fish": _fish, "zsh": _zsh}
