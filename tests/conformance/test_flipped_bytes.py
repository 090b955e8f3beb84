"""No byte of a package in a ZIP container can change unnoticed, and no damage makes the validator crash."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepton.errors import SourceError
from lepton.finding import Verdict
from lepton.validate import validate_package
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.valid import external_draft, linear_draft, vision_draft

DRAFTS = {"linear": linear_draft, "external": external_draft, "vision": vision_draft}
ARCHIVES = {name: draft().archive().archive or b"" for name, draft in DRAFTS.items()}


def free_bytes(data: bytes) -> set[int]:
    """Return the offsets of header fields that the standard leaves open: versions, times, attributes."""
    free: set[int] = set()
    count, _, start = struct.unpack("<HII", data[-12:-2])
    at = start
    for _ in range(count):
        names, extra, comment = struct.unpack_from("<3H", data, at + 28)
        (offset,) = struct.unpack_from("<I", data, at + 42)
        free |= {*range(at + 4, at + 8), *range(at + 12, at + 16), *range(at + 36, at + 42)}
        free |= {*range(offset + 4, offset + 6), *range(offset + 10, offset + 14)}
        at += 46 + names + extra + comment
    return free


FREE = {name: free_bytes(data) for name, data in ARCHIVES.items()}
SETTINGS = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.requirement("PKG-ZIP-04")
@pytest.mark.requirement("PKG-DIG-03")
@SETTINGS
@given(st.data())
def test_a_flipped_bit_is_noticed(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(ARCHIVES)))
    archive = bytearray(ARCHIVES[name])
    at = data.draw(st.integers(0, len(archive) - 1).filter(lambda place: place not in FREE[name]))
    archive[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "flipped.lepton"
    path.write_bytes(archive)
    report = validate_package(path, level="quick")
    assert report.verdict is Verdict.FAIL
    assert report.findings


@SETTINGS
@given(st.data())
def test_a_damaged_container_is_judged_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """Cut, repeated, overwritten and swapped stretches of bytes: a report, or one clear error."""
    archive = ARCHIVES[data.draw(st.sampled_from(sorted(ARCHIVES)))]
    for _ in range(data.draw(st.integers(1, 3))):
        low = data.draw(st.integers(0, len(archive)))
        high = data.draw(st.integers(low, min(len(archive), low + 400)))
        stretch = archive[low:high]
        put = data.draw(
            st.sampled_from([b"", stretch * 2, stretch[::-1], b"\xff" * len(stretch), b"PK\5\6" + stretch])
        )
        archive = archive[:low] + put + archive[high:]
    path = tmp_path / "damaged.lepton"
    path.write_bytes(archive)
    try:
        report = validate_package(path, level="quick")
    except SourceError:
        return
    assert (report.verdict is Verdict.FAIL) == bool(report.findings)


@pytest.mark.parametrize("draft", DRAFTS.values(), ids=DRAFTS)
def test_fields_that_are_left_open_change_no_verdict(draft: object, tmp_path: Path) -> None:
    """Times and attributes other than a file type are any: a container with them is still a package."""
    assert callable(draft)
    made: Draft = draft()
    archive = bytearray(made.archive().archive or b"")
    for at in free_bytes(bytes(archive)):
        archive[at] ^= 1
    path = tmp_path / "other.lepton"
    path.write_bytes(archive)
    assert validate_package(path, level="quick").verdict is Verdict.PASS
