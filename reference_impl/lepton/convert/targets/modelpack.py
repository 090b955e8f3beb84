"""The package as an OCI image layout in the form of CNCF ModelPack, for registry tools to copy and push.

Owns the door; leaves the layout to `lepton.transport`. Nothing is lost: every file of the package is a layer.
Serves PKG-OCI.
"""

import shutil
import tempfile
from pathlib import Path

from lepton.package.loaded import LoadedPackage

__all__ = ["NAME", "SAYS", "write"]

NAME, SAYS = "modelpack", "an OCI image layout in CNCF ModelPack form; every file of the package is a layer"


def write(package: LoadedPackage, folder: Path, artifact: str | None) -> tuple[str, ...]:
    """Write the layout into `folder`, which is empty."""
    from lepton.transport.layout import write_layout

    with tempfile.TemporaryDirectory(prefix="layout-", dir=folder) as name:
        layout = Path(name) / "layout"
        write_layout(package.path, layout)
        for entry in sorted(layout.iterdir()):
            shutil.move(entry, folder / entry.name)
    return ()
