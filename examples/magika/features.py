"""The features that magika's model reads, by magika's own code, and what its package ships.

`python examples/magika/features.py DIR FILE...` writes to DIR what `recipe.yml` names: the labels' file and
the features of real files as samples for the golden vectors.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import magika
import numpy as np
import numpy.typing as npt
from magika import Magika
from magika.types import Seekable

__all__ = ["MODEL", "features", "main"]

_FOLDER = Path(magika.__file__).parent / "models" / "standard_v3_3"
#: The ONNX file inside the installed package `magika`.
MODEL = _FOLDER / "model.onnx"
_CONFIG = _FOLDER / "config.min.json"
#: Bytes from either end, the padding token and the block size, as in magika's configuration of this model.
_ENDS, _PADDING, _BLOCK = 1024, 256, 4096


def features(files: Sequence[Path]) -> npt.NDArray[np.int32]:
    """Return the features of files, (len(files), 2048) int32 in 0..256."""
    rows = []
    for path in files:
        with path.open("rb") as file:
            found = Magika._extract_features_from_seekable(
                Seekable(file), _ENDS, 0, _ENDS, _PADDING, _BLOCK, False
            )
        rows.append([*found.beg, *found.end])
    return np.array(rows, np.int32).reshape(-1, 2 * _ENDS)


def main() -> None:
    """Write what the recipe names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument(
        "files", type=Path, metavar="FILE", nargs="+", help="five or more files of unlike types"
    )
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_CONFIG, args.folder / "config.min.json")
    np.savez(args.folder / "samples.npz", bytes=features(args.files))
    print(f"features of {len(args.files)} files, written to {args.folder}")


if __name__ == "__main__":
    main()
