"""axe-core finds no violation of WCAG 2.1, levels A and AA, on any kind of page, light or dark."""

import importlib.resources
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

Visit = Callable[..., Page]
AXE = importlib.resources.files("axe_playwright_python") / "axe.min.js"
RUN = """async rules => (await axe.run(document, {
    runOnly: rules ?? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    resultTypes: ["violations"]})).violations"""
#: What a rule about colours can see; every other rule says the same of a page in the dark.
COLOURS = ["color-contrast", "link-in-text-block"]
#: What is generated alike is judged a few times: of brothers with one name and class, the first ones stay.
ALIKE = 4
TRIM = """most => {
    for (const parent of document.querySelectorAll("body *")) {
        const count = new Map();
        for (const child of [...parent.children]) {
            const kind = `${child.localName}.${child.className}`;
            count.set(kind, (count.get(kind) ?? 0) + 1);
            if (count.get(kind) > most && !child.querySelector("h1")) child.remove();
        }
    }
}"""
#: Of one rule on one page.
SHOWN = 8


def violations(page: Page, rules: list[str] | None = None) -> dict[str, str]:
    """Return what is wrong: rule, place in the page, element -> page and remedy."""
    page.evaluate(TRIM, ALIKE)
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN, rules)
    return {
        f"{each['id']} in {' '.join(node['html'].split())[:200]}": f"{page.url}: "
        f"{' '.join(node['failureSummary'].split())[:300]} ({len(each['nodes'])} elements, {each['helpUrl']})"
        for each in reversed(found)
        for node in reversed(each["nodes"][:SHOWN])
    }


def report(wrong: dict[str, str]) -> str:
    """Return one line an element that is wrong, on the first page that has it."""
    return "\n".join(f"{what}: {where}" for what, where in wrong.items())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_page_is_accessible(visit: Visit, kinds: dict[str, str], language: str) -> None:
    page = visit(f"{language}/", color_scheme="light")
    home = page.url.removesuffix(f"{language}/")
    wrong: dict[str, str] = {}
    for path in kinds.values():
        if path.startswith("zh") == (language == "zh"):
            page.goto(home + path)
            wrong = violations(page) | wrong
    assert not wrong, report(wrong)


def test_every_kind_of_page_is_readable_in_the_dark(visit: Visit, kinds: dict[str, str]) -> None:
    page = visit("", color_scheme="dark")
    home = page.url
    wrong: dict[str, str] = {}
    for path in kinds.values():
        if not path.startswith("zh"):
            page.goto(home + path)
            expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
            wrong = violations(page, COLOURS) | wrong
    assert not wrong, report(wrong)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_search_is_accessible(visit: Visit, scheme: str) -> None:
    page = visit("zh/", color_scheme=scheme)
    page.locator(".search-open").click()
    page.locator("dialog.search input").fill("张量")
    expect(page.locator(".search-found a").first).to_be_visible()
    wrong = violations(page)
    assert not wrong, report(wrong)


def test_the_rules_see_a_picture_without_words(visit: Visit) -> None:
    page = visit("en/")
    page.evaluate("document.querySelector('article').append(document.createElement('img'))")
    assert any("image-alt" in each and "<img>" in each for each in violations(page))
