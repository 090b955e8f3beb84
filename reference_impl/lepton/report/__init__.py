"""Reports: the findings of a validation as text, JSON, SARIF, JUnit or HTML.

Owns the table of formats; a report never decides anything, and the same findings give the same bytes. Serves
PKG-VAL-03, PKG-VAL-05 and COR-ESC-01.
"""

import importlib

from lepton.finding import Report

__all__ = ["FORMATS", "render"]

FORMATS = ("text", "json", "sarif", "junit", "html")


def render(report: Report, form: str) -> str:
    """Return the report in one of `FORMATS`; only that format's module is imported."""
    assert form in FORMATS
    module = importlib.import_module(f"lepton.report.{form}")
    rendered: str = module.render(report)
    return rendered
