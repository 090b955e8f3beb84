"""Bits are kept, and a signalling NaN may have become quiet; nothing else may."""

import numpy as np
import pytest

from lepton_conformance.oracle.bits import changed_bits, same_bits

#: Infinity, a signalling NaN, the same made quiet, a quiet NaN with a payload.
SPECIAL = {
    "FP16": ("<u2", 0x7C00, 0x7C01, 0x7E01, 0xFE55),
    "BF16": ("<u2", 0x7F80, 0x7F81, 0x7FC1, 0xFFD5),
    "FP32": ("<u4", 0x7F800000, 0xFF800001, 0xFFC00001, 0x7FC00055),
    "FP64": ("<u8", 0x7FF0 << 48, (0x7FF0 << 48) + 1, (0x7FF8 << 48) + 1, (0xFFF8 << 48) + 5),
}


@pytest.mark.parametrize("datatype", SPECIAL)
def test_a_signalling_nan_may_become_quiet_and_nothing_else_may_change(datatype: str) -> None:
    kind, infinity, signalling, quiet, payload = SPECIAL[datatype]
    given = np.array([infinity, signalling, quiet, payload, 1, 0], dtype=kind)
    assert same_bits(datatype, given, given).all()
    made_quiet = np.array([infinity, quiet, quiet, payload, 1, 0], dtype=kind)
    assert same_bits(datatype, given, made_quiet).all()
    top = 1 << (given.dtype.itemsize * 8 - 1)
    changed = np.array([quiet, signalling + 1, signalling, quiet, top | 1, top], dtype=kind)
    assert not same_bits(datatype, given, changed).any()


def test_bits_of_integers_are_all_that_counts() -> None:
    given = np.array([[0x7C01, -1]], dtype=np.int16)
    assert changed_bits("INT16", given, given.copy()) is None
    found = changed_bits("INT16", given, np.array([[0x7E01, -1]], dtype=np.int16))
    assert found == "found the bits 0x7e01 at [0, 0], expected 0x7c01"
    assert changed_bits("INT16", given, given.T) == "found shape [2, 1], expected [1, 2]"
