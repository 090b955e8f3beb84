"""Make a package of a source and a recipe: manifest, card, vectors, files; written whole or not at all.

Owns the order of the work; leaves each part to the other modules of this package and the container to
`lepton.package.write`. Serves the role producer of the chapter `package`.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lepton.errors import LeptonError, RecipeError
from lepton.finding import Severity, severity
from lepton.pack.application import application_document
from lepton.pack.golden import Tell, golden_vectors
from lepton.pack.origin import Origin
from lepton.pack.recipe import Recipe
from lepton.pack.signature import interface_entries, signature_entries
from lepton.pack.workfolder import work_folder
from lepton.package.canonical import canonical
from lepton.package.schema import schema_faults
from lepton.package.write import Member, write_digested
from lepton.vectors.document import VectorDocument

__all__ = ["Packed", "pack", "refuse_existing"]

_VECTORS, _CARD, _ASSURANCE = "vectors/golden.json", "card.json", "assurance.json"
_APPLICATION = "application.json"
#: The roles of files that engines open themselves.
_MODEL_ROLES = ("artifact", "weights")


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written: the package's identity, its vectors, and what the source had that it cannot carry."""

    out: Path
    identity: str
    manifest: Mapping[str, Any]
    vectors: VectorDocument
    lost: tuple[str, ...]


def pack(origin: Origin, recipe: Recipe, out: Path, *, tell: Tell = lambda what, done, of: None) -> Packed:
    """Make a package of a model that was read, and of what the author says of it, and write it to `out`.

    `tell` hears how far long work is. Raises: LeptonError saying found, expected and remedy; then nothing is
    written.
    """
    refuse_existing(out)
    recipe = recipe.completed(origin.facts)
    manifest = _manifest(recipe, origin)
    card, assurance = canonical(_card(recipe)), list(_assurance(recipe))
    members = [
        Member(path, content, "application/octet-stream", _role(draft.entry, path))
        for draft in origin.artifacts
        for path, content in draft.files.items()
    ]
    members += [*_further_files(recipe), *origin.files]
    with _materialized(manifest, members) as draft:
        vectors = golden_vectors(draft, origin.oracle, recipe, tell=tell)
    members += [
        Member(_VECTORS, canonical(vectors.to_json()), "application/json", "vectors"),
        Member(_CARD, card, "application/json", "card"),
        *assurance,
        *_application(recipe, manifest, vectors),
    ]
    identity = _publish(members, manifest, out)
    return Packed(out, identity, manifest, vectors, origin.lost)


def refuse_existing(out: Path) -> None:
    """Refuse to write a package over a folder or link that is there. Raises: RecipeError."""
    if out.suffix != ".lepton" and (out.exists() or out.is_symlink()):
        raise RecipeError(f"{out} is there already; remove it, or choose another name")


def _publish(members: list[Member], manifest: dict[str, Any], out: Path) -> str:
    """Write the package beside its place, let the validator judge it, and only then move it there.

    The folder beside is this process' own, and closed to other people: what was digested while it was
    written there is not digested again, unless it has changed.
    """
    from lepton.validate import validate_package

    out.parent.mkdir(parents=True, exist_ok=True)
    with work_folder(".lepton-pack-", out.parent) as folder:
        beside = folder / out.name
        written = write_digested(members, manifest, beside)
        report = validate_package(beside, level="full", allow_executable=True, written=written)
        errors = [one for one in report.findings if severity(one.requirement) is Severity.ERROR]
        if errors:
            first, more = errors[0], f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            raise RecipeError(
                f"the package would violate {first.requirement} at {first.file} {first.pointer}: "
                f"{first.message}{more}. {first.hint}"
            )
        beside.replace(out)
    return written.identity


def _manifest(recipe: Recipe, origin: Origin) -> dict[str, Any]:
    """Assemble the manifest apart from `files`, which the writer adds. Raises: RecipeError."""
    document = recipe.document
    manifest: dict[str, Any] = {
        name: document[name] for name in ("lepton", "id", "version", "language", "title", "license")
    }
    for name in ("description", "supplier", "processing", "extensions"):
        if name in document:
            manifest[name] = document[name]
    inputs = signature_entries(recipe, "inputs", origin.inputs)
    manifest["signature"] = {
        "inputs": inputs,
        "outputs": signature_entries(recipe, "outputs", origin.outputs),
    }
    if "interface" in document:
        manifest["interface"] = {kind: interface_entries(recipe, kind) for kind in ("inputs", "outputs")}
    manifest["symbols"] = dict(document.get("symbols", {}))
    precision = document.get("precision")
    further = {entry["id"] for entry in document.get("artifacts", [])}
    manifest["artifacts"] = [
        dict(draft.entry)
        if precision is None or draft.entry["id"] in further
        else {**draft.entry, "precision": precision}
        for draft in origin.artifacts
    ]
    manifest["vectors"], manifest["card"] = [_VECTORS], _CARD
    placeholder = {
        "path": _CARD,
        "size": 0,
        "sha256": "0" * 64,
        "mediaType": "application/json",
        "role": "card",
    }
    faults = schema_faults({**manifest, "files": [placeholder]}, "manifest.schema.json")
    if faults:
        raise RecipeError(
            f"{recipe.name}: the manifest would be invalid at {faults[0].pointer}: {faults[0].message}"
        )
    _refuse_undeclared(recipe, manifest)
    return manifest


