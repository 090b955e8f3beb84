"""The filters of lists and matrices, in a real browser: they keep the rows that they name and no others."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

import lepton_spec

Visit = Callable[..., Page]
Kept = dict[tuple[str, str], str]
REQUIREMENTS = lepton_spec.requirements()
SHOWN = "tbody tr:not([hidden]) th a"


def shown(page: Page, table: str) -> set[str]:
    return set(page.locator(f"#{table} {SHOWN}").all_inner_texts())


def choose(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.locator(f"form.filters select[name={name}]").select_option(value)


@pytest.mark.parametrize("place", ["root", "folder"])
def test_the_index_is_filtered_by_what_a_header_says(visit: Visit, place: str) -> None:
    page = visit("zh/requirements/", place)
    assert shown(page, "requirements") == set(REQUIREMENTS)
    choose(page, level="must-not", role="server", profile="inference-rest")
    wanted = {
        key
        for key, entry in REQUIREMENTS.items()
        if (entry["level"], entry["role"]) == ("MUST NOT", "server") and "inference-rest" in entry["profiles"]
    }
    assert wanted
    assert shown(page, "requirements") == wanted
    assert str(len(wanted)) in page.locator("form.filters output").inner_text()
    page.reload()
    assert shown(page, "requirements") == wanted
    page.locator("form.filters input[name=q]").fill(min(wanted))
    assert shown(page, "requirements") == {min(wanted)}


def test_a_badge_leads_to_the_list_of_its_kind(visit: Visit) -> None:
    page = visit("en/requirements/PKG-ZIP-03/")
    page.locator("a.badge.role").click()
    page.wait_for_url("**/en/requirements/#role=package")
    assert shown(page, "requirements") == {
        key for key, entry in REQUIREMENTS.items() if entry["role"] == "package"
    }


def test_without_scripts_everything_is_shown_and_no_control(visit: Visit) -> None:
    page = visit("en/requirements/", java_script_enabled=False)
    assert shown(page, "requirements") == set(REQUIREMENTS)
    assert not page.locator("form.filters").is_visible()


@pytest.mark.parametrize(("group", "subject"), [("servers", "triton"), ("engines", "tract")])
def test_the_field_is_filtered_by_subject_and_verdict(
    visit: Visit, kept_verdicts: Kept, group: str, subject: str
) -> None:
    page = visit("en/field/")
    choose(page, subject=subject, verdict="fail")
    wanted = {key for (name, key), verdict in kept_verdicts.items() if (name, verdict) == (subject, "fail")}
    assert shown(page, group) == wanted
    heads = page.locator(f"#{group} thead th:not([hidden]) [data-subject]").all_inner_texts()
    assert heads == [subject]
    other = {"servers": "engines", "engines": "servers"}[group]
    assert not page.locator(f"#{other}").is_visible()
    choose(page, subject="")
    anywhere = {key for (_, key), verdict in kept_verdicts.items() if verdict == "fail"}
    assert shown(page, "servers") | shown(page, "engines") == anywhere


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_requirement_leads_to_its_schema_test_and_field(visit: Visit, language: str) -> None:
    page = visit(f"{language}/requirements/INF-ERR-01/", "folder")
    page.locator("ul.listed a").first.click()
    expect(page.locator("pre.source span:target")).to_have_count(1)
    page.go_back()
    page.locator("table.outcomes a").first.click()
    expect(page.locator("pre.source")).to_be_visible()
    key = next(key for key, entry in REQUIREMENTS.items() if "#/$defs/" in entry.get("schema", ""))
    page = visit(f"{language}/requirements/{key}/", "folder")
    page.locator("a.badge.schema").click()
    expect(page.locator(":target")).to_have_count(1)


def test_buttons_copy_id_link_and_citation(visit: Visit) -> None:
    page = visit("en/requirements/INF-ERR-01/", permissions=["clipboard-read", "clipboard-write"])
    copied = []
    for button in page.locator("button.copy").all():
        wanted = button.get_attribute("data-clipboard-text")
        button.click()
        page.wait_for_function("async text => await navigator.clipboard.readText() === text", arg=wanted)
        copied.append(wanted)
    address = "https://lepton-standard.org/en/requirements/INF-ERR-01/"
    entry = REQUIREMENTS["INF-ERR-01"]
    said = f'"{" ".join(entry["text"].split())}" Lepton 1.0, INF-ERR-01 (revision {entry["rev"]})'
    assert copied == ["INF-ERR-01", address, f"{said}: {entry['title']}. {address}"]
