"""The whole of Lepton on real input, in one run: `make demo`.

Trains a digit classifier and takes magika's published model; packs, validates and serves both; asks the
server real questions; certifies it; attests and verifies. Everything goes through the command `lepton`, as
a user would do it, and into build/demo.
"""

import contextlib
import http.client
import importlib.util
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "demo"
PROFILES = ("oip-rest", "inference-rest", "inference-binary")
#: Files of this repository that magika is asked about; their types are plain to a person.
REAL_FILES = {
    "README.md": "markdown",
    "LICENSE": "txt",
    "pyproject.toml": "toml",
    "Makefile": "makefile",
    "examples/magika/recipe.yml": "yaml",
    "examples/demo.py": "python",
    "reference_impl/lepton/tensor.py": "python",
    "schemas/1.0/manifest.schema.json": "json",
}
SERVER_START_SECONDS = 60
REQUEST_SECONDS = 30


class DemoFailure(Exception):
    """A step of the demo did not end as it should."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server under test listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def infer(self, model: str, inputs: list[dict[str, Any]]) -> list[Any]:
        """Ask one question over REST and return the data of the first output."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=REQUEST_SECONDS)
        with contextlib.closing(connection):
            body = json.dumps({"inputs": inputs})
            connection.request(
                "POST", f"/v2/models/{model}/infer", body, {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            text = response.read()
        if response.status != 200:
            raise DemoFailure(f"{model} answered {response.status}: {text[:300]!r}")
        data: list[Any] = json.loads(text)["outputs"][0]["data"]
        return data


def say(text: str) -> None:
    print(text, flush=True)


def chapter(number: int, title: str) -> None:
    say(f"\n{number}. {title}")


def run(*command: str | Path, shown: int = 0) -> str:
    """Run a command to its end and return what it printed, showing its first lines.

    Raises: DemoFailure with its last words when it fails.
    """
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        words = "\n".join(f"   | {line}" for line in (done.stdout + done.stderr).strip().splitlines()[-12:])
        raise DemoFailure(f"{' '.join(map(str, command[:6]))} ... ended with {done.returncode}:\n{words}")
    for line in done.stdout.strip().splitlines()[:shown]:
        say(f"   {line}")
    return done.stdout


def lepton(*arguments: str | Path, shown: int = 0) -> str:
    return run(sys.executable, "-m", "lepton", *arguments, shown=shown)


def example(name: str) -> Any:
    """Import a script of examples/."""
    path = ROOT / "examples" / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pack_digits() -> Path:
    chapter(1, "Train ten digits, and pack them")
    folder, package = BUILD / "digits", BUILD / "digits.lepton"
    run(sys.executable, "examples/digits/train.py", folder, shown=1)
    recipe = "examples/digits/recipe.yml"
    source = "examples/digits/train.py:trained"
    lepton("pack", source, "--recipe", recipe, "--files", folder, "-o", package, shown=12)
    return package


def pack_magika() -> Path:
    chapter(2, "Pack magika's own ONNX file")
    features = example("magika/features.py")
    folder, package = BUILD / "magika", BUILD / "magika.lepton"
    run(sys.executable, "examples/magika/features.py", folder, *REAL_FILES, shown=1)
    recipe = "examples/magika/recipe.yml"
    lepton("pack", features.MODEL, "--recipe", recipe, "--files", folder, "-o", package, shown=12)
    return package


def validate(packages: Sequence[Path]) -> None:
    chapter(3, "Validate both: layout, manifest, graph, and every golden vector replayed")
    report = json.loads(lepton("validate", *packages, "--format", "json"))
    for one in report["packages"]:
        findings = len(one["findings"])
        say(f"   {Path(one['path']).name}: {one['verdict']}, {findings} findings, {one['identity'][:19]}")
    broken = BUILD / "broken.lepton"
    data = bytearray(packages[0].read_bytes())
    data[len(data) // 2] ^= 1
    broken.write_bytes(data)
    judged = subprocess.run(
        [sys.executable, "-m", "lepton", "validate", broken, "--format", "json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = [one["requirement"] for one in json.loads(judged.stdout)["packages"][0]["findings"]]
    say(f"   the first one with one bit flipped: exit {judged.returncode}, {', '.join(found)}")


@contextlib.contextmanager
def served(packages: Sequence[Path]) -> Iterator[Server]:
    """Serve packages for the time of a with block; the server is gone afterwards, whatever happens."""
    log = (BUILD / "server.log").open("w")
    command = [sys.executable, "-m", "lepton", "serve", *map(str, packages), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield _listening(process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _listening(process: "subprocess.Popen[str]") -> Server:
    """Read on until the server says where it listens; one that says nothing in time is stopped."""
    assert process.stdout is not None
    watchdog = threading.Timer(SERVER_START_SECONDS, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            found = re.search(r"listening on http://([^:/\s]+):(\d+)", line)
            if found:
                say(f"   {line.strip()}")
                return Server(found[1], int(found[2]))
    finally:
        watchdog.cancel()
    raise DemoFailure(f"the server did not start; see {BUILD / 'server.log'}")


def ask_digits(server: Server) -> None:
    import numpy as np

    train = example("digits/train.py")
    images, labels = train.held_out()
    answer = server.infer(
        "digits-cnn",
        [
            {
                "name": "image",
                "datatype": "UINT8",
                "shape": list(images.shape),
                "data": images.ravel().tolist(),
            }
        ],
    )
    right = int((np.array(answer).reshape(len(images), 10).argmax(1) == labels).sum())
    accuracy = right / len(labels)
    say(f"   digits: {right} of {len(labels)} held-out images right over HTTP, accuracy {accuracy:.4f}")


def ask_magika(server: Server) -> None:
    import numpy as np

    features = example("magika/features.py")
    rows = features.features([ROOT / name for name in REAL_FILES])
    answer = server.infer(
        "magika-standard-v3.3",
        [{"name": "bytes", "datatype": "INT32", "shape": list(rows.shape), "data": rows.ravel().tolist()}],
    )
    config = json.loads((BUILD / "magika" / "config.min.json").read_bytes())
    labels = config["target_labels_space"]
    best = np.array(answer).reshape(len(rows), len(labels)).argmax(1)
    found = {name: labels[index] for name, index in zip(REAL_FILES, best, strict=True)}
    agreed = sum(found[name] == expected for name, expected in REAL_FILES.items())
    examples = ", ".join(f"{Path(name).name} = {found[name]}" for name in list(REAL_FILES)[:4])
    say(f"   magika: {agreed} of {len(found)} real files named as a person would; {examples}")


def certify(server: Server) -> Path:
    chapter(5, f"Certify the server: {', '.join(PROFILES)}")
    report = BUILD / "report"
    profiles = [part for name in PROFILES for part in ("--profile", name)]
    lepton("certify", server.url, *profiles, "--seed", "0", "--report", report)
    document = json.loads((report / "report.json").read_bytes())
    for one in document["profiles"]:
        say(f"   {one['profile']}: {one['verdict']}")
    verdicts = [one["verdict"] for one in document["requirements"]]
    examples = sum(test["examples"] for one in document["requirements"] for test in one["tests"])
    counts = ", ".join(f"{verdicts.count(name)} {name}" for name in sorted(set(verdicts)))
    say(f"   {len(verdicts)} requirements: {counts}; {examples} examples sent")
    return report


def attest(report: Path) -> None:
    chapter(6, "Attest what was seen, and verify it as a stranger would")
    certificate, key = BUILD / "certificate.json", BUILD / "key.pem"
    lepton("attest", report / "report.json", "--new-key", key, "-o", certificate, shown=1)
    public = key.with_suffix(".pub.pem")
    lepton("verify", certificate, "--report", report / "report.json", "--key", public, shown=3)


def story() -> None:
    began = time.monotonic()
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    packages = [pack_digits(), pack_magika()]
    validate(packages)
    chapter(4, "Serve both and the conformance models, and ask real questions")
    lepton("certify", "export-models", BUILD / "models", "--layout", "lepton")
    models = sorted((BUILD / "models").glob("*.lepton"))
    with served([*packages, *models]) as server:
        ask_digits(server)
        ask_magika(server)
        report = certify(server)
    attest(report)
    page = (report / "report.html").relative_to(ROOT)
    say(f"\nDone in {time.monotonic() - began:.0f} s. The report to read: {page}")


def main() -> int:
    """Tell the story; end with 1 and the reason when a step fails, and leave no server running."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        story()
    except DemoFailure as failure:
        say(f"\nthe demo stops: {failure}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
