"""Checks of the assurance document: that it is one, what it refers to, its languages, its dates.

Owns reading it from the facts of a package and why it cannot be judged; leaves numbers of groups to
`lepton.checks.groups` and the schema's failures to the attribution table. Serves ASR-DOC, ASR-PRV, ASR-SUP
and ASR-GEN.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from lepton.checks.attribution import ASSURANCE, CARD, requirement_of
from lepton.checks.documents import blocked_by
from lepton.checks.manifest import fits_language
from lepton.checks.registry import Check, NotChecked, check
from lepton.finding import Finding
from lepton.package.jsontext import Kind
from lepton.package.paths import MANIFEST
from lepton.package.read import Package

__all__ = ["CHECKS", "TEXTS", "Assured", "assured"]

#: What the schema shows.
_SHAPE = (
    "ASR-DOC-02",
    "ASR-USE-01",
    "ASR-USE-02",
    "ASR-PRV-01",
    "ASR-PRV-03",
    "ASR-BIA-01",
    "ASR-OVS-01",
    "ASR-MON-01",
    "ASR-MON-02",
    "ASR-SUP-01",
    "ASR-ENV-01",
    "ASR-GEN-01",
)
#: The members that hold human text, as the schema says.
TEXTS = frozenset(
    (
        *("users", "affected", "use", "answer", "retention", "membership", "inversion", "requests", "basis"),
        *("people", "attribute", "measures", "note", "stop", "shown", "fallback", "contest", "condition"),
        *("signal", "alarm", "updates", "per", "method", "disclosure", "limits", "notProvided"),
    )
)
#: Tasks whose answers are made for people to read.
GENERATIVE = ("text-generation",)


class Assured(NamedTuple):
    """A valid assurance document: its path, its value, and the card's evaluations (None: not known)."""

    path: str
    value: Any
    evaluations: list[Any] | None
    card_reason: str


def assured(package: Package) -> Assured | str:
    """Return the document and what it refers to, or why it cannot be judged."""
    path = _paths(package)[0]
    fact = package.files[path]
    if fact.broken or fact.document is None:
        return f"blocked by {fact.broken or 'PKG-DIG-01'}"
    fault = fact.document.text.fault
    if fault is not None:
        return f"{path}: {fault.message}" if fault.kind is Kind.LIMIT else "blocked by ASR-DOC-02"
    if fact.document.faults:
        return f"blocked by {requirement_of(fact.document.faults[0], ASSURANCE)}"
    card = _card(package)
    if isinstance(card, str):
        return Assured(path, fact.document.value, None, card)
    return Assured(path, fact.document.value, card.get("evaluations", []), "")


def _paths(package: Package) -> list[str]:
    assert package.manifest is not None
    # A path that is listed twice is read in its last role; that it is listed twice is PKG-MAN-05's matter.
    roles = {one["path"]: one["role"] for one in package.manifest["files"]}
    return [path for path, role in roles.items() if role == ASSURANCE]


def _card(package: Package) -> Any:
    """Return the card, or why it cannot be judged."""
    assert package.manifest is not None
    path = package.manifest["card"]
    reason = blocked_by(package, path, CARD)
    if reason is not None:
        return reason
    document = package.files[path].document
    assert document is not None
    return document.value


@check("ASR-DOC-01", after=("PKG-MAN-05",), profile=ASSURANCE)
def one_document(package: Package) -> Iterator[Finding]:
    """There is exactly one."""
    paths = _paths(package)
    if len(paths) != 1:
        found = ", ".join(repr(one)[:80] for one in paths[:3]) or "no file"
        message = f"found {found} of the role 'assurance', expected exactly one file"
        yield Finding("ASR-DOC-01", MANIFEST, "/files", message, "")


@check(*_SHAPE, needs=("ASR-DOC-01",), profile=ASSURANCE)
def shape(package: Package) -> Iterator[Finding | NotChecked]:
    """The document is I-JSON within the limits and valid; each failure has the requirement that names it."""
    path = _paths(package)[0]
    fact = package.files[path]
    fault = fact.document.text.fault if fact.document is not None else None
    if fact.document is None or fault is not None:
        reason = assured(package)
        assert isinstance(reason, str)
        if fault is not None and fault.kind is not Kind.LIMIT:
            yield Finding("ASR-DOC-02", path, fault.pointer, fault.message, "")
        for requirement in _SHAPE:
            yield NotChecked(requirement, reason)
        return
    for one in fact.document.faults:
        yield Finding(requirement_of(one, ASSURANCE), path, one.pointer, one.message, "")


@check("ASR-DOC-03", needs=("ASR-DOC-01",), profile=ASSURANCE)
def default_language(package: Package) -> Iterator[Finding | NotChecked]:
    """Every human text is there in the manifest's language."""
    document = assured(package)
    if isinstance(document, str):
        yield NotChecked("ASR-DOC-03", document)
        return
    assert package.manifest is not None
    rest = {name: one for name, one in document.value.items() if name != "extensions"}
    for pointer, text in _texts(rest, ""):
        for found in fits_language(document.path, pointer, text, package.manifest["language"]):
            yield found._replace(requirement="ASR-DOC-03")


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        for at, child in enumerate(value):
            yield from _texts(child, f"{pointer}/{at}")
    elif isinstance(value, dict):
        for name, child in value.items():
            here = f"{pointer}/{name}"
            # The member `use` of the document itself is no text, and `method` of an interval is a name.
            if name in TEXTS and isinstance(child, dict) and "notProvided" not in child and here != "/use":
                yield here, child
            else:
                yield from _texts(child, here)


