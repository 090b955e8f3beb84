"""Signs of code in a file, by its content and never by its name.

Owns the table of signs; leaves what they mean for a package to the checks. Nothing is loaded, unpacked or
unpickled. Serves PKG-ART-07.
"""

from lepton.formats.source import Source

__all__ = ["content_sign"]

_STARTS = (
    (b"\x7fELF", "native code (ELF)"),
    (b"\xfe\xed\xfa\xce", "native code (Mach-O)"),
    (b"\xfe\xed\xfa\xcf", "native code (Mach-O)"),
    (b"\xce\xfa\xed\xfe", "native code (Mach-O)"),
    (b"\xcf\xfa\xed\xfe", "native code (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "a Java class file or native code (Mach-O)"),
)
_PYTHON_MAGIC = range(3000, 4000)
_PICKLE_PROTOCOLS = range(2, 6)
#: What `torch.save` wrote first, before version 1.6: a number as a pickle of protocol 2 or 3.
_TORCH = tuple(bytes((0x80, protocol)) + bytes.fromhex("8A0A6CFC9C46F9206AA850192E") for protocol in (2, 3))
_NUMPY = b"\x93NUMPY"
#: Bytes of the header of a NumPy array that are searched at a time.
_CHUNK_BYTES = 1024 * 1024


def content_sign(head: bytes, last: bytes, source: Source) -> str | None:
    """Say which kind of code a file shows, or None; `head` are its first bytes, `last` is its last one.

    Raises: ArchiveLimit when it is an archive with more names than this implementation lists.
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head.startswith(b"MZ") and len(head) >= 0x40:
        offset = int.from_bytes(head[0x3C:0x40], "little")
        if source.read_at(offset, 4) == b"PE\0\0":
            return "native code (PE)"
    if source.size >= 16 and head[2:4] == b"\r\n" and int.from_bytes(head[:2], "little") in _PYTHON_MAGIC:
        return "compiled Python"
    if head.startswith(_TORCH):
        return "a file of torch.save before version 1.6"
    if head[:1] == b"\x80" and len(head) > 1 and head[1] in _PICKLE_PROTOCOLS:
        framed = head[1] >= 4 and head[2:3] == b"\x95" and len(head) >= 11
        if last == b"." or (framed and int.from_bytes(head[3:11], "little") <= source.size - 11):
            return "a pickle"
    if head.startswith(_NUMPY) and _has_objects(source):
        return "a NumPy array of objects"
    if head.startswith(b"PK\3\4"):
        from lepton.formats.archive import ArchiveError, member_names

        try:
            names = member_names(source)
        except ArchiveError:
            return None
        for name in names:
            if name.endswith(b".pkl"):
                return f"an archive with a pickle ({name.decode('utf-8', 'backslashreplace')[:80]})"
    return None


def _has_objects(source: Source) -> bool:
    """Say whether the header of a NumPy array tells of objects, which are loaded by unpickling."""
    start = source.read_at(0, 12)
    size, place = (start[8:10], 10) if start[6:7] == b"\1" else (start[8:12], 12)
    end = min(place + int.from_bytes(size, "little"), source.size)
    while place < end:
        piece = source.read_at(place, min(_CHUNK_BYTES, end - place))
        if b"O" in piece or b"object" in piece:
            return True
        # A text may stand across two pieces.
        place += len(piece) if place + len(piece) >= end else len(piece) - len(b"object") + 1
    return False
