"""From a source as its author names it to a package: read it, then pack what was read.

Owns the order of the two; leaves reading to `sources` and the package to `lepton.pack`. Serves the role
producer of the chapter `package`.
"""

from pathlib import Path

from lepton.convert.request import Request
from lepton.convert.sources import read_package_sources
from lepton.pack import Packed, Recipe, pack, refuse_existing
from lepton.pack.golden import Tell

__all__ = ["pack_source"]


def pack_source(
    source: str,
    recipe: Recipe,
    out: Path,
    *,
    kind: str | None = None,
    weights: Path | None = None,
    allow_executable: bool = False,
    tell: Tell = lambda what, done, of: None,
) -> Packed:
    """Make a package of `source`, of the kind it shows or `kind`, and write it to `out`.

    `tell` hears how far long work is; the other arguments are those of `Request`. Raises: LeptonError saying
    found, expected and remedy; then nothing is written.
    """
    refuse_existing(out)  # before a source is read for minutes
    origin = read_package_sources(Request(source, recipe, weights, allow_executable), kind)
    return pack(origin, recipe, out, tell=tell)
