"""`python -m lepton_conformance.mutants.validator --mutant ID [COMMAND...]`: a validator, altered.

Owns a program that stands before any validator and passes on what it says, one overridable method a step,
and remembers what it said of a package, so that many mutants ask it once; leaves the faults to
`validator_faults`. Serves `package`.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import lepton_spec

__all__ = ["Proxy", "main", "reference_command", "validator"]

LEVELS = ("quick", "full")
OUTSIDE_QUICK = ("PKG-VEC-04", "PKG-VEC-08", "PKG-VEC-12")
Report = dict[str, Any]


def reference_command() -> list[str]:
    """Return the command of the validator that mutants are made from. Raises: FileNotFoundError."""
    adapter = Path(__file__).resolve().parents[3] / "kits" / "python" / "validator_adapter.py"
    if not adapter.is_file():
        raise FileNotFoundError(f"{adapter}: found no validator to alter, expected a checkout of the project")
    return [sys.executable, str(adapter)]


class _Validator:
    """The validator that is altered, started when it is asked something that is not known yet."""

    def __init__(self, command: Sequence[str], memory: Path | None) -> None:
        self.command = list(command)
        self.memory = memory
        self.process: subprocess.Popen[str] | None = None
        self.number = 0

    def hello(self) -> dict[str, Any]:
        """Return its hello."""
        kept = None if self.memory is None else self.memory / "hello.json"
        if kept is not None and kept.is_file():
            said: dict[str, Any] = json.loads(kept.read_bytes())
            return said
        self._start()
        if kept is not None:
            _keep(kept, self.said)
        return self.said

    def _start(self) -> subprocess.Popen[str]:
        if self.process is None:
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, encoding="utf-8")
            assert self.process.stdout is not None
            self.said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return self.process

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the members of its answer."""
        kept = None
        if self.memory is not None and request.get("op") == "validate":
            kept = self.memory / f"{_digest(Path(request['path']))}-{request['level']}.json"
            if kept.is_file():
                answer: dict[str, Any] = json.loads(kept.read_bytes())
                if "report" in answer:
                    answer["report"]["path"] = request["path"]
                return answer
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        self.number += 1
        print(json.dumps({**request, "id": self.number}), file=process.stdin, flush=True)
        answer = json.loads(process.stdout.readline())
        del answer["id"]
        if kept is not None and "report" in answer:
            _keep(kept, answer)
        return answer

    def close(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()


def _keep(path: Path, value: Any) -> None:
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(value), encoding="utf-8")
    beside.replace(path)


def _digest(path: Path) -> str:
    """Return a digest over everything that a package is."""
    digest = hashlib.sha256()
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    for folder, names, files in sorted(os.walk(path)):
        for name in sorted([*files, *(each for each in names if (Path(folder) / each).is_symlink())]):
            one = Path(folder) / name
            link = str(one.readlink()) if one.is_symlink() else ""
            data = one.read_bytes() if one.is_file() and not link else b"-"
            said = json.dumps([os.path.relpath(one, path), link, hashlib.sha256(data).hexdigest()])
            digest.update(said.encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


class Proxy:
    """Passes on what the validator says."""

    id: ClassVar[str] = "validator-correct"
    breaks: ClassVar[str] = ""
    exit_status = 0

    def __init__(self, validator: _Validator) -> None:
        self.validator = validator

    def serve(self) -> int:
        """Answer requests until shutdown; return the exit status."""
        self.say(self.hello(self.validator.hello()))
        for line in sys.stdin:
            request = json.loads(line)
            self.say({"id": request["id"], **self.answer(request)})
            if request["op"] == "shutdown":
                return self.end()
        return 0

    def end(self) -> int:
        return self.exit_status

    def say(self, message: dict[str, Any]) -> None:
        print(json.dumps(message), flush=True)

    def hello(self, hello: dict[str, Any]) -> dict[str, Any]:
        return hello

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "shutdown":
            return {}
        if request["op"] != "validate":
            return {"error": {"code": "UNSUPPORTED", "message": "no such operation"}}
        answer = self.validator.ask(request)
        if "report" in answer:
            return {"report": self.report(answer["report"], request)}
        return answer

    def report(self, report: Report, request: dict[str, Any]) -> Report:
        return report

    def concluded(self, report: Report, level: str) -> Report:
        """Return a report with the verdict that follows from it."""
        absolute = [one for one in report["findings"] if _is_absolute(one["requirement"])]
        missing = [one["requirement"] for one in report["notChecked"] if one["reason"] != "decided by review"]
        if level == "quick":
            missing = [key for key in missing if key not in OUTSIDE_QUICK]
        inconclusive = any(_is_absolute(key) for key in missing)
        return {**report, "verdict": "fail" if absolute else "inconclusive" if inconclusive else "pass"}


def _is_absolute(identifier: str) -> bool:
    return bool(lepton_spec.requirements()[identifier]["level"].startswith("MUST"))


def finding(requirement: str, file: str = "lepton.json", pointer: str = "") -> dict[str, Any]:
    """Return a finding that was made up."""
    severity = "error" if _is_absolute(requirement) else "warning"
    place = {"file": file, "pointer": pointer, "message": "made up", "hint": ""}
    return {"requirement": requirement, "severity": severity, **place}


def validator(identifier: str) -> type[Proxy]:
    """Return a mutant by its id. Raises: KeyError."""
    from lepton_conformance.mutants import edge_validators, operator_validators, validator_faults

    every: tuple[type[Proxy], ...] = (
        Proxy,
        *validator_faults.ALL,
        *validator_faults.TRIVIAL,
        *operator_validators.ALL,
        *edge_validators.ALL,
    )
    return {one.id: one for one in every}[identifier]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a mutant on standard input and output."""
    parser = argparse.ArgumentParser(prog="python -m lepton_conformance.mutants.validator")
    parser.add_argument("--mutant", default=Proxy.id)
    parser.add_argument("--memory", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args(argv)
    upstream = _Validator(arguments.command or reference_command(), arguments.memory)
    try:
        return validator(arguments.mutant)(upstream).serve()
    finally:
        upstream.close()


if __name__ == "__main__":
    sys.exit(main())
