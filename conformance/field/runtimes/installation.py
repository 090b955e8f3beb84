"""Installing an engine from its packages, below `build/field`: once, and again when what is pinned changes.

Owns the environments that are not Python's alone; leaves those to `field.environment`. Serves `runtime`.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from field import environment
from field.environment import InstallFault
from field.place import BUILD
from field.runtimes.catalogue import JAVASCRIPT, KITS, Engine, built_adapter

__all__ = ["REQUIREMENTS", "install", "versions"]

REQUIREMENTS = Path(__file__).with_name("requirements")
STEP_SECONDS = 900
SYSTEM = "conformance/field/system-packages.sh"


def install(engine: Engine) -> bool:
    """Install an engine unless it is there as it is pinned; tell whether that took place.

    Raises: InstallFault.
    """
    if engine.environment == JAVASCRIPT.name:
        return _install_javascript()
    fresh = environment.install(engine.environment, REQUIREMENTS / f"{engine.environment}.txt")
    if engine.command == (str(built_adapter()),):
        _build(built_adapter().parent)
    return fresh


def versions(engine: Engine) -> dict[str, str]:
    """Return the installed versions of an engine's packages, its own first."""
    if engine.environment != JAVASCRIPT.name:
        return environment.installed_versions(engine.environment, engine.packages)
    manifests = {name: JAVASCRIPT / "node_modules" / name / "package.json" for name in engine.packages}
    return {name: str(json.loads(path.read_bytes())["version"]) for name, path in manifests.items()}


def _install_javascript() -> bool:
    """Copy the kit and install its packages, whose own scripts would download more and do not run."""
    kit = KITS / "javascript"
    JAVASCRIPT.mkdir(parents=True, exist_ok=True)
    for source in (*kit.glob("*.mjs"), kit / "package.json", kit / "package-lock.json"):
        shutil.copyfile(source, JAVASCRIPT / source.name)
    stamp = JAVASCRIPT / environment.STAMP
    wanted = hashlib.sha256((kit / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return False
    stamp.unlink(missing_ok=True)
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=JAVASCRIPT)
    stamp.write_text(wanted, encoding="utf-8")
    return True


def _build(folder: Path) -> None:
    """Build the kit for C++ against the headers and the CMake configuration of OpenVINO's wheel."""
    (site,) = (BUILD / "openvino" / "venv" / "lib").glob("python3.*/site-packages")
    source = str(KITS / "cpp")
    where = f"-DOpenVINO_DIR={site / 'openvino' / 'cmake'}"
    folder.mkdir(parents=True, exist_ok=True)
    _run("cmake", "-S", source, "-B", str(folder), "-DCMAKE_BUILD_TYPE=Release", where, folder=folder)
    _run("cmake", "--build", str(folder), folder=folder)


def _run(*command: str, folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=STEP_SECONDS)
    except FileNotFoundError as error:
        raise InstallFault(f"found no {command[0]}; install it: {SYSTEM}") from error
    except subprocess.CalledProcessError as error:
        said = f"{error.stdout[-500:]}{error.stderr[-1500:]}"
        raise InstallFault(f"{_shown(command)} failed (what it needs: {SYSTEM}): {said}") from error
    except subprocess.TimeoutExpired as error:
        raise InstallFault(f"{_shown(command)}: no end within {STEP_SECONDS} s") from error


def _shown(command: Sequence[str]) -> str:
    return " ".join(command)
