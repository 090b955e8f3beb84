"""The bounds that keep hostile input cheap, each with its unit.

Owns the numbers; those that the standard sets cite their requirement, the others are limits of this
implementation and lead to "not checked", never to a finding. Serves `core` and `package`.
"""

__all__ = [
    "FREE_EXPANDED_BYTES",
    "FREE_INFLATED_BYTES",
    "FREE_VALUES",
    "INFLATED_BYTES_A_BYTE",
    "INPUT_BYTES_A_VALUE",
    "MAX_DEPTH",
    "MAX_DIRECTORY_BYTES",
    "MAX_DOCUMENT_BYTES",
    "MAX_FILES",
    "MAX_MANIFEST_BYTES",
    "MAX_MEMORY_BYTES",
    "MAX_PATH_BYTES",
    "MAX_SEGMENT_BYTES",
    "MAX_VALUES",
]

#: Bytes of lepton.json (PKG-MAN-01).
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
#: Bytes of any other JSON document of a package (COR-LIM-01).
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
#: Nesting of arrays and objects in any JSON document (PKG-MAN-01, COR-LIM-01).
MAX_DEPTH = 64
#: Files in a package (PKG-LAY-07).
MAX_FILES = 65_535
#: Bytes of a path and of one of its segments (PKG-LAY-02).
MAX_PATH_BYTES = 1024
MAX_SEGMENT_BYTES = 255

#: Values (arrays, objects, members, elements) in one JSON document that this implementation parses.
MAX_VALUES = 2_000_000
#: Values of all documents of a package together that any package may have, and the bytes of the package for
#: each further one. A value with a name takes up to 240 bytes of memory; PKG-VAL-07 allows ten for one.
FREE_VALUES = 400_000
INPUT_BYTES_A_VALUE = 24
#: Bytes of all compressed documents together, unpacked, beside as many as the package has.
FREE_EXPANDED_BYTES = 16 * 1024 * 1024
#: Bytes that all compressed files of a package may unpack to, and how many more for each byte of the package:
#: what can be digested in the time of PKG-VAL-07 at 100 MB a second. Zeros unpack a thousandfold.
FREE_INFLATED_BYTES = 1024 * 1024 * 1024
INFLATED_BYTES_A_BYTE = 100
#: Bytes of a zip's central directory: more than 65,535 entries with the longest paths need.
MAX_DIRECTORY_BYTES = 128 * 1024 * 1024
#: Bytes of a file that is read into memory once, to be digested and interpreted there.
MAX_MEMORY_BYTES = 16 * 1024 * 1024
