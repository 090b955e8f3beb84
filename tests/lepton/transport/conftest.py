"""A real OCI registry on 127.0.0.1, and hostile ones."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lepton.transport.credentials import Credentials
from lepton.transport.http import Client, Trust
from lepton.transport.reference import parse
from lepton.transport.registry import Registry
from lepton_conformance.forge.valid import linear_draft

SYSTEM = Path(__file__).parents[3] / ".venv" / "system"
START_SECONDS = 20

#: Makes a client of the repository that a reference names.
Reach = Callable[[str], Registry]


def program() -> str:
    """Return the registry's program, or skip with the reason why there is none."""
    found = shutil.which("docker-registry", path=f"{SYSTEM}/usr/bin:{os.environ.get('PATH', '')}")
    if found is None:
        reason = SYSTEM / "reason"
        why = reason.read_text().strip() if reason.is_file() else "tests/system-packages.sh was not run"
        pytest.skip(f"no OCI registry: {why}")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def registry_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run Debian's docker-registry for the session; yield its host and port."""
    folder = tmp_path_factory.mktemp("registry")
    port = free_port()
    config = folder / "config.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/store}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program(), "serve", str(config)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def reach() -> Iterator[Reach]:
    """Yield what opens a repository, without credentials; close the connections afterwards."""
    with Client(Trust()) as client:
        yield lambda text: Registry(client, parse(text), Credentials())


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A smallest valid package."""
    return linear_draft().archive().write(tmp_path, "made")
