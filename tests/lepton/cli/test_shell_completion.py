"""Completion in the shells themselves: the scripts are run, not read."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lepton.cli import main, parsers
from lepton.cli.completion import commands


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        command = [sys.executable, "-m", "lepton", "completion", shell]
        answer = subprocess.run(command, capture_output=True, check=True, timeout=60)
        (folder / shell).write_bytes(answer.stdout)
    return folder


def offered(shell: str, scripts: Path, words: list[str], folder: Path) -> list[str]:
    """Ask a shell what it offers for the last of `words`."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} on this machine: apt-get install {shell}")
    if shell == "bash":
        program = (
            'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lepton; '
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        command = ["bash", "--norc", "-c", program, "bash", str(scripts / "bash"), *words]
    elif shell == "fish":
        program = 'source $argv[1]; complete -C (string join " " -- $argv[2..-1])'
        command = ["fish", "--no-config", "-c", program, str(scripts / "fish"), *words]
    else:
        command = ["zsh", "-f", "-c", _ZSH, "zsh", str(scripts / "zsh"), " ".join(words)]
    answer = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60, cwd=folder, stdin=subprocess.DEVNULL
    )
    return [line.split("\t")[0].strip() for line in answer.stdout.splitlines() if line.strip()]


#: A zsh inside a terminal of its own, whose completion lists what it would offer.
_ZSH = """
zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell "PS1='' ; stty -echo; autoload -Uz compinit && compinit -D -u; source $1"
zpty -w shell 'compadd() { builtin compadd -O found "$@"; print -rl -- FOUND:$^found; builtin compadd "$@" }'
zpty -w shell "zstyle ':completion:*' menu no"
zpty -w shell 'print READY'
while zpty -r shell line; do [[ $line == *READY* ]] && break; done
zpty -w -n shell "$2"$'\\t'
zpty -w -n shell $'\\C-u'
zpty -w shell 'print DONE'
while zpty -r shell line; do
    [[ $line == *FOUND:* ]] && print -r -- "${${line#*FOUND:}%%$'\\r'*}"
    [[ $line == *DONE* ]] && break
done
zpty -d shell
"""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_offers_commands_options_and_their_values(shell: str, scripts: Path, tmp_path: Path) -> None:
    assert "validate" in offered(shell, scripts, ["lepton", "val"], tmp_path)
    assert "--recipe" in offered(shell, scripts, ["lepton", "pack", "--re"], tmp_path)
    formats = offered(shell, scripts, ["lepton", "validate", "--format", "s"], tmp_path)
    assert [one for one in formats if one == "sarif"] == ["sarif"]
    assert "junit" not in formats


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_offers_files_where_a_file_is_asked_for(shell: str, scripts: Path, tmp_path: Path) -> None:
    (tmp_path / "digits.lepton").touch()
    if shell == "fish":
        assert "digits.lepton" in offered(shell, scripts, ["lepton", "validate", "di"], tmp_path)
    else:  # no answer of ours: bash's own default, which is files
        assert offered(shell, scripts, ["lepton", "validate", "di"], tmp_path) == []
        assert "complete -o default -F _lepton lepton" in (scripts / "bash").read_text()


def test_every_option_of_every_command_is_in_the_script(scripts: Path) -> None:
    text = (scripts / "bash").read_text()
    known = commands(parsers())
    assert {one.name for one in known} >= {"pack", "validate", "certify", "convert", "completion"}
    for command in known:
        for option in command.options:
            for flag in option.flags:
                assert flag in text


def test_another_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["completion", "tcsh"])
    assert stopped.value.code == 2
    assert "bash" in capsys.readouterr().err
