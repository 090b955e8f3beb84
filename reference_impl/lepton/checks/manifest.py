"""Checks of the manifest as text and as JSON: limits, canonical bytes, schema, identifiers, references.

Serves PKG-MAN, COR-VER, COR-TXT and COR-EXT, and reports under other identifiers what the schema shows of
them (the attribution table of PKG-MAN-04).
"""

from collections.abc import Iterator
from typing import Any

from lepton.checks.attribution import CARD, VECTORS, requirement_of
from lepton.checks.documents import blocked_by
from lepton.checks.registry import Check, NotChecked, Stage, check
from lepton.finding import Finding
from lepton.package.canonical import canonical_fault
from lepton.package.jsontext import Kind, escape_pointer, walk
from lepton.package.limits import MAX_MANIFEST_BYTES
from lepton.package.paths import MANIFEST, is_unlisted_area
from lepton.package.read import Package

__all__ = ["CHECKS", "fits_language", "never_listed", "repeats_tensor"]


@check("PKG-MAN-01", stage=Stage.BYTES)
def limits(package: Package) -> Iterator[Finding]:
    """Size and depth, both counted before parsing."""
    size = package.manifest_size or 0
    if size > MAX_MANIFEST_BYTES:
        message = f"found {size} bytes, expected at most {MAX_MANIFEST_BYTES}"
        yield Finding("PKG-MAN-01", MANIFEST, "", message, "")
    fault = package.text.fault if package.text is not None else None
    if fault is not None and fault.kind in (Kind.SIZE, Kind.DEPTH):
        yield Finding("PKG-MAN-01", MANIFEST, fault.pointer, fault.message, "")


@check("PKG-MAN-02", stage=Stage.BYTES, needs=("PKG-MAN-01",))
def well_formed(package: Package) -> Iterator[Finding | NotChecked]:
    """I-JSON text."""
    fault = package.text.fault if package.text is not None else None
    if fault is not None and fault.kind is Kind.LIMIT:
        yield NotChecked("PKG-MAN-02", fault.message)
    elif fault is not None:
        yield Finding("PKG-MAN-02", MANIFEST, fault.pointer, fault.message, "")


@check("COR-VER-01", stage=Stage.BYTES, needs=("PKG-MAN-01", "PKG-MAN-02"))
def version(package: Package) -> Iterator[Finding]:
    """The edition is one that this validator knows."""
    if package.version_fault:
        assert package.text is not None
        pointer = "/lepton" if "lepton" in package.text.value else ""
        yield Finding("COR-VER-01", MANIFEST, pointer, package.version_fault, "")


@check("PKG-MAN-03", stage=Stage.VALUE)
def canonical_bytes(package: Package) -> Iterator[Finding]:
    """The bytes are the RFC 8785 form of their own parse."""
    assert package.manifest_bytes is not None
    assert package.text is not None
    fault = canonical_fault(package.manifest_bytes, package.text)
    if fault is not None:
        place, message = fault
        yield Finding("PKG-MAN-03", MANIFEST, f"byte {place}", message, "")


@check("PKG-MAN-04", "COR-EXT-01", "PKG-PRO-01", "PKG-PRO-03", "PKG-ART-08", stage=Stage.VALUE)
def schema(package: Package) -> Iterator[Finding]:
    """What the schema shows, each failure under the requirement that names it most precisely."""
    for fault in package.schema_faults:
        yield Finding(requirement_of(fault, MANIFEST), MANIFEST, fault.pointer, fault.message, "")


@check("PKG-MAN-05")
def unique_identifiers(package: Package) -> Iterator[Finding]:
    """No identifier is given twice in its list."""
    manifest = package.manifest
    assert manifest is not None
    lists: list[tuple[str, str, list[Any]]] = [
        ("/files", "path", manifest["files"]),
        ("/artifacts", "id", manifest["artifacts"]),
    ]
    for stage in ("signature", "interface"):
        for side in ("inputs", "outputs"):
            lists.append((f"/{stage}/{side}", "name", manifest.get(stage, {}).get(side, [])))
    for pointer, member, entries in lists:
        yield from _repeated(MANIFEST, pointer, member, entries)
    for path in manifest["vectors"]:
        fact = package.files.get(path)
        document = fact.document if fact is not None else None
        if document is not None and document.kind == VECTORS and document.value is not None:
            yield from _repeated(path, "/vectors", "id", document.value["vectors"])


