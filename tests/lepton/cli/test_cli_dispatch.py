"""Dispatch and exit codes of the command `lepton`."""

import subprocess
import sys
import types
from pathlib import Path

import pytest

import lepton.cli
from lepton.errors import LeptonError


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lepton", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def install(monkeypatch: pytest.MonkeyPatch, behaviour: object) -> None:
    module = types.ModuleType("a_command_for_this_test")
    module.HELP = "one line"  # type: ignore[attr-defined]
    module.EXAMPLE = "lepton probe"  # type: ignore[attr-defined]
    module.add_arguments = lambda parser: None  # type: ignore[attr-defined]
    module.run = behaviour  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_command_for_this_test", module)
    monkeypatch.setitem(lepton.cli.BUILT_IN, "probe", "a_command_for_this_test")


def test_help_names_every_command_with_an_example() -> None:
    answer = run("--help")
    assert answer.returncode == 0
    for name in lepton.cli.BUILT_IN:
        assert f"\n  {name}" in answer.stdout
    for name in ("certify", "attest", "verify", "compare"):
        assert f"\n  {name}" in answer.stdout


def test_version_names_the_release_and_the_standard() -> None:
    answer = run("--version")
    assert answer.returncode == 0
    assert answer.stdout.startswith("lepton ")
    assert "standard 1.0" in answer.stdout


def test_an_unknown_command_is_a_usage_error_with_a_suggestion() -> None:
    answer = run("validat")
    assert answer.returncode == 2
    assert "did you mean 'validate'?" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_exit_code_is_the_commands(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    install(monkeypatch, lambda args: code)
    assert lepton.cli.main(["probe"]) == code


def test_an_error_on_purpose_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def behaviour(args: object) -> int:
        raise LeptonError("found this,\nexpected that\x1b[31m")

    install(monkeypatch, behaviour)
    assert lepton.cli.main(["probe"]) == 2
    assert capsys.readouterr().err == "lepton probe: found this, expected that\\u001b[31m\n"


def test_a_fault_of_our_own_is_never_the_exit_code_of_a_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def behaviour(args: object) -> int:
        raise ZeroDivisionError

    install(monkeypatch, behaviour)
    assert lepton.cli.main(["probe"]) == 2
    assert "fault of Lepton's own" in capsys.readouterr().err


def test_a_commands_own_errors_give_their_own_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Exception):
        exit_code = 2

    def behaviour(args: object) -> int:
        raise Gone("unreachable")

    install(monkeypatch, behaviour)
    monkeypatch.setattr(sys.modules["a_command_for_this_test"], "ERRORS", (Gone,), raising=False)
    assert lepton.cli.main(["probe"]) == 2


def test_an_interrupt_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def behaviour(args: object) -> int:
        raise KeyboardInterrupt

    install(monkeypatch, behaviour)
    assert lepton.cli.main(["probe"]) == 130
    assert capsys.readouterr().err == ""


def test_a_missing_file_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def behaviour(args: object) -> int:
        return len((tmp_path / "absent").read_bytes())

    install(monkeypatch, behaviour)
    assert lepton.cli.main(["probe"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    script = f"{sys.executable} -m lepton --help | true; exit ${{PIPESTATUS[0]}}"
    answer = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in answer.stderr
    assert "Exception ignored" not in answer.stderr
