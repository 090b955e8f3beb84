"""The search of the site, in a real browser: each language for itself, on servers and from a folder."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import lepton_spec

Visit = Callable[..., Page]
#: What a phone loads when the search is opened, compressed as any server does.
MAX_COMPRESSED_BYTES = 400_000


def search(page: Page, query: str) -> list[str]:
    """Search, and return the titles of what was found, in order."""
    if not page.locator("dialog.search").is_visible():
        page.locator(".search-open").click()
    page.locator("dialog.search input").fill(query)
    expect(page.locator(".search-state")).to_have_text(re.compile(r"passage|条结果|没有找到|Nothing"))
    return page.locator(".found-title").all_inner_texts()


@pytest.mark.parametrize("place", ["root", "below", "folder"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_requirement_is_found_and_opened_in_each_place(visit: Visit, place: str, language: str) -> None:
    page = visit(f"{language}/", place)
    entry = lepton_spec.requirements()["INF-ERR-04"]
    title = entry["title"] if language == "en" else entry["zh"]["title"]
    assert search(page, "INF-ERR-04")[0].startswith("INF-ERR-04")
    assert title in search(page, title)[0]
    page.keyboard.press("Enter")
    expect(page.locator("h1, h3:target").first).to_contain_text("INF-ERR-04")
    assert f"/{language}/" in page.url


@pytest.mark.parametrize(
    ("query", "within"),
    [
        ("规范", "规范"),
        ("容器", "规范容器"),
        ("量的字", "张量的字节"),
        ("字节", "规范字节"),
        ("未知或缺少", "INF-ERR-04"),
        ("ＩＮＦ－ＥＲＲ－０４", "INF-ERR-04"),
    ],
)
def test_chinese_words_are_found_anywhere_in_a_title(visit: Visit, query: str, within: str) -> None:
    assert any(within in title for title in search(visit("zh/"), query))


def test_every_chinese_title_is_found_by_any_two_signs_of_it(visit: Visit) -> None:
    page = visit("zh/")
    search(page, "x")
    titles = {
        each: entry["zh"]["title"] for each, entry in lepton_spec.requirements().items() if "zh" in entry
    }
    for identifier, title in list(titles.items())[::40]:
        signs = re.findall(r"(?=([\u4e00-\u9fff]{2}))", title)
        for pair in (signs[0], signs[len(signs) // 2], signs[-1]):
            search(page, pair)
            while page.locator(".search-more").is_visible():
                page.locator(".search-more").click()
            assert any(
                each.startswith(identifier) for each in page.locator(".found-title").all_inner_texts()
            ), pair


def test_chinese_compounds_that_stand_nowhere_are_divided(visit: Visit) -> None:
    page = visit("zh/")
    assert search(page, "张量清单规范") != []
    assert "张量" in page.locator(".search-found mark").all_inner_texts()


def test_a_beginning_of_ids_gives_these_in_their_order(visit: Visit) -> None:
    found = search(visit("en/"), "INF-ERR")
    wanted = [each for each in lepton_spec.requirements() if each.startswith("INF-ERR")]
    assert [title.partition(":")[0] for title in found[: len(wanted)]] == wanted[: len(found)]


@pytest.mark.parametrize(
    ("query", "text"), [("lepton.json", "lepton.json"), ("bf16", "BF16"), ("tensors", "tensor")]
)
def test_names_of_code_and_forms_of_words_are_found(visit: Visit, query: str, text: str) -> None:
    page = visit("en/")
    assert search(page, query) != []
    assert text.lower() in page.locator(".search-found").inner_text().lower()


def test_each_language_finds_its_own_pages_alone(visit: Visit) -> None:
    for language, other in (("en", "zh"), ("zh", "en")):
        page = visit(f"{language}/")
        search(page, "a")
        addresses = page.locator(".search-found a").evaluate_all("links => links.map(each => each.pathname)")
        assert addresses != []
        assert not [each for each in addresses if each.startswith(f"/{other}/")]


def test_what_is_nowhere_is_said_to_be_nowhere(visit: Visit) -> None:
    page = visit("en/")
    assert search(page, "qqxxzz") == []
    expect(page.locator(".search-state")).to_have_text("Nothing has these words.")
    search(page, "manifest qqxxzz")
    expect(page.locator(".search-state")).to_contain_text("These have some")


def test_the_search_is_used_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit("en/")
    page.keyboard.press("/")
    page.keyboard.type("manifest")
    expect(page.locator(".search-found a").nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".search-found a").nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("dialog.search input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.search")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_phone_loads_few_bytes_and_only_when_it_searches(visit: Visit, site: Path, language: str) -> None:
    assert len(gzip.compress((site / "search" / f"{language}.js").read_bytes())) < MAX_COMPRESSED_BYTES
    page = visit(f"{language}/")
    loaded = "performance.getEntriesByType('resource').filter(each => each.name.includes('/search/')).length"
    assert page.evaluate(loaded) == 0
    search(page, "a")
    assert page.evaluate(loaded) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_address_that_can_be_found_leads_to_a_passage(site: Path, language: str) -> None:
    script = (site / "search" / f"{language}.js").read_text(encoding="utf-8")
    rows = json.loads(script.removeprefix("leptonSearch(").rstrip().removesuffix(");"))
    ids: dict[str, set[str]] = {}
    for location, *_ in rows:
        folder, _, anchor = location.partition("#")
        if folder not in ids:
            text = (site / folder / "index.html").read_text(encoding="utf-8")
            ids[folder] = {"", *re.findall(r'\sid="([^"]+)"', text)}
        assert anchor in ids[folder], location
    assert {row[2].partition(":")[0].partition("：")[0] for row in rows} >= set(lepton_spec.requirements())
