"""Artifact formats: what a file says about itself, read without running anything in it.

Owns the table of formats; one module each reads one. Serves PKG-ART.
"""

from typing import NamedTuple

from lepton.formats.lines import MAX_LINES_BYTES, line_fault, read_lines
from lepton.formats.onnx import OnnxModel, read_onnx
from lepton.formats.protobuf import WireError, WireLimit
from lepton.formats.source import Source

__all__ = ["Contents", "read_contents"]


class Contents(NamedTuple):
    """What the entry file of an artifact holds; `fault` says why it is not of its format.

    `limit` says why it was not read to the end, though nothing is wrong with what was read. For `pt2` only
    the version is of interest; `lines` are the bytes of a file of lines.
    """

    fault: str = ""
    place: int | None = None
    limit: str = ""
    onnx: OnnxModel | None = None
    pt2_version: str | None = None
    lines: bytes | None = None


def read_contents(format_name: str, source: Source) -> Contents:
    """Read a file of the format `format_name`: `onnx`, `pt2` or `lines`. Never raises for any content."""
    if format_name == "lines":
        data = read_lines(source)
        if data is None:
            return Contents(fault=f"found {source.size} bytes, expected at most {MAX_LINES_BYTES}")
        fault = line_fault(data)
        if fault is not None:
            return Contents(fault=fault[1], place=fault[0])
        return Contents(lines=data)
    if format_name == "pt2":
        from lepton.formats.archive import ArchiveLimit
        from lepton.formats.pt2 import Pt2Error, read_pt2

        try:
            return Contents(pt2_version=read_pt2(source).version)
        except Pt2Error as error:
            return Contents(fault=str(error))
        except ArchiveLimit as error:
            return Contents(limit=f"{error}, the limit of this validator")
    try:
        return Contents(onnx=read_onnx(source))
    except WireLimit as error:
        return Contents(limit=str(error))
    except WireError as error:
        return Contents(fault=str(error), place=error.place)
