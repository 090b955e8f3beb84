"""The two protocols of the plug point *runtimes*.

Owns the shape of a runtime; leaves formats and numbers to the implementations. Serves `runtime`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

__all__ = ["Array", "Model", "Runtime"]

#: A numpy array of any registered datatype; BYTES is an object array of `bytes`, BF16 `ml_dtypes.bfloat16`.
Array = np.ndarray[Any, np.dtype[Any]]


class Model(Protocol):
    """One loaded artifact. `infer` never mutates its inputs and never hands out memory it will reuse."""

    def infer(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Compute every output.

        Raises: RuntimeRefusal when the engine refuses or fails.
        """
        ...

    def close(self) -> None:
        """Free what the model holds."""
        ...


class Runtime(Protocol):
    """An engine. `name` and `version` go into reports; `formats` are the artifact formats it loads."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def formats(self) -> tuple[str, ...]: ...

    def load(self, entry: Path, inputs: Sequence[str], outputs: Sequence[str]) -> Model:
        """Load the artifact whose entry file is `entry`, already verified, inside a directory of its files.

        `inputs` and `outputs` are the names of the signature in its order, for formats that know only the
        order (pt2). Raises: RuntimeRefusal when the engine refuses it.
        """
        ...
