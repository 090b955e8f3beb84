"""A server's own environment: made once, from pinned packages, below `build/field`.

Owns installation and the record of what is installed; leaves what to install to the server's
`requirements.txt`. Serves `conformance`.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from field.place import BUILD, SERVERS

__all__ = ["STAMP", "InstallFault", "install", "installed_versions", "python"]

STAMP = "installed"
INSTALL_SECONDS = 1800


class InstallFault(Exception):
    """The packages of a server cannot be installed."""


def python(server: str) -> Path:
    """Return the Python of a server's environment."""
    return BUILD / server / "venv" / "bin" / "python"


def install(server: str, requirements: Path | None = None) -> bool:
    """Install a server unless it is there as its `requirements.txt` says; tell whether that took place.

    The stamp is written last: an installation that broke off is begun again.

    Raises: InstallFault.
    """
    requirements = requirements or SERVERS / server / "requirements.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest() + f" {sys.version_info[:2]}"
    folder = BUILD / server
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return False
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder / "venv", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    for command in (
        [sys.executable, "-m", "venv", str(folder / "venv")],
        [str(python(server)), "-m", "pip", "install", "--quiet", "-r", str(requirements)],
    ):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except subprocess.CalledProcessError as error:
            raise InstallFault(f"{server}: {' '.join(command)} failed: {error.stderr[-2000:]}") from error
        except subprocess.TimeoutExpired as error:
            raise InstallFault(f"{server}: not installed within {INSTALL_SECONDS} s") from error
    stamp.write_text(wanted, encoding="utf-8")
    return True


def installed_versions(server: str, packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of packages in a server's environment."""
    program = (
        "import importlib.metadata as m, json, sys;"
        "print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
    )
    run = subprocess.run(
        [str(python(server)), "-c", program, *packages],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    versions: dict[str, str] = json.loads(run.stdout)
    return versions
