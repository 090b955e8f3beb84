"""A fault of the standard is a warning of the site's build, which `make site` does not pass."""

import logging
from typing import Any

import pytest
import requirements_hook
from mkdocs.config.defaults import MkDocsConfig


def warnings(standard: Any, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what a build of this standard warns of."""
    caplog.clear()
    config = MkDocsConfig()
    config.load_dict({"site_name": "x"})
    config.validate()
    with caplog.at_level(logging.INFO, "mkdocs"):
        requirements_hook.on_config(config)
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


@pytest.fixture(autouse=True)
def here(standard: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hook read the small standard."""
    monkeypatch.setattr(requirements_hook, "ROOT", standard.root)


def test_a_sound_standard_builds_without_a_warning(standard: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert warnings(standard, caplog) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "message"),
    [
        ("spec/en/core.md", "A size MUST be", "The size MUST be", "expected revision 2"),
        ("spec/en/core.md", "\n3\n", "\n-3\n", "expected one valid against size.schema.json#/$defs/size"),
        ("spec/zh/core.md", "大小必须为正", "大小应为正", "COR-VER-01"),
    ],
)
def test_a_fault_of_the_text_is_a_warning(
    standard: Any, caplog: pytest.LogCaptureFixture, file: str, before: str, after: str, message: str
) -> None:
    standard.replace(file, before, after)
    assert any(message in each for each in warnings(standard, caplog))


def test_a_stale_translation_of_a_draft_is_no_warning(
    standard: Any, caplog: pytest.LogCaptureFixture
) -> None:
    before = standard.read("spec/zh/core.md").splitlines()
    source = next(line for line in before if "source:" in line)
    standard.write("spec/zh/core.md", "\n".join(before).replace(source, "> `source: 0123456789ab`", 1) + "\n")
    standard.run("build")
    assert warnings(standard, caplog) == []
