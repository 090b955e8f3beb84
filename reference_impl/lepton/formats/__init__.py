"""Artifact formats: what a file says about itself, read without running anything in it.

Owns the table of formats; one module each reads one. Serves PKG-ART.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lepton.formats.source import Source

if TYPE_CHECKING:
    from lepton.formats.onnx import OnnxModel
    from lepton.formats.pt2 import Pt2Archive

__all__ = ["Contents", "read_contents"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What the entry file of an artifact holds; `fault` says why it is not of its format.

    `limit` says why it was not read to the end, though nothing is wrong with what was read.
    """

    fault: str = ""
    place: int | None = None
    limit: str = ""
    onnx: "OnnxModel | None" = None
    pt2: "Pt2Archive | None" = None


def read_contents(format_name: str, source: Source) -> Contents:
    """Read a file of the format `format_name`, `onnx` or `pt2`. Never raises for any content."""
    if format_name == "pt2":
        from lepton.formats.pt2 import Pt2Error, read_pt2

        try:
            return Contents(pt2=read_pt2(source))
        except Pt2Error as error:
            return Contents(fault=str(error))
    from lepton.formats.onnx import read_onnx
    from lepton.formats.protobuf import WireError, WireLimit

    try:
        return Contents(onnx=read_onnx(source))
    except WireLimit as error:
        return Contents(limit=str(error))
    except WireError as error:
        return Contents(fault=str(error), place=error.place)