def _repeated(file: str, pointer: str, member: str, entries: list[Any]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for at, entry in enumerate(entries):
        before = first.setdefault(entry[member], at)
        if before != at:
            message = f"found the {member} {entry[member]!r} again, already at {pointer}/{before}"
            yield Finding("PKG-MAN-05", file, f"{pointer}/{at}/{member}", message, "")


def repeats_tensor(manifest: dict[str, Any], *stages: str) -> bool:
    """Say whether a list of tensors of one of the stages names a tensor twice. Spec: PKG-MAN-05."""
    for stage in stages:
        for side in ("inputs", "outputs"):
            names = [one["name"] for one in manifest.get(stage, {}).get(side, [])]
            if len(set(names)) != len(names):
                return True
    return False


@check("PKG-MAN-06")
def references(package: Package) -> Iterator[Finding]:
    """Every path that the manifest refers to is listed with the fitting role."""
    manifest = package.manifest
    assert manifest is not None
    roles = {one["path"]: one["role"] for one in manifest["files"]}
    wanted: list[tuple[str, str, str]] = []
    for at, artifact in enumerate(manifest["artifacts"]):
        wanted.append(("artifact", artifact["entry"], f"/artifacts/{at}/entry"))
        for place, path in enumerate(artifact.get("external", ())):
            wanted.append(("weights", path, f"/artifacts/{at}/external/{place}"))
    wanted += [("vectors", path, f"/vectors/{at}") for at, path in enumerate(manifest["vectors"])]
    wanted.append(("card", manifest["card"], "/card"))
    for role, path, pointer in wanted:
        if path not in roles and path in package.container.entries and not never_listed(path):
            # The file is there: that it is not listed is PKG-LAY-06's matter.
            continue
        if path not in roles:
            message = f"found {path!r}, which files does not list, expected a file of the role {role!r}"
            yield Finding("PKG-MAN-06", MANIFEST, pointer, message, "")
        elif roles[path] != role:
            message = f"found {path!r} of the role {roles[path]!r}, expected the role {role!r}"
            yield Finding("PKG-MAN-06", MANIFEST, pointer, message, "")


def never_listed(path: str) -> bool:
    """Say whether a path is one that no manifest lists."""
    return path == MANIFEST or is_unlisted_area(path)


@check("COR-TXT-01")
def default_language(package: Package) -> Iterator[Finding | NotChecked]:
    """Every human text is there in the manifest's language."""
    manifest = package.manifest
    assert manifest is not None
    texts: list[tuple[str, Any]] = [("/title", manifest["title"])]
    if "description" in manifest:
        texts.append(("/description", manifest["description"]))
    for stage in ("signature", "interface"):
        for side in ("inputs", "outputs"):
            for at, tensor in enumerate(manifest.get(stage, {}).get(side, [])):
                if "description" in tensor:
                    texts.append((f"/{stage}/{side}/{at}/description", tensor["description"]))
                if "labels" in tensor:
                    texts.append((f"/{stage}/{side}/{at}/labels/names", tensor["labels"]["names"]))
    for pointer, text in texts:
        yield from fits_language(MANIFEST, pointer, text, manifest["language"])
    path = manifest["card"]
    reason = blocked_by(package, path, CARD)
    if reason is not None:
        yield NotChecked("COR-TXT-01", reason)
        return
    document = package.files[path].document
    assert document is not None
    card = document.value
    for name in ("intendedUse", "outOfScopeUse", "limitations"):
        text, pointer = card[name], f"/{name}"
        if "notProvided" in text:
            text, pointer = text["notProvided"], f"{pointer}/notProvided"
        yield from fits_language(path, pointer, text, manifest["language"])
    basis = card["personalData"].get("basis")
    if basis is not None:
        yield from fits_language(path, "/personalData/basis", basis, manifest["language"])


def fits_language(file: str, pointer: str, text: dict[str, Any], language: str) -> Iterator[Finding]:
    """Find a human text without the default language."""
    if language not in text:
        message = f"found the languages {', '.join(sorted(text))}, expected {language!r} among them"
        yield Finding("COR-TXT-01", file, pointer, message, "")


@check("COR-TXT-02")
def normalized_names(package: Package) -> Iterator[Finding]:
    """Names of members, tensors and steps are in NFC; a look at the bytes spares most packages the walk."""
    manifest = package.manifest
    assert manifest is not None
    data = package.manifest_bytes
    if data is not None and data.isascii() and b"\\u" not in data:
        return
    for pointer, value in walk({key: one for key, one in manifest.items() if key != "extensions"}):
        if isinstance(value, dict):
            for name in value:
                yield from _normalized(name, f"{pointer}/{escape_pointer(name)}")
    for stage in ("signature", "interface"):
        for side in ("inputs", "outputs"):
            for at, tensor in enumerate(manifest.get(stage, {}).get(side, [])):
                yield from _normalized(tensor["name"], f"/{stage}/{side}/{at}/name")
    for chain in ("pre", "post"):
        for at, step in enumerate(manifest.get("processing", {}).get(chain, [])):
            for member in ("in", "out"):
                pointer = f"/processing/{chain}/{at}/{member}"
                if isinstance(step[member], str):
                    yield from _normalized(step[member], pointer)
                else:
                    for place, name in enumerate(step[member]):
                        yield from _normalized(name, f"{pointer}/{place}")


def _normalized(name: str, pointer: str) -> Iterator[Finding]:
    import unicodedata

    if not unicodedata.is_normalized("NFC", name):
        message = f"found the name {name!r}, expected it in Unicode normalization form C"
        yield Finding("COR-TXT-02", MANIFEST, pointer, message, "")


CHECKS: tuple[Check, ...] = (
    limits,
    well_formed,
    version,
    canonical_bytes,
    schema,
    unique_identifiers,
    references,
    default_language,
    normalized_names,
)
