"""The kinds of targets, one module each, and writing one: whole or not at all.

Owns the table and where the result goes; leaves what is written to the modules. A kind is a module with
`NAME` (what `--to` takes), `SAYS` (one line for people) and `write(package, folder, artifact) -> lost`, which
fills an empty folder and returns plain sentences. The same package gives the same bytes. To add one: write
the module, add a line here.
"""

import importlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lepton.errors import LeptonError
from lepton.package.loaded import LoadedPackage
from lepton.package.paths import displayed

__all__ = ["TARGETS", "convert"]

#: What `--to` takes -> the module that writes it.
TARGETS: Mapping[str, str] = {
    "triton": "lepton.convert.targets.triton",
    "mlflow": "lepton.convert.targets.mlflow",
    "modelpack": "lepton.convert.targets.modelpack",
    "kserve": "lepton.convert.targets.kserve",
}


def convert(package: LoadedPackage, kind: str, out: Path, artifact: str | None = None) -> tuple[str, ...]:
    """Write a package as a folder of another kind; return what could not be carried.

    Raises: LeptonError when the kind cannot have this package, or `out` is there or cannot be written;
    nothing is then left behind.
    """
    if out.exists() or out.is_symlink():
        raise LeptonError(f"{displayed(str(out))!r} is there already; remove it or choose another name")
    module: Any = importlib.import_module(TARGETS[kind])
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            lost: tuple[str, ...] = module.write(package, beside, artifact)
            mask = os.umask(0)
            os.umask(mask)
            beside.chmod(0o777 & ~mask)
            beside.rename(out)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise LeptonError(f"cannot write {displayed(str(out))!r}: {error.strerror}") from error
    return lost
