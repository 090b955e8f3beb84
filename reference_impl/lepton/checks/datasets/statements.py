"""Checks of what a data set says of itself: licence, languages, statements, people.

Serves DAT-DES and DAT-PRV.
"""

import re
from collections.abc import Iterator
from typing import Any

from lepton.checks.datasets.attribution import STATEMENTS
from lepton.checks.datasets.registry import DatasetCheck, check
from lepton.checks.licence import licence_fault
from lepton.data.dataset import DOCUMENT, Dataset
from lepton.finding import Finding
from lepton.package.jsontext import walk

__all__ = ["CHECKS"]

_ADDRESS = re.compile(r"https://spdx\.org/licenses/([A-Za-z0-9.+-]+?)(?:\.html)?")
_PROVENANCE = ("prov:wasDerivedFrom", "prov:wasGeneratedBy", "isBasedOn", "rai:dataCollectionRawData")


@check("DAT-DES-01")
def licence(dataset: Dataset) -> Iterator[Finding]:
    """The licence is one of SPDX, and the texts that it refers to are there."""
    expression = dataset.value["license"]
    match = _ADDRESS.fullmatch(expression)
    problem, references = licence_fault(match[1] if match else expression)
    if match and references:
        problem = "a LicenseRef has no address at SPDX"
    if problem is not None:
        message = f"found {expression[:80]!r}: {problem}"
        yield Finding("DAT-DES-01", DOCUMENT, "/license", message, "")
        return
    files = dataset.nodes.profile.get("files", [])
    names = [one["path"].rpartition("/")[2] for one in files if one["role"] == "license"]
    for reference in dict.fromkeys(references):
        if not any(name == reference or name.startswith(reference + ".") for name in names):
            message = f"found {reference!r}, expected a file {reference}.txt of the role 'license'"
            yield Finding("DAT-DES-01", DOCUMENT, "/license", message, "")


def _texts(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of human text with its pointer."""
    for pointer, one in walk({name: child for name, child in value.items() if name != "@context"}):
        name = pointer.rpartition("/")[2]
        opaque = re.search(r"^/lepton/|/(?:data|examples|value)(?:/|$)", pointer)
        if isinstance(one, dict) and name in ("name", "description") and not opaque:
            yield pointer, one
    profile = value["lepton"]
    for name, one in profile["personalData"].items():
        if isinstance(one, dict):
            yield f"/lepton/personalData/{name}", one
    for name, one in profile.get("notProvided", {}).items():
        yield f"/lepton/notProvided/{name}", one


@check("DAT-DES-02")
def default_language(dataset: Dataset) -> Iterator[Finding]:
    """Every text by language has the default language."""
    language = dataset.value["@context"]["@language"]
    for pointer, one in _texts(dataset.value):
        if language not in one:
            message = f"found no text in {language!r}, the default language"
            yield Finding("DAT-DES-02", DOCUMENT, pointer, message, "")


@check("DAT-DES-03")
def statements(dataset: Dataset) -> Iterator[Finding]:
    """Each statement is made, or there is a reason why not; not both."""
    reasons = dataset.nodes.profile.get("notProvided", {})
    for name in STATEMENTS:
        if name in dataset.value and name in reasons:
            message = f"found {name}, and a reason for its absence"
            yield Finding("DAT-DES-03", DOCUMENT, f"/lepton/notProvided/{name}", message, "")
        elif name not in dataset.value and name not in reasons:
            message = f"found no {name}, expected it or a reason in lepton.notProvided"
            yield Finding("DAT-DES-03", DOCUMENT, "", message, "")


@check("DAT-DES-04")
def citation(dataset: Dataset) -> Iterator[Finding]:
    """The document says how to cite."""
    if "citeAs" not in dataset.value:
        yield Finding("DAT-DES-04", DOCUMENT, "", "found no citeAs, expected one", "")


@check("DAT-DES-06")
def provenance(dataset: Dataset) -> Iterator[Finding]:
    """The document says where the data comes from."""
    if not any(name in dataset.value for name in _PROVENANCE):
        message = f"found none of {', '.join(_PROVENANCE)}, expected one"
        yield Finding("DAT-DES-06", DOCUMENT, "", message, "")


@check("DAT-PRV-02")
def kinds_of_personal_data(dataset: Dataset) -> Iterator[Finding]:
    """Where there is personal data, its kinds are named."""
    status = dataset.nodes.profile["personalData"]["status"]
    if status == "present" and "rai:personalSensitiveInformation" not in dataset.value:
        message = "found personal data, and no rai:personalSensitiveInformation that names its kinds"
        yield Finding("DAT-PRV-02", DOCUMENT, "", message, "")


CHECKS: tuple[DatasetCheck, ...] = (
    licence,
    default_language,
    statements,
    citation,
    provenance,
    kinds_of_personal_data,
)
