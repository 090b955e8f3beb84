"""A link of the built site that leads nowhere stops the build, with a message that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pages.hyperlinks import check_site

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Write a site of two pages and a file, whose links all lead somewhere."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "index.html").write_text('<h1 id="top">Start</h1><a href="a/#one">a</a><a href="./">here</a>')
    (tmp_path / "a/index.html").write_text('<h2 id="one">One</h2><a href="../b/">b</a><img src="../x.png">')
    (tmp_path / "b/index.html").write_text('<a href="#">up</a><a href="https://spdx.org/licenses/">out</a>')
    (tmp_path / "x.png").write_bytes(b"")
    return tmp_path


def test_links_that_lead_somewhere_are_passed_over(small: Path) -> None:
    assert list(check_site(small)) == []


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<a href="../c/">', "c/index.html in the site"),
        ('<a href="../a/#two">', "id=two on a/index.html"),
        ('<a href="#two">', "id=two on b/index.html"),
        ('<img src="../y.png">', "y.png"),
        ('<a href="../../a/">', "inside the site"),
        ('<a href="/a/">', "a relative link"),
        ('<a href="http://spdx.org/">', "https and a host of the list"),
        ('<a href="https://example.com/">', "https and a host of the list"),
        ('<script src="https://spdx.org/x.js"></script>', "https and a host of the list"),
        ('<link href="https://spdx.org/x.css">', "https and a host of the list"),
        ("<a href='javascript:void(0)'>", "https and a host of the list"),
    ],
)
def test_a_dead_link_is_reported_with_its_remedy(small: Path, markup: str, expected: str) -> None:
    (small / "b/index.html").write_text(f"<p>{markup}</p><!-- <a href='../gone/'> -->")
    (broken,) = check_site(small)
    assert broken.page == "b/index.html"
    assert expected in broken.expected
    assert broken.remedy in str(broken)


@pytest.mark.parametrize("options", [["--strict"], ["--strict", "--quiet"]])
def test_a_dead_link_stops_the_build_of_a_site(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text('# Start\n\n<a href="gone/">gone</a>\n')
    hook = ROOT / "tools/links_hook.py"
    (tmp_path / "mkdocs.yml").write_text(f"site_name: x\nplugins: []\nhooks: [{hook}]\n")
    command = [sys.executable, "-m", "mkdocs", "build", *options]
    path = os.pathsep.join([str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")])
    result = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 1
    assert "index.html: found a link to gone/, expected gone/index.html in the site" in result.stderr


def test_the_build_of_the_standard_has_this_hook() -> None:
    assert "  - tools/links_hook.py\n" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
