"""Every command of the guide works as printed: the steps of each page, run in order in a new folder."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from specification import Problem
from specification.guide import Step, check_guide, guide_pages, read_steps

ROOT = Path(__file__).resolve().parents[2]
#: What a reader has beside him: the folders of a checkout that the commands name.
CHECKOUT = ("kits", "examples", "spec", "schemas", "conformance")
PAGE_SECONDS = 120
#: What a run says of its progress when it takes longer than some seconds, as it may on a busy machine.
PROGRESS = re.compile(r"^[0-9]+/[0-9]+ [A-Z]{3}-[A-Z]{3}-[0-9]{2}, [0-9]+ s.*\n", re.M)
#: The port that the pages print; each run has a free one in its place.
PORT = "8000"


def script(steps: list[Step]) -> str:
    """Return the page as one script of bash, in which each command says where it begins and how it ended."""
    lines = ["set +e"]
    for number, step in enumerate(steps):
        if step.kind == "file":
            lines += [f"cat > '{step.argument}' <<'__END__'", *step.body, "__END__"]
        elif step.kind == "run":
            for at, command in commands(step):
                end = f"status=$?; printf '\\n@@ {number} {at} %s\\n' $status"
                lines += [f"echo '@@ {number} {at}'", command, end]
    return "\n".join([*lines, "kill $(jobs -p) 2>/dev/null", "wait", ""])


def commands(step: Step) -> list[tuple[int, str]]:
    """Return each command of a console with the number of its first line."""
    found: list[tuple[int, str]] = []
    goes_on = False
    for at, line in enumerate(step.body):
        if line.startswith("$ "):
            found.append((at, line[2:]))
        elif goes_on:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
        goes_on = (line.startswith("$ ") or goes_on) and line.endswith("\\")
    return found


def shown(step: Step, at: int, command: str) -> list[str]:
    """Return what the page prints below a command."""
    lines = []
    for line in step.body[at + 1 + command.count("\n") :]:
        if line.startswith("$ "):
            break
        lines.append(line)
    return lines


def matches(expected: list[str], found: str) -> bool:
    """Compare what a page prints with what came: `...` stands for any lines, `…` for any text in one."""
    pattern = ""
    for line in expected:
        pattern += r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line).replace("…", ".*") + r"\n"
    return re.fullmatch(pattern, found) is not None


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


@pytest.mark.parametrize("page", guide_pages(ROOT, "en"), ids=lambda path: path.stem)
def test_every_command_of_the_guide_works_as_printed(page: Path, tmp_path: Path) -> None:
    problems: list[Problem] = []
    steps = list(read_steps(page.name, page.read_text(encoding="utf-8"), problems))
    assert problems == []
    for name in CHECKOUT:
        (tmp_path / name).symlink_to(ROOT / name)
    port = free_port()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script(steps).replace(PORT, port)],
        cwd=tmp_path,
        env=os.environ | {"PATH": path, "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PAGE_SECONDS,
        check=False,
    )
    out = PROGRESS.sub("", done.stdout.replace(port, PORT))
    for number, step in enumerate(steps):
        listed = commands(step) if step.kind == "run" else []
        for at, command in listed:
            answer = re.search(rf"^@@ {number} {at}\n(.*?)\n?^@@ {number} {at} (\d+)$", out, re.M | re.S)
            assert answer is not None, f"{command}\n{out[-3000:]}"
            found, status = answer.group(1).rstrip("\n") + "\n", int(answer.group(2))
            expected = shown(step, at, command)
            assert not expected or matches(expected, found), f"{page.name}: {command}\n{found}"
            last = command == listed[-1][1]
            assert status == (step.exit_status if last else 0), f"{page.name}: {command}\n{found}"


def test_a_command_that_prints_something_else_is_noticed() -> None:
    assert matches(["one", "...", "last …"], "one\nx\ny\nlast word\n")
    assert matches(["one", "..."], "one\n")
    assert not matches(["one"], "one\ntwo\n")
    assert not matches(["one", "…"], "one\n")


def guide(root: Path, english: str, chinese: str) -> list[str]:
    for language, text in (("en", english), ("zh", chinese)):
        folder = root / "spec" / language / "guide"
        folder.mkdir(parents=True)
        (folder / "page.md").write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    check_guide(root, problems)
    return [f"{each.file}:{each.line} {each.found}" for each in problems]


def test_a_keyword_in_the_guide_is_a_problem(tmp_path: Path) -> None:
    assert guide(tmp_path, "You MUST go, not `MUST`.\n", "") == [
        "spec/en/guide/page.md:1 the BCP 14 keyword MUST in the guide"
    ]


def test_a_value_that_no_build_fills_in_is_a_problem(tmp_path: Path) -> None:
    assert guide(tmp_path, "@EDITION@ of\n@EDITIONS@\n", "@EDITON@\n") == [
        "spec/en/guide/page.md:2 the value @EDITIONS@",
        "spec/zh/guide/page.md:1 the value @EDITON@",
    ]


def test_the_chinese_page_runs_the_same_commands(tmp_path: Path) -> None:
    run = "<!-- run -->\n```console\n$ {}\n```\n"
    (found,) = guide(tmp_path, run.format("true"), run.format("false"))
    assert found.startswith("spec/zh/guide/page.md:1 step 1 of 1")


@pytest.mark.parametrize(
    "mark", ["<!-- run: exists 1 -->\n```console", "<!-- run -->", "<!-- include: no/file -->"]
)
def test_a_mark_that_cannot_be_executed_is_a_problem(tmp_path: Path, mark: str) -> None:
    assert len(guide(tmp_path, f"{mark}\n", f"{mark}\n")) >= 1
