"""Reference implementation of the Lepton standard: pack, validate, run, serve."""

from lepton.errors import LeptonError
from lepton.finding import Finding, PackageReport, Report, Severity

__all__ = ["Finding", "LeptonError", "PackageReport", "Report", "Severity"]
