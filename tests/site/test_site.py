"""The published site builds without a warning and carries every requirement in every language it has."""

import re
from html.parser import HTMLParser
from pathlib import Path

import lepton_spec

ROOT = Path(__file__).resolve().parents[2]


class Page(HTMLParser):
    """Collects the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids.add(values.get("id") or "")


def page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_every_requirement_has_its_permanent_anchor(site: Path) -> None:
    requirements = lepton_spec.requirements()
    for chapter in {entry["chapter"] for entry in requirements.values()}:
        english = page(site / "en" / chapter / "index.html").ids
        wanted = {each for each, entry in requirements.items() if entry["chapter"] == chapter}
        assert wanted <= english
        translated = {each for each in wanted if "zh" in requirements[each]}
        if translated:
            assert translated <= page(site / "zh" / chapter / "index.html").ids


def test_every_profile_lists_its_requirements(site: Path) -> None:
    text = (site / "en/profiles/index.html").read_text()
    anchors = page(site / "en/profiles/index.html").ids
    for identifier, entry in lepton_spec.requirements().items():
        assert set(entry["profiles"]) <= anchors
        assert f"/requirements/{identifier}/" in text


def test_every_schema_has_a_page_and_lies_at_the_path_of_its_id(site: Path) -> None:
    for identifier in lepton_spec.schemas():
        path = identifier.removeprefix("https://lepton-standard.org/")
        assert (site / path).read_bytes() == (ROOT / path).read_bytes()
        stem = Path(path).name.removesuffix(".schema.json")
        assert (site / "en/schemas" / stem / "index.html").is_file()


def test_no_style_sheet_loads_anything_from_another_host(site: Path) -> None:
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", path.read_text(encoding="utf-8")), path


def test_a_chinese_page_speaks_chinese(site: Path) -> None:
    assert '<html lang="zh"' in (site / "zh/index.html").read_text(encoding="utf-8")
    assert '<html lang="en"' in (site / "en/index.html").read_text(encoding="utf-8")


def test_every_published_file_is_there_and_described(site: Path) -> None:
    published = {path.name for path in lepton_spec.path(".").iterdir()} - {"requirements.lock"}
    assert {path.name for path in (site / "schemas/1.0").iterdir()} == published
    others = [name for name in published if not name.endswith(".schema.json")]
    for language in ("en", "zh"):
        text = (site / language / "schemas/index.html").read_text(encoding="utf-8")
        for name in others:
            row = re.search(
                rf'<a href="\.\./\.\./schemas/1\.0/{re.escape(name)}">.*?<td>(.*?)</td>', text, re.S
            )
            assert row is not None, name
            assert row.group(1).strip(), name
