"""Reading the site in a real browser: from a requirement to its evidence, on a phone, on paper."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

Visit = Callable[..., Page]
PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize("place", ["root", "below", "folder"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_requirement_is_followed_to_its_schema_its_test_and_the_field(
    visit: Visit, place: str, language: str
) -> None:
    page = visit(f"{language}/", place)
    page.locator(".search-open").click()
    page.locator("dialog.search input").fill("INF-MET-01")
    page.locator(".search-found a").first.click()
    expect(page.locator("h1")).to_contain_text("INF-MET-01")
    requirement = page.url
    page.locator("article a[href*='/schemas/inference/']").first.click()
    expect(page.locator("h1")).to_contain_text("inference")
    page.goto(requirement)
    page.locator("article a[href*='/source/conformance/lepton_conformance/suite/']").first.click()
    expect(page.locator("article")).to_contain_text("INF-MET-01")
    page.goto(requirement)
    # From a folder, links are whole addresses: `folder.js` makes them.
    matrix = f"article a[href*='/{language}/field/'], article a[href^='../../field/']"
    page.locator(matrix).first.click()
    expect(page.locator("#servers")).to_contain_text("INF-MET-01")


@pytest.mark.parametrize("place", ["root", "below", "folder"])
def test_the_language_switch_keeps_the_page(visit: Visit, place: str) -> None:
    page = visit("en/requirements/INF-ERR-04/", place)
    page.locator(".md-select").hover()
    page.locator(".md-select__link[hreflang=zh]").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.locator("h1")).to_contain_text("INF-ERR-04")
    assert "/zh/requirements/INF-ERR-04/" in page.url


def test_the_palette_changes_and_is_remembered(visit: Visit) -> None:
    page = visit("en/core/", color_scheme="light")
    body = page.locator("body")
    expect(body).to_have_attribute("data-md-color-scheme", "default")
    page.locator("label[for^=__palette]:visible").click()
    expect(body).to_have_attribute("data-md-color-scheme", "slate")
    page.goto(page.url.replace("/core/", "/package/"))
    expect(body).to_have_attribute("data-md-color-scheme", "slate")


def test_code_is_copied_with_a_button(visit: Visit) -> None:
    page = visit("en/tutorials/validate/", permissions=["clipboard-read", "clipboard-write"])
    block = page.locator(
        "div.highlight", has=page.locator("button[data-clipboard-target], .md-code__button")
    ).first
    block.hover()
    block.locator("button[data-clipboard-target], .md-code__button").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() != ""
    assert copied.strip() in block.locator("code").inner_text()


def test_nothing_is_wider_than_a_phone(visit: Visit, kinds: dict[str, str]) -> None:
    page = visit("en/", viewport=PHONE)
    home = page.url.removesuffix("en/")
    wide = []
    for path in kinds.values():
        page.goto(home + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide.append(f"{path}: {width} pixels; let the widest element wrap or scroll by itself")
    assert wide == []


def test_every_kind_of_page_opens_from_a_folder(visit: Visit, kinds: dict[str, str]) -> None:
    page = visit("", "folder")
    home = page.url.removesuffix("index.html")
    for path in kinds.values():
        if path.startswith("zh/") and path != "zh/":
            continue
        page.goto(f"{home}{path}index.html")
        links = page.locator("a[href]").evaluate_all("links => links.map(each => each.href)")
        assert not [
            link for link in links if link.partition("#")[0].endswith("/") and link.startswith("file:")
        ]


def test_paper_shows_the_text_alone(visit: Visit) -> None:
    page = visit("en/core/")
    page.emulate_media(media="print")
    for part in (".md-header", ".md-sidebar--primary", ".md-tabs", ".search-open", ".md-footer__inner"):
        for each in page.locator(part).all():
            expect(each).to_be_hidden()
    expect(page.locator("article h1")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_field_matrix_is_filtered(visit: Visit, language: str) -> None:
    page = visit(f"{language}/field/")
    rows = page.locator("article table tbody tr")
    before = rows.locator("visible=true").count()
    choice = page.locator("article select").first
    values = choice.locator("option").evaluate_all("options => options.map(each => each.value)")
    choice.select_option(values[1])
    after = rows.locator("visible=true").count()
    assert 0 < after < before
    choice.select_option(values[0])
    assert rows.locator("visible=true").count() == before


def test_each_page_of_the_site_has_a_language_and_one_title(site: Path) -> None:
    for path in site.rglob("index.html"):
        text = path.read_text(encoding="utf-8")
        assert re.search(r'<html lang="(en|zh)"', text), path
        assert len(re.findall(r"<h1\b", text)) == 1, f"{path}: expected one <h1>"
