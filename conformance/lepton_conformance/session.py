"""One run of pytest in this process, free of the user's configuration, environment and plugins.

Owns options, configuration and environment of the run, and where Hypothesis keeps its files; leaves what is
collected to the plugin, `lepton_conformance.collect`. Serves `conformance`.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import hypothesis.configuration
import pytest

__all__ = ["run_pytest"]

_CONFIGURATION = """\
[pytest]
python_files = *.py
python_functions = test_*
python_classes =
markers =
    requirement(identifier, needs): the requirement that a test tests
"""
_OPTIONS = (
    "--capture=no",
    "--assert=plain",
    "--noconftest",
    "--import-mode=importlib",
    *(
        f"-pno:{name}"
        for name in (
            "cacheprovider",
            "terminal",
            "doctest",
            "faulthandler",
            "junitxml",
            "logging",
            "pastebin",
            "stepwise",
            "threadexception",
            "unittest",
            "unraisableexception",
            "warnings",
        )
    ),
)
#: Environment of pytest that must not reach the run: other people's options and plugins.
_ENVIRONMENT = {"PYTEST_ADDOPTS": None, "PYTEST_PLUGINS": None, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def run_pytest(folder: Path, modules: Sequence[str], plugin: object) -> int:
    """Run the modules of a folder under one plugin; return pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="lepton-certify-") as scratch, _own_environment():
        configuration = Path(scratch) / "pytest.ini"
        configuration.write_text(_CONFIGURATION, encoding="utf-8")
        hypothesis.configuration.set_hypothesis_home_dir(Path(scratch) / "hypothesis")
        try:
            return int(
                pytest.main(
                    [
                        *_OPTIONS,
                        f"-c{configuration}",
                        f"--rootdir={folder}",
                        *(str(folder / f"{module}.py") for module in modules),
                    ],
                    plugins=[plugin],
                )
            )
        finally:
            hypothesis.configuration.set_hypothesis_home_dir(None)


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    """Keep pytest's environment variables out of the run, and put them back."""
    saved = {name: os.environ.get(name) for name in _ENVIRONMENT}
    try:
        for name, value in _ENVIRONMENT.items():
            _set(name, value)
        yield
    finally:
        for name, value in saved.items():
            _set(name, value)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
