"""Packages: containers, the manifest, digests, reading and writing.

`open_package` reads the facts about anything; `write_package` writes. A package for use, checked first, comes
from `lepton.validate.load`. Serves the chapter `package`.
"""

from lepton.package.read import Package, open_package

__all__ = ["Package", "open_package"]
