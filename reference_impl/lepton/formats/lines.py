"""Files of lines: tokens and vocabularies, one entry a line.

Owns what every such file has to be; leaves what its lines mean to the steps that read it. Serves PKG-PRO-05.
"""

from lepton.formats.source import Source

__all__ = ["MAX_LINES_BYTES", "line_fault", "read_lines", "split_lines"]

#: Bytes of a file of lines.
MAX_LINES_BYTES = 16 * 1024 * 1024
#: Bytes read at a time.
CHUNK_BYTES = 1024 * 1024


def line_fault(data: bytes) -> tuple[int, str] | None:
    """Return where and how `data` is no text of lines; None when it is one."""
    if not data:
        return 0, "found no line, expected at least one"
    if data.startswith(b"\xef\xbb\xbf"):
        return 0, "found a byte order mark, expected none"
    place = data.find(b"\r")
    if place >= 0:
        return place, "found U+000D, expected lines that end with U+000A alone"
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start, "found bytes that are not UTF-8, expected UTF-8"
    return None


def split_lines(data: bytes) -> list[bytes]:
    """Return the lines of a text; the end of the last one may be missing."""
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines


def read_lines(source: Source) -> bytes | None:
    """Return the bytes of a file of lines, or None when it is larger than one may be."""
    if source.size > MAX_LINES_BYTES:
        return None
    parts = []
    for offset in range(0, source.size, CHUNK_BYTES):
        parts.append(source.read_at(offset, CHUNK_BYTES))
    return b"".join(parts)
