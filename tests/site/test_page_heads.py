"""What a browser's tab, a search engine and a bookmark show of a page, and what a wrong address shows."""

import html
import json
import re
from pathlib import Path

import pytest

from pages.description import MAX_CHARACTERS, describe

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def head(file: Path) -> tuple[str, str]:
    """Return the title and the description of a page."""
    text = file.read_text(encoding="utf-8")
    title = re.search(r"<title>(.*?)</title>", text)
    said = re.search(r'<meta name="description" content="(.*?)">', text, re.S)
    assert title is not None, file
    assert said is not None, file
    return html.unescape(title.group(1)), html.unescape(said.group(1))


def test_every_page_says_in_its_language_what_it_is(site: Path) -> None:
    heads = {file: head(file) for folder in ("en", "zh") for file in (site / folder).rglob("index.html")}
    assert all(said for _, said in heads.values())
    for file, (title, said) in heads.items():
        wanted = file.relative_to(site).parts[0] == "zh"
        assert (CHINESE.search(said) is not None) == wanted, (file, title, said)
    english = [found for file, found in heads.items() if (site / "en") in file.parents]
    assert len(set(english)) == len(english)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "<h1>A</h1><p>object</p><p>What <b>it</b> is &amp; does.</p><p>More of it.</p>",
            "What it is & does.",
        ),
        ("<table><tr><td>none</td></tr></table>", ""),
        (f"<p>{'word ' * 50}</p>", ("word " * 39).rstrip() + "…"),
    ],
)
def test_a_page_is_described_by_its_first_paragraph(content: str, expected: str) -> None:
    assert describe(content) == expected
    assert len(expected) <= MAX_CHARACTERS


def test_the_mark_of_the_tab_is_ours(site: Path) -> None:
    page = (site / "en/index.html").read_text(encoding="utf-8")
    assert '<link rel="icon" href="../assets/mark.svg">' in page
    assert (site / "assets/mark.svg").read_bytes() == (ROOT / "tools/pages/mark.svg").read_bytes()


def test_a_wrong_address_is_answered_in_both_languages(site: Path) -> None:
    page = (site / "404.html").read_text(encoding="utf-8")
    assert "No page has this address." in page
    assert "没有这个地址的页面" in page


def test_the_year_of_a_citation_is_that_of_the_newest_edition(site: Path) -> None:
    index = json.loads((ROOT / "schemas/editions/index.json").read_bytes())
    year = max(each["date"] for each in index["editions"])[:4]
    text = re.sub(r"<[^>]+>", "", (site / "en/cite/index.html").read_text(encoding="utf-8"))
    assert re.findall(r"year\s*= \{(\d+)\}", text) == [year, year]


def test_a_card_counts_mutants_apart_from_violating_examples(site: Path) -> None:
    card = (site / "en/package/index.html").read_text(encoding="utf-8").partition('id="PKG-DIG-02"')[2]
    assert "violating example 2)" in card.partition('class="more"')[2][:300]
    assert "mutant" not in card.partition('class="more"')[2].partition("</p>")[0]
