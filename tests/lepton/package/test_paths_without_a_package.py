"""Whatever is at a path has a report, also where it is no container (PKG-VAL-06)."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from lepton.errors import SourceError
from lepton.finding import Verdict
from lepton.package import jsontext
from lepton.validate import LEVELS, validate_anything, validate_package


def _text(path: Path) -> None:
    path.write_text("no package")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one, pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)  # the whole path may be longer than a socket's may be
        one.bind(path.name)


THINGS: dict[str, Callable[[Path], object]] = {
    "text": _text,
    "pipe": os.mkfifo,
    "socket": _socket,
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("thing", THINGS)
def test_what_is_no_container_fails_for_one_reason(thing: str, level: str, tmp_path: Path) -> None:
    THINGS[thing](tmp_path / "thing")
    report = validate_anything(tmp_path / "thing", level=level)
    assert report.verdict is Verdict.FAIL
    assert [one.requirement for one in report.findings] == ["PKG-ZIP-04"]
    assert "found" in report.findings[0].message or "cannot read" in report.findings[0].message
    assert report.not_checked["PKG-MAN-04"] == "blocked by PKG-ZIP-04"
    assert not report.not_checked.keys() & set(report.checked)


def test_nothing_at_a_path_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        validate_anything(tmp_path / "nothing", level="quick")


def test_a_manifest_beyond_a_limit_is_inconclusive_at_the_level_full_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsontext, "MAX_VALUES", 2)
    (tmp_path / "lepton.json").write_text('{"lepton":"1.0","extensions":{"org.example":[1,2,3]}}')
    for level in LEVELS:
        report = validate_package(tmp_path, level=level)
        assert report.verdict is Verdict.INCONCLUSIVE
        assert "the limit of this validator" in report.not_checked["PKG-MAN-02"]
        assert "PKG-VEC-04" in report.not_checked
