"""Packages in a registry across tools: the client oras pulls what lepton pushes, and the other way round.

Owns the topic `transport`; the registry is Debian's docker-registry, which tests/system-packages.sh unpacks.
Serves the topic PKG-OCI.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from field.packages import example
from field.packages.golden import manifest_of
from field.packages.line import Line
from field.packages.tool import ToolFault, lepton, program, version
from field.place import ROOT

__all__ = ["run"]

START_SECONDS = 20

#: The client oras as a program of Python: pull REFERENCE to a folder, or push the files of a folder. Left
#: alone, it names a layer after the last segment of the file's path.
_ORAS = """
import json, os, sys
import oras.client
command, reference, folder = sys.argv[1:]
client = oras.client.OrasClient(insecure=True)
os.chdir(folder)
if command == "pull":
    client.pull(target=reference, outdir=folder)
else:
    files = [os.path.join(at, name)[2:] for at, _, names in os.walk(".") for name in sorted(names)]
    with open("../annotations.json", "w") as titles:
        json.dump({name: {"org.opencontainers.image.title": name} for name in files}, titles)
    client.push(target=reference, files=files, annotation_file="../annotations.json")
"""


def run(folder: Path) -> list[Line]:
    """Push with each tool and pull with the other."""
    tool = version("oras")
    package = example.digits()
    files = _files(package)
    identity = _identity(package)
    lines = []

    def line(shown: str, fault: str) -> None:
        lines.append(Line("oras", tool, shown, not fault, fault))

    with _registry(folder) as host:
        lepton("push", package, f"oci://{host}/field/ours:1")
        pulled = folder / "pulled"
        pulled.mkdir()
        _oras("pull", f"{host}/field/ours:1", pulled)
        found = {str(one.relative_to(pulled)): one.read_bytes() for one in pulled.rglob("*") if one.is_file()}
        line("pulls every file of a package that lepton pushed, byte for byte", _unlike(found, files))
        validated = lepton("validate", pulled, "--level", "quick")
        line("leaves a folder that is the same package", _absent(identity, validated.output))
        _oras("push", f"{host}/field/theirs:1", pulled)
        back = folder / "back.lepton"
        said = lepton("pull", f"oci://{host}/field/theirs:1", "-o", back)
        line("pushes a folder that lepton pulls as the same package", _absent(identity, said.output))
        same = "" if back.read_bytes() == package.read_bytes() else "the zip is another one"
        line("and the pulled zip equals the packed one, byte for byte", same)
        from_afar = lepton("validate", "--level", "quick", f"oci://{host}/field/theirs:1", status=3)
        line(
            "lepton judges it in the registry, nothing unverified passed", _absent(identity, from_afar.output)
        )
    return lines


def _files(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _identity(package: Path) -> str:
    assert manifest_of(package)
    import hashlib

    return f"sha256:{hashlib.sha256(_files(package)['lepton.json']).hexdigest()}"


def _unlike(found: dict[str, bytes], expected: dict[str, bytes]) -> str:
    names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    return f"unlike: {names}" if names else ""


def _absent(text: str, output: str) -> str:
    return "" if text in output else f"found no {text} in: {output[-500:]}"


def _oras(command: str, reference: str, folder: Path) -> None:
    import sys

    program(sys.executable, "-c", _ORAS, command, reference, folder)


@contextlib.contextmanager
def _registry(folder: Path) -> Iterator[str]:
    """Run the registry on 127.0.0.1; yield its host and port. Raises: ToolFault."""
    program(ROOT / "tests" / "system-packages.sh")
    unpacked = ROOT / ".venv" / "system" / "usr" / "bin"
    found = shutil.which("docker-registry", path=f"{unpacked}:{os.environ.get('PATH', '')}")
    if found is None:
        raise ToolFault("found no docker-registry; see tests/system-packages.sh")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    config = folder / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/store}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    process = subprocess.Popen(
        [found, "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise ToolFault("docker-registry does not answer")
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
