"""The findings report as JSON. Serves CNF-REP-04."""

import json

from lepton.finding import Report
from lepton.report.document import document

__all__ = ["render"]


def render(report: Report) -> str:
    """Return the report, indented; characters beyond ASCII as escapes, so that no terminal is surprised."""
    return json.dumps(document(report), indent=2) + "\n"
