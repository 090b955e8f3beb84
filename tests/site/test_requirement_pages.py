"""The pages about requirements: one each in both languages, and the matrices, as they were published."""

import dataclasses
import html
import itertools
import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lepton_spec
import pages
from measurement.coverage import LEVELS
from pages.dossier import Library, read_library
from pages.requirements import requirement_page
from specification import Book, Problem, read_book
from specification.citations import traceability
from specification.translation import compare_translation, read_translation

ROOT = Path(__file__).resolve().parents[2]
FIELD = ROOT / "conformance" / "field"
LANGUAGES = ("en", "zh")
OVERVIEWS = ("requirements", "traceability", "profiles", "field", "figures")
WORDS = {
    "pass": "pass",
    "fail": "fail",
    "blocked": "blocked",
    "not-tested": "not tested",
    "not-applicable": "n/a",
}
REQUIREMENTS = lepton_spec.requirements()


@pytest.fixture(scope="module")
def book() -> Book:
    return read_book(ROOT)


@pytest.fixture(scope="module")
def library(book: Book) -> Library:
    return read_library(book)


def text(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", markup)).split())


def article(path: Path) -> str:
    found = re.search(r"<article.*?</article>", path.read_text(encoding="utf-8"), re.S)
    assert found is not None, path
    return found.group()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_requirement_has_a_page_with_what_it_demands(site: Path, language: str) -> None:
    for key, entry in REQUIREMENTS.items():
        page = article(site / language / "requirements" / key / "index.html")
        said = entry.get("zh", entry) if language == "zh" else entry
        plain = " ".join(re.sub(r"[`*]", "", said["title"]).split())
        assert f"{key} {plain}" in text(page), key
        assert f'data-clipboard-text="{key}"' in page
        assert f"https://lepton-standard.org/{language}/requirements/{key}/" in page
        for profile in entry["profiles"]:
            assert f'href="../../profiles/#{profile}"' in page, key
        assert entry["digest"] in page, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_names_every_check_test_and_mutant(site: Path, book: Book, language: str) -> None:
    table = traceability(list(book.citations), list(REQUIREMENTS))
    for key, kinds in table.items():
        page = text(article(site / language / "requirements" / key / "index.html"))
        for name in (*kinds["checks"], *kinds["tests"]):
            assert name in page, (key, name)
        for name in kinds["mutants"]:
            assert name.rpartition("/")[2].rpartition("::")[2] in page, (key, name)


def test_neighbours_lead_through_all_requirements_in_order(site: Path) -> None:
    key: str | None = next(iter(REQUIREMENTS))
    seen = []
    while key is not None:
        seen.append(key)
        page = (site / "en/requirements" / key / "index.html").read_text(encoding="utf-8")
        following = re.search(r'rel="next" href="\.\./([A-Z0-9-]+)/"', page)
        key = following.group(1) if following else None
    assert seen == list(REQUIREMENTS)


def test_links_of_these_pages_lead_somewhere(site: Path) -> None:
    """Relative links, with their anchors, of every requirement's page, the overviews and the sources."""
    ids: dict[Path, set[str]] = {}
    broken = []
    for path in _published(site):
        folder = path.parent.relative_to(site).as_posix()
        for address in sorted(set(re.findall(r'href="([^":]*)"', article(path)))):
            target, _, anchor = html.unescape(address).partition("#")
            where = site / posixpath.normpath(posixpath.join(folder, target)) if target else path.parent
            page = where / "index.html" if where.is_dir() else where
            if not page.is_file():
                broken.append((folder, address))
            elif anchor and "=" not in anchor:
                if page not in ids:
                    ids[page] = set(re.findall(r'\bid="([^"]+)"', page.read_text(encoding="utf-8")))
                if anchor not in ids[page]:
                    broken.append((folder, address))
    assert broken == []


def _published(site: Path) -> Iterator[Path]:
    for language in LANGUAGES:
        yield from sorted((site / language / "requirements").glob("*/index.html"))
        yield from (site / language / name / "index.html" for name in OVERVIEWS)
    yield from sorted((site / "source").rglob("index.html"))


def test_chapter_leads_to_the_page_of_each_card(site: Path) -> None:
    for key, entry in REQUIREMENTS.items():
        chapter = (site / "en" / entry["chapter"] / "index.html").read_text(encoding="utf-8")
        assert f'href="../requirements/{key}/"' in chapter, key


@pytest.mark.parametrize("name", OVERVIEWS[:3])
@pytest.mark.parametrize("language", LANGUAGES)
def test_overviews_list_every_requirement(site: Path, language: str, name: str) -> None:
    page = article(site / language / name / "index.html")
    listed = set(re.findall(r'<th scope="row"><a href="[^"]*?([A-Z]{3}-[A-Z]{3}-[0-9]{2})/">', page))
    wanted = {key for key, entry in REQUIREMENTS.items() if name != "profiles" or entry["profiles"]}
    assert listed == wanted


def test_filters_can_choose_every_value_that_a_requirement_has(site: Path) -> None:
    page = article(site / "en/requirements/index.html")
    for member in ("chapter", "role", "profiles", "verify"):
        found = re.search(rf'<select name="{member.removesuffix("s")}">(.*?)</select>', page, re.S)
        assert found is not None, member
        options = set(re.findall(r'value="([^"]+)"', found.group(1)))
        values = [entry[member] for entry in REQUIREMENTS.values()]
        assert options == {one for value in values for one in ([value] if isinstance(value, str) else value)}


def test_traceability_counts_what_cites_a_requirement(site: Path, library: Library) -> None:
    table = traceability(list(library.book.citations), list(REQUIREMENTS))
    page = article(site / "en/traceability/index.html")
    rows = dict(re.findall(r'<tr data-chapter.*?requirements/([A-Z0-9-]+)/">(.*?)</tr>', page, re.S))
    assert rows.keys() == table.keys()
    for key, kinds in table.items():
        cells = [text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", rows[key], re.S)]
        checks, tests, mutants, forged = (int(cell or 0) for cell in cells[2:6])
        assert (checks, tests) == (len(kinds["checks"]), len(kinds["tests"])), key
        assert mutants + forged == len(kinds["mutants"]), key
        assert [level for level, mark in zip(LEVELS, cells[6:9], strict=True) if mark] == list(
            library.dossiers[key].levels
        )


def test_field_matrix_agrees_with_the_kept_results(
    site: Path, kept_verdicts: dict[tuple[str, str], str]
) -> None:
    page = article(site / "en/field/index.html")
    shown = {}
    for group in ("servers", "engines"):
        table = re.search(rf'<table class="matrix field" id="{group}">(.*?)</table>', page, re.S)
        assert table is not None
        subjects = re.findall(r'<span data-subject="([^"]+)">', table.group(1))
        for row in re.findall(r"<tr data-chapter.*?</tr>", table.group(1), re.S):
            key = re.search(r"requirements/([A-Z0-9-]+)/", row)
            cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)
            assert key is not None
            for subject, cell in zip(subjects, cells, strict=True):
                if text(cell):
                    shown[subject, key.group(1)] = re.sub(r"( \d+)+$", "", text(cell))
    assert shown == {key: WORDS[verdict] for key, verdict in kept_verdicts.items()}


def test_a_subject_is_shown_with_the_worst_of_its_profiles(library: Library) -> None:
    dossier = next(one for one in library.dossiers.values() if one.outcomes)
    first = dossier.outcomes[0]
    subject = first.subject
    for before, after in itertools.pairwise(("fail", "blocked", "not-tested", "pass", "not-applicable")):
        outcomes = tuple(dataclasses.replace(first, verdict=each, deviations=()) for each in (after, before))
        found = dataclasses.replace(dossier, outcomes=outcomes).worst(subject)
        assert found is not None
        assert found.verdict == before


def test_every_verified_failure_of_the_field_leads_to_its_reproducer(site: Path) -> None:
    page = (site / "en/field/index.html").read_text(encoding="utf-8")
    reproducers = {path.relative_to(ROOT).as_posix() for path in (FIELD / "known").glob("*/*/*.py")}
    missing = {path for path in reproducers if f"/source/{path}/" not in page}
    assert missing == set()
    assert all((site / "source" / path / "index.html").is_file() for path in reproducers)


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_page_says_what_was_measured_and_when(site: Path, language: str) -> None:
    kept = json.loads((ROOT / "conformance/figures.json").read_bytes())
    page = text(article(site / language / "figures/index.html"))
    assert kept["date"] in page
    assert kept["command"] in page
    for each in kept["figures"]:
        assert f"{each['aim']} {each['value']}".replace("  ", " ") in page or each["value"] in page, each[
            "name"
        ]


def stale(book: Book, identifier: str) -> Book:
    """Return the book whose Chinese block of a requirement translates another wording."""
    chapter = REQUIREMENTS[identifier]["chapter"]
    english, chinese = f"spec/en/{chapter}.md", f"spec/zh/{chapter}.md"
    digest = REQUIREMENTS[identifier]["digest"][:12]
    source = book.sources[chinese].replace(f"`source: {digest}`", "`source: 0123456789ab`")
    assert source != book.sources[chinese]
    problems: list[Problem] = []
    blocks = [each for each in book.requirements if each.chapter == chapter]
    fitting = compare_translation(
        english, blocks, chinese, read_translation(chinese, source, problems), problems
    )
    assert any(identifier in problem.found for problem in problems)
    others = {key: each for key, each in book.translations.items() if each.file != chinese}
    return dataclasses.replace(book, sources=book.sources | {chinese: source}, translations=others | fitting)


def test_stale_block_shows_the_english_text_with_a_badge_in_the_chapter(book: Book) -> None:
    key = "COR-VER-01"
    entry = REQUIREMENTS[key]
    old = stale(book, key)
    chapter = pages.render_chapter(
        "zh", old.sources["spec/zh/core.md"], old, traceability([], list(REQUIREMENTS))
    )
    card = chapter[chapter.index(f"{{#{key}}}") - 200 : chapter.index("{#COR-VER-02}")]
    assert '<span class="badge stale">译文过时，显示英文原文</span>' in card
    assert f"### {key}: {entry['title']}" in card
    assert '<div class="clause" lang="en"' in card
    assert entry["text"].split("\n")[0] in card
    assert entry["remedy"] in card
    assert entry["zh"]["text"] not in card
    assert chapter.count("badge stale") == 1


def test_stale_block_shows_the_english_text_with_a_badge_on_its_page(book: Book) -> None:
    key = "COR-VER-01"
    entry = REQUIREMENTS[key]
    library = read_library(stale(book, key))
    page = requirement_page("zh", library, library.dossiers[key]).content
    assert '<span class="badge stale">译文过时，显示英文原文</span>' in page
    assert re.sub(r"[`*]", "", entry["text"])[:60] in text(page)
    assert entry["zh"]["text"][:20] not in page
    other = requirement_page("zh", library, library.dossiers["COR-VER-02"]).content
    assert "badge stale" not in other
    assert REQUIREMENTS["COR-VER-02"]["zh"]["title"] in text(other)


def test_revisions_of_a_page_are_those_of_the_editions_and_of_the_text(library: Library) -> None:
    for key, dossier in library.dossiers.items():
        newest = dossier.revisions[0]
        assert (newest.rev, newest.digest) == (REQUIREMENTS[key]["rev"], REQUIREMENTS[key]["digest"])
        assert len({one.digest for one in dossier.revisions}) == len(dossier.revisions)