@check("ASR-DOC-04", needs=("ASR-DOC-01",), profile=ASSURANCE)
def references(package: Package) -> Iterator[Finding | NotChecked]:
    """Pointers lead to evaluations of the card, and the instructions are a listed file."""
    document = assured(package)
    if isinstance(document, str):
        yield NotChecked("ASR-DOC-04", document)
        return
    assert package.manifest is not None
    instructions = document.value["use"].get("instructions")
    roles = {one["path"]: one["role"] for one in package.manifest["files"]}
    if instructions is not None and roles.get(instructions) != "documentation":
        found = f"a file of the role {roles[instructions]!r}" if instructions in roles else "no listed file"
        message = f"found {instructions[:200]!r}, {found}, expected a listed file of the role 'documentation'"
        yield Finding("ASR-DOC-04", document.path, "/use/instructions", message, "")
    if document.evaluations is None:
        yield NotChecked("ASR-DOC-04", document.card_reason)
        return
    for pointer, reference in _pointers(document.value):
        if int(reference.rpartition("/")[2]) >= len(document.evaluations):
            message = f"found {reference}, expected one of the card's {len(document.evaluations)} evaluations"
            yield Finding("ASR-DOC-04", document.path, pointer, message, "")


def _pointers(value: Any) -> Iterator[tuple[str, str]]:
    comparisons = value["bias"]["comparisons"]
    for at, one in enumerate(comparisons if isinstance(comparisons, list) else ()):
        here = f"/bias/comparisons/{at}"
        yield f"{here}/overall", one["overall"]
        yield f"{here}/smallest", one["smallest"]
        for place, group in enumerate(one["groups"]):
            yield f"{here}/groups/{place}/evaluation", group["evaluation"]
    conditions = value["robustness"]
    for at, one in enumerate(conditions if isinstance(conditions, list) else ()):
        for place, reference in enumerate(one["evaluations"]):
            yield f"/robustness/{at}/evaluations/{place}", reference


@check("ASR-PRV-02", "ASR-PRV-04", needs=("ASR-DOC-01",), profile=ASSURANCE)
def personal_data(package: Package) -> Iterator[Finding | NotChecked]:
    """What the document says of the files is not contrary to the card, and neither is unknown."""
    document, card = assured(package), _card(package)
    for one in (document, card):
        if isinstance(one, str):
            yield NotChecked("ASR-PRV-02", one)
            yield NotChecked("ASR-PRV-04", one)
            return
    assert isinstance(document, Assured)
    assert package.manifest is not None
    files, whole = document.value["privacy"]["files"]["status"], card["personalData"]["status"]
    if (files, whole) == ("possible", "none") or (files == "present" and whole != "present"):
        wanted = "'present'" if files == "present" else "'possible', 'present' or 'unknown'"
        message = f"found {files!r} here and {whole!r} in the card's personalData, expected {wanted} there"
        yield Finding("ASR-PRV-02", document.path, "/privacy/files/status", message, "")
    for file, pointer, status in (
        (document.path, "/privacy/files/status", files),
        (package.manifest["card"], "/personalData/status", whole),
    ):
        if status == "unknown":
            message = "found the status 'unknown', expected it to be known"
            yield Finding("ASR-PRV-04", file, pointer, message, "")


@check("ASR-SUP-02", needs=("ASR-DOC-01",), profile=ASSURANCE)
def dates(package: Package) -> Iterator[Finding | NotChecked]:
    """Dates are days, and none of them is before what it has to follow."""
    import datetime

    document = assured(package)
    if isinstance(document, str):
        yield NotChecked("ASR-SUP-02", document)
        return
    support = document.value["support"]
    said = {"/issued": document.value["issued"], "/support/expires": support["expires"]}
    if isinstance(support["end"], str):
        said["/support/end"] = support["end"]
    days: dict[str, datetime.date] = {}
    for pointer, text in said.items():
        try:
            days[pointer] = datetime.date.fromisoformat(text)
        except ValueError:
            message = f"found {text}, which is no day, expected one of the calendar"
            yield Finding("ASR-SUP-02", document.path, pointer, message, "")
    for earlier, later in (
        ("/issued", "/support/expires"),
        ("/issued", "/support/end"),
        ("/support/end", "/support/expires"),
    ):
        if earlier in days and later in days and days[later] < days[earlier]:
            message = f"found {days[later]}, before {earlier} ({days[earlier]}), expected that day or later"
            yield Finding("ASR-SUP-02", document.path, later, message, "")


@check("ASR-GEN-01", needs=("ASR-DOC-01",), profile=ASSURANCE)
def generated_content(package: Package) -> Iterator[Finding | NotChecked]:
    """A package that generates text says how people learn of it."""
    document = assured(package)
    if isinstance(document, str):
        yield NotChecked("ASR-GEN-01", document)
        return
    if "generative" in document.value:
        return
    assert package.manifest is not None
    for one in package.manifest["files"]:
        if one["role"] != "application":
            continue
        fact = package.files[one["path"]]
        value = fact.document.value if fact.document is not None and not fact.broken else None
        if value is None:
            yield NotChecked("ASR-GEN-01", f"blocked by {fact.broken or 'APP-DOC-02'}")
            return
        tasks = [task["task"] for task in value["tasks"]]
        generative = next((task for task in tasks if task in GENERATIVE), None)
        if generative is not None:
            message = f"found no member 'generative', expected one: the package has the task {generative!r}"
            yield Finding("ASR-GEN-01", document.path, "", message, "")
            return


CHECKS: tuple[Check, ...] = (
    one_document,
    shape,
    default_language,
    references,
    personal_data,
    dates,
    generated_content,
)
