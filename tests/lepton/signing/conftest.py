"""Keys and certificates for the tests of signatures, made anew."""

from pathlib import Path

import pytest

from lepton_conformance.forge.valid import linear_draft


@pytest.fixture
def folder_package(tmp_path: Path) -> Path:
    """A smallest valid package in a directory."""
    return linear_draft().directory().write(tmp_path, "made")


@pytest.fixture
def zip_package(tmp_path: Path) -> Path:
    """A smallest valid package in a zip."""
    return linear_draft().archive().write(tmp_path, "made")
