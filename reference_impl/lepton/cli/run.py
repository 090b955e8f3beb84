"""`lepton run`: answer one request with a package, from arrays in files.

Owns reading and writing arrays for the terminal; leaves checking and computing to `lepton.runtime`.
"""

import argparse
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lepton.cli.output import whole_file
from lepton.errors import BindError, LeptonError, SourceError
from lepton.tensor import TensorSpec, datatype

if TYPE_CHECKING:
    from lepton.runtime import Array

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "answer one request with a package, from files"
EXAMPLE = "lepton run build/demo/digits.lepton --input image=build/demo/digits/images.npy"

#: Elements of an output that the text form shows.
MAX_SHOWN = 8
#: Rows whose label the text form shows.
MAX_LABELS = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("package", metavar="PACKAGE", type=Path, help="a package directory or .lepton file")
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="an input of the package, a .npy file; repeat for each. For BYTES, text arrays serve, and any "
        "other file, such as an image, is the one element",
    )
    parser.add_argument(
        "--artifact", metavar="ID", help="which artifact computes (default: the first allowed)"
    )
    parser.add_argument(
        "--allow-executable",
        action="store_true",
        help="also load formats that can run code of the package's author",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--output", metavar="DIR", type=Path, help="write each output to DIR/NAME.npy")
    where.add_argument("--format", choices=("text", "json"), default="text", help="what to print")


def run(args: argparse.Namespace) -> int:
    """Load, compute once, and hand the answers over."""
    from lepton.runtime import open_pipeline
    from lepton.validate import load

    with load(args.package) as package:
        pipeline = open_pipeline(package, artifact=args.artifact, allow_executable=args.allow_executable)
        try:
            specs = {spec.name: spec for spec in pipeline.inputs}
            answer = pipeline.infer(dict(_read_input(text, specs) for text in args.input))
        finally:
            pipeline.close()
        if args.output is not None:
            for path in _write(pipeline.outputs, answer, args.output):
                print(path)
        elif args.format == "json":
            entries = [_json_entry(spec, answer[spec.name]) for spec in pipeline.outputs]
            print(json.dumps({"outputs": entries}, ensure_ascii=False))
        else:
            stage = "interface" if "interface" in package.document else "signature"
            for line in _text(pipeline.outputs, answer, package.document, stage):
                print(line)
    return 0


def _read_input(text: str, specs: Mapping[str, TensorSpec]) -> "tuple[str, Array]":
    import numpy as np

    name, equals, file = text.partition("=")
    if not equals or name not in specs:
        raise BindError(
            f"--input {text}: found no input of the package, expected NAME=FILE with NAME one of "
            f"{sorted(specs)}"
        )
    try:
        if specs[name].datatype == "BYTES" and not _is_array(Path(file)):
            element = np.empty(1, dtype=object)
            element[0] = Path(file).read_bytes()
            return name, element.reshape([1] * len(specs[name].shape))
        array = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise SourceError(f"--input {text}: cannot read an array from {file} ({error})") from error
    if not isinstance(array, np.ndarray):
        raise SourceError(f"--input {text}: found several arrays in {file}, expected a .npy file with one")
    if specs[name].datatype == "BYTES" and array.dtype.kind in "SU":
        elements = np.empty(array.size, dtype=object)
        for index, element in enumerate(array.flat):
            elements[index] = bytes(element) if array.dtype.kind == "S" else str(element).encode()
        return name, elements.reshape(array.shape)
    if specs[name].datatype == "BF16" and array.dtype == np.dtype("V2"):
        from lepton.runtime import numpy_dtype

        return name, array.view(numpy_dtype("BF16"))
    return name, array.astype(array.dtype.newbyteorder("="), copy=False)


def _is_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"\x93NUMPY"


def _write(specs: Iterable[TensorSpec], answer: "Mapping[str, Array]", folder: Path) -> list[Path]:
    """Write each output beside its place and move it there, so that no half-written file stays."""
    import numpy as np

    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for spec in specs:
            array = answer[spec.name]
            if spec.datatype == "BYTES":
                array = np.array([bytes(element) for element in array.flat], dtype="S").reshape(array.shape)
                if any(
                    bytes(kept) != element
                    for kept, element in zip(array.flat, answer[spec.name].flat, strict=True)
                ):
                    raise LeptonError(
                        f"output {spec.name!r} has elements that end in NUL, which .npy cannot keep; "
                        "use --format json"
                    )
            target = folder / f"{quote(spec.name, safe=' ')}.npy"
            with whole_file(target) as file:
                np.save(file, array, allow_pickle=False)
            written.append(target)
    except OSError as error:
        raise LeptonError(f"--output {folder}: cannot write there ({error.strerror})") from error
    return written


def _json_entry(spec: TensorSpec, array: "Array") -> dict[str, Any]:
    """Return an output as the Open Inference Protocol's JSON has it: flat, row-major."""
    return {
        "name": spec.name,
        "datatype": spec.datatype,
        "shape": list(array.shape),
        "data": [_json_element(element) for element in _plain(spec, array)],
    }


def _plain(spec: TensorSpec, array: "Array") -> list[Any]:
    wide = array.astype("float64") if datatype(spec.datatype).kind == "float" else array
    elements: list[Any] = wide.ravel().tolist()
    return elements


def _json_element(element: Any) -> Any:
    if isinstance(element, bytes):
        return element.decode("utf-8", "backslashreplace")
    if isinstance(element, float) and not math.isfinite(element):
        return "NaN" if math.isnan(element) else "Infinity" if element > 0 else "-Infinity"
    return element


def _text(
    specs: Sequence[TensorSpec], answer: "Mapping[str, Array]", manifest: Mapping[str, Any], stage: str
) -> Iterable[str]:
    entries = {entry["name"]: entry for entry in manifest[stage]["outputs"]}
    for spec in specs:
        array = answer[spec.name]
        yield f"{spec.name}: {spec.datatype} {list(array.shape)}"
        shown = [_json_element(element) for element in _plain(spec, array)[:MAX_SHOWN]]
        more = ", ..." if array.size > MAX_SHOWN else ""
        numbers = ", ".join(f"{one:.6g}" if isinstance(one, float) else json.dumps(one) for one in shown)
        yield f"  {numbers}{more}"
        labels = entries[spec.name].get("labels")
        if labels is not None and array.ndim and array.size and datatype(spec.datatype).kind != "bytes":
            names = labels["names"][manifest["language"]]
            best = array.argmax(axis=labels["axis"]).ravel()[:MAX_LABELS]
            yield f"  largest: {', '.join(names[index] for index in best)}"