def _refuse_undeclared(recipe: Recipe, manifest: Mapping[str, Any]) -> None:
    shapes = [
        (tensor["name"], tensor["shape"])
        for stage in ("signature", "interface")
        for kind in ("inputs", "outputs")
        for tensor in manifest.get(stage, {}).get(kind, [])
    ]
    for name, shape in shapes:
        for dim in shape:
            if isinstance(dim, str) and dim not in manifest["symbols"]:
                raise RecipeError(
                    f"{recipe.name}: the symbol {dim!r} of {name!r} has no bounds; add it to `symbols`"
                )


def _card(recipe: Recipe) -> dict[str, Any]:
    """Return the card, its evaluations read from a file where the recipe says so."""
    card = {"lepton": "1.0", **recipe.document["card"]}
    evaluations = card.get("evaluations")
    if isinstance(evaluations, Mapping):
        card["evaluations"] = recipe.json_file(evaluations["file"])
    faults = schema_faults(card, "card.schema.json")
    if faults:
        raise RecipeError(
            f"{recipe.name}: the card would be invalid at {faults[0].pointer}: {faults[0].message}"
        )
    return card


def _assurance(recipe: Recipe) -> Iterator[Member]:
    """Yield the assurance document that the recipe holds, or that it reads from files, if there is one."""
    said = recipe.document.get("assurance")
    if said is None:
        return
    document = recipe.json_file(said["file"]) if "file" in said else {"lepton": "1.0", **said}
    if "file" not in said and "file" in said["bias"]["comparisons"]:
        comparisons = recipe.json_file(said["bias"]["comparisons"]["file"])
        document["bias"] = {**said["bias"], "comparisons": comparisons}
    faults = schema_faults(document, "assurance.schema.json")
    if faults:
        raise RecipeError(
            f"{recipe.name}: the assurance document would be invalid at {faults[0].pointer}: "
            f"{faults[0].message}"
        )
    yield Member(_ASSURANCE, canonical(document), "application/json", "assurance")


def _application(recipe: Recipe, manifest: Mapping[str, Any], vectors: VectorDocument) -> Iterator[Member]:
    """Yield the application document, if the recipe says which tasks the package answers."""
    if "application" not in recipe.document:
        return
    said = recipe.document["application"]
    document = application_document(recipe.name, said, manifest, vectors.to_json(), _VECTORS)
    yield Member(_APPLICATION, canonical(document), "application/json", "application")


def _role(entry: Mapping[str, Any], path: str) -> str:
    return "artifact" if path == entry["entry"] else "weights"


def _further_files(recipe: Recipe) -> Iterator[Member]:
    for entry in recipe.document.get("files", []):
        yield Member(entry["path"], recipe.file(entry["source"]), entry["mediaType"], entry["role"])


class _Draft:
    """A package that is not written yet, in the form in which artifacts are loaded."""

    def __init__(self, document: Mapping[str, Any], folder: Path) -> None:
        self.document = document
        self._folder = folder

    def materialize(self, artifact: str) -> Path:
        return self._folder

    def read(self, path: str) -> bytes:
        return (self._folder / path).read_bytes()


@contextmanager
def _materialized(manifest: Mapping[str, Any], members: list[Member]) -> Iterator[_Draft]:
    """Lay the files out in a temporary folder: links where they exist already.

    Engines follow no link out of the folder, so that what they open is linked to hard, or copied.
    """
    with work_folder("lepton-pack-") as folder:
        for member in members:
            target = folder / member.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(member.source, bytes):
                target.write_bytes(member.source)
            elif isinstance(member.source, Path) and member.role in _MODEL_ROLES:
                _copy(member.source, target)
            elif isinstance(member.source, Path):
                target.symlink_to(member.source.resolve())
            else:
                with target.open("wb") as file:
                    file.writelines(member.source())
        yield _Draft(manifest, folder)


def _copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source.resolve())
    except OSError:
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise LeptonError(f"cannot read {source}: {error.strerror}") from error
