"""Runtimes: load an artifact, compute, and the pre -> model -> post pipeline around it.

Owns the public names of this room; leaves packages to `lepton.package` and HTTP to `lepton.serve`. Serves the
role runtime of the chapter `package`.
"""

from lepton.runtime.binding import numpy_dtype
from lepton.runtime.pipeline import Pipeline, VerifiedPackage, open_pipeline
from lepton.runtime.protocol import Array, Model, Runtime

__all__ = ["Array", "Model", "Pipeline", "Runtime", "VerifiedPackage", "numpy_dtype", "open_pipeline"]
