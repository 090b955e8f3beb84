"""From what people have to what a package holds, and back.

Owns the public names of this room: what a source is asked (`Request`), which kinds there are, reading one.
Each kind is one module of `sources`; leaves making a package of an origin to `lepton.pack`. Serves the role
producer of the chapter `package`.
"""

from lepton.convert.request import Request
from lepton.convert.sources import KINDS, kinds_said, read_package_sources, read_source

__all__ = ["KINDS", "Request", "kinds_said", "read_package_sources", "read_source"]
